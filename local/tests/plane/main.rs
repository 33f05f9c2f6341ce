//! The data plane of one machine, through its public doors: a real `hearth up` over real PostgreSQL
//! and Redis, in homes of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod edge;
mod faults;
mod home;
mod machine;
mod migrations;
mod servers;
mod sessions;
mod starting;
