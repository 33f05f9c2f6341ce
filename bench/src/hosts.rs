//! `./hearth bench hosts`: what the functions weigh and take, in their hosts' own runtimes, as a table.

mod cold;
mod process;
mod resident;
mod worker;

use std::path::{Path, PathBuf};

use anyhow::Context;
use hearth_tests::{hosts::Kind, house::House};

use crate::table::{self, Row};

/// What the measurements stand on.
pub struct Bench<'a> {
    house: &'a House,
}

pub async fn rows(house: &House) -> anyhow::Result<Vec<Row>> {
    let bench = Bench { house };
    let mut rows = Vec::new();
    table::say("Starting the functions, 21 times each…")?;
    rows.push(cold::measure(&bench, Kind::Vercel).await?);
    rows.push(cold::measure(&bench, Kind::Lambda).await?);
    rows.push(size("binary size, Vercel", &function("hearth-vercel")?)?);
    rows.push(size("binary size, Lambda", &function("hearth-lambda")?)?);
    rows.push(worker::size()?);
    table::say("1,000 requests, 50 at a time, on each…")?;
    rows.push(resident::measure(&bench, Kind::Vercel).await?);
    rows.push(resident::measure(&bench, Kind::Lambda).await?);
    table::say("The Worker: 1,000 requests, then 20 turns of 500 tokens, then one of a minute…")?;
    rows.extend(worker::measure(&bench).await?);
    Ok(rows)
}

fn size(what: &'static str, path: &Path) -> anyhow::Result<Row> {
    let bytes = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    let megabytes = bytes as f64 / 1e6;
    Ok(Row { what, at_most: "6 MB", measured: format!("{megabytes:.2} MB"), reached: megabytes <= 6.0 })
}

fn function(name: &str) -> anyhow::Result<PathBuf> {
    let folder =
        std::env::var_os("HEARTH_FUNCTIONS").context("HEARTH_FUNCTIONS: run this by ./hearth bench hosts")?;
    Ok(PathBuf::from(folder).join(name))
}
