//! How a run came out: progress while it goes on, a table at its end, or JSON for programs.

use std::{io, time::Duration};

use serde_json::{Value, json};

use crate::{
    case::{Case, Outcome, Verdict},
    target::Target,
};

/// A case that was run.
pub struct Finished {
    pub case: Case,
    pub outcome: Outcome,
    pub took: Duration,
}

impl Finished {
    /// `passed`, `skipped` or `failed`.
    pub fn word(&self) -> &'static str {
        match self.outcome {
            Ok(Verdict::Passed) => "passed",
            Ok(Verdict::Skipped(_)) => "skipped",
            Err(_) => "failed",
        }
    }

    /// Why it failed or was skipped.
    pub fn detail(&self) -> Option<String> {
        match &self.outcome {
            Ok(Verdict::Passed) => None,
            Ok(Verdict::Skipped(reason)) => Some(reason.clone()),
            Err(error) => Some(format!("{error:#}")),
        }
    }

    /// One line of progress, and what went wrong below it.
    pub fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        writeln!(out, "{:<8}{:>6.1} s  {}", self.word(), self.took.as_secs_f64(), self.case.id())?;
        match self.detail() {
            Some(detail) => writeln!(out, "           {}", detail.replace('\n', "\n           ")),
            None => Ok(()),
        }
    }
}

/// A whole run.
pub struct Report {
    pub url: String,
    pub host: &'static str,
    /// In the order of the documentation.
    pub finished: Vec<Finished>,
}

impl Report {
    pub fn new(target: &Target, finished: Vec<Finished>) -> Self {
        Self { url: target.url.to_string(), host: target.host.as_str(), finished }
    }

    fn count(&self, word: &str) -> usize {
        self.finished.iter().filter(|finished| finished.word() == word).count()
    }

    /// What failed, one a line; empty if nothing did.
    pub fn failures(&self) -> String {
        let failed = self.finished.iter().filter(|finished| finished.outcome.is_err());
        let lines = failed.map(|one| format!("{}: {}\n", one.case.id(), one.detail().unwrap_or_default()));
        lines.collect()
    }

    /// The cases that were not run, one a line.
    pub fn skipped(&self) -> Vec<String> {
        let skipped = self.finished.iter().filter(|finished| finished.word() == "skipped");
        skipped.map(|finished| finished.case.id()).collect()
    }

    /// Whether every case that could be run passed.
    pub fn is_well(&self) -> bool {
        self.count("failed") == 0
    }

    /// The table by theme, and the last line that scripts read.
    pub fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        writeln!(out, "\n{} ({})\n", self.url, self.host)?;
        writeln!(out, "{:<16}{:>8}{:>8}{:>9}", "theme", "passed", "failed", "skipped")?;
        let mut themes: Vec<&str> = self.finished.iter().map(|finished| finished.case.theme).collect();
        themes.dedup();
        for theme in themes {
            let count = |word: &str| {
                let of_theme = self.finished.iter().filter(|finished| finished.case.theme == theme);
                of_theme.filter(|finished| finished.word() == word).count()
            };
            let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
            writeln!(out, "{theme:<16}{passed:>8}{failed:>8}{skipped:>9}")?;
        }
        writeln!(out, "\n{} passed, {} failed", self.count("passed"), self.count("failed"))
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let cases: Vec<Value> = self
            .finished
            .iter()
            .map(|finished| {
                json!({ "case": finished.case.id(), "verdict": finished.word(),
                    "seconds": finished.took.as_secs_f64(), "detail": finished.detail() })
            })
            .collect();
        json!({ "url": self.url, "host": self.host, "passed": self.count("passed"),
            "failed": self.count("failed"), "skipped": self.count("skipped"), "cases": cases })
    }
}
