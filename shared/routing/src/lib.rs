//! Which model answers a turn.
//!
//! [`decide`] is a pure function: the same request, policy, catalogue, quotas, health and time give the same decision. It
//! reads no clock and calls nobody; what it weighs is handed to it.

mod catalogue;
mod decide;
mod request;
mod standing;

pub use catalogue::{Catalogue, Locality, Model, Provider};
pub use decide::{Candidate, Decision, Ruled, decide};
pub use request::{Latency, Policy, Request, Task};
pub use standing::{Health, Quotas, Standing};
