//! Supabase: whether the project answers, takes the key, and shows how it signs tokens.

use std::time::Duration;

use hearth_clients::http::{Http, HttpError, Request};
use hearth_clients::supabase::fetch_jwks;
use http::{Method, StatusCode};

use super::super::api_key::ApiKey;
use super::super::env_file::EnvFile;
use super::super::finding::Finding;
use super::{Asked, address, database, silence};

const URL: &str = "SUPABASE_URL";
const KEY: &str = "SUPABASE_PUBLISHABLE_KEY";
const LIMIT: Duration = Duration::from_secs(10);
/// Supabase's own status for a project that is paused (<https://supabase.com/docs/guides/troubleshooting/http-status-codes>).
const PAUSED: u16 = 540;

pub async fn ask(http: &Http, file: &EnvFile) -> Asked {
    let mut asked = Asked::default();
    let (Some(url), Some(key)) = (address(file, URL), file.get(KEY)) else { return asked };
    let kind = ApiKey::read(key);
    if kind.is_powerful() || kind == ApiKey::Other {
        return asked;
    }
    match answers(http, url, key).await {
        Ok(()) => asked.saw("Supabase Auth answers, and takes the key"),
        Err(finding) => {
            asked.found(finding);
            return asked;
        }
    }
    tokens(http, url, file, &mut asked).await;
    asked.extend(database::ask(http, url, key, file).await);
    asked
}

async fn answers(http: &Http, url: &str, key: &str) -> Result<(), Finding> {
    let request = Request::new(Method::GET, format!("{url}/auth/v1/health")).header("apikey", key);
    let answer = match request {
        Ok(request) => http.call(request, LIMIT).await,
        Err(error) => Err(error),
    };
    let answer = answer.map_err(|error| match error {
        HttpError::Header(_) => Finding::stop(KEY, "can't be sent as a header. Copy it anew, in one line"),
        error => {
            let text = format!(
                "does not answer: {}. Is it spelt right, and is the project not paused? See the dashboard",
                silence(&error)
            );
            Finding::stop(URL, text)
        }
    })?;
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Finding::stop(
            KEY,
            "is not taken by the project that SUPABASE_URL names. Take both from the same one",
        )),
        status if status.as_u16() == PAUSED => {
            Err(Finding::stop(URL, "names a project that is paused. Restore it in the dashboard"))
        }
        StatusCode::OK if is_auth(&answer.body) => Ok(()),
        status => {
            let text =
                format!("answers {} where Supabase Auth should. Is it the project's URL?", status.as_u16());
            Err(Finding::stop(URL, text))
        }
    }
}

fn is_auth(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|body| body["name"] == "GoTrue")
}

/// Asymmetric keys are public; where there are none, the shared secret has to be given.
async fn tokens(http: &Http, url: &str, file: &EnvFile, asked: &mut Asked) {
    let secret = "SUPABASE_JWT_SECRET";
    let given = file.get(secret).is_some();
    match fetch_jwks(http, url).await {
        Err(error) => {
            let text = format!("does not show the keys that it signs tokens with: {error}. Nobody could sign in");
            asked.found(Finding::stop(URL, text));
        }
        Ok(set) if set.keys.is_empty() && !given => asked.found(Finding::stop(
            secret,
            "is missing: this project signs tokens with its shared secret. Set it; better, move to asymmetric signing \
             keys (Project Settings, JWT Keys), which need no secret here",
        )),
        Ok(set) if set.keys.is_empty() => asked.saw("Supabase signs tokens with the shared secret"),
        Ok(set) => {
            asked.saw(format!("Supabase signs tokens with asymmetric keys ({} public)", set.keys.len()));
            if given {
                let text = "is there for tokens from before this project moved to asymmetric keys. Take it out once the last of \
                            them has expired";
                asked.found(Finding::heed(secret, text));
            }
        }
    }
}
