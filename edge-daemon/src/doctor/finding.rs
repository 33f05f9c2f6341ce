//! What was found, how bad it is, and what to do next.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// It will run, but not as one would wish.
    Warn,
    /// It will not run.
    Fail,
}

#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at, in a word.
    pub check: &'static str,
    pub level: Level,
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, found: found.into(), next: None }
    }

    pub fn warn(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, found: found.into(), next: Some(next.into()) }
    }

    pub fn fail(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, level: Level::Fail, found: found.into(), next: Some(next.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        write!(f, "{level:<4}  {:<12}  {}", self.check, self.found)?;
        match &self.next {
            Some(next) => write!(f, ": {next}"),
            None => Ok(()),
        }
    }
}
