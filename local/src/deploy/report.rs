//! How the file stands: a row for each setting, a column for each host, and what was found.

use hearth_api::SETTINGS;

use super::env_file::EnvFile;
use super::finding::{Finding, Weight};
use super::host::Host;

/// How a setting stands on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Good,
    /// Set, and there is something to know.
    Heed,
    /// Not set, and not needed.
    Absent,
    /// Not set, since the host makes its own.
    Own,
    Missing,
    Mend,
}

/// A setting, and its state on each host that was checked.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: &'static str,
    pub states: Vec<State>,
}

/// All that was found.
#[derive(Debug, Clone)]
pub struct Report {
    pub hosts: Vec<Host>,
    pub rows: Vec<Row>,
    /// The heaviest first.
    pub findings: Vec<Finding>,
    /// What the services answered that is as it should be.
    pub seen: Vec<String>,
}

impl Report {
    pub(super) fn new(file: &EnvFile, hosts: &[Host], mut findings: Vec<Finding>, seen: Vec<String>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        findings.dedup();
        let rows = SETTINGS
            .iter()
            .map(|setting| Row {
                name: setting.name,
                states: hosts.iter().map(|host| state(file, &findings, setting.name, *host)).collect(),
            })
            .collect();
        Self { hosts: hosts.to_vec(), rows, findings, seen }
    }

    /// How many things keep this host from a sound deployment.
    pub fn to_mend(&self, host: Host) -> usize {
        self.findings.iter().filter(|found| found.weight > Weight::Heed && found.concerns(host)).count()
    }

    /// Whether every host that was checked can be deployed.
    pub fn is_sound(&self) -> bool {
        self.hosts.iter().all(|host| self.to_mend(*host) == 0)
    }
}

fn state(file: &EnvFile, findings: &[Finding], name: &str, host: Host) -> State {
    let weight = findings
        .iter()
        .filter(|found| found.about == name && found.concerns(host))
        .map(|found| found.weight)
        .max();
    match (weight, file.get(name)) {
        (Some(Weight::Stop), _) => State::Mend,
        (Some(Weight::Missing), _) => State::Missing,
        (Some(Weight::Heed), _) => State::Heed,
        (None, Some(_)) => State::Good,
        (None, None) => {
            let always =
                SETTINGS.iter().any(|known| known.name == name && known.needed == hearth_api::Needed::Always);
            if always && !host.is_cloud() { State::Own } else { State::Absent }
        }
    }
}
