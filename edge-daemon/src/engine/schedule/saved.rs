//! Beginnings that are written down while nobody asks for anything, and read back in when somebody asks for one.

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

use super::Schedule;
use crate::engine::prefix::Move;

impl<P> Schedule<P> {
    /// How many of these tokens the cache holds; nothing while some of them are being computed.
    pub fn held(&self, tokens: &[LlamaToken]) -> Option<usize> {
        self.prefixes.held(tokens)
    }

    /// The beginnings of at least so many tokens that several requests had, and one of them since that time.
    pub fn worthy(&self, least: usize, since: u64) -> Vec<Vec<LlamaToken>> {
        self.prefixes.worthy(least, since)
    }

    /// A time to hand to [`Schedule::worthy`] later.
    pub fn now(&self) -> u64 {
        self.prefixes.now()
    }

    /// Gathers the cells of a beginning at these positions under one id, for as long as they are written down. Nothing
    /// where every slot is in use, or the cells are no longer there.
    pub fn lend(&mut self, tokens: &[LlamaToken], positions: Range<usize>) -> Option<i32> {
        let slot = *self.free_slots.last()?;
        self.prefixes.lend(slot, tokens, positions).then_some(slot)
    }

    /// The id of [`Schedule::lend`] is free again.
    pub fn take_back(&mut self, slot: i32) {
        self.prefixes.note(Move::Clear { id: slot });
    }

    /// An id to read so many cells into, which are to follow what is held of these tokens.
    pub fn receive(&mut self, tokens: &[LlamaToken], cells: usize) -> Option<i32> {
        let most = self.limits.cells.checked_sub(self.own_cells() + cells)?;
        self.prefixes.receive(tokens, most)
    }

    /// An id of [`Schedule::receive`] has its cells at these positions.
    pub fn adopt(&mut self, shelf: i32, tokens: &[LlamaToken], positions: Range<usize>) {
        self.prefixes.adopt(shelf, tokens, positions);
    }

    /// Nothing came of an id of [`Schedule::receive`].
    pub fn decline(&mut self, shelf: i32) {
        self.prefixes.decline(shelf);
    }
}
