//! What every host must answer, as a list of cases that are run over HTTP against a base URL.
//!
//! A case talks to a host as any client does, and knows nothing of what is behind it. What differs between hosts is stated in
//! [`host`], and tested as well.

pub mod answer;
pub mod case;
pub mod cases;
pub mod context;
pub mod frames;
pub mod gate;
pub mod host;
pub mod person;
pub mod raw;
pub mod report;
pub mod run;
pub mod socket;
pub mod stream;
pub mod table;
pub mod target;
pub mod turn;

pub use case::{Case, Outcome, Verdict};
pub use host::Host;
pub use report::Report;
pub use run::{Options, run};
pub use target::{SignIn, Target};
