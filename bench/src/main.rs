//! `./hearth bench`: what one machine's Hearth takes, as a table. `./hearth bench edge` is the edge daemon beside its peer.
//!
//! Everything is measured on a house of its own: real PostgreSQL, real Redis, the real model. Figures are medians, with
//! the 99th percentile where a tail matters.

mod costs;
mod edge;
mod first_token;
mod hosts;
mod messages;
mod resting;
mod starting;
mod table;

use hearth_tests::house::House;

use crate::table::Row;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => house().await,
        Some("edge") => edge::run().await,
        Some("hosts") => functions().await,
        Some(other) => {
            anyhow::bail!(
                "there is no benchmark `{other}`; say `edge`, `hosts`, or nothing for the whole house"
            )
        }
    }
}

/// The functions, in their hosts' runtimes.
async fn functions() -> anyhow::Result<()> {
    let house = House::own().await;
    let rows = hosts::rows(&house).await?;
    house.stop().await;
    table::print(&rows)
}

async fn house() -> anyhow::Result<()> {
    let home = tempfile::Builder::new().prefix("hearth-bench-").tempdir()?;
    hearth_tests::house::open_to_all(home.path());
    let mut rows: Vec<Row> = Vec::new();

    table::say("Starting, five times…")?;
    rows.push(starting::measure(home.path()).await?);

    let house = House::at(home.path()).await;
    table::say("Counting calls and commands…")?;
    rows.extend(costs::measure(&house).await?);
    table::say("Timing the first token, 300 turns…")?;
    rows.push(first_token::measure(&house).await?);
    table::say("Filling 100,000 messages…")?;
    rows.push(messages::measure(&house).await?);
    house.stop().await;

    table::say("Resting…")?;
    let house = House::at(home.path()).await;
    rows.push(resting::measure(&house).await?);
    house.stop().await;

    table::print(&rows)
}
