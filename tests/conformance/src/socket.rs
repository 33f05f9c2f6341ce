//! A WebSocket to the target, and what is said over it.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, handshake::client::Response},
};

use crate::{context::Context, gate, person::Person};

/// The longest silence.
const SILENCE: Duration = Duration::from_secs(45);
const PATH: &str = "/v1/ws";

/// An open connection.
pub struct Socket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What the other end says next.
#[derive(Clone, Debug)]
pub enum Said {
    Message(Value),
    /// It closed the connection, with this code; 1005 where it gave none.
    Closed(u16),
}

impl Socket {
    /// Connects, offering these subprotocols; gives the one that was selected.
    pub async fn open(context: &Context, protocols: Option<&str>) -> anyhow::Result<(Self, Option<String>)> {
        context.note("GET", PATH);
        let connected = tokio::time::timeout(SILENCE, connect_async(request(context, protocols)?)).await;
        match connected.context("the upgrade was not answered")? {
            Ok((inner, response)) => Ok((Self { inner }, selected(&response)?)),
            Err(Error::Http(response)) => bail!("{} instead of an upgrade", response.status()),
            Err(error) => Err(error).context("no WebSocket"),
        }
    }

    /// Connects as this person, by subprotocol, until the server is ready.
    pub async fn sign_in(person: &Person) -> anyhow::Result<Self> {
        let protocols = format!("hearth.v1, bearer.{}", person.session.token.expose());
        let (mut socket, selected) = Self::open(&person.context, Some(&protocols)).await?;
        ensure!(selected.as_deref() == Some("hearth.v1"), "selected {selected:?}, and not hearth.v1");
        socket.hear_type("ready").await?;
        Ok(socket)
    }

    pub async fn say(&mut self, message: Value) -> anyhow::Result<()> {
        self.say_text(&message.to_string()).await
    }

    pub async fn say_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.inner.send(Message::text(text)).await.context("the connection takes no message")
    }

    /// The next message, or the end.
    pub async fn hear(&mut self) -> anyhow::Result<Said> {
        loop {
            let next = tokio::time::timeout(SILENCE, self.inner.next()).await;
            let next = next.with_context(|| format!("a WebSocket was silent for {} s", SILENCE.as_secs()))?;
            match next {
                Some(Ok(Message::Text(text))) => {
                    return Ok(Said::Message(serde_json::from_str(&text).context("a message is not JSON")?));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Ok(Said::Closed(frame.map_or(1005, |frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("a WebSocket broke off"),
                None => bail!("a WebSocket ended without a goodbye"),
            }
        }
    }

    /// The next message, which must be of this type.
    pub async fn hear_type(&mut self, kind: &str) -> anyhow::Result<Value> {
        match self.hear().await? {
            Said::Message(message) if message["type"] == kind => Ok(message),
            other => bail!("{other:?} instead of `{kind}`"),
        }
    }

    /// The code that the connection is closed with, and the problem that may come before.
    pub async fn hear_end(&mut self) -> anyhow::Result<(u16, Option<Value>)> {
        let mut problem = None;
        loop {
            match self.hear().await? {
                Said::Closed(code) => return Ok((code, problem)),
                Said::Message(message) if message["type"] == "problem" => problem = Some(message),
                Said::Message(other) => bail!("{other} instead of the end"),
            }
        }
    }

    /// Says a message that gets a problem; gives it.
    pub async fn say_wrong(&mut self, text: &str, code: &str) -> anyhow::Result<Value> {
        self.say_text(text).await?;
        let message = self.hear_type("problem").await?;
        let problem = &message["problem"];
        ensure!(problem["code"] == code, "{} instead of {code}, for {text:.80}", problem["code"]);
        ensure!(problem["status"].is_u64() && problem["detail"].is_string(), "half a problem: {problem}");
        Ok(message)
    }

    /// Leaves in order.
    pub async fn close(mut self) {
        // Whoever has closed already needs no goodbye.
        let _ = self.inner.close(None).await;
    }
}

/// The message that begins a turn.
pub fn turn_send(conversation: &str, turn: &Value, reference: &str) -> Value {
    json!({ "type": "turn.send", "conversation_id": conversation, "turn": turn, "ref": reference })
}

fn request(context: &Context, protocols: Option<&str>) -> anyhow::Result<Request<()>> {
    let url = context.target.at(PATH).replacen("http", "ws", 1);
    let mut request = url.into_client_request()?;
    if let Some(protocols) = protocols {
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(protocols)?);
    }
    Ok(request)
}

fn selected(response: &Response) -> anyhow::Result<Option<String>> {
    gate::correlation_id("GET /v1/ws", response.headers())?;
    let protocol = response.headers().get("sec-websocket-protocol");
    Ok(protocol.and_then(|value| value.to_str().ok()).map(str::to_owned))
}
