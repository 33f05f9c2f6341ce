//! Vercel: the runtime is part of the program, and serves HTTP on a port when told so, as `vercel dev` does.

use std::path::Path;

use tokio::process::{Child, Command};

use super::{clean, free_port, function, spawn};

pub fn start(settings: &[(&'static str, String)], folder: &Path) -> (String, Child) {
    let port = free_port();
    let mut command = Command::new(function("hearth-vercel"));
    clean(&mut command, settings).env("VERCEL_DEV_PORT", port.to_string());
    (format!("http://127.0.0.1:{port}"), spawn(&mut command, folder))
}
