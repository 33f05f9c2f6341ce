//! The one place where an error becomes a problem for a caller.
//!
//! Details tell the reader what to do next. What a database or a provider said stays in the log, and there without text
//! that a user wrote.

use axum::response::{IntoResponse, Response};
use hearth_clients::{llm::ProviderError, supabase::RpcError};
use hearth_domain::{Code, FieldError, Problem};
use http::StatusCode;
use serde::Deserialize;

/// A problem on its way out. [`super::render`] writes its body.
#[derive(Clone, Debug)]
pub struct Failure(pub Problem);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        Self(from_rpc(error))
    }
}

/// What a caller is told of a database call that gave no result.
pub fn from_rpc(error: RpcError) -> Problem {
    match error {
        RpcError::Refused { status, code, detail, hint } => refused(status, &code, detail, hint.as_deref()),
        RpcError::Unauthorized => Code::InvalidCredential
            .with("The database did not accept the token. Refresh it, or sign in again."),
        RpcError::Away { reason, retry_after, .. } => {
            tracing::warn!(reason, "the database is away");
            Code::DatabaseUnavailable
                .with("Conversations cannot be read or written now. Nothing was lost; try again shortly.")
                .retry_after(retry_after.unwrap_or(2))
        }
        RpcError::Unreadable { status, code } => {
            tracing::error!(status, code, "the database answered what we cannot read");
            Code::Internal.with("The database answered in a way that we did not expect. Try again, and report the correlation id if it stays.")
        }
    }
}

fn refused(status: u16, code: &str, detail: Option<String>, hint: Option<&str>) -> Problem {
    let Ok(known) = code.parse::<Code>() else {
        tracing::error!(status, code, "the database refused with a code that is not known here");
        return Code::Internal.with("The database refused for a reason that this version does not know.");
    };
    let mut problem = known.with(detail.unwrap_or_else(|| known.title().into()));
    let Hint { fields, count, limit } =
        hint.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    problem.fields = fields;
    problem.count = count;
    problem.limit = limit;
    problem
}

/// What a function of ours adds to a refusal, as JSON in the hint.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Hint {
    fields: Vec<FieldError>,
    count: Option<u64>,
    limit: Option<u64>,
}

/// What a caller is told of a model that gave no answer.
pub fn from_provider(error: &ProviderError) -> Problem {
    match error {
        ProviderError::TooLong { prompt_tokens, limit } => too_long(*prompt_tokens, *limit),
        ProviderError::Busy { retry_after } => Code::NoProvider
            .with("The model has too much to do. Try again shortly.")
            .retry_after(retry_after.unwrap_or(5)),
        ProviderError::Http(error) => {
            tracing::warn!(%error, "the model cannot be reached");
            Code::NoProvider
                .with("The model cannot be reached. Check that the edge daemon runs, then answer the question again.")
                .retry_after(5)
        }
        ProviderError::BrokeOff => Code::ProviderFailed.with(
            "The model stopped in the middle. What it said is kept; answer the question again to go on.",
        ),
        ProviderError::Refused { status: status @ (401 | 403), code } => {
            tracing::error!(status, code, "the model's server does not take our credential");
            Code::NoProvider.with(
                "The model does not let this server in. Whoever runs it can see why: ./hearth deploy check",
            )
        }
        ProviderError::Refused { status, code } => {
            tracing::warn!(status, code, "the model refused the request");
            Code::ProviderFailed.with("The model refused the request. Try another model, or fewer settings.")
        }
        ProviderError::Unreadable => Code::ProviderFailed
            .with("The model answered in a way that cannot be read. Answer the question again."),
    }
}

fn too_long(count: Option<u64>, limit: Option<u64>) -> Problem {
    match (count, limit) {
        (Some(count), Some(limit)) => Code::ContentTooLarge
            .with(format!("This comes to {count} tokens, and the model reads {limit}. Shorten it, or pick a model with a longer context."))
            .over(count, limit),
        _ => Code::ContentTooLarge
            .with("This is longer than the model can read. Shorten it, or pick a model with a longer context."),
    }
}

#[cfg(test)]
mod tests {
    use super::from_rpc;
    use hearth_clients::supabase::RpcError;

    fn refused(code: &str, hint: Option<&str>) -> RpcError {
        let detail = Some("Name one of your own.".into());
        RpcError::Refused { status: 422, code: code.into(), detail, hint: hint.map(Into::into) }
    }

    #[test]
    fn a_refusal_names_its_fields() {
        let problem = from_rpc(refused(
            "invalid",
            Some(r#"{"fields":[{"field":"content","message":"says nothing"}]}"#),
        ));
        assert_eq!((problem.status, problem.fields[0].field.as_str()), (422, "content"));
    }

    #[test]
    fn an_unknown_code_tells_nothing_of_the_database() {
        let problem = from_rpc(refused("relation \"x\" does not exist", None));
        assert_eq!((problem.status, problem.code.as_str()), (500, "internal"));
        assert!(!problem.detail.contains("relation"));
    }
}
