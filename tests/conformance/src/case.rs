//! One case: what it is called, what it proves, and how it is run.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::context::Context;

/// How a case came out. An error is a failure, in words for whoever has to mend it.
pub type Outcome = anyhow::Result<Verdict>;

/// How a case came out that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// It cannot be run against this target; why.
    Skipped(String),
}

/// A case.
#[derive(Clone, Copy)]
pub struct Case {
    pub theme: &'static str,
    /// Unique within its theme.
    pub name: &'static str,
    /// The claim that holds if it passes.
    pub proves: &'static str,
    pub run: fn(Arc<Context>) -> BoxFuture<'static, Outcome>,
}

impl Case {
    /// `theme/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.theme, self.name)
    }
}

/// Declares a theme's cases: each an async function of this module, and the claim that it proves.
macro_rules! cases {
    ($theme:literal: $($name:ident $proves:literal;)*) => {
        /// The cases of this theme.
        pub const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            theme: $theme,
            name: stringify!($name),
            proves: $proves,
            run: |context| Box::pin($name(context)),
        }),*];
    };
}

pub(crate) use cases;
