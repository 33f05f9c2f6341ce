//! `GET /metrics`: what the daemon has done and is doing, as Prometheus reads it.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Counted are requests and tokens, never words.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Daemon;
use super::error::ApiError;
use crate::counts::{Counts, Histogram};
use crate::engine::gauges::Gauges;
use crate::models::{Listed, State as Standing};

pub async fn metrics(State(daemon): State<Daemon>) -> Result<impl IntoResponse, ApiError> {
    let mut listed = daemon.models.list().await?;
    // What is being fetched may have the name of a model that is there, and has counted nothing.
    listed.retain(|one| !matches!(one.state, Standing::Downloading(_)));
    let text = write(&listed, daemon.models.limit(), daemon.refused.load(Ordering::Relaxed));
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// A name, what it counts, and where that is found.
struct Family<S, N>(&'static str, &'static str, fn(&S) -> &N);

/// One family after the other, each with a line for every model.
fn write(models: &[Listed], limit: u64, refused: u64) -> String {
    let mut page = Page::default();
    page.head(
        "hearth_edge_requests_refused_total",
        "Requests without a good key, or beyond its limits.",
        "counter",
    );
    page.line("hearth_edge_requests_refused_total", "", refused);
    page.head("hearth_edge_memory_limit_bytes", "What all models together may take.", "gauge");
    page.line("hearth_edge_memory_limit_bytes", "", limit);

    let name = "hearth_edge_requests_total";
    page.head(name, "Answers by how they ended.", "counter");
    for Listed { id, counts, .. } in models {
        let endings =
            [("finished", &counts.finished), ("failed", &counts.failed), ("abandoned", &counts.abandoned)];
        for (end, count) in endings {
            page.line(name, &format!("{},end=\"{end}\"", label(id)), count.load(Ordering::Relaxed));
        }
    }
    let counters: [Family<Counts, AtomicU64>; 3] = [
        Family("hearth_edge_prompt_tokens_total", "Tokens of prompts.", |counts| &counts.prompt_tokens),
        Family(
            "hearth_edge_prompt_tokens_cached_total",
            "Tokens of prompts that had been computed before.",
            |counts| &counts.cached_tokens,
        ),
        Family("hearth_edge_completion_tokens_total", "Tokens written.", |counts| &counts.completion_tokens),
    ];
    for Family(name, help, counter) in counters {
        page.head(name, help, "counter");
        for Listed { id, counts, .. } in models {
            page.line(name, &label(id), counter(counts).load(Ordering::Relaxed));
        }
    }
    let name = "hearth_edge_model_loads_total";
    page.head(name, "How often a model was loaded.", "counter");
    for Listed { id, loads, .. } in models {
        page.line(name, &label(id), *loads);
    }
    of_loaded(&mut page, models);
    page.histograms(
        models,
        "hearth_edge_time_to_first_token_seconds",
        "Until an answer's first token.",
        |counts| &counts.first_token,
    );
    page.histograms(
        models,
        "hearth_edge_tokens_per_second",
        "One answer's speed, from its first token on.",
        |counts| &counts.speed,
    );
    page.0
}

/// What only a model in memory has.
fn of_loaded(page: &mut Page, models: &[Listed]) {
    let name = "hearth_edge_model_ready";
    page.head(name, "1 where the model is in memory and answers.", "gauge");
    for Listed { id, state, .. } in models {
        page.line(name, &label(id), u64::from(matches!(state, Standing::Ready(_))));
    }
    let name = "hearth_edge_model_memory_bytes";
    page.head(name, "What a model takes in memory, by the estimate before it was loaded.", "gauge");
    for Listed { id, engine, need, .. } in models {
        page.line(name, &label(id), if engine.is_some() { need.total() } else { 0 });
    }
    let gauges: [Family<Gauges, AtomicUsize>; 5] = [
        Family("hearth_edge_requests_active", "Requests in the batch.", |gauges| &gauges.active),
        Family("hearth_edge_requests_waiting", "Requests that wait for their turn.", |gauges| {
            &gauges.waiting
        }),
        Family("hearth_edge_kv_cells_used", "Cells of the KV cache that hold something.", |gauges| {
            &gauges.cells_used
        }),
        Family("hearth_edge_kv_cells_kept", "Cells that hold beginnings for whoever comes next.", |gauges| {
            &gauges.cells_kept
        }),
        Family("hearth_edge_kv_cells", "Cells of the KV cache.", |gauges| &gauges.cells),
    ];
    for Family(name, help, gauge) in gauges {
        page.head(name, help, "gauge");
        for Listed { id, engine, .. } in models {
            if let Some(engine) = engine {
                page.line(name, &label(id), gauge(engine.gauges()).load(Ordering::Relaxed) as u64);
            }
        }
    }
    let counters: [Family<Gauges, AtomicU64>; 3] = [
        Family("hearth_edge_guessed_tokens_total", "Tokens that were guessed ahead.", |gauges| {
            &gauges.guessed_tokens
        }),
        Family("hearth_edge_right_guesses_total", "Guessed tokens that were right.", |gauges| {
            &gauges.right_guesses
        }),
        Family(
            "hearth_edge_restored_tokens_total",
            "Tokens of beginnings that were read from files.",
            |gauges| &gauges.restored_tokens,
        ),
    ];
    for Family(name, help, counter) in counters {
        page.head(name, help, "counter");
        for Listed { id, engine, .. } in models {
            if let Some(engine) = engine {
                page.line(name, &label(id), counter(engine.gauges()).load(Ordering::Relaxed));
            }
        }
    }
}

/// The text as it grows. Writing to a string cannot fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn histograms<const N: usize>(
        &mut self,
        models: &[Listed],
        name: &str,
        help: &str,
        histogram: fn(&Counts) -> &Histogram<N>,
    ) {
        self.head(name, help, "histogram");
        for Listed { id, counts, .. } in models {
            let (model, histogram) = (label(id), histogram(counts));
            for (bound, count) in histogram.buckets() {
                self.line(&format!("{name}_bucket"), &format!("{model},le=\"{bound}\""), count);
            }
            self.line(&format!("{name}_bucket"), &format!("{model},le=\"+Inf\""), histogram.count());
            let _ = writeln!(self.0, "{name}_sum{{{model}}} {}", histogram.sum());
            self.line(&format!("{name}_count"), &model, histogram.count());
        }
    }
}

/// `model="…"`, whatever its name.
fn label(model: &str) -> String {
    let escaped = model.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("model=\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Need;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn what_was_counted_is_written_as_prometheus_reads_it() {
        let counts = Arc::new(Counts::default());
        Counts::count(&counts.finished, 2);
        counts.first_token.add(0.2);
        counts.first_token.add(70.0);
        counts.wrote(21, Duration::from_secs(2));
        let listed = |id: &str, counts: Arc<Counts>| Listed {
            id: id.to_owned(),
            aliases: Vec::new(),
            parent: None,
            state: Standing::Unloaded,
            pinned: false,
            shape: Err(String::new()),
            n_ctx: 0,
            need: Need::default(),
            loads: 3,
            engine: None,
            counts,
        };
        let text = write(&[listed("a\"b", counts), listed("c", Arc::default())], 7, 1);
        for line in [
            "hearth_edge_requests_refused_total 1",
            "# TYPE hearth_edge_requests_total counter",
            "hearth_edge_requests_total{model=\"a\\\"b\",end=\"finished\"} 2",
            "hearth_edge_requests_total{model=\"c\",end=\"finished\"} 0",
            "hearth_edge_model_loads_total{model=\"c\"} 3",
            "hearth_edge_model_ready{model=\"c\"} 0",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"0.1\"} 0",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"0.25\"} 1",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"+Inf\"} 2",
            "hearth_edge_time_to_first_token_seconds_sum{model=\"a\\\"b\"} 70.2",
            "hearth_edge_tokens_per_second_bucket{model=\"a\\\"b\",le=\"10\"} 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is missing:\n{text}");
        }
        let heads = text.lines().filter(|line| line.starts_with("# TYPE")).count();
        let names: std::collections::BTreeSet<_> =
            text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        assert_eq!(heads, names.len(), "a family is told once");
    }
}
