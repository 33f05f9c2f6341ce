//! A certificate authority of the test's own, and the files that a daemon is given.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A chain (server, intermediate) and its key in a folder.
pub struct Files {
    folder: tempfile::TempDir,
    cert: String,
    key: String,
    /// The root that clients are to trust.
    root: reqwest::Certificate,
}

impl Files {
    /// A certificate that counts for a long time.
    pub fn new() -> Self {
        Self::counting(-1, 365)
    }

    /// A certificate that counts from one day, seen from today, until another.
    pub fn counting(from: i64, until: i64) -> Self {
        let made = make(from, until);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (cert, key) = (path("cert.pem"), path("key.pem"));
        std::fs::write(&cert, made.chain).unwrap();
        std::fs::write(&key, made.key).unwrap();
        Self { folder, cert, key, root: made.root }
    }

    pub fn cert(&self) -> &str {
        &self.cert
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whoever trusts the authority of the files as they were made.
    pub fn client(&self) -> reqwest::Client {
        trusting(self.root.clone())
    }

    pub fn write_key(&self, text: &str) {
        replace(self.folder.path(), &self.key, text);
    }

    /// Another authority's chain and key take the place of these, one after the other, as certbot does it; a client that
    /// trusts that authority alone.
    pub fn renew(&self) -> reqwest::Client {
        let made = make(-1, 365);
        replace(self.folder.path(), &self.cert, &made.chain);
        replace(self.folder.path(), &self.key, &made.key);
        trusting(made.root)
    }
}

struct Made {
    chain: String,
    key: String,
    root: reqwest::Certificate,
}

fn make(from: i64, until: i64) -> Made {
    let root = CertifiedIssuer::self_signed(authority("root"), KeyPair::generate().unwrap()).unwrap();
    let between =
        CertifiedIssuer::signed_by(authority("between"), KeyPair::generate().unwrap(), &root).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut server = CertificateParams::new(names).unwrap();
    let midnight = |days: i64| {
        let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(days * 24);
        let date = then.to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (server.not_before, server.not_after) = (midnight(from), midnight(until));
    let server = server.signed_by(&key, &between).unwrap();
    Made {
        chain: server.pem() + &between.pem(),
        key: key.serialize_pem(),
        root: reqwest::Certificate::from_pem(root.pem().as_bytes()).unwrap(),
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

fn trusting(root: reqwest::Certificate) -> reqwest::Client {
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
}

fn replace(folder: &Path, file: &str, text: &str) {
    let beside: PathBuf = folder.join("beside.pem");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, file).unwrap();
}
