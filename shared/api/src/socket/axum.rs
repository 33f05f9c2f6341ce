//! WebSockets by axum itself, for hosts whose connections hyper serves.

use std::time::Duration;

use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures_util::{
    SinkExt, StreamExt,
    future::{BoxFuture, Either, select},
    stream::SplitSink,
};
use hearth_clients::platform;
use hearth_domain::Problem;
use http::{HeaderValue, request::Parts};
use tokio::sync::mpsc;

use super::line::{Line, MAX_MESSAGE, Outgoing, WAITING};
use crate::host::{Serve, Sockets, upgrade_required};

/// Silence after which a ping keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Upgrades by axum.
#[derive(Clone, Copy, Debug, Default)]
pub struct AxumSockets;

impl Sockets for AxumSockets {
    fn upgrade<'a>(
        &'a self,
        parts: &'a mut Parts,
        protocol: Option<&'static str>,
        serve: Serve,
    ) -> BoxFuture<'a, Result<Response, Problem>> {
        Box::pin(async move {
            let mut upgrade = WebSocketUpgrade::from_request_parts(parts, &())
                .await
                .map_err(|_| upgrade_required())?
                .max_message_size(MAX_MESSAGE)
                .max_frame_size(MAX_MESSAGE);
            if let Some(protocol) = protocol {
                upgrade.set_selected_protocol(HeaderValue::from_static(protocol));
            }
            Ok(upgrade.on_upgrade(|socket| run(socket, serve)))
        })
    }
}

async fn run(socket: WebSocket, serve: Serve) {
    let (sink, stream) = socket.split();
    let (outgoing, waiting) = mpsc::channel(WAITING);
    // The stream ends with the first error: a peer that breaks the protocol, or has gone.
    let incoming = stream
        .take_while(|message| std::future::ready(message.is_ok()))
        .filter_map(|message| std::future::ready(message.ok().and_then(text)));
    let session = serve(Line { incoming: incoming.boxed(), outgoing });
    futures_util::future::join(session, write(sink, waiting)).await;
}

fn text(message: Message) -> Option<String> {
    match message {
        Message::Text(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

/// Writes what the session tells, until it closes or has ended.
async fn write(mut sink: SplitSink<WebSocket, Message>, mut waiting: mpsc::Receiver<Outgoing>) {
    loop {
        let silence = std::pin::pin!(platform::sleep(KEEP_ALIVE));
        let next = std::pin::pin!(waiting.recv());
        let message = match select(next, silence).await {
            Either::Left((Some(Outgoing::Text(text)), _)) => Message::Text(text.into()),
            Either::Left((Some(Outgoing::Close { code, reason }), _)) => {
                let _ = sink.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
                return;
            }
            Either::Left((None, _)) => {
                let _ = sink.close().await;
                return;
            }
            Either::Right(_) => Message::Ping(bytes::Bytes::new()),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}
