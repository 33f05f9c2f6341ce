//! `GET /v1/ws`: the same turns and events as the streams, over one WebSocket (RFC 6455).
//!
//! The protocol knows no host: a [`Line`] is the two ends of a connection, and the host's [`crate::host::Sockets`] makes one.

#[cfg(feature = "websocket")]
mod axum;
mod credential;
mod line;
mod message;
mod session;
mod turns;

#[cfg(feature = "websocket")]
pub use self::axum::AxumSockets;
pub use credential::{Offered, PROTOCOL, offered};
pub use line::{Line, MAX_MESSAGE, Outgoing, WAITING};
pub use session::serve;
