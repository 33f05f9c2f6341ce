//! What is wrong, about what, on which hosts, and what to do. A finding never shows a value.

use super::host::Host;

/// How much it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It works, and there is something to know.
    Heed,
    /// Not there, and needed.
    Missing,
    /// Whoever deploys this has a broken or an unsafe deployment.
    Stop,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub weight: Weight,
    /// A setting's name, or a line of the file.
    pub about: String,
    /// The hosts on which it is wrong; empty means all that are checked.
    pub hosts: Vec<Host>,
    /// A sentence that goes on from the name, and what mends it.
    pub text: String,
}

impl Finding {
    pub fn stop(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight: Weight::Stop, about: about.into(), hosts: Vec::new(), text: text.into() }
    }

    pub fn heed(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight: Weight::Heed, ..Self::stop(about, text) }
    }

    pub fn missing(about: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight: Weight::Missing, ..Self::stop(about, text) }
    }

    #[must_use]
    pub fn on(self, hosts: impl IntoIterator<Item = Host>) -> Self {
        Self { hosts: hosts.into_iter().collect(), ..self }
    }

    pub fn concerns(&self, host: Host) -> bool {
        self.hosts.is_empty() || self.hosts.contains(&host)
    }
}
