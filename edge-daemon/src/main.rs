//! `hearth-edge`: a GGUF model through llama.cpp, over the OpenAI HTTP API, for several callers at once.

mod config;
mod engine;
mod http;
mod keys;
mod model;
mod pairing;
mod prompt;
mod serve;
mod text;
mod tools;

use std::io::IsTerminal;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use config::{Command, LogFormat};

/// llama.cpp is talkative while it loads, and warns of what is meant to be so (a cache larger than one context).
const DEFAULT_LOG: &str = "info,llama-cpp-2=error";

/// A long text is split by a recursive regular expression inside llama.cpp, which needs room.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let config = match Command::from_command_line() {
        Command::Serve(config) => *config,
        Command::Keys(keys) => return ended(keys.run()),
        Command::Pair(pair) => return ended(pair.run()),
    };
    start_log(config.log);
    llama_cpp_2::send_logs_to_tracing(llama_cpp_2::LogOptions::default());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(serve::serve(config)),
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

fn ended(outcome: Result<(), impl std::fmt::Display>) -> ExitCode {
    use std::io::Write as _;
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even this can be written, the exit code says it.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
