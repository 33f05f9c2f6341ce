//! Where the Router runs in a test: in this process, or in a host's own runtime.

use crate::{
    hosts::{Hosted, Kind},
    house::House,
    instance::{Instance, Parts},
    logs::Logs,
};

/// A running Router, and what it logs.
pub enum Place {
    /// In this process; kept so that it is not dropped.
    Here(Instance, Logs),
    There(Hosted),
}

impl Place {
    /// Starts one before these parts: on this host, or in this process.
    pub async fn start(host: Option<Kind>, house: &House, parts: Parts) -> Self {
        match host {
            None => {
                let logs = Logs::keep();
                Self::Here(Instance::start(house, parts).await, logs)
            }
            Some(kind) => Self::There(Hosted::start(kind, &parts.settings(house)).await),
        }
    }

    /// As [`Place::start`], as one instance: what it has learnt once it knows at each request.
    pub async fn start_one(host: Option<Kind>, house: &House, parts: Parts) -> Self {
        match host {
            // Its emulator keeps a request until an instance asks for one.
            Some(Kind::Lambda) => Self::There(Hosted::cold(Kind::Lambda, &parts.settings(house)).await),
            other => Self::start(other, house, parts).await,
        }
    }

    /// Up to and without `/v1`.
    pub fn url(&self) -> &str {
        match self {
            Self::Here(instance, _) => &instance.url,
            Self::There(hosted) => &hosted.url,
        }
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        match self {
            Self::Here(_, logs) => logs.text(),
            Self::There(hosted) => hosted.log(),
        }
    }
}
