//! How private a text is, as a value and as a type.
//!
//! The value travels in requests and rows. The type ([`Normal`], [`Private`]) marks a prompt on its way to a provider: a
//! hosted provider accepts [`Normal`] alone, so that handing it a private prompt does not compile.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a text may leave home.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Any provider that the operator set up may read it.
    #[default]
    Normal,
    /// Only a local provider may read it.
    Private,
}

/// A level of sensitivity, as a type. Sealed: [`Normal`] and [`Private`] are all there are.
pub trait Level: sealed::Sealed + Send + 'static {}

/// Marks what any provider may read.
#[derive(Clone, Copy, Debug)]
pub enum Normal {}

/// Marks what only a local provider may read.
#[derive(Clone, Copy, Debug)]
pub enum Private {}

impl Level for Normal {}
impl Level for Private {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Normal {}
    impl Sealed for super::Private {}
}
