//! What is asked of a server, and what is measured meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::client::{Client, Timing};
use super::figures::{Case, Figure};

const ANSWER: u32 = 64;

pub async fn measure(case: Case, client: &Client) -> anyhow::Result<Vec<(Figure, f64)>> {
    match case {
        Case::One => {
            let user = question(1, 60);
            Ok(vec![(Figure::One, rate(async { Ok(vec![client.ask(None, &user, ANSWER).await?]) }).await?.0)])
        }
        Case::FourOwn => Ok(vec![(Figure::FourOwn, streams(client, 4, 10, true).await?)]),
        Case::EightOwn => Ok(vec![(Figure::EightOwn, streams(client, 8, 20, true).await?)]),
        Case::FourDefault => Ok(vec![(Figure::FourDefault, streams(client, 4, 30, false).await?)]),
        Case::EightDefault => Ok(vec![(Figure::EightDefault, streams(client, 8, 40, false).await?)]),
        Case::Together => {
            let (rate, worst) = beginnings(client, 50, Duration::ZERO).await?;
            Ok(vec![(Figure::TogetherRate, rate), (Figure::TogetherFirst, worst)])
        }
        Case::Apart => {
            let (rate, worst) = beginnings(client, 60, Duration::from_millis(300)).await?;
            Ok(vec![(Figure::ApartRate, rate), (Figure::ApartFirst, worst)])
        }
        Case::Beside => Ok(vec![(Figure::BesideFirst, beside(client).await?)]),
    }
}

/// Load enough that everything a server allocates for eight requests is there.
pub async fn eight_streams(client: &Client) -> anyhow::Result<()> {
    streams(client, 8, 90, true).await.map(drop)
}

/// So many at once, each with a question of 60 words; tokens a second, of all together.
async fn streams(client: &Client, count: usize, seed: usize, own_system: bool) -> anyhow::Result<f64> {
    let asked = (0..count).map(|n| {
        let user = question(seed + n, 60);
        let system = own_system.then(|| format!("You are {}.", words(seed + n + 7000, 12)));
        async move { client.ask(system.as_deref(), &user, ANSWER).await }
    });
    Ok(rate(try_join_all(asked)).await?.0)
}

/// Eight that begin with the same 400 words; tokens a second of all together, and the longest wait for a first word.
async fn beginnings(client: &Client, seed: usize, apart: Duration) -> anyhow::Result<(f64, f64)> {
    let beginning = words(seed, 400);
    let asked = (0..8_usize).map(|n| {
        let user = question(seed + n, 20);
        let beginning = &beginning;
        async move {
            tokio::time::sleep(apart * n as u32).await;
            client.ask(Some(beginning), &user, ANSWER).await
        }
    });
    let (rate, timings) = rate(try_join_all(asked)).await?;
    let worst = timings.iter().map(|timing| timing.first).max().unwrap_or_default();
    Ok((rate, worst.as_secs_f64()))
}

/// A short question while somebody else's prompt of some 4,000 tokens is being read: its wait for the first word.
async fn beside(client: &Client) -> anyhow::Result<f64> {
    let (long, short) = (question(70, 2900), question(71, 20));
    let asked = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        client.ask(None, &short, 8).await
    };
    let (_, timing) = tokio::try_join!(client.ask(None, &long, 1), asked)?;
    Ok(timing.first.as_secs_f64())
}

/// Tokens a second, from the first request to the end of the last answer.
async fn rate(
    asked: impl Future<Output = anyhow::Result<Vec<Timing>>>,
) -> anyhow::Result<(f64, Vec<Timing>)> {
    let began = Instant::now();
    let timings = asked.await?;
    let tokens: u64 = timings.iter().map(|timing| timing.tokens).sum();
    Ok((tokens as f64 / began.elapsed().as_secs_f64(), timings))
}

/// A request for a long answer, of so many words.
fn question(seed: usize, count: usize) -> String {
    format!("Write a very long story with these words in it: {}", words(seed, count.saturating_sub(10)))
}

const WORDS: [&str; 32] = [
    "river", "stone", "window", "garden", "letter", "winter", "market", "silver", "bridge", "candle",
    "forest", "harbour", "island", "journey", "kitchen", "lantern", "meadow", "number", "ocean", "painter",
    "quarter", "railway", "shadow", "teacher", "under", "village", "weather", "yellow", "animal", "bottle",
    "castle", "doctor",
];

/// Words in an order that the seed decides, the same in every run: a linear congruential generator's.
fn words(seed: usize, count: usize) -> String {
    let mut state = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 59) as usize]
    });
    next.take(count).collect::<Vec<_>>().join(" ")
}
