//! `GET /metrics`: what the daemon has done and is doing, as Prometheus reads it.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Counted are requests and tokens, never words.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Daemon;

/// Since the start.
#[derive(Debug)]
pub struct Metrics {
    pub finished: AtomicU64,
    pub failed: AtomicU64,
    /// The caller went away before the end.
    pub abandoned: AtomicU64,
    pub refused: AtomicU64,
    pub prompt_tokens: AtomicU64,
    pub cached_tokens: AtomicU64,
    pub completion_tokens: AtomicU64,
    /// Until the first token, in seconds.
    pub first_token: Histogram<10>,
    /// Tokens a second of one answer, from its first token on.
    pub speed: Histogram<9>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            finished: AtomicU64::default(),
            failed: AtomicU64::default(),
            abandoned: AtomicU64::default(),
            refused: AtomicU64::default(),
            prompt_tokens: AtomicU64::default(),
            cached_tokens: AtomicU64::default(),
            completion_tokens: AtomicU64::default(),
            first_token: Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]),
            speed: Histogram::new([1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0]),
        }
    }
}

/// Counts values by their size.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [f64; N],
    counts: [AtomicU64; N],
    count: AtomicU64,
    /// In thousandths.
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: [f64; N]) -> Self {
        let counts = std::array::from_fn(|_| AtomicU64::default());
        Self { bounds, counts, count: AtomicU64::default(), sum: AtomicU64::default() }
    }

    pub fn add(&self, value: f64) {
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            if value <= *bound {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add((value * 1000.0).max(0.0) as u64, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, help: &str, model: &str) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        head(out, name, help, "histogram");
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            let _ = writeln!(out, "{name}_bucket{{model=\"{model}\",le=\"{bound}\"}} {}", read(count));
        }
        let count = read(&self.count);
        let _ = writeln!(out, "{name}_bucket{{model=\"{model}\",le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum{{model=\"{model}\"}} {}", read(&self.sum) as f64 / 1000.0);
        let _ = writeln!(out, "{name}_count{{model=\"{model}\"}} {count}");
    }
}

impl Metrics {
    pub fn count(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    /// An answer's speed, once it is over.
    pub fn wrote(&self, tokens: u64, since_first: Duration) {
        let seconds = since_first.as_secs_f64();
        if tokens > 1 && seconds > 0.0 {
            self.speed.add((tokens - 1) as f64 / seconds);
        }
    }

    /// `gauges`: active, waiting, used cells, all cells; `kept`: cells of prefixes.
    fn write(&self, model: &str, gauges: [usize; 4], kept: usize) -> String {
        let model = &label(model);
        let mut out = String::new();
        let name = "hearth_edge_requests_total";
        head(&mut out, name, "Answers by how they ended.", "counter");
        let endings = [
            ("finished", &self.finished),
            ("failed", &self.failed),
            ("abandoned", &self.abandoned),
            ("refused", &self.refused),
        ];
        for (end, counter) in endings {
            let count = counter.load(Ordering::Relaxed);
            let _ = writeln!(out, "{name}{{model=\"{model}\",end=\"{end}\"}} {count}");
        }
        for (name, help, counter) in [
            ("hearth_edge_prompt_tokens_total", "Tokens of prompts.", &self.prompt_tokens),
            (
                "hearth_edge_prompt_tokens_cached_total",
                "Tokens of prompts that had been computed before.",
                &self.cached_tokens,
            ),
            ("hearth_edge_completion_tokens_total", "Tokens written.", &self.completion_tokens),
        ] {
            head(&mut out, name, help, "counter");
            let _ = writeln!(out, "{name}{{model=\"{model}\"}} {}", counter.load(Ordering::Relaxed));
        }
        let [active, waiting, used, cells] = gauges;
        for (name, help, value) in [
            ("hearth_edge_requests_active", "Requests in the batch.", active),
            ("hearth_edge_requests_waiting", "Requests that wait for their turn.", waiting),
            ("hearth_edge_kv_cells_used", "Cells of the KV cache that hold something.", used),
            ("hearth_edge_kv_cells_kept", "Cells that hold beginnings for whoever comes next.", kept),
            ("hearth_edge_kv_cells", "Cells of the KV cache.", cells),
        ] {
            head(&mut out, name, help, "gauge");
            let _ = writeln!(out, "{name}{{model=\"{model}\"}} {value}");
        }
        let name = "hearth_edge_time_to_first_token_seconds";
        self.first_token.write(&mut out, name, "Until an answer's first token.", model);
        let name = "hearth_edge_tokens_per_second";
        self.speed.write(&mut out, name, "One answer's speed, from its first token on.", model);
        out
    }
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a string cannot fail.
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

pub async fn metrics(State(daemon): State<Daemon>) -> impl IntoResponse {
    let gauges = daemon.engine.gauges();
    let text = daemon.metrics.write(&daemon.id, gauges.read(), gauges.cells_kept.load(Ordering::Relaxed));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_as_prometheus_reads_it() {
        let metrics = Metrics::default();
        Metrics::count(&metrics.finished, 2);
        metrics.first_token.add(0.2);
        metrics.first_token.add(70.0);
        metrics.wrote(21, Duration::from_secs(2));
        let text = metrics.write("a\"b", [1, 2, 3, 4], 5);
        for line in [
            "# TYPE hearth_edge_requests_total counter",
            "hearth_edge_requests_total{model=\"a\\\"b\",end=\"finished\"} 2",
            "hearth_edge_kv_cells_used{model=\"a\\\"b\"} 3",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"0.1\"} 0",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"0.25\"} 1",
            "hearth_edge_time_to_first_token_seconds_bucket{model=\"a\\\"b\",le=\"+Inf\"} 2",
            "hearth_edge_time_to_first_token_seconds_sum{model=\"a\\\"b\"} 70.2",
            "hearth_edge_tokens_per_second_bucket{model=\"a\\\"b\",le=\"10\"} 1",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is missing:\n{text}");
        }
    }
}
