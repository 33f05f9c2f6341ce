//! Children that outlived a supervisor which was killed hard: found by the records that it left,
//! checked to be what the record says, and stopped cleanly before their like is started again.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::home::{Home, write_private};

/// What was started: a process id alone could since have gone to a stranger.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pid: u32,
    arguments: Vec<String>,
}

fn record_file(home: &Home, program: &str) -> PathBuf {
    home.run().join(format!("{program}.pid"))
}

/// Notes a child that was just started. Failing to costs no more than the clean-up after a SIGKILL.
pub(super) fn note(home: &Home, program: &str, pid: u32, arguments: Vec<String>) {
    let written = serde_json::to_vec(&Record { pid, arguments })
        .map_err(std::io::Error::from)
        .and_then(|text| write_private(&record_file(home, program), &text));
    if let Err(error) = written {
        tracing::warn!(program, %error, "the child's process id can't be noted");
    }
}

pub(super) fn forget(home: &Home, program: &str) {
    let _ = std::fs::remove_file(record_file(home, program));
}

/// Stops what an earlier supervisor of this home left running. Gives the names of those stopped.
pub async fn stop_orphans(home: &Home) -> Vec<&'static str> {
    let mut left: Vec<(&'static str, Pid, Signal)> = Vec::new();
    for (program, signal) in [("edge", Signal::TERM), ("redis", Signal::TERM), ("postgres", Signal::INT)] {
        let noted = noted(home, program);
        let own = if program == "postgres" { postmaster(&home.postgres()) } else { None };
        if let Some(pid) = noted.or(own) {
            left.push((program, pid, signal));
        }
    }
    for (program, pid, signal) in &left {
        tracing::warn!(program, "an earlier run was killed and left this child; stopping it");
        let _ = kill_process(*pid, *signal);
    }
    for (_, pid, _) in &left {
        ended(*pid, Duration::from_secs(15)).await;
    }
    for program in ["edge", "redis", "postgres"] {
        forget(home, program);
    }
    left.into_iter().map(|(program, ..)| program).collect()
}

/// The process that the record names, if it is still that one.
fn noted(home: &Home, program: &str) -> Option<Pid> {
    let text = std::fs::read_to_string(record_file(home, program)).ok()?;
    let record: Record = serde_json::from_str(&text).ok()?;
    let running = arguments(record.pid)?;
    // A PostgreSQL that was found as a link shows the same arguments after its own name.
    (running.get(1..) == record.arguments.get(1..)).then(|| pid(record.pid)).flatten()
}

/// The process that PostgreSQL's own file names, if it serves this data folder.
fn postmaster(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let number: u32 = text.lines().next()?.trim().parse().ok()?;
    let folder = data.to_str()?;
    arguments(number)?.iter().any(|argument| argument == folder).then(|| pid(number)).flatten()
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

/// A live process's arguments; a zombie has none.
fn arguments(number: u32) -> Option<Vec<String>> {
    let id = sysinfo::Pid::from_u32(number);
    let mut system = System::new();
    let what = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, what);
    let arguments = system.process(id)?.cmd();
    (!arguments.is_empty())
        .then(|| arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect())
}

/// Waits until a process that is no child of ours is gone; kills it when it takes too long.
async fn ended(pid: Pid, patience: Duration) {
    let began = Instant::now();
    let mut killed = false;
    while let Some(number) = u32::try_from(pid.as_raw_nonzero().get()).ok()
        && arguments(number).is_some()
    {
        if !killed && began.elapsed() > patience {
            let _ = kill_process(pid, Signal::KILL);
            killed = true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
