//! A provider behind the chat-completions API.

use std::{marker::PhantomData, time::Duration};

use futures_util::{Stream, StreamExt, stream::BoxStream};
use hearth_domain::{Usage, UserId, sensitivity::Level};
use hearth_wire::{ChatChunk, ErrorBody, ErrorEnvelope, FinishReason, ModelList, sse};
use http::{HeaderMap, Method, StatusCode};

use super::{AcceptsLevel, Call, Credential, Piece, ProviderError};
use crate::{
    http::{Answer, Http, HttpError, Request, Streaming},
    platform,
};

/// How long a provider may take to accept a call. A daemon that queues answers its headers at once.
const ACCEPT: Duration = Duration::from_secs(10);
/// The most bytes of one event.
const MAX_EVENT: usize = 1024 * 1024;
/// The most bytes of an error that is read.
const MAX_ERROR: usize = 64 * 1024;

/// Where a provider is.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// The name in decisions, such as `edge`.
    pub name: String,
    /// Up to and without `/v1`.
    pub url: String,
    pub credential: Credential,
}

/// A provider at place `P` ([`super::Local`] or [`super::Hosted`]).
#[derive(Clone, Debug)]
pub struct Provider<P> {
    http: Http,
    config: ProviderConfig,
    place: PhantomData<P>,
}

impl<P> Provider<P> {
    pub fn new(http: Http, config: ProviderConfig) -> Self {
        Self { http, config, place: PhantomData }
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Calls a model; the pieces of its answer follow. An error before the first piece is this function's own.
    pub async fn stream<L: Level>(
        &self,
        call: Call<L>,
    ) -> Result<BoxStream<'static, Result<Piece, ProviderError>>, ProviderError>
    where
        P: AcceptsLevel<L>,
    {
        let user = call.user;
        let opened = self.open("/v1/chat/completions", &call.into_request(), user).await?;
        Ok(pieces(opened.body).boxed())
    }

    /// Sends a user's body that speaks the provider's protocol already, and hands its answer on as it comes.
    ///
    /// The caller answers for the level: it is called after a decision that has ruled out hosted providers for private text.
    pub async fn forward(
        &self,
        path: &str,
        body: &impl serde::Serialize,
        user: UserId,
    ) -> Result<Streaming, ProviderError> {
        self.open(path, body, Some(user)).await
    }

    /// The models that it serves.
    pub async fn models(&self) -> Result<ModelList, ProviderError> {
        let request = self.request(Method::GET, "/v1/models", None)?;
        let answer = self.http.call(request, Duration::from_secs(3)).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| ProviderError::Unreadable)
    }

    async fn open(
        &self,
        path: &str,
        body: &impl serde::Serialize,
        user: Option<UserId>,
    ) -> Result<Streaming, ProviderError> {
        let request = self.request(Method::POST, path, user)?.json(body);
        let opened = self.http.stream(request, ACCEPT).await?;
        if opened.status.is_success() {
            return Ok(opened);
        }
        Err(refusal(&read_error(opened).await))
    }

    fn request(&self, method: Method, path: &str, user: Option<UserId>) -> Result<Request, HttpError> {
        let request = Request::new(method, format!("{}{path}", self.config.url));
        match self.config.credential.bearer(user, platform::unix_seconds()) {
            Some(key) => request.header("authorization", &format!("Bearer {}", key.expose())),
            None => Ok(request),
        }
    }
}

async fn read_error(opened: Streaming) -> Answer {
    let Streaming { status, headers, mut body } = opened;
    let mut whole = Vec::new();
    while let Some(Ok(piece)) = body.next().await {
        whole.extend_from_slice(&piece);
        if whole.len() > MAX_ERROR {
            break;
        }
    }
    Answer { status, headers, body: whole.into() }
}

fn refusal(answer: &Answer) -> ProviderError {
    let body = serde_json::from_slice::<ErrorEnvelope>(&answer.body).map(|envelope| envelope.error);
    let ErrorBody { code, kind, n_prompt_tokens, n_ctx, .. } = body.unwrap_or_default();
    let named = |name: &str| code.as_deref() == Some(name) || kind.as_deref() == Some(name);
    if named("context_length_exceeded") || named("exceed_context_size_error") {
        return ProviderError::TooLong { prompt_tokens: n_prompt_tokens, limit: n_ctx };
    }
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            ProviderError::Busy { retry_after: retry_after(&answer.headers) }
        }
        status => ProviderError::Refused { status: status.as_u16(), code: code.unwrap_or_default() },
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Reads a stream of chunks. It ends after [`Piece::End`], or with an error; a stream that just stops broke off.
fn pieces(
    mut body: BoxStream<'static, Result<bytes::Bytes, HttpError>>,
) -> impl Stream<Item = Result<Piece, ProviderError>> + Send + 'static {
    async_stream::try_stream! {
        let mut parser = sse::Parser::new(MAX_EVENT);
        let mut end = End::default();
        while let Some(bytes) = body.next().await {
            // Whoever had begun to answer was reached: a body that ends with an error broke off.
            let bytes = bytes.map_err(|_| ProviderError::BrokeOff)?;
            let events = parser.push(&bytes).map_err(|_| ProviderError::Unreadable)?;
            for event in events {
                if event.data == hearth_wire::completion::STREAM_END {
                    yield end.piece()?;
                    return;
                }
                for piece in end.read(&event.data)? {
                    yield piece;
                }
            }
        }
        // A server that leaves out `[DONE]` has still ended well if it said why it stopped.
        yield end.piece()?;
    }
}

/// What is known of an answer's end so far.
#[derive(Default)]
struct End {
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl End {
    fn read(&mut self, data: &str) -> Result<Vec<Piece>, ProviderError> {
        if let Ok(envelope) = serde_json::from_str::<ErrorEnvelope>(data) {
            tracing::warn!(code = envelope.error.code, "the provider ended its stream with an error");
            return Err(ProviderError::BrokeOff);
        }
        let chunk: ChatChunk = serde_json::from_str(data).map_err(|_| ProviderError::Unreadable)?;
        if let Some(usage) = chunk.usage {
            let hearth_wire::Usage { prompt_tokens, completion_tokens, .. } = usage;
            self.usage = Some(Usage { prompt_tokens, completion_tokens });
        }
        let mut pieces = Vec::new();
        for choice in chunk.choices {
            self.finish = choice.finish_reason.or(self.finish);
            pieces
                .extend(choice.delta.reasoning_content.filter(|text| !text.is_empty()).map(Piece::Reasoning));
            pieces.extend(choice.delta.content.filter(|text| !text.is_empty()).map(Piece::Text));
        }
        Ok(pieces)
    }

    fn piece(&self) -> Result<Piece, ProviderError> {
        let finish = self.finish.ok_or(ProviderError::BrokeOff)?;
        Ok(Piece::End { usage: self.usage, cut_short: finish == FinishReason::Length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures_util::stream;

    async fn read(parts: &[&'static str]) -> Vec<Result<Piece, &'static str>> {
        let body = stream::iter(parts.iter().map(|part| Ok(Bytes::from(*part))).collect::<Vec<_>>()).boxed();
        pieces(body).map(|piece| piece.map_err(|error| error.reason())).collect().await
    }

    const HI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    #[tokio::test]
    async fn a_stream_with_its_end_is_whole() {
        let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\n";
        let end =
            Piece::End { usage: Some(Usage { prompt_tokens: 3, completion_tokens: 1 }), cut_short: false };
        let whole = vec![Ok(Piece::Text("Hi".into())), Ok(end)];
        assert_eq!(read(&[HI, STOP, usage, "data: [DONE]\n\n"]).await, whole);
        assert_eq!(read(&[HI, STOP, usage]).await, whole, "[DONE] left out");
    }

    #[tokio::test]
    async fn a_stream_that_just_stops_broke_off() {
        assert_eq!(read(&[HI]).await, [Ok(Piece::Text("Hi".into())), Err("broke_off")]);
        assert_eq!(read(&[]).await, [Err("broke_off")]);
    }

    #[tokio::test]
    async fn an_error_within_a_stream_is_an_error() {
        assert_eq!(
            read(&["data: {\"error\":{\"message\":\"gone\",\"code\":\"x\"}}\n\n"]).await,
            [Err("broke_off")]
        );
    }
}
