//! Requests that no HTTP library would send, written byte by byte to a socket.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{case::Verdict, person::Person, target::Target};

/// A connection to the target.
pub struct Raw {
    stream: TcpStream,
    /// What the `Host` header has to say.
    authority: String,
    /// What each path begins with.
    prefix: String,
}

/// What was heard on a connection.
#[derive(Clone, Debug)]
pub struct Heard {
    pub text: String,
    /// Whether the other side closed it.
    pub closed: bool,
}

impl Raw {
    /// Connects. None where the target speaks TLS: what arrives behind its front is not what was written.
    pub async fn open(target: &Target) -> anyhow::Result<Option<Self>> {
        if target.url.scheme() != "http" {
            return Ok(None);
        }
        let host = target.url.host_str().context("a host")?;
        let port = target.url.port_or_known_default().context("a port")?;
        let authority = format!("{host}:{port}");
        let stream = TcpStream::connect(&authority).await.context("the target takes no connection")?;
        stream.set_nodelay(true)?;
        Ok(Some(Self { stream, authority, prefix: target.prefix().to_owned() }))
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Says that nothing more will come, and goes on reading.
    pub async fn end(&mut self) -> std::io::Result<()> {
        self.stream.shutdown().await
    }

    /// Reads until the other side closes or is silent for `quiet`.
    pub async fn read(&mut self, quiet: Duration) -> Heard {
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
        let closed = loop {
            match tokio::time::timeout(quiet, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break true,
                Ok(Ok(length)) => bytes.extend_from_slice(&buffer[..length]),
                Err(_) => break false,
            }
        };
        Heard { text: String::from_utf8_lossy(&bytes).into_owned(), closed }
    }

    /// Reads at most `length` bytes; none once the other side has closed.
    pub async fn read_some(&mut self, length: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; length];
        let read = self.stream.read(&mut buffer).await?;
        buffer.truncate(read);
        Ok((read > 0).then_some(buffer))
    }
}

impl Heard {
    /// The status of each answer on the connection.
    pub fn statuses(&self) -> Vec<u16> {
        let lines = self.text.lines().filter_map(|line| line.split_once("HTTP/1.1 "));
        lines.filter_map(|(_, rest)| rest.get(..3)?.parse().ok()).collect()
    }

    /// Whether nobody took it for a good request: our own answers are 4xx. What stands before us, and says so without our
    /// correlation id, may put it as it likes.
    pub fn is_refusal(&self) -> bool {
        let ours = self.text.to_ascii_lowercase().contains("x-correlation-id");
        self.statuses().iter().all(|status| (400..if ours { 500 } else { 600 }).contains(status))
    }

    /// The first JSON object of the answers.
    pub fn json(&self) -> Value {
        let body = self.text.find('{').map_or("", |at| &self.text[at..]);
        let first = serde_json::Deserializer::from_str(body).into_iter().next();
        first.and_then(Result::ok).unwrap_or_default()
    }
}

/// Why a case is not run where there is no socket to write to.
pub fn over_tls() -> Verdict {
    Verdict::Skipped("a front that speaks TLS passes on other bytes than were written".into())
}

/// The head of a JSON POST as this person, followed by more headers, the empty line and a body, as they are given.
pub fn post(raw: &Raw, person: &Person, path: &str, more: &str) -> String {
    let Raw { authority, prefix, .. } = raw;
    let token = person.session.token.expose();
    [
        format!("POST {prefix}{path} HTTP/1.1\r\n"),
        format!("host: {authority}\r\nauthorization: Bearer {token}\r\n"),
        format!("content-type: application/json\r\n{more}"),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::Heard;

    #[test]
    fn answers_are_told_apart() {
        let text = "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n{\"a\":1}";
        let heard = Heard { text: text.into(), closed: true };
        assert_eq!(heard.statuses(), [400, 200]);
        assert_eq!(heard.json(), serde_json::json!({}));
        assert!(!heard.is_refusal());
        let of_a_front = Heard { text: "HTTP/1.1 502 Bad Gateway\r\n\r\n".into(), closed: true };
        assert!(of_a_front.is_refusal());
    }
}
