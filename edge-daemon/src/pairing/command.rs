//! `hearth-edge pair [list|revoke]`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use super::store::{NewPairing, PairingFile, StoreError};
use crate::keys::command::default_file as keys_file;

const EXAMPLES: &str = "\
Examples:
  hearth-edge pair
  hearth-edge pair --url https://edge.example.net >>production.env
  hearth-edge pair --name vercel-2          # a second one, to take the first one's place
  hearth-edge pair list
  hearth-edge pair revoke hearth

  hearth-edge --model m.gguf --pairings ~/.config/hearth-edge/pairings.json";

/// What a pairing is called unless a name is given.
const DEFAULT_NAME: &str = "hearth";

/// More is no name.
const LONGEST_NAME: usize = 64;

/// Pairs this daemon with Hearth's functions: makes a key pair, keeps the public key, and prints the settings that hold
/// the private one
#[derive(Debug, Parser)]
#[command(name = "hearth-edge pair", bin_name = "hearth-edge pair", after_help = EXAMPLES)]
pub struct PairCommand {
    /// What to call the pairing [default: hearth]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,

    /// Where the functions reach this daemon, up to and without /v1; printed as a setting too
    #[arg(long, value_name = "URL", value_parser = url)]
    url: Option<String>,

    /// The file of pairings [default: ~/.config/hearth-edge/pairings.json]
    #[arg(long, env = "HEARTH_EDGE_PAIRINGS", value_name = "FILE", global = true)]
    pairings: Option<PathBuf>,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show this daemon's id and all pairings, which means their names and their keys' ids
    List,
    /// End a pairing; a running daemon notices within two seconds
    Revoke {
        /// Its name or its key's id
        pairing: String,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the answer could not be shown: {0}")]
    Output(#[from] io::Error),
    #[error(
        "the key of `{name}` could not be shown: {source}; take it back with `hearth-edge pair revoke {name}`"
    )]
    KeyNotShown { name: String, source: io::Error },
}

impl PairCommand {
    /// Does it, and shows what was done.
    pub fn run(self) -> Result<(), PairError> {
        if self.action.is_some() && (self.name.is_some() || self.url.is_some()) {
            let message = "`list` and `revoke` go without a new pairing's --name and --url";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        let path = self.pairings.unwrap_or_else(|| keys_file().with_file_name("pairings.json"));
        match self.action {
            None => pair(&path, self.name.as_deref().unwrap_or(DEFAULT_NAME), self.url.as_deref()),
            Some(Action::List) => list(&path),
            Some(Action::Revoke { pairing }) => {
                let gone = PairingFile::change(&path, |file| file.revoke(&pairing))?;
                writeln!(io::stdout(), "revoked {} ({})", gone.name, gone.kid)?;
                Ok(())
            }
        }
    }
}

fn pair(path: &Path, name: &str, url: Option<&str>) -> Result<(), PairError> {
    let (id, NewPairing { pairing, service_key }) =
        PairingFile::change(path, |file| Ok((file.id, file.add(name)?)))?;
    let url = url.map_or_else(String::new, |url| format!("HEARTH_EDGE_URL={url}\n"));
    let settings = format!("{url}HEARTH_EDGE_ID={id}\nHEARTH_EDGE_SERVICE_KEY={service_key}\n");
    let mut out = io::stdout().lock();
    out.write_all(settings.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| PairError::KeyNotShown { name: name.to_owned(), source })?;
    let file = path.display();
    writeln!(
        io::stderr(),
        "{name} ({}) is in {file}; the key above is not shown again. Give these settings to Hearth's functions, and start \
         the daemon with --pairings {file}",
        pairing.kid
    )?;
    Ok(())
}

fn list(path: &Path) -> Result<(), PairError> {
    let Some(file) = PairingFile::read(path)? else { return Ok(()) };
    let mut out = io::stdout().lock();
    for pairing in &file.pairings {
        writeln!(out, "{}\t{}\t{}", pairing.kid, pairing.name, pairing.created)?;
    }
    writeln!(io::stderr(), "HEARTH_EDGE_ID={}", file.id)?;
    Ok(())
}

fn name(text: &str) -> Result<String, String> {
    let well = !text.trim().is_empty() && text.len() <= LONGEST_NAME && !text.contains(char::is_control);
    well.then(|| text.to_owned())
        .ok_or_else(|| format!("a name has up to {LONGEST_NAME} bytes, and is on one line"))
}

/// An address as the functions take it. It is printed into an environment file, where a stray character would cut it.
fn url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    if !matches!(scheme, "http" | "https") || rest.is_empty() {
        return Err("an address begins with https://".to_owned());
    }
    if rest.ends_with("/v1") {
        return Err("leave out /v1: the functions add it".to_owned());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
    if rest.contains(|c| !fits(c)) {
        return Err("an address has a host, maybe a port and a path, and nothing else".to_owned());
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_the_functions_take() {
        assert_eq!(url("https://edge.example.net/").unwrap(), "https://edge.example.net");
        assert!(url("http://127.0.0.1:8788").is_ok() && url("https://[::1]:1/a%20b").is_ok());
        let wrong = [
            "",
            "edge.example.net",
            "https://",
            "ftp://a",
            "https://a/v1/",
            "https://a?b",
            "https://a b",
            "https://a\nB=c",
            "https://u@a",
            "https://$(x)",
        ];
        for wrong in wrong {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_on_one_line() {
        assert!(name("my phone").is_ok());
        for wrong in ["", " ", "a\tb", "a\nb", &"n".repeat(65)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
