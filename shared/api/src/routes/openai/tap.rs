//! What passes through on its way from a provider to an OpenAI client: the bytes as they are, and the usage that is read
//! off them.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use hearth_clients::http::HttpError;
use hearth_domain::Usage;
use hearth_wire::{ChatChunk, sse};

/// The most bytes of one event.
const MAX_EVENT: usize = 1024 * 1024;

/// The usage of an answer, once it has passed.
pub type Meter = Arc<Mutex<Option<Usage>>>;

/// Reads the meter.
pub fn read(meter: &Meter) -> Option<Usage> {
    *meter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes a stream of chunks on. The chunk that carries the usage alone is kept back unless the caller asked for it;
/// `done` runs when the stream has ended, whichever way.
pub fn pass(
    mut body: BoxStream<'static, Result<Bytes, HttpError>>,
    meter: Meter,
    wants_usage: bool,
    done: impl FnOnce() + Send + 'static,
) -> impl Stream<Item = Result<String, HttpError>> + Send {
    let done = AtEnd(Some(done));
    async_stream::try_stream! {
        let _done = done;
        let mut parser = sse::Parser::new(MAX_EVENT);
        yield ": hearth\n\n".to_owned();
        while let Some(bytes) = body.next().await {
            let events = parser.push(&bytes?).map_err(|_| HttpError::TooLarge)?;
            for event in events {
                let usage_alone = measure(&event.data, &meter);
                if wants_usage || !usage_alone {
                    yield event.to_string();
                }
            }
        }
    }
}

/// Notes the usage in a chunk; tells whether the chunk carries nothing else.
fn measure(data: &str, meter: &Meter) -> bool {
    let Ok(chunk) = serde_json::from_str::<ChatChunk>(data) else { return false };
    let Some(hearth_wire::Usage { prompt_tokens, completion_tokens, .. }) = chunk.usage else { return false };
    *meter.lock().unwrap_or_else(PoisonError::into_inner) = Some(Usage { prompt_tokens, completion_tokens });
    chunk.choices.is_empty()
}

/// Runs its function when dropped: a client that leaves in the middle ends the stream without running it to its end.
struct AtEnd<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}
