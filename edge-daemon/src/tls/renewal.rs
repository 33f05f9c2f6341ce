//! The certificate that is served, and how a renewed one takes its place while the daemon runs.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::certificate::{Certificate, CertificateError};

/// How often the files are looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The certificate that new connections get.
#[derive(Debug)]
pub struct Served {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Certificate>,
    /// What the files looked like before they were read for the first time.
    first: Looks,
}

/// What tells two versions of the two files apart: everything that changes with them, whichever way they are replaced.
type Looks = [Option<(u64, u64, u64, i64, i64)>; 2];

impl Served {
    pub fn open(chain: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let first = looks(&chain, &key);
        let current = RwLock::new(Certificate::read(&chain, &key)?);
        Ok(Self { chain, key, current, first })
    }

    /// Reads the files again whenever they have changed, for as long as it is polled. The two are not replaced in one
    /// instant: only what looks the same twice in a row is read.
    pub async fn renew(&self) {
        warn_of_end(&self.now());
        let mut held = self.first;
        let mut before = held;
        let mut tick = tokio::time::interval(LOOK_AGAIN);
        loop {
            tick.tick().await;
            let seen = looks(&self.chain, &self.key);
            if seen != held && seen == before {
                held = seen;
                self.read_again();
            }
            before = seen;
        }
    }

    fn read_again(&self) {
        match Certificate::read(&self.chain, &self.key) {
            Ok(certificate) => {
                // Said when it is so: whoever reads the line may connect at once.
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = certificate.clone();
                tracing::info!(until = shown(certificate.not_after), "the certificate was renewed");
                warn_of_end(&certificate);
            }
            Err(error) => {
                let until = shown(self.now().not_after);
                tracing::error!(%error, until, "the renewed certificate cannot be used: the old one is kept");
            }
        }
    }

    fn now(&self) -> Certificate {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now().key)
    }
}

fn looks(chain: &Path, key: &Path) -> Looks {
    let look = |metadata: Metadata| {
        (metadata.dev(), metadata.ino(), metadata.size(), metadata.ctime(), metadata.ctime_nsec())
    };
    [chain, key].map(|path| std::fs::metadata(path).ok().map(look))
}

/// Clients refuse a certificate before and after its time, and cannot say so here.
fn warn_of_end(certificate: &Certificate) {
    let now = SystemTime::now();
    if certificate.not_after <= now {
        tracing::warn!(
            until = shown(certificate.not_after),
            "the certificate has expired: clients refuse it"
        );
    } else if certificate.not_before > now {
        tracing::warn!(
            from = shown(certificate.not_before),
            "the certificate does not count yet: clients refuse it"
        );
    }
}

/// RFC 3339, UTC.
fn shown(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| "the end of time".to_owned(), |time| time.to_string())
}
