//! `hearth-edge keys add|list|revoke`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::store::{Grant, KeyFile, KeyRecord, NewKey, StoreError};

const EXAMPLES: &str = "\
Examples:
  hearth-edge keys add laptop
  hearth-edge keys add guest --rate 60 --tokens 200000
  hearth-edge keys add admin --manage       # may load, unload and pin models
  hearth-edge keys list
  hearth-edge keys revoke guest

  hearth-edge --model m.gguf --host 0.0.0.0 --keys ~/.config/hearth-edge/keys.json";

/// API keys: each has a name, and if that is wished a rate, a daily quota of tokens and a say over which models are loaded
#[derive(Debug, Parser)]
#[command(name = "hearth-edge keys", bin_name = "hearth-edge keys", after_help = EXAMPLES)]
pub struct KeysCommand {
    /// The file of keys [default: ~/.config/hearth-edge/keys.json]
    #[arg(long, env = "HEARTH_EDGE_KEYS", value_name = "FILE", global = true)]
    keys: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key, and show it this once
    Add {
        /// What to call it
        name: String,
        /// Requests a minute [default: any number]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        rate: Option<u32>,
        /// Tokens a day (UTC), read and written [default: any number]
        #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..))]
        tokens: Option<u64>,
        /// Let its holder load, unload and pin models, not only use them
        #[arg(long)]
        manage: bool,
    },
    /// Show all keys, which means their names and limits
    List,
    /// Take a key back; a running daemon notices within two seconds
    Revoke {
        /// Its name or its id
        key: String,
    },
}

/// Where keys are kept unless a file is named.
pub fn default_file() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".config");
    std::env::var_os("XDG_CONFIG_HOME").map_or_else(home, PathBuf::from).join("hearth-edge/keys.json")
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the answer could not be shown: {0}")]
    Output(#[from] io::Error),
}

impl KeysCommand {
    /// Does it, and shows what was done.
    pub fn run(self) -> Result<(), KeysError> {
        let path = self.keys.unwrap_or_else(default_file);
        let mut out = io::stdout().lock();
        match self.action {
            Action::Add { name, rate, tokens, manage } => {
                let grant = Grant { rate, tokens, manage };
                let NewKey { record, secret } = KeyFile::change(&path, |file| file.add(&name, grant))?;
                writeln!(out, "{secret}")?;
                writeln!(
                    io::stderr(),
                    "{} ({}) is in {}; the key above is not shown again.",
                    record.name,
                    record.id,
                    path.display()
                )?;
            }
            Action::List => {
                for key in &KeyFile::read(&path)?.keys {
                    writeln!(out, "{}", line(key))?;
                }
            }
            Action::Revoke { key } => {
                let gone = KeyFile::change(&path, |file| file.revoke(&key))?;
                writeln!(out, "revoked {} ({})", gone.name, gone.id)?;
            }
        }
        Ok(())
    }
}

fn line(key: &KeyRecord) -> String {
    let limit =
        |limit: Option<u64>, what: &str| limit.map_or_else(String::new, |limit| format!("\t{limit} {what}"));
    format!(
        "{}\t{}\t{}{}{}{}",
        key.id,
        key.name,
        key.created,
        limit(key.rate.map(u64::from), "requests a minute"),
        limit(key.tokens, "tokens a day"),
        if key.manage { "\tmay manage models" } else { "" },
    )
}
