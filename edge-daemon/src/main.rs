//! `hearth-edge`: GGUF models through llama.cpp, over the OpenAI HTTP API, for several callers at once.

mod announce;
mod config;
mod counts;
mod cpu;
mod doctor;
mod engine;
mod gpu;
mod http;
mod keys;
mod listen;
mod model;
mod models;
mod pairing;
mod private_file;
mod prompt;
mod serve;
mod text;
mod tls;
mod tools;

use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use config::{Command, LogFormat};
use doctor::DoctorCommand;

/// llama.cpp is talkative while it loads, and warns of what is meant to be so (a cache larger than one context).
const DEFAULT_LOG: &str = "info,llama-cpp-2=error";

/// A long text is split by a recursive regular expression inside llama.cpp, which needs room.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    warn_of_another_cpu();
    let config = match Command::from_command_line() {
        Command::Serve(config) => *config,
        Command::Keys(keys) => return ended(keys.run()),
        Command::Pair(pair) => return ended(pair.run()),
        Command::Doctor(doctor) => return run_doctor(doctor),
    };
    start_log(config.log);
    llama_cpp_2::send_logs_to_tracing(llama_cpp_2::LogOptions::default());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(serve::serve(config));
            // A look at a disk that hangs is not waited for.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(serve::Stop::Failed(format!("no threads could be started: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            tracing::error!("{stop}");
            stop.exit_code()
        }
    }
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && format == LogFormat::Text)
        .with_target(false);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Before anything else, since anything else may be what ends the process.
fn warn_of_another_cpu() {
    let missing = cpu::missing();
    if !missing.is_empty() {
        complain(&format!(
            "warning: this build uses {}, which this machine's CPU lacks; if it ends with SIGILL, build it on this machine",
            missing.join(", ")
        ));
    }
}

fn run_doctor(doctor: DoctorCommand) -> ExitCode {
    match doctor.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Whoever reads the findings has read enough of them, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: the findings could not be shown: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn ended(outcome: Result<(), impl std::fmt::Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn complain(sentence: &str) {
    // Where not even this can be written, the exit code says it.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}
