//! The one-machine host: real PostgreSQL and Redis as child processes, the protocols of Supabase and
//! Upstash in front of them, and the API, on one origin. The command line is built on this library.

mod api_key;
pub mod auth;
pub mod cli;
pub mod database;
pub mod deploy;
pub mod gateway;
pub mod home;
pub mod migrate;
pub mod models;
pub mod page;
pub mod redis;
pub mod rest;
pub mod secrets;
pub mod settings;
pub mod supervise;
pub mod up;
