//! A connection, as the session sees it.

use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

/// The two ends of a connection. It is over when either is.
pub struct Line {
    /// What the client says, message by message.
    pub incoming: BoxStream<'static, String>,
    /// What it is told. Bounded, so that a client that does not read holds up nobody but itself.
    pub outgoing: mpsc::Sender<Outgoing>,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    Text(String),
    /// The last: the connection closes.
    Close {
        code: u16,
        reason: &'static str,
    },
}

/// The most bytes of one message, either way in: as of a body.
pub const MAX_MESSAGE: usize = crate::input::MAX_BODY;
/// Messages that may wait for a client to read them.
pub const WAITING: usize = 64;
