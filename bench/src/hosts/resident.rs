//! Memory after 1,000 requests, 50 at a time.

use futures_util::{StreamExt, TryStreamExt, stream};
use hearth_tests::{
    hosts::{Hosted, Kind},
    instance::Parts,
    person::Person,
};

use super::{Bench, process};
use crate::table::Row;

const REQUESTS: usize = 1000;
const AT_ONCE: usize = 50;

pub async fn measure(bench: &Bench<'_>, kind: Kind) -> anyhow::Result<Row> {
    let house = bench.house;
    let hosted = Hosted::start(kind, &Parts::of(&house.up).settings(house)).await;
    let person = Person::new(&house.up).await.at(&hosted.url);
    ask(&person, REQUESTS, AT_ONCE).await?;
    let mut most = 0.0_f64;
    for pid in hosted.functions() {
        most = most.max(process::resident(pid)?);
    }
    Ok(Row {
        what: match kind {
            Kind::Vercel => "resident memory, Vercel, after 1,000 requests, 50 at a time",
            _ => "resident memory, Lambda, the same (the largest of eight instances)",
        },
        at_most: "40 MB",
        measured: format!("{most:.1} MB"),
        reached: most <= 40.0,
    })
}

/// Asks `GET /v1/me` so often.
pub async fn ask(person: &Person, times: usize, at_once: usize) -> anyhow::Result<()> {
    stream::iter(0..times)
        .map(|_| async {
            let (status, _) = person.get("/v1/me").await;
            anyhow::ensure!(status == 200, "answered {status}");
            Ok(())
        })
        .buffer_unordered(at_once)
        .try_collect()
        .await
}
