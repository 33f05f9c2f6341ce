//! What a provider is shown, so that it answers.

use hearth_domain::UserId;

use super::ServiceKey;
use crate::Secret;

/// How a provider knows us.
#[derive(Clone, Debug)]
pub enum Credential {
    /// It asks nobody.
    None,
    /// It asks for a key, the same at every call.
    ApiKey(Secret),
    /// It is a daemon that we are paired with: it asks for a token that is made for the call.
    Service(ServiceKey),
}

impl Credential {
    /// What a daemon is shown by its settings: `HEARTH_EDGE_ID` and `HEARTH_EDGE_SERVICE_KEY`, or `HEARTH_EDGE_API_KEY`, or
    /// nothing. None where a pairing is but half there, or damaged.
    pub fn of_daemon(id: Option<&str>, service_key: Option<&str>, api_key: Option<&str>) -> Option<Self> {
        match (id, service_key) {
            (None, None) => Some(api_key.map_or(Self::None, |key| Self::ApiKey(Secret::new(key)))),
            (id, key) => ServiceKey::parse(key?, id?.parse().ok()?).map(Self::Service),
        }
    }

    /// What to send as `authorization: Bearer …` with a call that is made at `now` (seconds since 1970), for this user
    /// where it is for one.
    pub fn bearer(&self, user: Option<UserId>, now: u64) -> Option<Secret> {
        match self {
            Self::None => None,
            Self::ApiKey(key) => Some(key.clone()),
            Self::Service(key) => Some(key.token(user, now)),
        }
    }
}
