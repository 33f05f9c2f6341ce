//! The options for announcing.

use clap::Args;

use super::machine_name;

#[derive(Debug, Args)]
pub struct AnnounceOptions {
    /// Tell the local network of this daemon (mDNS, as _hearth-edge._tcp), so that programs find it without its address
    #[arg(long)]
    announce: bool,

    /// What it is called there [default: the machine's name]
    #[arg(long, value_name = "NAME", requires = "announce")]
    announce_name: Option<String>,
}

/// A label of DNS has no more bytes. Source: RFC 6763, section 4.1.1.
const LONGEST_NAME: usize = 63;

impl AnnounceOptions {
    /// The name to announce, where that is wished. An address to listen on must have been named: who only forgot to name one
    /// would be announced where nobody can reach the daemon.
    pub fn check(self, host_is_named: bool) -> Result<Option<String>, String> {
        if !self.announce {
            return Ok(None);
        }
        if !host_is_named {
            return Err("--announce: the daemon listens on 127.0.0.1, where no other machine can reach it; add --host 0.0.0.0 \
                 and --keys, or --host 127.0.0.1 if programs on this machine alone are to find it"
                .to_owned());
        }
        let name = self.announce_name.unwrap_or_else(machine_name);
        if name.trim().is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(format!(
                "--announce-name: a name has 1 to {LONGEST_NAME} bytes and no control characters"
            ));
        }
        Ok(Some(name))
    }
}
