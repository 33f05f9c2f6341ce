//! `reset`: deletes what this home holds, after asking.

use std::process::ExitCode;

use anyhow::{Context, bail};

use super::arguments::Reset;
use super::terminal::Terminal;
use crate::home::Home;
use crate::supervise::{HomeLock, stop_orphans};

pub async fn run(home: &Home, options: Reset, terminal: Terminal) -> anyhow::Result<ExitCode> {
    let root = home.root();
    // A home that Hearth never prepared may be anything, somebody's documents for one.
    if !home.run().is_dir() || !home.secrets().is_dir() {
        terminal.note(&format!("There is no Hearth home in {}. Nothing to do.", root.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let _lock = HomeLock::take(home)?;
    stop_orphans(home).await;
    let what = if options.models {
        "everything, backups and models too"
    } else {
        "everything but models and backups"
    };
    terminal.note(&format!(
        "This deletes {what}, in {}: conversations, people, keys, settings. It can't be undone.",
        root.display()
    ))?;
    if !options.yes {
        match terminal.ask("Type reset to go on:")?.as_deref() {
            Some("reset") => {}
            Some(_) => bail!("nothing was deleted"),
            None => bail!("nobody to ask. Nothing was deleted; --yes goes on without asking."),
        }
    }
    let mut doomed = vec![
        home.postgres(),
        home.redis(),
        home.logs(),
        home.secrets(),
        home.settings_file(),
        root.join("chat-history"),
    ];
    if options.models {
        doomed.extend([home.models(), home.backups()]);
    }
    // Last: it marks this folder as a home, should a deletion in between fail.
    doomed.push(home.run());
    for path in doomed {
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| path.display().to_string());
            }
            _ => {}
        }
    }
    terminal.note("Done. ./hearth up begins anew.")?;
    Ok(ExitCode::SUCCESS)
}
