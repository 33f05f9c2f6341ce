//! A certificate and its private key, read from PEM files and held against each other.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys};
use x509_cert::der::Decode as _;

use super::provider;

/// A chain with the key to its first certificate, and when that one counts.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub key: Arc<CertifiedKey>,
    pub not_before: SystemTime,
    pub not_after: SystemTime,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error(
        "{path} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----; name the file with the whole chain, which certbot calls fullchain.pem"
    )]
    NoCertificate { path: String },
    #[error("{path} is damaged: {what}; write it again")]
    Damaged { path: String, what: String },
    #[error(
        "{path} is encrypted, and a daemon has nobody to ask for its password; decrypt it with `openssl pkey -in {path} -out key.pem` and name that file, readable by the daemon alone"
    )]
    Encrypted { path: String },
    #[error("{path} holds no private key in PEM; name the file that certbot calls privkey.pem")]
    NoKey { path: String },
    #[error("the key in {path} cannot be used: {what}; ECDSA (P-256, P-384), RSA and Ed25519 keys can")]
    Unusable { path: String, what: String },
    #[error(
        "{key} is not the key to the first certificate in {chain}; name the two files that were made together"
    )]
    Mismatch { chain: String, key: String },
}

impl Certificate {
    /// Reads a chain, whose first certificate is the server's own, and its key.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let certificates = read_chain(chain)?;
        let (not_before, not_after) = validity(chain, &certificates)?;
        let private = read_key(key)?;
        let certified = CertifiedKey::from_der(certificates, private, &provider());
        let certified = certified.map_err(|error| refused(chain, key, error))?;
        Ok(Self { key: Arc::new(certified), not_before, not_after })
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|error| damaged(path, error))?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate { path: shown(path) });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let bytes = read(path)?;
    // Both ways to encrypt a key in PEM say so in a line of their own (RFC 7468, RFC 1421).
    let encrypted = bytes.split(|byte| *byte == b'\n').any(|line| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY") || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
    });
    if encrypted {
        return Err(CertificateError::Encrypted { path: shown(path) });
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::NoKey { path: shown(path) },
        error => damaged(path, error),
    })
}

/// When the chain's first certificate begins to count, and when it ends.
fn validity(
    path: &Path,
    chain: &[CertificateDer<'static>],
) -> Result<(SystemTime, SystemTime), CertificateError> {
    let first = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let read = x509_cert::Certificate::from_der(first).map_err(|error| damaged(path, error))?;
    let validity = read.tbs_certificate.validity;
    Ok((validity.not_before.to_system_time(), validity.not_after.to_system_time()))
}

fn refused(chain: &Path, key: &Path, error: rustls::Error) -> CertificateError {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::Mismatch { chain: shown(chain), key: shown(key) }
        }
        rustls::Error::InvalidCertificate(what) => {
            CertificateError::Damaged { path: shown(chain), what: format!("{what:?}") }
        }
        error => CertificateError::Unusable { path: shown(key), what: error.to_string() },
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Unreadable { path: shown(path), source })
}

fn damaged(path: &Path, what: impl ToString) -> CertificateError {
    CertificateError::Damaged { path: shown(path), what: what.to_string() }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
