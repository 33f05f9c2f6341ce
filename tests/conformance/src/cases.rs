//! The cases, theme by theme.

pub mod bodies;
pub mod cancellation;
pub mod compression;
pub mod contract;
pub mod conversations;
pub mod correlation;
pub mod credentials;
pub mod cron;
pub mod cross_origin;
pub mod crowd;
pub mod health;
pub mod idempotency;
pub mod leaving;
pub mod me;
pub mod members;
pub mod names;
pub mod openai;
pub mod policy;
pub mod resumption;
pub mod slow_bodies;
pub mod smuggling;
pub mod tenants;
pub mod turns;
pub mod websocket;
pub mod websocket_turns;
pub mod workspaces;

use crate::case::Case;

/// The themes, in the order of the documentation.
const THEMES: &[&[Case]] = &[
    contract::CASES,
    health::CASES,
    credentials::CASES,
    me::CASES,
    workspaces::CASES,
    members::CASES,
    policy::CASES,
    conversations::CASES,
    turns::CASES,
    resumption::CASES,
    cancellation::CASES,
    leaving::CASES,
    idempotency::CASES,
    tenants::CASES,
    bodies::CASES,
    slow_bodies::CASES,
    smuggling::CASES,
    names::CASES,
    cross_origin::CASES,
    correlation::CASES,
    compression::CASES,
    openai::CASES,
    websocket::CASES,
    websocket_turns::CASES,
    cron::CASES,
    crowd::CASES,
    &[contract::EVERY_ROUTE],
];

/// Every case.
pub fn all() -> impl Iterator<Item = Case> {
    THEMES.iter().copied().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::host::DIFFERENCES;

    #[test]
    fn every_case_has_a_name_of_its_own_and_a_claim() {
        let mut ids: Vec<String> = all().map(|case| case.id()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert!(all().all(|case| case.proves.len() > 10));
    }

    #[test]
    fn every_stated_difference_names_a_case() {
        for difference in DIFFERENCES {
            assert!(all().any(|case| case.id() == difference.case), "{}", difference.case);
        }
    }
}
