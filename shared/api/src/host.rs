//! What a host has and has not: the few things that the Router does differently between hosts.

use std::{sync::Arc, time::Duration};

use axum::{extract::FromRequestParts, response::Response};
use futures_util::future::BoxFuture;
use hearth_clients::platform::Background;
use hearth_domain::{Code, Problem};
use http::request::Parts;

use crate::socket::Line;

/// A host's abilities. The default is a process of one's own: nothing is limited, and there are no WebSockets yet.
#[derive(Clone, Default)]
pub struct Host {
    /// How long a turn goes on once its client has left; without a limit, to its end.
    pub after_leaving: Option<Duration>,
    /// The most calls that one request may make to other servers.
    pub subrequests: Option<u32>,
    /// How it upgrades a connection to a WebSocket.
    pub sockets: Option<Arc<dyn Sockets>>,
}

/// Serves one connection, from its upgrade to its end.
pub type Serve = Box<dyn FnOnce(Line) -> BoxFuture<'static, ()> + Send>;

/// A host's way to upgrade a connection (RFC 6455).
pub trait Sockets: Send + Sync {
    /// Answers the upgrade of a request, and has `serve` run with the connection's two ends. `protocol` is the subprotocol
    /// to select, where the client offered it.
    fn upgrade<'a>(
        &'a self,
        parts: &'a mut Parts,
        protocol: Option<&'static str>,
        serve: Serve,
    ) -> BoxFuture<'a, Result<Response, Problem>>;
}

impl Host {
    /// Calls that one request has left for what it repeats (a journal's batches, looks into it), after those that a turn
    /// may need at worst: one for the sign-in keys, two to begin, one for the list of models, two to call a model, six to
    /// store the answer, three to close a dead turn.
    pub(crate) fn repeats(&self) -> Option<u32> {
        self.subrequests.map(|all| all.saturating_sub(15).max(2))
    }

    /// How often storing an answer is tried.
    pub(crate) fn attempts(&self, unlimited: u32) -> u32 {
        if self.subrequests.is_some() { 3 } else { unlimited }
    }
}

/// The background work of a request: as its host registered it, or plainly spawned.
pub(crate) struct Beyond(pub Background);

impl<S: Sync> FromRequestParts<S> for Beyond {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Background>().cloned().unwrap_or_default()))
    }
}

/// The problem of a host without WebSockets.
pub(crate) fn no_sockets() -> Problem {
    Code::WebsocketUnsupported.with(
        "This host has no WebSockets. Use the event stream: `POST /v1/conversations/{id}/messages`, resumed by `GET /v1/turns/{id}/events`.",
    )
}

/// The problem of a request that is no upgrade, for a route that takes nothing else.
pub fn upgrade_required() -> Problem {
    Code::UpgradeRequired.with(
        "This is a WebSocket. Connect with a WebSocket client, or use the event stream of `POST /v1/conversations/{id}/messages`.",
    )
}
