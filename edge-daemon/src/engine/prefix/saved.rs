//! Beginnings that go to a place outside the cache, and come back from there.

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

use super::{Move, Prefixes};

impl Prefixes {
    /// How many of these tokens the cache holds; nothing while some of them are being computed.
    pub fn held(&self, tokens: &[LlamaToken]) -> Option<usize> {
        let (node, depth) = self.tree.walk(tokens);
        self.tree.is_computed(node, depth).then_some(depth)
    }

    /// The beginnings of at least so many tokens that several requests had, and one of them since that time.
    pub fn worthy(&self, least: usize, since: u64) -> Vec<Vec<LlamaToken>> {
        self.tree.worthy(least, since)
    }

    /// Counts up with every use.
    pub fn now(&self) -> u64 {
        self.clock
    }

    /// Gives an idle slot the cells of a beginning at these positions, as far as the tree holds them all.
    pub fn lend(&mut self, slot: i32, tokens: &[LlamaToken], positions: Range<usize>) -> bool {
        let (node, depth) = self.tree.walk(tokens);
        if depth < positions.end || !self.tree.is_computed(node, depth) {
            return false;
        }
        for (from, positions) in self.tree.shelves(node, &positions) {
            self.moves.push(Move::Share { from, to: slot, positions });
        }
        true
    }

    /// Writes down what is to be done besides.
    pub fn note(&mut self, change: Move) {
        self.moves.push(change);
    }

    /// An id to read cells into, which are to follow what the tree holds of these tokens. What nobody uses goes until
    /// the tree has `most` cells at most; nothing where that is not to be had.
    pub fn receive(&mut self, tokens: &[LlamaToken], most: usize) -> Option<i32> {
        let (node, _) = self.tree.walk(tokens);
        self.with_pinned(node, |prefixes| {
            while prefixes.cells() > most {
                if !prefixes.evict() {
                    return None;
                }
            }
            prefixes.take_shelf()
        })
    }

    /// An id of [`Prefixes::receive`] has its cells, at `positions`: what the tree lacks of these tokens is taken over,
    /// and the other cells go.
    pub fn adopt(&mut self, shelf: i32, tokens: &[LlamaToken], positions: Range<usize>) {
        let fork = self.fork(tokens);
        let depth = self.tree.end(fork);
        if !self.tree.is_ready(fork) || !(positions.start..tokens.len()).contains(&depth) {
            return self.decline(shelf);
        }
        let leaf = self.tree.add_leaf(fork, shelf, tokens[depth..].to_vec());
        self.tree.add_ready(leaf, tokens.len() - depth);
        for positions in [positions.start..depth, tokens.len()..positions.end] {
            if !positions.is_empty() {
                self.moves.push(Move::Drop { id: shelf, positions });
            }
        }
    }

    /// Nothing came of an id of [`Prefixes::receive`].
    pub fn decline(&mut self, shelf: i32) {
        self.give_back(shelf);
    }
}
