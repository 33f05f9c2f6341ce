//! What PostgREST answers: rows, or an error in its shape (<https://docs.postgrest.org/en/stable/references/errors.html>).

use http::{StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, de::DeserializeOwned};

use crate::http::{Answer, HttpError};

/// Why a function gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The function refused with a code of ours, raised as SQLSTATE `PTxyz`.
    #[error("refused: {code}")]
    Refused {
        status: u16,
        /// The stable code.
        code: String,
        /// The sentence for the reader.
        detail: Option<String>,
        /// JSON text with fields, where the function gave some.
        hint: Option<String>,
    },
    /// The token was not accepted.
    #[error("the token was not accepted")]
    Unauthorized,
    /// The database, or what stands before it, cannot answer now.
    #[error("away: {reason}")]
    Away {
        reason: String,
        /// Whether the call certainly had no effect. Without an answer nobody knows.
        untouched: bool,
        /// Seconds after which the other side wants to be asked again.
        retry_after: Option<u64>,
    },
    /// An answer that makes no sense to us. Its text may hold anything, so it stays out of messages.
    #[error("an answer that cannot be read (status {status}, code {code})")]
    Unreadable { status: u16, code: String },
}

impl RpcError {
    /// Whether the same call may well succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// No usable answer came: what the call did is not known.
    pub(super) fn without_answer(reason: impl ToString) -> Self {
        Self::Away { reason: reason.to_string(), untouched: false, retry_after: None }
    }
}

impl From<HttpError> for RpcError {
    fn from(error: HttpError) -> Self {
        match error {
            // Only a token can hold what a header cannot: our own keys are checked when they are read.
            HttpError::Header(_) => Self::Unauthorized,
            other => Self::without_answer(other),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: Option<String>,
    message: Option<String>,
    details: Option<String>,
    hint: Option<String>,
}

/// Reads an answer as `T`, or as the error that it is.
pub(super) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, RpcError> {
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|error| {
            tracing::error!(status, line = error.line(), column = error.column(), "an unexpected answer");
            RpcError::Unreadable { status, code: String::new() }
        });
    }
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = body.code.unwrap_or_default();
    if code.starts_with("PT") {
        let [stable, detail, hint] = [body.message, body.details, body.hint];
        return Err(RpcError::Refused { status, code: stable.unwrap_or_default(), detail, hint });
    }
    let away = |reason: String, untouched: bool| RpcError::Away {
        reason,
        untouched,
        retry_after: retry_after(answer),
    };
    Err(match answer.status {
        StatusCode::UNAUTHORIZED => RpcError::Unauthorized,
        // PostgREST's own connection broke, maybe after the commit.
        _ if code == "PGRST001" => away(code, false),
        // Refused before anything was done: by a gateway, or by a PostgREST without a database connection.
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            away(format!("status {status}"), true)
        }
        // SQLSTATE class 40: a transaction that lost against another; 57: the server is being shut down, or is starting.
        _ if code.starts_with("40") || code.starts_with("57P") => away(format!("SQLSTATE {code}"), true),
        // 08: a connection that broke, maybe after the commit.
        _ if code.starts_with("08") => away(format!("SQLSTATE {code}"), false),
        // PostgREST's 504 is a pool that is used up, a gateway's a call that took too long.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => away(format!("status {status}"), false),
        // A server's error without a code is not from PostgREST, but from something before it.
        other if other.is_server_error() && code.is_empty() => away(format!("status {status}"), false),
        _ => RpcError::Unreadable { status, code },
    })
}

/// Seconds, where the answer names them. A date is left out: clocks differ.
fn retry_after(answer: &Answer) -> Option<u64> {
    answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{RpcError, read};
    use crate::http::Answer;
    use http::{HeaderMap, StatusCode};

    fn answer(status: u16, body: &'static str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn a_raised_code_of_ours_comes_through_with_its_sentence() {
        let raised =
            r#"{"code":"PT404","message":"turn_not_found","details":"There is no such turn.","hint":null}"#;
        match read::<()>(&answer(404, raised)) {
            Err(RpcError::Refused { status: 404, code, detail: Some(detail), hint: None }) => {
                assert_eq!((code.as_str(), detail.as_str()), ("turn_not_found", "There is no such turn."));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_restarting_database_is_away_and_not_an_error_of_the_caller() {
        for (status, body) in [
            (503, "<html>no</html>"),
            (500, r#"{"code":"57P01","message":"terminating connection"}"#),
            (504, r#"{"code":"PGRST003","message":"pool"}"#),
            (503, r#"{"code":"PGRST001","message":"the connection broke"}"#),
            (500, "<html>Internal Server Error</html>"),
            (540, ""),
        ] {
            assert!(read::<()>(&answer(status, body)).unwrap_err().is_passing(), "{status} {body}");
        }
    }

    #[test]
    fn what_certainly_had_no_effect_is_told_apart() {
        let untouched = |status, body| match read::<()>(&answer(status, body)) {
            Err(RpcError::Away { untouched, .. }) => untouched,
            other => panic!("{other:?}"),
        };
        assert!(untouched(429, "") && untouched(503, "") && untouched(500, r#"{"code":"40001"}"#));
        assert!(
            !untouched(502, "")
                && !untouched(504, "")
                && !untouched(500, "")
                && !untouched(500, r#"{"code":"08006"}"#)
                && !untouched(503, r#"{"code":"PGRST001"}"#)
        );
    }

    #[test]
    fn who_is_too_busy_says_for_how_long() {
        let mut busy = answer(429, "");
        busy.headers.insert("retry-after", http::HeaderValue::from_static("7"));
        match read::<()>(&busy) {
            Err(RpcError::Away { retry_after: Some(7), untouched: true, .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unknown_errors_text_is_not_repeated() {
        let error = read::<()>(&answer(400, r#"{"code":"42P01","message":"relation \"x\" does not exist"}"#));
        assert!(!error.unwrap_err().to_string().contains("relation"));
    }
}
