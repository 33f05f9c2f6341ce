//! The one-machine host: real PostgreSQL and Redis as child processes, the protocols of Supabase and
//! Upstash in front of them, and the API, on one origin. The command line is built on this library.

pub mod database;
pub mod home;
pub mod migrate;
pub mod models;
pub mod page;
pub mod secrets;
pub mod settings;
pub mod supervise;
