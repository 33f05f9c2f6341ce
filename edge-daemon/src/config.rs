//! The command line, read once and checked before anything starts.

mod models;
mod prefix_cache;
mod reach;
mod size;
mod speculation;
#[cfg(test)]
mod tests;
pub mod threads;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, ValueEnum};

use crate::announce::options::AnnounceOptions;
use crate::doctor::DoctorCommand;
use crate::engine::{CacheType, Settings};
use crate::gpu::GpuOptions;
use crate::keys::command::KeysCommand;
use crate::keys::live::LiveKeys;
use crate::pairing::arguments::PairingArguments;
use crate::pairing::command::PairCommand;
use crate::pairing::live::LivePairings;
use crate::tls::options::TlsOptions;
use crate::tls::renewal::Served;
use models::{ModelOptions, Models};
use prefix_cache::PrefixCacheOptions;
use reach::{address, is_origin, open_keys};
use speculation::SpeculationOptions;

const EXAMPLES: &str = "\
Examples:
  hearth-edge --model SmolLM2-135M-Instruct.Q4_1.gguf
  hearth-edge --model ~/models/Qwen3-4B-Q4_K_M.gguf --alias qwen --parallel 8 --context 16384
  hearth-edge --models ~/models --memory 6GB --alias code=Qwen3-4B

  hearth-edge doctor --model m.gguf
  hearth-edge keys add laptop --rate 60
  hearth-edge --model m.gguf --host 0.0.0.0 --keys ~/.config/hearth-edge/keys.json

  hearth-edge pair
  hearth-edge --model m.gguf --pairings ~/.config/hearth-edge/pairings.json

  curl http://127.0.0.1:8788/v1/chat/completions -H 'content-type: application/json' \\
    -d '{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]}'

Exit status:
  0  stopped by a signal
  1  failed while running, for example because the port is taken
  2  a mistake in the options
  3  the model cannot be loaded";

/// Serves GGUF models over the APIs of OpenAI and Anthropic. `hearth-edge keys --help` tells of API keys, `hearth-edge pair --help`
/// of Hearth's functions, `hearth-edge doctor --help` of what may stand in the way.
#[derive(Debug, Parser)]
#[command(name = "hearth-edge", version, after_help = EXAMPLES)]
struct Options {
    #[command(flatten)]
    models: ModelOptions,

    /// Address to listen on; only this machine's own, unless callers need keys (--keys) or a pairing (--pairings) [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,

    /// Port to listen on; 0 takes a free one and logs it
    #[arg(long, default_value_t = 8788)]
    port: u16,

    /// Ask every caller for an API key of this file, which `hearth-edge keys add` writes
    #[arg(long, env = "HEARTH_EDGE_KEYS", value_name = "FILE")]
    keys: Option<PathBuf>,

    #[command(flatten)]
    pairings: PairingArguments,

    #[command(flatten)]
    tls: TlsOptions,

    #[command(flatten)]
    announce: AnnounceOptions,

    /// Let web pages of this origin call, for example https://chat.example.com; may be given several times
    #[arg(long = "cors", value_name = "ORIGIN")]
    origins: Vec<String>,

    /// Requests that are answered at once
    #[arg(long, default_value = "4", value_name = "N")]
    parallel: NonZeroU16,

    /// Requests that may wait beside those; further ones get 429
    #[arg(long, default_value_t = 64, value_name = "N")]
    queue: u16,

    /// Tokens that one request may use, prompt and answer together [default: as the model was trained, at most 8192, less where memory is short]
    #[arg(long, value_name = "TOKENS")]
    context: Option<NonZeroU32>,

    /// Tokens that the cache holds for all requests together, and for beginnings that they share [default: two requests of full length]
    #[arg(long, value_name = "TOKENS")]
    cells: Option<NonZeroU32>,

    /// How the cache keeps its numbers: q8_0 takes about half the memory of f16, and rounds
    #[arg(long, value_enum, default_value_t = CacheType::F16, value_name = "TYPE")]
    cache_type: CacheType,

    #[command(flatten)]
    prefix_cache: PrefixCacheOptions,

    #[command(flatten)]
    speculation: SpeculationOptions,

    /// Threads that compute [default: leaves room for the rest of the machine]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroU16>,

    #[command(flatten)]
    gpu: GpuOptions,

    /// Seconds that running answers get to finish after SIGTERM or Ctrl-C
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    grace: u16,

    /// How log lines are written: text for people, json for what collects logs
    #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    log_format: LogFormat,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    /// An object a line.
    Json,
}

/// What the process is to do.
#[derive(Debug)]
pub enum Command {
    Serve(Box<Config>),
    Keys(KeysCommand),
    Doctor(DoctorCommand),
    Pair(PairCommand),
}

/// What serving needs to know.
#[derive(Debug)]
pub struct Config {
    pub models: Models,
    pub address: SocketAddr,
    /// The API keys, where callers need one.
    pub keys: Option<LiveKeys>,
    /// The certificate, where TLS is spoken.
    pub tls: Option<Arc<Served>>,
    /// What the daemon is called on the local network, where it is announced.
    pub announce: Option<String>,
    /// Hearth's functions, where they may call.
    pub pairings: Option<LivePairings>,
    /// Web origins whose pages may call.
    pub origins: Vec<String>,
    pub grace: std::time::Duration,
    pub log: LogFormat,
}

/// Where nobody but this machine's own programs come.
const DEFAULT_HOST: &str = "127.0.0.1";

/// More sequences than this llama.cpp does not take in one batch.
const MOST_PARALLEL: u16 = 256;

/// A context of fewer tokens holds no chat template.
const LEAST_CONTEXT: u32 = 64;

impl Command {
    /// Reads the command line. A mistake ends the process with status 2 and clap's message; `--help` and `--version` end it too.
    pub fn from_command_line() -> Self {
        let mut arguments: Vec<OsString> = std::env::args_os().collect();
        match arguments.get(1).and_then(|word| word.to_str()) {
            Some("keys") => {
                arguments.remove(1);
                return Self::Keys(KeysCommand::parse_from(arguments));
            }
            Some("doctor") => {
                arguments.remove(1);
                return Self::Doctor(DoctorCommand::parse_from(arguments));
            }
            Some("pair") => {
                arguments.remove(1);
                return Self::Pair(PairCommand::parse_from(arguments));
            }
            // What it does anyway may be said.
            Some("serve") => drop(arguments.remove(1)),
            _ => {}
        }
        let config = Options::parse_from(arguments).check().unwrap_or_else(|mistakes| {
            let error = <Options as clap::CommandFactory>::command()
                .error(clap::error::ErrorKind::ValueValidation, mistakes.join("\n       "));
            error.exit()
        });
        Self::Serve(Box::new(config))
    }
}

impl Options {
    fn check(self) -> Result<Config, Vec<String>> {
        let mut mistakes = Vec::new();
        let keys = self.keys.and_then(|file| {
            let keys = open_keys(&file);
            keys.map_err(|mistake| mistakes.push(mistake)).ok()
        });
        let pairings = self.pairings.open().unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let tls = self.tls.open().unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let origins = self.origins.iter().filter(|origin| {
            let well = is_origin(origin);
            if !well {
                mistakes.push(format!("--cors {origin}: not an origin; https://chat.example.com is one"));
            }
            well
        });
        let origins = origins.map(|origin| origin.to_ascii_lowercase()).collect();
        let announce = self.announce.check(self.host.is_some()).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let host = self.host.as_deref().unwrap_or(DEFAULT_HOST);
        let host = address(host, keys.is_some() || pairings.is_some()).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        });
        let parallel = self.parallel.get();
        if parallel > MOST_PARALLEL {
            mistakes
                .push(format!("--parallel {parallel}: at most {MOST_PARALLEL} requests fit into one batch"));
        }
        let context = self.context.map(NonZeroU32::get);
        if let Some(context) = context.filter(|context| *context < LEAST_CONTEXT) {
            mistakes.push(format!("--context {context}: a request needs at least {LEAST_CONTEXT} tokens"));
        }
        let gpu_layers = self.gpu.check().unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            0
        });
        let save_to = self.prefix_cache.check().unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let threads = self.threads.map_or_else(threads::default, |threads| threads.get().into());
        let settings = Settings {
            parallel: parallel.into(),
            queue: self.queue.into(),
            context,
            threads,
            cells: self.cells.map(NonZeroU32::get),
            cache: self.cache_type,
            gpu_layers,
            mmap: !self.models.no_mmap,
            guessed: self.speculation.most(),
            save_to,
        };
        let models = self.models.check(settings, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let grace = std::time::Duration::from_secs(self.grace.into());
        let address = SocketAddr::new(host, self.port);
        Ok(Config { models, address, keys, pairings, tls, announce, origins, grace, log: self.log_format })
    }
}
