//! The three ways of asking: one command, a pipeline, a transaction.

use ::redis::{RedisError, Value};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json_, json};

use super::command::{Command, Refusal};
use super::reply::{Encoding, failure, outcome, to_json};
use super::{Redis, path};
use crate::api_key::bearer;

/// Everything that ends a request early, in Upstash's shape `{"error": "…"}`.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("WRONGPASS invalid or missing auth token")]
    Unauthorized,
    #[error("ERR failed to parse {0}")]
    NotJson(&'static str),
    #[error("ERR max request size exceeded. Limit: {} bytes", super::LARGEST_BODY)]
    TooLarge,
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("{0}")]
    Redis(String),
    #[error("ERR Redis is away; try again in a moment")]
    Away(#[from] RedisError),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson(_) | Self::Refused(_) | Self::Redis(_) => StatusCode::BAD_REQUEST,
            Self::Away(error) => {
                tracing::warn!(%error, "Redis does not answer");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}

type Body = Result<Bytes, BytesRejection>;

/// `POST /` with a JSON array of words.
pub(super) async fn command(
    State(redis): State<Redis>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    redis.authorize(&uri, &headers)?;
    let value: Json_ = parse(&whole(body)?, "command")?;
    redis.answer_one(Command::from_json(&value)?, encoding(&headers)).await
}

/// The command in the path.
pub(super) async fn path(
    State(redis): State<Redis>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    redis.authorize(&uri, &headers)?;
    let body = if method == Method::POST || method == Method::PUT { whole(body)? } else { Bytes::new() };
    redis.answer_one(path::command(&uri, &body)?, encoding(&headers)).await
}

/// `POST /pipeline`: each command has an outcome of its own, and an error does not end it.
pub(super) async fn pipeline(
    State(redis): State<Redis>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    redis.authorize(&uri, &headers)?;
    let given: Vec<Json_> = parse(&whole(body)?, "pipeline request")?;
    let mut refused = Vec::with_capacity(given.len());
    let mut sent = Vec::new();
    for value in &given {
        match Command::from_json(value) {
            Ok(mut command) => {
                redis.translate(&mut command).await?;
                sent.push(command);
                refused.push(None);
            }
            Err(refusal) => refused.push(Some(refusal)),
        }
    }
    let mut replies = redis.run_some(&sent).await?.into_iter();
    let encoding = encoding(&headers);
    let outcomes: Vec<Json_> = refused
        .into_iter()
        .map(|refusal| match refusal {
            Some(refusal) => json!({ "error": refusal.to_string() }),
            None => outcome(replies.next().unwrap_or_default(), encoding),
        })
        .collect();
    Ok(Json(outcomes).into_response())
}

/// `POST /multi-exec`: all of them with no other caller's in between, or none.
pub(super) async fn multi_exec(
    State(redis): State<Redis>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    redis.authorize(&uri, &headers)?;
    let given: Vec<Json_> = parse(&whole(body)?, "multi-exec request")?;
    let mut commands = vec![Command { words: vec![b"MULTI".to_vec()] }];
    for value in &given {
        let mut command = Command::from_json(value)?;
        redis.translate(&mut command).await?;
        commands.push(command);
    }
    commands.push(Command { words: vec![b"EXEC".to_vec()] });
    let mut replies = redis.run(&commands).await?;
    let executed = replies.pop().unwrap_or_default();
    match executed {
        Value::Array(values) => {
            let encoding = encoding(&headers);
            let outcomes: Vec<Json_> = values.into_iter().map(|value| outcome(value, encoding)).collect();
            Ok(Json(outcomes).into_response())
        }
        // A command that was not even queued aborts the whole; it says more than EXEC does.
        aborted => {
            let first = replies.iter().find_map(failure);
            Err(Failure::Redis(first.or_else(|| failure(&aborted)).unwrap_or_else(|| "ERR EXEC".to_owned())))
        }
    }
}

impl Redis {
    fn authorize(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
        let given = bearer(headers).map(str::to_owned).or_else(|| path::token(uri));
        if given.is_some_and(|token| self.knows(&token)) { Ok(()) } else { Err(Failure::Unauthorized) }
    }

    async fn answer_one(&self, mut command: Command, encoding: Encoding) -> Result<Response, Failure> {
        self.translate(&mut command).await?;
        let reply = self.run(&[command]).await?.pop().unwrap_or_default();
        match failure(&reply) {
            Some(error) => Err(Failure::Redis(error)),
            None => Ok(Json(json!({ "result": to_json(reply, encoding) })).into_response()),
        }
    }

    async fn run_some(&self, commands: &[Command]) -> Result<Vec<Value>, RedisError> {
        if commands.is_empty() { Ok(Vec::new()) } else { self.run(commands).await }
    }
}

fn whole(body: Body) -> Result<Bytes, Failure> {
    body.map_err(|_| Failure::TooLarge)
}

fn parse<T: serde::de::DeserializeOwned>(body: &Bytes, what: &'static str) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::NotJson(what))
}

fn encoding(headers: &HeaderMap) -> Encoding {
    let asked =
        headers.get("upstash-encoding").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"base64"));
    if asked { Encoding::Base64 } else { Encoding::Plain }
}
