//! TLS with a certificate from files: read and checked, served, and read again when they are renewed.

pub mod certificate;
pub mod listener;
pub mod options;
pub mod pinned;
pub mod renewal;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

/// The one cryptography that is built in; no other is ever chosen behind its back.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
