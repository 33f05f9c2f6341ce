//! The providers that the operator set up, and their models.

use serde::{Deserialize, Serialize};

/// Where a provider runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locality {
    /// On the operator's own machines: private turns may go there.
    Local,
    /// Somebody else's service.
    Hosted,
}

impl Locality {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Hosted => "hosted",
        }
    }
}

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// As the provider calls it.
    pub id: String,
    /// The most tokens that a prompt and its answer may take together.
    pub context: u32,
}

/// A provider, with its models in the operator's order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub name: String,
    pub locality: Locality,
    pub models: Vec<Model>,
}

/// All providers, in the operator's order of preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub providers: Vec<Provider>,
}
