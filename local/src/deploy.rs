//! `deploy check`: an environment file against all that can be known before anyone deploys. What a host reads is
//! [`hearth_api::SETTINGS`]; nothing here reads this process's own environment, and nothing here shows a value.

mod agreement;
mod api_key;
mod cloud;
mod env_file;
mod finding;
mod formats;
mod host;
mod names;
mod online;
mod presence;
mod report;

pub use finding::{Finding, Weight};
pub use host::Host;
pub use report::{Report, Row, State};

use std::time::{SystemTime, UNIX_EPOCH};

use env_file::EnvFile;

/// What to check, and how far.
#[derive(Debug, Clone)]
pub struct Checking {
    /// For which hosts the file is meant.
    pub hosts: Vec<Host>,
    /// Whether the services that the file names are asked.
    pub online: bool,
}

/// Checks the text of an environment file. Everything that is wrong is told at once.
pub async fn check(text: &str, checking: &Checking) -> Report {
    let file = EnvFile::parse(text);
    let hosts = checking.hosts.as_slice();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut findings = file.mistakes().to_vec();
    findings.extend(names::check(&file));
    findings.extend(presence::check(&file, hosts));
    findings.extend(formats::check(&file, now));
    findings.extend(agreement::check(&file));
    findings.extend(cloud::check(&file, hosts));
    let mut seen = Vec::new();
    if checking.online {
        let asked = online::check(&file).await;
        findings.extend(asked.findings);
        seen = asked.seen;
    }
    Report::new(&file, hosts, findings, seen)
}
