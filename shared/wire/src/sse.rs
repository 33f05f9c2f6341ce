//! Server-sent events: bytes in, events out.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>. The parser takes
//! any split of the bytes, in the middle of a character or of a CRLF too, and gives an event as soon as its last byte is in.

use std::fmt;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event:` field; `None` means the default, "message".
    pub event: Option<String>,
    /// The `data:` lines, joined by line feeds.
    pub data: String,
    /// The `id:` field of this very event.
    pub id: Option<String>,
}

impl Event {
    /// An event with data alone, as OpenAI's streams have it.
    pub fn data(data: impl Into<String>) -> Self {
        Self { event: None, data: data.into(), id: None }
    }
}

/// The event as bytes of a stream, the empty line at its end included. Line breaks in the data become further `data:`
/// lines; in the id and the name, where none can be, they are left out.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one_line = |text: &str| text.replace(['\r', '\n', '\0'], "");
        if let Some(event) = &self.event {
            writeln!(f, "event: {}", one_line(event))?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {}", one_line(id))?;
        }
        for line in self.data.replace("\r\n", "\n").split(['\n', '\r']) {
            writeln!(f, "data: {line}")?;
        }
        f.write_str("\n")
    }
}

/// A line or an event grew beyond the parser's limit. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Bytes.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a server-sent event is larger than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLarge {}

/// An incremental parser. It holds one unfinished line and one unfinished event, and no more bytes than its limit.
#[derive(Debug)]
pub struct Parser {
    limit: usize,
    line: Vec<u8>,
    pending: Pending,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A byte order mark is dropped from the first line alone.
    first_line: bool,
}

#[derive(Debug, Default)]
struct Pending {
    event: Option<String>,
    data: Option<String>,
    id: Option<String>,
}

impl Parser {
    /// A parser that refuses an event of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, line: Vec::new(), pending: Pending::default(), after_cr: false, first_line: true }
    }

    /// Takes the next bytes and gives the events that they complete.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
                self.grow(bytes)?;
                break;
            };
            self.grow(&bytes[..end])?;
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            events.extend(self.end_line());
        }
        Ok(events)
    }

    /// The event that the stream's end left without its empty line, if there is one. The standard drops it; a caller that
    /// would rather read it than lose it asks here.
    pub fn finish(mut self) -> Option<Event> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.pending.take()
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        let held = self.line.len() + self.pending.size();
        if held + bytes.len() > self.limit {
            return Err(TooLarge { limit: self.limit });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let mut text = text.as_ref();
        if std::mem::take(&mut self.first_line) {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if text.is_empty() {
            return self.pending.take();
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.pending.event = Some(value.to_owned()),
            "data" => match &mut self.pending.data {
                None => self.pending.data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            "id" if !value.contains('\0') => self.pending.id = Some(value.to_owned()),
            // Comments (an empty field name), `retry` and fields of the future.
            _ => {}
        }
        None
    }
}

impl Pending {
    fn size(&self) -> usize {
        [&self.event, &self.data, &self.id].into_iter().flatten().map(String::len).sum()
    }

    /// The event, where it has data; one without is dropped, as the standard says.
    fn take(&mut self) -> Option<Event> {
        let Self { event, data, id } = std::mem::take(self);
        Some(Event { event: event.filter(|name| !name.is_empty()), data: data?, id })
    }
}
