//! Memory of the host process, when it has served a little and rests.

use anyhow::Context;
use hearth_tests::{house::House, person::Person};

use crate::table::Row;

pub async fn measure(house: &House) -> anyhow::Result<Row> {
    let person = Person::new(&house.up).await;
    let conversation = person.conversation().await;
    person.ask(&conversation, "Hi").await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.up.pid))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).context("VmRSS, on Linux")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    let mib = kib / 1024.0;
    Ok(Row {
        what: "resident memory of the host process at rest, without PostgreSQL, Redis and the model",
        at_most: "45 MB",
        measured: format!("{mib:.0} MB"),
        reached: mib <= 45.0,
    })
}
