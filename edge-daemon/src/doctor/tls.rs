//! The certificate: do its files belong together, how long does it count, and who can read the key?

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::finding::Finding;
use crate::tls::certificate::Certificate;

const DAY: Duration = Duration::from_secs(86_400);

/// Certificates are renewed a month before they end, or, where they last a week, two days before.
const SOON: u64 = 7;

pub fn files(chain: &Path, key: &Path) -> Vec<Finding> {
    let certificate = match Certificate::read(chain, key) {
        Ok(certificate) => certificate,
        Err(error) => {
            return vec![Finding::fail("tls", error.to_string(), "the daemon would end with status 2")];
        }
    };
    vec![time(&certificate), secrecy(key)]
}

fn time(certificate: &Certificate) -> Finding {
    let now = SystemTime::now();
    let days = |time: Duration| time.as_secs() / DAY.as_secs();
    if let Ok(wait) = certificate.not_before.duration_since(now)
        && !wait.is_zero()
    {
        let found = format!("the certificate begins to count in {} days", days(wait) + 1);
        return Finding::fail("tls", found, "set this machine's clock, or wait");
    }
    match certificate.not_after.duration_since(now) {
        Err(since) => Finding::fail(
            "tls",
            format!("the certificate ended {} days ago: clients refuse it", days(since.duration())),
            "renew it; a running daemon picks it up",
        ),
        Ok(left) if days(left) < SOON => Finding::warn(
            "tls",
            format!("the certificate ends in {} days", days(left)),
            "see why it has not been renewed yet",
        ),
        Ok(left) => Finding::ok("tls", format!("the certificate counts for {} more days", days(left))),
    }
}

fn secrecy(key: &Path) -> Finding {
    let shown = key.display();
    match std::fs::metadata(key) {
        Ok(metadata) if metadata.permissions().mode() & 0o007 != 0 => Finding::warn(
            "tls key",
            format!("{shown} can be read or written by everybody on this machine"),
            format!("`chmod o= {shown}`"),
        ),
        _ => Finding::ok("tls key", "is kept from others"),
    }
}
