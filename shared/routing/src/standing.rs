//! How providers stand at the moment of a decision: what is left of their quotas, and whether they answer.

use std::collections::BTreeMap;

/// Tokens left, by provider. A provider that is not named has no quota.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    pub tokens_left: BTreeMap<String, u64>,
}

/// How a provider answered of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Up,
    /// It failed; asking again makes sense from this time on, in seconds since the epoch.
    Down {
        retry_at: u64,
    },
}

/// Each provider's standing. A provider that is not named is taken to be up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub standings: BTreeMap<String, Standing>,
}
