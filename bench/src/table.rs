//! The table that is printed, and how figures are summed up.

use std::{
    io::{Write, stderr, stdout},
    time::Duration,
};

/// A line of the table.
pub struct Row {
    pub what: &'static str,
    pub at_most: &'static str,
    pub measured: String,
    pub reached: bool,
}

/// Tells what is being done, beside the table.
pub fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(stderr(), "{text}")?)
}

/// Prints the table as Markdown.
pub fn print(rows: &[Row]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "| what | at most | measured | |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for Row { what, at_most, measured, reached } in rows {
        writeln!(
            out,
            "| {what} | {at_most} | {measured} | {} |",
            if *reached { "reached" } else { "missed" }
        )?;
    }
    Ok(())
}

/// The value below which `share` of the samples lie.
pub fn quantile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    samples.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

/// Milliseconds, with one decimal.
pub fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
