//! Language models as files: which ones Hearth knows by name, which are here, and fetching one from the hub.
//! Running them is the edge daemon's work.

pub mod catalogue;
pub mod hub;
mod part;
pub mod pull;
pub mod room;
pub mod store;

pub use catalogue::{Catalogue, Model};
pub use store::{Store, StoreError};
