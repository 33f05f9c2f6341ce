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

use std::path::PathBuf;

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

    let (mut ours_figures, mut peer_figures) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        table::say(&format!("Round {round} of {rounds}…"))?;
        ours_figures.push(measure(Kind::Ours, &ours, &model).await?);
        if let Some(peer) = &peer {
            peer_figures.push(measure(Kind::Peer, peer, &model).await?);
        }
    }
    figures::print(&ours_figures, &peer_figures)
}

/// One server, measured from its start to its end.
async fn measure(kind: Kind, program: &std::path::Path, model: &std::path::Path) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let mut server = Server::start(kind, program, model, false).await?;
    let client = Client::new(server.base.clone());
    for case in CASES {
        let measured =
            cases::measure(*case, &client).await.with_context(|| format!("{case:?} of {kind:?}"))?;
        table::say(&format!("{kind:?}: {measured:.2?}"))?;
        figures.add(measured);
    }
    server.stop().await?;

    // Memory, and the start, without the peer's cache of old prompts in ordinary memory.
    let mut server = Server::start(kind, program, model, true).await?;
    figures.add(vec![(figures::Figure::Start, server.ready_after.as_secs_f64())]);
    cases::eight_streams(&Client::new(server.base.clone())).await?;
    figures.add(vec![(figures::Figure::Memory, server.resident_megabytes()?)]);
    server.stop().await?;
    Ok(figures)
}

fn model() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("HEARTH_TEST_MODEL") {
        return Ok(path.into());
    }
    let home = std::env::home_dir().context("a home folder")?;
    Ok(home.join(".cache/hearth/models/SmolLM2-135M-Instruct.Q4_1.gguf"))
}
