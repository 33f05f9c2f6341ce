//! A turn: a question, the answer that is made to it, and the events that tell of it.
//!
//! [`start`] makes the turn's task, which outlives the request that started it. Whoever wants to know how it goes
//! [`follow`]s it: from memory where it runs here, from the journal where it runs elsewhere, from the database where it
//! has ended long ago.

mod begin;
mod complete;
mod deciding;
mod event;
mod follow;
mod generate;
mod journal;
mod live;
mod log;
mod prompt;
mod request;
mod stream;

pub use begin::begin;
pub use complete::{close_dead, recover};
pub use deciding::{decision, no_candidate};
pub use event::{Event, Frame};
pub use follow::{Followed, follow, text_so_far};
pub use generate::start;
pub use journal::Journal;
pub use live::{Live, Stop};
pub use request::TurnRequest;
pub use stream::{LastEventId, as_message, respond};
