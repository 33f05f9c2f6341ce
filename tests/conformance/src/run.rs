//! Running the cases: some at once, each within its time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use futures_util::{FutureExt, StreamExt, stream};

use crate::{
    case::{Case, Outcome, Verdict},
    cases::{self, contract},
    context::Context,
    report::{Finished, Report},
    target::Target,
};

/// The longest that a case may take: one of them waits for what happens after half a minute.
const LIMIT: Duration = Duration::from_secs(120);

/// What is run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Those alone whose `theme/name` holds this.
    pub only: Option<String>,
    /// Cases under way at once.
    pub at_once: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { only: None, at_once: 4 }
    }
}

/// Runs the cases; tells of each as it ends.
pub async fn run(
    target: Target,
    options: &Options,
    mut tell: impl FnMut(&Finished),
) -> anyhow::Result<Report> {
    let chosen: Vec<Case> = cases::all().filter(|case| is_chosen(case, options)).collect();
    ensure!(!chosen.is_empty(), "no case is called so; --list shows them all");
    let context = Context::new(target)?;
    let cases = stream::iter(chosen.into_iter().enumerate());
    let mut running =
        cases.map(|(at, case)| one(&context, at, case)).buffer_unordered(options.at_once.max(1));
    let mut finished = Vec::new();
    while let Some((at, one)) = running.next().await {
        tell(&one);
        finished.push((at, one));
    }
    drop(running);
    finished.sort_by_key(|(at, _)| *at);
    let mut finished: Vec<Finished> = finished.into_iter().map(|(_, one)| one).collect();
    // The last one looks back at what the others called.
    if options.only.is_none() {
        let last = one(&context, 0, contract::EVERY_ROUTE).await.1;
        tell(&last);
        finished.push(last);
    }
    Ok(Report::new(&context.target, finished))
}

fn is_chosen(case: &Case, options: &Options) -> bool {
    let is_last = case.id() == contract::EVERY_ROUTE.id();
    !is_last && options.only.as_ref().is_none_or(|only| case.id().contains(only))
}

async fn one(context: &Arc<Context>, at: usize, case: Case) -> (usize, Finished) {
    let began = Instant::now();
    // A case that panics is one that fails: the others go on.
    let outcome = std::panic::AssertUnwindSafe(within(context, case)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("the case itself panicked")));
    (at, Finished { case, outcome, took: began.elapsed() })
}

async fn within(context: &Arc<Context>, case: Case) -> Outcome {
    let outcome = tokio::time::timeout(LIMIT, (case.run)(Arc::clone(context))).await;
    let outcome: Outcome = outcome.with_context(|| format!("not over after {} s", LIMIT.as_secs()))?;
    if let Ok(Verdict::Skipped(_)) = outcome
        && context.target.host.differs_in(&case.id())
    {
        return Err(anyhow!("a stated difference that was not shown"));
    }
    outcome
}
