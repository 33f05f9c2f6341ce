//! The Worker in workerd. It reports no processor time of a request, so its process's is read.

use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use hearth_tests::{hosts::Hosted, instance::Parts, model::Model, person::Person, proxy::Proxy, sse::Events};
use serde_json::json;

use super::{Bench, process, resident};
use crate::table::Row;

const REQUESTS: u32 = 1000;
const TURNS: u32 = 20;
const TOKENS: u32 = 500;
const LONG: Duration = Duration::from_secs(60);

/// Its size as Cloudflare counts it: gzipped, all modules.
pub fn size() -> anyhow::Result<Row> {
    let build = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the repository")?
        .join("functions/cloudflare/build");
    let mut files = Command::new("tar")
        .args(["-C", &build.to_string_lossy(), "-cf", "-", "."])
        .stdout(Stdio::piped())
        .spawn()?;
    let archive = files.stdout.take().context("a pipe")?;
    let mut gzip = Command::new("gzip").arg("-9").stdin(archive).stdout(Stdio::piped()).spawn()?;
    let mut packed = Vec::new();
    gzip.stdout.take().context("a pipe")?.read_to_end(&mut packed)?;
    anyhow::ensure!(files.wait()?.success() && gzip.wait()?.success(), "the Worker is not built");
    let kilobytes = packed.len() as f64 / 1e3;
    Ok(Row {
        what: "Worker size, gzipped (the free plan's limit is 3 MB)",
        at_most: "600 KB",
        measured: format!("{kilobytes:.0} KB"),
        reached: kilobytes <= 600.0,
    })
}

pub async fn measure(bench: &Bench<'_>) -> anyhow::Result<[Row; 3]> {
    let house = bench.house;
    let model = Model::new().await;
    let upstream = Proxy::before(&house.up.url).await;
    let parts = Parts::of(&house.up).edge(&model.url).supabase(&upstream.url);
    let settings = parts.redis(Some(format!("{}/redis", upstream.url))).settings(house);
    let hosted = Hosted::bare_worker(&settings).await;
    let workerd = *hosted.pids().first().context("workerd")?;
    let cpu = || process::cpu(workerd);

    let person = Person::new(&house.up).await.at(&hosted.url);
    resident::ask(&person, 50, 10).await?;
    let before = cpu()?;
    resident::ask(&person, REQUESTS as usize, 10).await?;
    let each_request = cpu()?.saturating_sub(before) / REQUESTS;

    let before = cpu()?;
    for _ in 0..TURNS {
        let conversation = person.conversation().await;
        for n in 0..TOKENS {
            model.say(&format!("word{n} "));
        }
        model.end();
        Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await).rest().await;
    }
    let each_turn = cpu()?.saturating_sub(before) / TURNS;

    let conversation = person.conversation().await;
    upstream.take();
    let began = Instant::now();
    let mut events = Events::new(person.stream(&conversation, json!({ "content": "Hi" })).await);
    while began.elapsed() < LONG {
        model.say("more ");
        events.next().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    model.end();
    events.rest().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // One more is the model's own.
    let calls = upstream.take().len() + 1;

    let millis = |duration: Duration| format!("{:.2} ms", duration.as_secs_f64() * 1e3);
    Ok([
        Row {
            what: "processor time in the Worker's process, of 1,000: warm `GET /v1/me`",
            at_most: "2 ms",
            measured: millis(each_request),
            reached: each_request <= Duration::from_millis(2),
        },
        Row {
            what: "the same, of 20: a streamed turn of 500 tokens",
            at_most: "8 ms",
            measured: millis(each_turn),
            reached: each_turn <= Duration::from_millis(8),
        },
        Row {
            what: "subrequests of a turn of a minute on Workers (the free plan's limit is 50)",
            at_most: "40",
            measured: calls.to_string(),
            reached: calls <= 40,
        },
    ])
}
