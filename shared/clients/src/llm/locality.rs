//! Where a provider runs, as a type, and which prompts it may be handed.
//!
//! A hosted provider accepts normal prompts alone. Handing it a private one is a compile error:
//!
//! ```compile_fail
//! use hearth_clients::llm::{Call, Hosted, Prompt, Provider};
//! use hearth_domain::sensitivity::Private;
//!
//! fn leak(provider: Provider<Hosted>, call: Call<Private>) {
//!     let _ = provider.stream(call);
//! }
//! ```
//!
//! A local one accepts both:
//!
//! ```
//! use hearth_clients::llm::{Call, Local, Provider};
//! use hearth_domain::sensitivity::{Normal, Private};
//!
//! fn ask(provider: Provider<Local>, private: Call<Private>, normal: Call<Normal>) {
//!     drop(provider.stream(private));
//!     drop(provider.stream(normal));
//! }
//! ```

use std::marker::PhantomData;

use hearth_domain::sensitivity::{Level, Normal};
use hearth_wire::Message;

/// A provider on the operator's own machines.
#[derive(Clone, Copy, Debug)]
pub enum Local {}

/// Somebody else's service.
#[derive(Clone, Copy, Debug)]
pub enum Hosted {}

/// Says that a provider at this place may read prompts of level `L`.
pub trait AcceptsLevel<L: Level> {}

impl<L: Level> AcceptsLevel<L> for Local {}
impl AcceptsLevel<Normal> for Hosted {}

/// The messages of a prompt, marked with the level of the most private among them.
#[derive(Clone, Debug)]
pub struct Prompt<L: Level> {
    messages: Vec<Message>,
    level: PhantomData<L>,
}

impl<L: Level> Prompt<L> {
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, level: PhantomData }
    }

    pub(super) fn into_messages(self) -> Vec<Message> {
        self.messages
    }
}
