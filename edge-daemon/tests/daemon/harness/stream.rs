//! A streamed answer, read event by event.

use futures_util::StreamExt;
use hearth_wire::ChatChunk;
use hearth_wire::sse::{Event, Parser};
use tokio::time::timeout;

use super::{Answer, PATIENCE};

/// An answer that is still being streamed.
pub struct Stream {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    parser: Parser,
    ready: std::vec::IntoIter<Event>,
}

impl Stream {
    pub fn of(response: reqwest::Response) -> Self {
        let bytes = Box::pin(response.bytes_stream());
        Self { bytes, parser: Parser::new(1 << 20), ready: Vec::new().into_iter() }
    }

    /// The next bytes, as they come from the network.
    pub async fn bytes(&mut self) -> Option<bytes::Bytes> {
        timeout(PATIENCE, self.bytes.next()).await.expect("the stream hangs").transpose().unwrap()
    }

    /// The next event's data.
    pub async fn data(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.ready.next() {
                return Some(event.data);
            }
            let bytes = self.bytes().await?;
            self.ready = self.parser.push(&bytes).unwrap().into_iter();
        }
    }

    /// The next piece of text; nothing at the answer's end.
    pub async fn text(&mut self) -> Option<String> {
        let data = self.data().await?;
        let chunk: ChatChunk = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
        chunk.choices.into_iter().next()?.delta.content
    }

    /// All chunks up to `[DONE]`, which must be there.
    pub async fn chunks(mut self) -> Vec<ChatChunk> {
        let mut chunks = Vec::new();
        loop {
            match self.data().await.expect("a stream ends with [DONE]").as_str() {
                "[DONE]" => return chunks,
                data => {
                    chunks.push(serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}")));
                }
            }
        }
    }

    /// The rest, put together again.
    pub async fn answer(self) -> Answer {
        let chunks = self.chunks().await;
        let choices = || chunks.iter().flat_map(|chunk| &chunk.choices);
        Answer {
            text: choices().filter_map(|choice| choice.delta.content.as_deref()).collect(),
            reason: choices().find_map(|choice| choice.finish_reason).expect("a reason"),
            usage: chunks.iter().find_map(|chunk| chunk.usage),
        }
    }
}
