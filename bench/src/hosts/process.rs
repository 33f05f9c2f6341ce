//! What Linux says of a process.

use std::{fs, time::Duration};

use anyhow::Context;

/// Clock ticks a second in /proc (`getconf CLK_TCK`; 100 on every Linux of today).
const TICKS: f64 = 100.0;

/// Its resident memory, in MB.
pub fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).context("VmRSS, on Linux")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// The processor time that it has had.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold spaces; utime and stime are the 12th and 13th fields after it.
    let after = stat.rsplit_once(')').context("a name in brackets")?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> { Ok(fields.get(at).context("a field")?.parse()?) };
    Ok(Duration::from_secs_f64((ticks(11)? + ticks(12)?) / TICKS))
}
