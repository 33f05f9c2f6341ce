//! WebSockets by the runtime (<https://developers.cloudflare.com/workers/runtime-apis/websockets/>).

use axum::{body::Body, response::Response};
use futures_util::{
    StreamExt,
    future::{BoxFuture, Either, select},
};
use hearth_api::{
    host::{Serve, Sockets, upgrade_required},
    socket::{Line, MAX_MESSAGE, Outgoing, WAITING},
};
use hearth_clients::platform::{self, Background};
use hearth_domain::{Code, Problem};
use http::{HeaderValue, StatusCode, header, request::Parts};
use tokio::sync::mpsc;
use worker::{WebSocket, WebSocketPair, WebsocketEvent};

/// RFC 6455, 7.4.1.
const TOO_LARGE: u16 = 1009;

/// Upgrades by a pair of sockets: one goes with the answer, the other is ours.
pub struct Pair;

impl Sockets for Pair {
    fn upgrade<'a>(
        &'a self,
        parts: &'a mut Parts,
        protocol: Option<&'static str>,
        serve: Serve,
    ) -> BoxFuture<'a, Result<Response, Problem>> {
        let background = parts.extensions.get::<Background>().cloned().unwrap_or_default();
        let asked = parts
            .headers
            .get(header::UPGRADE)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
        Box::pin(async move {
            if !asked {
                return Err(upgrade_required());
            }
            let pair = WebSocketPair::new().and_then(|pair| pair.server.accept().map(|()| pair));
            let pair =
                pair.map_err(|_| Code::Internal.with("The runtime could not open a WebSocket. Try again."))?;
            background.spawn(platform::send(run(pair.server, serve)));
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.extensions_mut().insert(pair.client);
            if let Some(protocol) = protocol {
                response
                    .headers_mut()
                    .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
            }
            Ok(response)
        })
    }
}

async fn run(socket: WebSocket, serve: Serve) {
    let (said, incoming) = mpsc::channel::<String>(WAITING);
    let (outgoing, mut waiting) = mpsc::channel(WAITING);
    let incoming = futures_util::stream::unfold(incoming, async |mut incoming| {
        let text = incoming.recv().await?;
        Some((text, incoming))
    });
    let session = serve(Line { incoming: Box::pin(incoming), outgoing });
    let hear = async {
        let Ok(mut events) = socket.events() else { return };
        while let Some(Ok(event)) = events.next().await {
            match event {
                WebsocketEvent::Message(message) => {
                    let Some(text) = message.text() else { continue };
                    if text.len() > MAX_MESSAGE {
                        let _ = socket.close(Some(TOO_LARGE), Some("a message is over 1 MiB"));
                        return;
                    }
                    if said.send(text).await.is_err() {
                        return;
                    }
                }
                WebsocketEvent::Close(_) => return,
            }
        }
    };
    let tell = async {
        while let Some(message) = waiting.recv().await {
            let sent = match message {
                Outgoing::Text(text) => socket.send_with_str(text),
                Outgoing::Close { code, reason } => {
                    let _ = socket.close(Some(code), Some(reason));
                    return;
                }
            };
            if sent.is_err() {
                return;
            }
        }
    };
    let ended = select(Box::pin(hear), Box::pin(tell));
    // Once either end is closed the session's own ends with it.
    match select(session, ended).await {
        Either::Left(((), ended)) => drop(ended.await),
        Either::Right((_, session)) => drop(session),
    }
}
