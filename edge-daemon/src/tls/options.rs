//! The options for TLS.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::renewal::Served;

#[derive(Debug, Args)]
pub struct TlsOptions {
    /// Speak TLS, with the certificate in this file: PEM, its chain after it; a renewed one is picked up
    #[arg(long, env = "HEARTH_EDGE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key: PEM, not encrypted
    #[arg(long, env = "HEARTH_EDGE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl TlsOptions {
    /// The two files, where they are named.
    pub fn files(self) -> Option<(PathBuf, PathBuf)> {
        self.tls_cert.zip(self.tls_key)
    }

    /// Reads them; what is wrong with them is a sentence.
    pub fn open(self) -> Result<Option<Arc<Served>>, String> {
        self.files()
            .map(|(chain, key)| Served::open(chain, key).map(Arc::new))
            .transpose()
            .map_err(|error| format!("--tls-cert, --tls-key: {error}"))
    }
}
