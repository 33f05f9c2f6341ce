//! From `./hearth up` to the first chat that can be sent, on a machine that is set up and built.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context;
use hearth_tests::house::{House, signal};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::table::{Row, millis, quantile};

const RUNS: usize = 5;

pub async fn measure(home: &Path) -> anyhow::Result<Row> {
    // The first run makes the home.
    House::at(home).await.stop().await;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        samples.push(start(home).await?);
    }
    let median = quantile(&mut samples, 0.5);
    Ok(Row {
        what: "`./hearth up`, set up and built, until the first chat can be sent",
        at_most: "3 s",
        measured: millis(median),
        reached: median <= Duration::from_secs(3),
    })
}

/// Runs the script, as a person does, and stops it again.
async fn start(home: &Path) -> anyhow::Result<Duration> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hearth");
    let began = Instant::now();
    let mut child = Command::new(script)
        .args(["up", "--json", "--port", "0", "--edge-port", "0", "--home"])
        .arg(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdout = child.stdout.take().context("a pipe")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    let took = began.elapsed();
    anyhow::ensure!(line.is_some(), "`./hearth up --json` ended without its line");
    signal(child.id(), "TERM");
    child.wait().await?;
    Ok(took)
}
