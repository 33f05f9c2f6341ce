//! `hearth-edge doctor`: what stands in the daemon's way on this machine, and what to do about it. It changes nothing.

mod cpu;
mod finding;
mod gpu;
mod health;
mod keys;
mod machine;
mod memory;
mod model;
mod port;
mod tls;

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::Parser;
use serde_json::json;

use crate::tls::certificate::Certificate;
use crate::tls::options::TlsOptions;
use finding::{Finding, Level};
use machine::Machine;

const AFTER: &str = "\
Each line is ok, warn or fail, with what to do next. Give the options that the daemon gets.

Exit status:
  0  nothing stands in the way
  1  something would fail";

/// Looks at this machine, the model and the files, and says what would go wrong
#[derive(Debug, Parser)]
#[command(name = "hearth-edge doctor", bin_name = "hearth-edge doctor", after_help = AFTER)]
pub struct DoctorCommand {
    /// The model: a .gguf file
    #[arg(long, short, value_name = "PATH")]
    model: Option<PathBuf>,

    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: String,

    /// Port to listen on
    #[arg(long, default_value_t = 8788)]
    port: u16,

    /// The file of API keys
    #[arg(long, env = "HEARTH_EDGE_KEYS", value_name = "FILE")]
    keys: Option<PathBuf>,

    #[command(flatten)]
    tls: TlsOptions,

    /// Threads that compute [default: as the daemon chooses]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroU16>,

    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,

    /// The folder below which the machine's proc and sys are, as for a container that has them mounted elsewhere
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true)]
    rootfs: PathBuf,
}

impl DoctorCommand {
    /// Looks at everything and prints it; whether nothing would fail.
    pub fn run(self) -> io::Result<bool> {
        let json = self.json;
        let findings = self.findings();
        let well = findings.iter().all(|finding| finding.level != Level::Fail);
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{}", json!({"ok": well, "findings": findings}))?;
        } else {
            for finding in &findings {
                writeln!(out, "{finding}")?;
            }
        }
        Ok(well)
    }

    fn findings(self) -> Vec<Finding> {
        let machine = Machine::below(self.rootfs);
        let mut findings = vec![cpu::instructions(&machine), cpu::threads(self.threads)];
        findings.extend(self.model.as_deref().map(model::file));
        findings.extend(memory::all(&machine, self.model.as_deref()));
        findings.extend(gpu::all());
        let tls = self.tls.files();
        let certificate = tls.as_ref().and_then(|(chain, key)| Certificate::read(chain, key).ok());
        match address(&self.host) {
            Ok(host) => {
                let address = SocketAddr::new(host, self.port);
                findings.push(port::reach(host, self.keys.is_some(), tls.is_some()));
                findings.push(port::port(address, certificate.as_ref()));
            }
            Err(fault) => findings.push(fault),
        }
        findings.extend(self.keys.as_deref().map(keys::file));
        findings.extend(tls.map(|(chain, key)| tls::files(&chain, &key)).unwrap_or_default());
        findings
    }
}

fn address(host: &str) -> Result<IpAddr, Finding> {
    match host.trim_start_matches('[').trim_end_matches(']') {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        text => text.parse().map_err(|_| {
            Finding::fail("address", format!("{host} is no IP address"), "name one with --host")
        }),
    }
}
