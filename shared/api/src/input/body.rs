//! JSON bodies: 400 for what is not JSON or cannot be stored, 413 for too much, 422 for what is well-formed but wrong.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use hearth_clients::platform;
use hearth_domain::{Code, Problem};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use web_time::Instant;

use crate::{App, answer::Failure};

/// The most bytes of a body.
pub const MAX_BODY: usize = 1024 * 1024;

/// The most bytes of a body that is too large which are read before it is refused.
const MAX_DRAIN: usize = 16 * MAX_BODY;

/// The time that any body has; a larger one has more, by [`PACE`]. (Apache's mod_reqtimeout bounds bodies the same way.)
const START: Duration = Duration::from_secs(10);
/// The fewest bytes a second at which a body goes on to be read after [`START`].
const PACE: usize = 16 * 1024;

/// A JSON body, parsed as `T`.
pub struct Body<T>(pub T);

/// The bytes of a body, within the limit.
pub struct Limited(pub Bytes);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let Limited(bytes) = Limited::from_request(request, app).await?;
        Ok(Self(parse(&bytes)?))
    }
}

impl FromRequest<App> for Limited {
    type Rejection = Failure;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Failure> {
        check_type(&request)?;
        Ok(Self(read(request.into_body()).await?))
    }
}

/// Reads a body within the limit. Of one that is larger the rest is read away, up to [`MAX_DRAIN`]: a client that is still
/// writing when the connection closes sees a broken pipe, and never the answer.
async fn read(mut body: axum::body::Body) -> Result<Bytes, Problem> {
    let (mut kept, mut length, began) = (Vec::new(), 0, Instant::now());
    loop {
        let left = time_for(length).saturating_sub(began.elapsed());
        let frame = platform::timeout(left, body.frame()).await;
        let Some(frame) = frame.map_err(|_| too_slow())? else { break };
        let frame = frame
            .map_err(|_| Code::InvalidJson.with("The body ended before it was whole. Send it again."))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            kept.extend_from_slice(&data);
        } else if length > MAX_DRAIN {
            break;
        }
    }
    if length > MAX_BODY { Err(too_large()) } else { Ok(kept.into()) }
}

/// How long a body of so many bytes may take.
fn time_for(bytes: usize) -> Duration {
    START + Duration::from_secs((bytes / PACE) as u64)
}

fn too_slow() -> Problem {
    Code::BodyTooSlow.with("The body came too slowly, or stopped coming. Send it again, in one go.")
}

fn too_large() -> Problem {
    let mut problem = Code::ContentTooLarge.with("The body is over 1 MiB (1,048,576 bytes). Send less.");
    problem.limit = Some(MAX_BODY as u64);
    problem
}

/// `application/json`, anything that ends in `+json`, or no type at all, as curl users send it by mistake.
fn check_type(request: &Request) -> Result<(), Problem> {
    let Some(value) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json");
    if is_json {
        Ok(())
    } else {
        Err(Code::UnsupportedMediaType.with("Send `Content-Type: application/json`."))
    }
}

/// Parses bytes as `T`, an empty body as `{}`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    if holds_nul(&value) {
        return Err(Code::InvalidText
            .with("A text holds the NUL character (U+0000), which PostgreSQL cannot store. Leave it out."));
    }
    typed(value)
}

/// Reads a JSON value as `T`; what does not fit is named by its path.
pub fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "body".to_owned() } else { path };
        Problem::field(field, error.into_inner().to_string())
    })
}

/// The parser's words name a place in the body, never its text.
fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let reason = error.to_string();
    if reason.contains("surrogate") || reason.contains("hex escape") {
        return Code::InvalidText.with(format!(
            "The text holds half of a surrogate pair at line {line}, column {column}. Send well-formed Unicode."
        ));
    }
    if reason.contains("recursion limit") {
        return Code::InvalidJson.with("The body is nested deeper than 128 levels.");
    }
    Code::InvalidJson.with(format!("The body is not valid JSON at line {line}, column {column}."))
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(name, item)| name.contains('\0') || holds_nul(item)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: Option<String>,
    }

    fn code(body: &str) -> (u16, String) {
        let problem = parse::<Thing>(body.as_bytes()).unwrap_err();
        (problem.status, problem.code)
    }

    #[test]
    fn what_is_not_json_is_400() {
        for body in ["{", "name=x", "{\"name\":}", "\u{feff}{}", "[1,", "{} {}"] {
            assert_eq!(code(body), (400, "invalid_json".into()), "{body}");
        }
        assert_eq!(code(&"[".repeat(100_000)), (400, "invalid_json".into()));
    }

    #[test]
    fn text_that_cannot_be_stored_is_400() {
        for body in ["{\"name\":\"a\\u0000b\"}", "{\"name\":\"\\ud800\"}", "{\"a\\u0000\":1}"] {
            assert_eq!(code(body), (400, "invalid_text".into()), "{body}");
        }
    }

    #[test]
    fn a_wrong_or_unknown_field_is_422_and_named() {
        assert_eq!(code("{\"name\":1}"), (422, "invalid".into()));
        let problem = parse::<Thing>(b"{\"nmae\":\"x\"}").unwrap_err();
        assert!(problem.detail.contains("nmae"), "{problem:?}");
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        assert!(parse::<Thing>(b"").unwrap().name.is_none());
    }
}
