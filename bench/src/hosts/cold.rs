//! From a process's start to its first answer of an authenticated `GET /v1/me`, without what its database takes.

use std::time::Duration;

use hearth_tests::{
    hosts::{Hosted, Kind},
    instance::Parts,
    person::Person,
    proxy::Proxy,
};

use super::Bench;
use crate::table::{Row, millis, quantile};

const RUNS: usize = 21;
const LIMIT: Duration = Duration::from_millis(20);

pub async fn measure(bench: &Bench<'_>, kind: Kind) -> anyhow::Result<Row> {
    let house = bench.house;
    let supabase = Proxy::before(&house.up.url).await;
    let settings = Parts::of(&house.up).supabase(&supabase.url).settings(house);
    let person = Person::new(&house.up).await;
    let mut samples = Vec::new();
    for _ in 0..RUNS {
        supabase.take_waited();
        let hosted = Hosted::cold(kind, &settings).await;
        let took = hosted.first_answer("/v1/me", &person.token).await?;
        samples.push(took.saturating_sub(supabase.take_waited()));
    }
    let median = quantile(&mut samples, 0.5);
    Ok(Row {
        what: match kind {
            Kind::Vercel => {
                "cold start, Vercel: process start to the first answer of an authenticated `GET /v1/me`, without its database time"
            }
            _ => "cold start, Lambda: the same, under the runtime's emulator",
        },
        at_most: "20 ms",
        measured: millis(median),
        reached: median <= LIMIT,
    })
}
