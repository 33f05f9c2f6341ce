//! The command line: what can be asked, and who answers it. Each command is a module of its own.

mod arguments;
mod backup;
mod chat;
mod database;
mod deploy;
mod doctor;
mod logs;
mod models;
mod reset;
mod running;
mod session;
mod status;
pub mod terminal;
mod up;
mod user;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::terminal::Terminal;
use crate::home::Home;

/// Parses the command line, runs it, and says what went wrong.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::new();
    match run(arguments, terminal) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is gone too.
            let _ = terminal.fault(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let home = Home::locate(arguments.home)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The one cryptography provider of this process; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = runtime.block_on(async {
        match arguments.command {
            Command::Up(options) => Box::pin(up::run(&home, options, terminal)).await,
            Command::Status(options) => status::run(&home, options, terminal).await,
            Command::Doctor => doctor::run(&home, terminal).await,
            Command::Deploy(options) => Box::pin(deploy::run(options, terminal)).await,
            Command::Chat(options) => chat::run(&home, options, terminal).await,
            Command::Models(options) => models::run(&home, options, terminal).await,
            Command::User(options) => user::run(&home, options, terminal).await,
            Command::Logs(options) => logs::run(&home, options, terminal).await,
            Command::Backup(options) => backup::backup(&home, options, terminal).await,
            Command::Restore(options) => backup::restore(&home, options, terminal).await,
            Command::Reset(options) => reset::run(&home, options, terminal).await,
        }
    });
    // A blocking read of standard input may still be waiting; the process need not wait for it.
    runtime.shutdown_background();
    answer
}

/// The reader went away (`./hearth logs | head`): nothing is wrong.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
