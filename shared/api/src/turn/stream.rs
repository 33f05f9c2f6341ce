//! A turn's frames as an HTTP answer: a stream of events, or the message at their end.

use std::time::Duration;

use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
    stream::BoxStream,
};
use hearth_clients::platform;
use hearth_domain::{Code, Message, Problem, TurnId};
use http::{HeaderValue, StatusCode, header, request::Parts};
use web_time::Instant;

use super::Frame;
use crate::{App, answer::Failure};

/// Silence after which a comment keeps proxies from closing the stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Frames that go out together, at most.
const AT_ONCE: usize = 64;

/// What a stream says that ends before the turn does: connect again, in a second, with `Last-Event-ID`.
const RESUME: &str = "retry: 1000\n\n";

/// Answers with the frames as they come. A problem that is known before anything has happened is an HTTP problem, and a
/// stream with nothing left to tell is 204, which tells an `EventSource` to stop.
pub async fn respond(turn: TurnId, mut frames: BoxStream<'static, Frame>) -> Result<Response, Failure> {
    let Some(first) = frames.next().await else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    if first.n == 0
        && let Some(problem) = first.problem()
    {
        return Err(problem.into());
    }
    let body = Body::from_stream(bytes(turn, futures_util::stream::iter([first]).chain(frames).boxed()));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // nginx and others hold answers back unless told not to.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn bytes(
    turn: TurnId,
    frames: BoxStream<'static, Frame>,
) -> impl Stream<Item = Result<String, std::convert::Infallible>> + Send {
    async_stream::stream! {
        yield Ok(": hearth\n\n".to_owned());
        let mut told_all = false;
        // What is there at once goes out at once: each piece of a body costs a host as much as a long one.
        let mut frames = frames.ready_chunks(AT_ONCE);
        // One clock for many frames: to set one costs a host more than to send a frame.
        let mut last = Instant::now();
        let mut clock = Box::pin(platform::sleep(KEEP_ALIVE));
        loop {
            let next = match select(frames.next(), clock.as_mut()).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => {
                    if last.elapsed() >= KEEP_ALIVE {
                        last = Instant::now();
                        yield Ok(": keep-alive\n\n".to_owned());
                    }
                    clock = Box::pin(platform::sleep(KEEP_ALIVE.saturating_sub(last.elapsed())));
                    continue;
                }
            };
            last = Instant::now();
            match next {
                Some(frames) => {
                    told_all = frames.last().is_some_and(Frame::is_last);
                    yield Ok(frames.iter().map(|frame| frame.to_sse(turn)).collect());
                }
                None => break,
            }
        }
        if !told_all {
            yield Ok(RESUME.to_owned());
        }
    }
}

/// Waits for the end, and gives the message.
pub async fn as_message(mut frames: BoxStream<'static, Frame>) -> Result<Message, Problem> {
    while let Some(frame) = frames.next().await {
        if let Some(problem) = frame.problem() {
            return Err(problem);
        }
        if let Some(message) = frame.message() {
            return Ok(message);
        }
    }
    Err(Code::StreamUnavailable
        .with("The turn is not over, but cannot be followed from here any longer. Ask for it again with the same id.")
        .retry_after(1))
}

/// `Last-Event-ID: <turn id>:<n>`.
pub struct LastEventId(Option<String>);

impl LastEventId {
    /// As a client gave it.
    pub fn of(text: Option<String>) -> Self {
        Self(text)
    }

    /// The number of the next frame that the client has not seen.
    pub fn next(&self, turn: TurnId) -> Result<u32, Problem> {
        let Some(text) = self.0.as_deref().filter(|text| !text.is_empty()) else { return Ok(0) };
        let number = text.rsplit_once(':').filter(|(id, _)| id.eq_ignore_ascii_case(&turn.to_string()));
        number
            .and_then(|(_, n)| n.parse::<u32>().ok())
            .and_then(|n| n.checked_add(1))
            .ok_or_else(|| Problem::field("Last-Event-ID", "is not the id of an event of this turn"))
    }
}

impl FromRequestParts<App> for LastEventId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Failure> {
        let header = parts.headers.get("last-event-id").and_then(|value| value.to_str().ok());
        Ok(Self(header.map(str::to_owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::LastEventId;
    use hearth_domain::TurnId;

    #[test]
    fn the_next_frame_follows_the_last_one_seen() {
        let turn = TurnId::generate();
        let next = |text: Option<String>| LastEventId(text).next(turn);
        assert_eq!(next(None).unwrap(), 0);
        assert_eq!(next(Some(format!("{turn}:0"))).unwrap(), 1);
        assert_eq!(next(Some(format!("{turn}:41"))).unwrap(), 42);
        let other = TurnId::generate();
        for wrong in [
            format!("{other}:1"),
            format!("{turn}:"),
            format!("{turn}:-1"),
            format!("{turn}:4294967295"),
            "x".into(),
        ] {
            assert_eq!(next(Some(wrong.clone())).unwrap_err().status, 422, "{wrong}");
        }
    }
}
