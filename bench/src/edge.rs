//! `./hearth bench edge`: the edge daemon beside llama.cpp's own llama-server, in turn, on the same model, threads, cells
//! and requests.
//!
//! The peer is the program `llama-server` on the PATH, or the one that `LLAMA_SERVER` names; without it the daemon's own
//! figures are printed. `HEARTH_BENCH_ROUNDS` sets how often everything is measured, `HEARTH_BENCH_THREADS` with how many
//! threads, and `HEARTH_TEST_MODEL` on which model.

mod cases;
mod client;
mod figures;
mod server;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use crate::table;
use client::Client;
use figures::{CASES, Figures};
use server::{Kind, Server};

const ROUNDS: usize = 7;

pub async fn run() -> anyhow::Result<()> {
    let rounds = match std::env::var("HEARTH_BENCH_ROUNDS") {
        Ok(text) => text.parse().context("HEARTH_BENCH_ROUNDS is not a number")?,
        Err(_) => ROUNDS,
    };
    let model = model()?;
    let ours = hearth_tests::house::program("hearth-edge");
    let peer = server::find_peer();
    table::say(&format!("hearth-edge: {}", server::arguments(Kind::Ours, &model, false).join(" ")))?;
    match &peer {
        Some(path) => {
            let arguments = server::arguments(Kind::Peer, &model, false).join(" ");
            table::say(&format!("{}: {arguments}\n{}", path.display(), server::version(path).await))?;
        }
        None => table::say(
            "no llama-server on the PATH and none in LLAMA_SERVER: these are the daemon's own figures",
        )?,
    }

    let servers: Vec<_> = [(Kind::Ours, Some(ours)), (Kind::Peer, peer)]
        .into_iter()
        .filter_map(|(kind, program)| program.map(|program| (kind, program)))
        .collect();
    let mut figures = vec![Vec::new(); servers.len()];
    for round in 1..=rounds {
        table::say(&format!("Round {round} of {rounds}…"))?;
        for (all, measured) in figures.iter_mut().zip(measure(&servers, &model, round).await?) {
            all.push(measured);
        }
    }
    figures::print(&figures[0], figures.get(1).map_or(&[], Vec::as_slice))
}

/// Compute threads go on spinning for a moment after their last step, and would disturb the next server.
const REST: Duration = Duration::from_secs(1);

/// One round of all servers. They are loaded together and take turns case by case, and not one whole round after the other, so
/// that both meet a machine that is busy elsewhere for a while; and the first is not always the same.
async fn measure(servers: &[(Kind, PathBuf)], model: &Path, round: usize) -> anyhow::Result<Vec<Figures>> {
    let mut figures = vec![Figures::default(); servers.len()];
    let turns = |nth: usize| (0..servers.len()).map(move |n| (n + nth + round) % servers.len());

    let mut running = Vec::new();
    for (kind, program) in servers {
        running.push(Server::start(*kind, program, model, false).await?);
    }
    for (nth, case) in CASES.iter().enumerate() {
        for turn in turns(nth) {
            tokio::time::sleep(REST).await;
            let (kind, client) = (servers[turn].0, Client::new(running[turn].base.clone()));
            let measured =
                cases::measure(*case, &client).await.with_context(|| format!("{case:?} of {kind:?}"))?;
            table::say(&format!("{kind:?}: {measured:.2?}"))?;
            figures[turn].add(measured);
        }
    }
    for server in &mut running {
        server.stop().await?;
    }

    // Memory, and the start, without the peer's cache of old prompts in ordinary memory.
    for turn in turns(0) {
        let (kind, program) = &servers[turn];
        let mut server = Server::start(*kind, program, model, true).await?;
        figures[turn].add(vec![(figures::Figure::Start, server.ready_after.as_secs_f64())]);
        cases::eight_streams(&Client::new(server.base.clone())).await?;
        figures[turn].add(vec![(figures::Figure::Memory, server.resident_megabytes()?)]);
        server.stop().await?;
    }
    Ok(figures)
}

fn model() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("HEARTH_TEST_MODEL") {
        return Ok(path.into());
    }
    let home = std::env::home_dir().context("a home folder")?;
    Ok(home.join(".cache/hearth/models/SmolLM2-135M-Instruct.Q4_1.gguf"))
}
