//! A turn: a question, the answer that is made to it, and the events that tell of it.
//!
//! [`ask`] starts the turn's task, which outlives the request that started it. Whoever wants to know how it goes follows
//! it ([`resume`]): from memory where it runs here, from the journal where it runs elsewhere, from the database where it
//! has ended long ago.

mod allowance;
mod ask;
mod begin;
mod cancel;
mod complete;
mod deciding;
mod event;
mod follow;
mod generate;
mod journal;
mod live;
mod log;
mod prompt;
mod read;
mod request;
mod stream;

pub use allowance::Allowance;
pub use ask::ask;
pub use begin::begin;
pub use cancel::cancel;
pub use complete::{close_dead, recover};
pub use deciding::{decision, no_candidate};
pub use event::{Event, Frame};
pub use follow::{Followed, text_so_far};
pub use journal::Journal;
pub use live::{Live, Running};
pub use read::{read, resume};
pub use request::TurnRequest;
pub use stream::{LastEventId, as_message, respond};
