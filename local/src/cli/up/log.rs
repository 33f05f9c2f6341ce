//! `logs/hearth.log`: what the host itself has to say while it runs.

use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::home::Home;
use crate::supervise::open_log;

/// Sends this process's events to the log. `RUST_LOG` says which; by default what matters to an operator.
pub fn begin(home: &Home) -> anyhow::Result<()> {
    let path = home.log("hearth");
    let file = open_log(&path).with_context(|| path.display().to_string())?;
    // The REST server reports each refused statement, and PostgreSQL's message can quote what it was given.
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,postrust_engine=off,hearth_local=info,hearth_api=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|error| anyhow::anyhow!("the log can't be begun: {error}"))
}
