//! `GET /v1/ws`.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::request::Parts;

use crate::{
    App,
    answer::Failure,
    host::{Beyond, no_sockets},
    socket::{self, Line, PROTOCOL, offered},
};

/// Turns over a WebSocket
///
/// The same events as the streams: send, follow and stop turns over one connection. The access token comes as the
/// subprotocol `bearer.<token>` beside `hearth.v1`, or in the first message; never in the URL.
#[utoipa::path(get, path = "/v1/ws", tag = "turns", security(()),
    responses((status = 101, description = "A WebSocket"), (status = 426, description = "Not an upgrade"), (status = 501, description = "This host has no WebSockets")))]
pub async fn get(
    State(app): State<App>,
    Beyond(background): Beyond,
    mut parts: Parts,
) -> Result<Response, Failure> {
    let sockets = Arc::clone(app.host.sockets.as_ref().ok_or_else(no_sockets)?);
    let offered = offered(&parts.headers);
    let serve = Box::new(move |line: Line| -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(socket::serve(app, background, offered.token, line))
    });
    Ok(sockets.upgrade(&mut parts, offered.speaks.then_some(PROTOCOL), serve).await?)
}
