//! What the whole-system tests stand on: a real house, people in it, and the ways to make trouble.

#![allow(clippy::expect_used, clippy::panic, reason = "a harness fails the test that it serves")]

pub mod daemon;
pub mod deploying;
pub mod faulty;
pub mod hosts;
pub mod house;
pub mod instance;
pub mod keys;
pub mod logs;
pub mod model;
pub mod person;
pub mod place;
pub mod proxy;
pub mod sse;
pub mod stand_in;
pub mod talker;
pub mod wait;
