//! The figures, their targets, and the table.

use std::collections::BTreeMap;
use std::io::{Write, stdout};

/// Something that is done to a server.
#[derive(Clone, Copy, Debug)]
pub enum Case {
    One,
    FourOwn,
    EightOwn,
    FourDefault,
    EightDefault,
    Together,
    Apart,
    Beside,
}

/// In the order in which they are done.
pub const CASES: &[Case] = &[
    Case::One,
    Case::FourOwn,
    Case::EightOwn,
    Case::FourDefault,
    Case::EightDefault,
    Case::Together,
    Case::Apart,
    Case::Beside,
];

/// Something that is measured, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    One,
    FourOwn,
    EightOwn,
    FourDefault,
    EightDefault,
    TogetherRate,
    TogetherFirst,
    ApartRate,
    ApartFirst,
    BesideFirst,
    Memory,
    Start,
}

/// What the ratio of ours to the peer's should be.
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    const ALL: [Self; 12] = [
        Self::One,
        Self::FourOwn,
        Self::EightOwn,
        Self::FourDefault,
        Self::EightDefault,
        Self::TogetherRate,
        Self::TogetherFirst,
        Self::ApartRate,
        Self::ApartFirst,
        Self::BesideFirst,
        Self::Memory,
        Self::Start,
    ];

    fn what(self) -> (&'static str, &'static str, Target) {
        use Target::{AtLeast, AtMost};
        let third = 1.0 / 3.0;
        match self {
            Self::One => ("1 stream, 64 tokens out", "tokens/s", AtLeast(0.97)),
            Self::FourOwn => ("4 streams, a system message each", "tokens/s", AtLeast(1.0)),
            Self::EightOwn => ("8 streams, a system message each", "tokens/s", AtLeast(1.0)),
            Self::FourDefault => ("4 streams, the template's system message", "tokens/s", AtLeast(1.08)),
            Self::EightDefault => ("8 streams, the template's system message", "tokens/s", AtLeast(1.08)),
            Self::TogetherRate => ("8 together that share 400 words", "tokens/s", AtLeast(3.0)),
            Self::TogetherFirst => ("8 together that share 400 words: worst first token", "s", AtMost(third)),
            Self::ApartRate => ("the same, 300 ms apart", "tokens/s", AtLeast(1.5)),
            Self::ApartFirst => ("the same, 300 ms apart: worst first token", "s", AtMost(0.5)),
            Self::BesideFirst => ("first token beside a prompt of 4,000 tokens", "s", AtMost(third)),
            Self::Memory => ("resident memory", "MB", AtMost(1.0)),
            Self::Start => ("start until ready", "s", AtMost(1.0)),
        }
    }
}

/// What was measured of one server in one round.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<Figure, f64>);

impl Figures {
    pub fn add(&mut self, measured: Vec<(Figure, f64)>) {
        self.0.extend(measured);
    }
}

/// Prints the table as Markdown: medians, and the least and the most in brackets.
pub fn print(ours: &[Figures], peer: &[Figures]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    if peer.is_empty() {
        writeln!(out, "| what | hearth-edge |\n| --- | --- |")?;
    } else {
        writeln!(out, "| what | hearth-edge | llama-server | ratio | target | |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    }
    for figure in Figure::ALL {
        let (what, unit, target) = figure.what();
        let of = |rounds: &[Figures]| -> Vec<f64> {
            rounds.iter().filter_map(|round| round.0.get(&figure)).copied().collect()
        };
        let (ours, peer) = (of(ours), of(peer));
        if peer.is_empty() {
            writeln!(out, "| {what} | {} {unit} |", Spread::of(ours))?;
            continue;
        }
        let ratios = Spread::of(ours.iter().zip(&peer).map(|(ours, peer)| ours / peer).collect());
        let (wanted, reached) = match target {
            Target::AtLeast(least) => (format!("≥ {least:.2}"), ratios.median >= least),
            Target::AtMost(most) => (format!("≤ {most:.2}"), ratios.median <= most),
        };
        let outcome = if reached { "reached" } else { "missed" };
        let (ours, peer) = (Spread::of(ours), Spread::of(peer));
        writeln!(out, "| {what} | {ours} {unit} | {peer} {unit} | {ratios} | {wanted} | {outcome} |")?;
    }
    Ok(())
}

/// A median with what lies around it.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |nth: usize| samples.get(nth).copied().unwrap_or(f64::NAN);
        Self { least: at(0), median: at(samples.len() / 2), most: at(samples.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = if self.median >= 20.0 { 0 } else { 2 };
        write!(f, "{:.digits$} ({:.digits$}–{:.digits$})", self.median, self.least, self.most)
    }
}
