//! The services that the file names, asked by the clients that the Router itself uses. Nothing is left behind but one Redis
//! key for ten seconds.

mod daemon;
mod database;
mod supabase;
mod upstash;

use futures_util::future::join3;
use hearth_clients::http::{Http, HttpError};

use super::env_file::EnvFile;
use super::finding::Finding;
use super::formats;

/// What came of asking.
#[derive(Debug, Default)]
pub struct Asked {
    pub findings: Vec<Finding>,
    /// What is as it should be, a sentence each.
    pub seen: Vec<String>,
}

impl Asked {
    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn saw(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    fn extend(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.seen.extend(other.seen);
    }
}

/// Asks each service whose address and key look right; what looks wrong is told elsewhere, and is sent nowhere.
pub async fn check(file: &EnvFile) -> Asked {
    let http = match Http::new() {
        Ok(http) => http,
        Err(error) => {
            let text = format!("can't be asked from here: {error}. Check without: --offline");
            return Asked { findings: vec![Finding::stop("the services", text)], ..Asked::default() };
        }
    };
    let (mut all, redis, edge) =
        join3(supabase::ask(&http, file), upstash::ask(&http, file), daemon::ask(&http, file)).await;
    all.extend(redis);
    all.extend(edge);
    all
}

/// A setting's address, without a slash at its end, where it is one.
fn address<'a>(file: &'a EnvFile, name: &str) -> Option<&'a str> {
    let value = file.get(name)?;
    formats::address(value).ok().map(|_| value.trim_end_matches('/'))
}

/// Why nothing came, without the address.
fn silence(error: &HttpError) -> String {
    match error {
        HttpError::Unreachable(why) if why.contains("dns") => "there is no such name".to_owned(),
        HttpError::Unreachable(why) if why.contains("certificate") => {
            "its certificate does not count".to_owned()
        }
        HttpError::Unreachable(_) => "nobody takes the connection".to_owned(),
        HttpError::Header(_) => "the key can't be sent as a header".to_owned(),
        other => other.to_string(),
    }
}
