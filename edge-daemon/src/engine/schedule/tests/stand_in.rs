//! Stands in for llama.cpp's cache and model: cells that know their position, their token and whose they are, and a model
//! whose next token depends on all tokens before it.

use std::collections::BTreeSet;

use llama_cpp_2::token::LlamaToken;

use crate::engine::prefix::Move;
use crate::engine::saved::index::Entry;
use crate::engine::schedule::{Schedule, Work};

#[derive(Clone, Debug)]
struct Cell {
    position: usize,
    token: LlamaToken,
    ids: BTreeSet<i32>,
}

/// The cells, and how many tokens have been computed.
#[derive(Debug)]
pub struct StandIn {
    cells: Vec<Cell>,
    most: usize,
    pub computed: usize,
}

impl StandIn {
    pub fn new(most: usize) -> Self {
        Self { cells: Vec::new(), most, computed: 0 }
    }

    pub fn used(&self) -> usize {
        self.cells.len()
    }

    /// The tokens that an id holds, which must be those of all positions from 0 on, once each.
    pub fn held(&self, id: i32) -> Vec<LlamaToken> {
        let mut held: Vec<&Cell> = self.cells.iter().filter(|cell| cell.ids.contains(&id)).collect();
        held.sort_by_key(|cell| cell.position);
        for (position, cell) in held.iter().enumerate() {
            assert_eq!(cell.position, position, "id {id} holds a position twice, or not at all");
        }
        held.iter().map(|cell| cell.token).collect()
    }

    /// The tokens that an id holds, with their positions.
    pub fn held_at(&self, id: i32) -> Vec<(usize, LlamaToken)> {
        let mut held: Vec<(usize, LlamaToken)> = self
            .cells
            .iter()
            .filter(|cell| cell.ids.contains(&id))
            .map(|cell| (cell.position, cell.token))
            .collect();
        held.sort_unstable();
        held
    }

    /// Reads a file in under an id, which must have nothing.
    pub fn load(&mut self, id: i32, entry: &Entry) {
        assert!(self.held_at(id).is_empty(), "{id} is in use");
        for position in entry.positions() {
            self.cells.push(Cell { position, token: entry.tokens[position], ids: BTreeSet::from([id]) });
        }
        assert!(self.cells.len() <= self.most, "more cells than there are");
    }

    pub fn apply(&mut self, change: Move) {
        match change {
            Move::Share { from, to, positions } => {
                for position in positions {
                    let is_at = |cell: &&mut Cell, id| cell.position == position && cell.ids.contains(&id);
                    assert!(
                        !self.cells.iter_mut().any(|cell| is_at(&cell, to)),
                        "{to} has {position} already"
                    );
                    let mut cells = self.cells.iter_mut().filter(|cell| is_at(cell, from));
                    let cell = cells.next().unwrap_or_else(|| panic!("{from} does not have {position}"));
                    cell.ids.insert(to);
                }
            }
            Move::Drop { id, positions } => {
                for cell in &mut self.cells {
                    if positions.contains(&cell.position) {
                        cell.ids.remove(&id);
                    }
                }
            }
            Move::Clear { id } => {
                for cell in &mut self.cells {
                    cell.ids.remove(&id);
                }
            }
        }
        self.cells.retain(|cell| !cell.ids.is_empty());
    }

    /// Computes a step, after checking that every request's earlier tokens are where they should be.
    pub fn compute<P>(&mut self, schedule: &Schedule<P>, works: &[Work]) {
        for work in works {
            let held = self.held(work.slot);
            assert_eq!(held.len(), work.positions.start);
            for (position, token) in held.into_iter().enumerate() {
                assert_eq!(token, schedule.token(work.at, position), "the wrong token was shared");
            }
        }
        for work in works {
            for position in work.positions.clone() {
                let token = schedule.token(work.at, position);
                self.cells.push(Cell { position, token, ids: BTreeSet::from([work.slot]) });
                self.computed += 1;
            }
        }
        assert!(self.cells.len() <= self.most, "more cells than there are");
    }

    /// What the model says after so many tokens of a slot.
    pub fn next_token(&self, slot: i32, length: usize) -> LlamaToken {
        let held = self.held(slot);
        let sum = held[..length].iter().fold(7, |sum: i32, token| sum.wrapping_mul(31).wrapping_add(token.0));
        LlamaToken((sum >> 3) & 1)
    }
}
