//! Lambda: cargo-lambda's emulator has the runtime's API and a function URL; the program asks it for one request at a time,
//! as on Lambda, where many requests at once have as many instances.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use super::{clean, free_port, function, named, spawn};

/// The emulator is made for a project of cargo's, and looks for one; what it would build is never built.
const PROJECT: &str = "[package]\nname = \"hearth\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";

/// Starts the emulator and so many instances, and tells when the first of these began.
pub async fn start(
    settings: &[(&'static str, String)],
    folder: &Path,
    instances: usize,
) -> (String, Vec<Child>, Instant) {
    std::fs::create_dir(folder.join("src")).expect("a folder");
    std::fs::write(folder.join("src/main.rs"), "fn main() {}").expect("a file");
    std::fs::write(folder.join("Cargo.toml"), PROJECT).expect("a file");
    let port = free_port();
    let mut emulator = Command::new(named("HEARTH_CARGO_LAMBDA"));
    clean(&mut emulator, &[]).args([
        "lambda",
        "watch",
        "--only-lambda-apis",
        // The headers of our own, and not the emulator's.
        "--disable-cors",
        "--invoke-address",
        "127.0.0.1",
    ]);
    emulator.args(["--invoke-port", &port.to_string()]).current_dir(folder);
    let mut children = vec![spawn(&mut emulator, folder)];
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let began = Instant::now();
    for _ in 0..instances {
        let mut instance = Command::new(function("hearth-lambda"));
        clean(&mut instance, settings).envs([
            ("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt")),
            // The emulator's name for the only function: then its address has no prefix.
            ("AWS_LAMBDA_FUNCTION_NAME", "_".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ]);
        children.push(spawn(&mut instance, folder));
    }
    (format!("http://127.0.0.1:{port}"), children, began)
}
