//! Children that outlived a supervisor which was killed hard: known by the folders of this home in
//! their arguments, stopped cleanly before their like is started again.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sysinfo::{Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

use crate::home::Home;

/// Tells a daemon's home; its arguments don't.
pub(super) const HOME_VARIABLE: &str = "HEARTH_HOME";

/// Stops what an earlier supervisor of this home left running. Gives the names of those stopped.
/// To be called with the home's lock held: then whatever runs is an orphan.
pub async fn stop_orphans(home: &Home) -> Vec<&'static str> {
    let left = find(home);
    for (program, pid) in &left {
        tracing::warn!(program, "an earlier run was killed and left this child; stopping it");
        // PostgreSQL's fast shutdown is another signal than everyone's.
        let signal = if *program == "postgres" { Signal::INT } else { Signal::TERM };
        let _ = kill_process(*pid, signal);
    }
    for (_, pid) in &left {
        ended(*pid, Duration::from_secs(15)).await;
    }
    if find(home).iter().all(|(program, _)| *program != "postgres") {
        remove_stale_locks(home);
    }
    let mut programs: Vec<_> = left.into_iter().map(|(program, _)| program).collect();
    programs.dedup();
    programs
}

/// PostgreSQL trusts a lock file as long as its process id is someone's, if only a stranger's or that
/// of a process which nobody collected. Here it is known that nothing works in the data folder.
fn remove_stale_locks(home: &Home) {
    let socket = home.socket_folder("postgres").join(".s.PGSQL.5432.lock");
    for lock in [home.postgres().join("postmaster.pid"), socket] {
        if let Err(error) = std::fs::remove_file(&lock)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(lock = %lock.display(), %error, "a stale lock file can't be removed");
        }
    }
}

fn find(home: &Home) -> Vec<(&'static str, Pid)> {
    let mut system = System::new();
    let always = UpdateKind::Always;
    let what = ProcessRefreshKind::nothing().with_cmd(always).with_environ(always).with_cwd(always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what.without_tasks());
    let name = |process: &Process| {
        let serves = |flag: &str, folder: &Path| {
            process.cmd().windows(2).any(|pair| pair[0] == flag && pair[1] == folder.as_os_str())
        };
        let data = home.postgres();
        // An initdb that was cut off goes on as well; and a server process whose postmaster was killed,
        // which has other arguments, still works in the folder.
        let works_there = process.cwd() == Some(&data);
        if works_there || serves("-D", &data) || serves("-D", &super::postgres::making(&data)) {
            return Some("postgres");
        }
        if serves("--dir", &home.redis()) {
            return Some("redis");
        }
        let daemon = process.cmd().first().is_some_and(|program| Path::new(program).ends_with("hearth-edge"));
        let of_home = process.environ().iter().any(|pair| {
            pair.to_str().and_then(|pair| pair.split_once('='))
                == Some((HOME_VARIABLE, &home.root().to_string_lossy()))
        });
        (daemon && of_home).then_some("edge")
    };
    let mut found: Vec<_> = system
        .processes()
        .iter()
        .filter(|(_, process)| process.status() != ProcessStatus::Zombie)
        .filter_map(|(pid, process)| Some((name(process)?, Pid::from_raw(pid.as_u32() as i32)?)))
        .collect();
    found.sort_unstable_by_key(|(program, _)| *program);
    found
}

/// Waits until a process that is no child of ours is gone; kills it when it takes too long.
async fn ended(pid: Pid, patience: Duration) {
    let began = Instant::now();
    let mut killed = false;
    while rustix::process::test_kill_process(pid).is_ok() && !is_zombie(pid) {
        if !killed && began.elapsed() > patience {
            let _ = kill_process(pid, Signal::KILL);
            killed = true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process whose new parent does not collect it (in some containers) has ended all the same.
fn is_zombie(pid: Pid) -> bool {
    let id = sysinfo::Pid::from_u32(pid.as_raw_nonzero().get().unsigned_abs());
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, ProcessRefreshKind::nothing());
    system.process(id).is_none_or(|process| process.status() == ProcessStatus::Zombie)
}
