//! The one HTTP transport that every client sends through.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::platform;

/// The most bytes that an answer read whole may have.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// An HTTP client, shared by all that a host runs.
#[derive(Clone, Debug)]
pub struct Http {
    client: Arc<reqwest::Client>,
}

/// Why a call had no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The other side could not be reached, or hung up.
    #[error("{0}")]
    Unreachable(String),
    #[error(transparent)]
    Slow(#[from] platform::Elapsed),
    #[error("the answer is over {MAX_ANSWER} bytes")]
    TooLarge,
    #[error("cannot be sent as a header: {0}")]
    Header(&'static str),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may carry ids; the kind of failure is enough.
        Self::Unreachable(describe(&error.without_url()))
    }
}

fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A request: method, absolute URL, headers, and a JSON body where there is one.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
}

impl Request {
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: None }
    }

    /// Adds a header. A value with a line break or other control characters is refused, never passed on.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, HttpError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| HttpError::Header(name))?;
        value.set_sensitive(matches!(name, "authorization" | "apikey"));
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &impl serde::Serialize) -> Self {
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Our own request types serialise without fail: their maps have string keys.
        self.body = Some(serde_json::to_vec(body).unwrap_or_default().into());
        self
    }
}

/// An answer whose body was read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// An answer whose body is still to come.
pub struct Streaming {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: BoxStream<'static, Result<Bytes, HttpError>>,
}

impl Http {
    /// A client with a connection pool of its own.
    pub fn new() -> Result<Self, HttpError> {
        #[allow(clippy::arc_with_non_send_sync, reason = "fetch handles on wasm32 stay on their one thread")]
        let client = Arc::new(platform::http_client()?);
        Ok(Self { client })
    }

    /// Sends, and reads the answer whole, all within `limit`.
    pub async fn call(&self, request: Request, limit: Duration) -> Result<Answer, HttpError> {
        platform::timeout(limit, async {
            let Streaming { status, headers, mut body } = self.open(request).await?;
            let mut whole = Vec::new();
            while let Some(piece) = body.next().await {
                whole.extend_from_slice(&piece?);
                if whole.len() > MAX_ANSWER {
                    return Err(HttpError::TooLarge);
                }
            }
            Ok(Answer { status, headers, body: whole.into() })
        })
        .await?
    }

    /// Sends, and answers as soon as the status and headers are there, within `limit`.
    pub async fn stream(&self, request: Request, limit: Duration) -> Result<Streaming, HttpError> {
        platform::timeout(limit, self.open(request)).await?
    }

    async fn open(&self, request: Request) -> Result<Streaming, HttpError> {
        let mut builder = self.client.request(request.method, &request.url).headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = platform::send(builder.send()).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Streaming { status, headers, body: boxed(response.bytes_stream()) })
    }
}

fn boxed<S>(stream: S) -> BoxStream<'static, Result<Bytes, HttpError>>
where
    S: Stream<Item = reqwest::Result<Bytes>> + platform::MaybeSend + 'static,
{
    platform::send_stream(stream).map(|piece| piece.map_err(HttpError::from)).boxed()
}
