//! Prefixes that requests share: which of them the cache holds, for whom, and which one goes when room is short.
//!
//! Every request that is being served has a *slot*: the sequence id that its tokens are computed under. Every node of the
//! tree has an id of its own, a *shelf*: the cells of the node's tokens carry it, so that they stay when the slot goes.
//! Nothing here touches llama.cpp: what is to be done to its cache is written down as [`Move`]s, in order.

mod saved;
mod shelf;
mod tree;

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

use shelf::Shelves;
use tree::{NodeId, ROOT, Tree};

/// Something to be done to the cache's cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The cells of `from` at these positions belong to `to` as well.
    Share { from: i32, to: i32, positions: Range<usize> },
    /// The cells of this id at these positions are no longer its own; free if they are nobody else's.
    Drop { id: i32, positions: Range<usize> },
    /// The id has no cells any more.
    Clear { id: i32 },
}

/// How a request stands to the tree: its tokens up to the end of `tip` are the tree's, and the rest is its own.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    tip: NodeId,
}

/// What a request can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Compute its tokens from here on.
    Compute,
    /// Wait: another slot is computing tokens that both have.
    WaitFor { slot: i32 },
}

/// The tree, the ids and the cells.
#[derive(Debug)]
pub struct Prefixes {
    tree: Tree,
    shelves: Shelves,
    moves: Vec<Move>,
    /// Counts up with every use of a prefix.
    clock: u64,
    sharing: bool,
    /// Cells that prefixes may keep while nobody uses them.
    most_kept: usize,
}

impl Prefixes {
    /// `shelves` are the ids for nodes; without any nothing is shared or kept.
    pub fn new(shelves: Range<i32>, most_kept: usize) -> Self {
        Self {
            sharing: !shelves.is_empty(),
            tree: Tree::default(),
            shelves: Shelves::new(shelves),
            moves: Vec::new(),
            clock: 0,
            most_kept,
        }
    }

    /// What is to be done to the cache before anything is computed.
    pub fn take_moves(&mut self) -> Vec<Move> {
        std::mem::take(&mut self.moves)
    }

    /// Forgets everything: the cache was cleared.
    pub fn reset(&mut self) {
        self.tree = Tree::default();
        self.shelves.reset();
        self.moves.clear();
    }

    /// Cells that the tree's tokens take, in use or kept.
    pub fn cells(&self) -> usize {
        self.tree.ready()
    }

    /// Cells of prefixes that nobody uses now.
    pub fn kept(&self) -> usize {
        self.tree.kept()
    }

    /// Cells that the prefixes in use will take once they are computed.
    pub fn claimed(&self) -> usize {
        self.tree.claimed()
    }

    /// How many of these tokens lie on prefixes that are in use already.
    pub fn in_use(&self, tokens: &[LlamaToken]) -> usize {
        self.tree.walk_pinned(tokens)
    }

    /// Where the tree's part of a request ends.
    pub fn end(&self, path: Path) -> usize {
        self.tree.end(path.tip)
    }

    /// Brings a request's tokens into the tree, all but the last one: that one is computed in any case, for its scores.
    /// The path is in use until [`Prefixes::leave`].
    pub fn enter(&mut self, tokens: &[LlamaToken]) -> Path {
        let tip = if self.sharing { self.plant(&tokens[..tokens.len() - 1]) } else { ROOT };
        self.clock += 1;
        self.tree.pin(tip, self.clock);
        Path { tip }
    }

    /// Takes over what has been computed of a path beyond its first `cached` tokens, and says what can be done then.
    pub fn advance(&mut self, path: Path, slot: i32, cached: &mut usize) -> Next {
        while *cached < self.tree.end(path.tip) {
            let at = self.tree.ancestor_at(path.tip, *cached);
            let node = self.tree.node_mut(at);
            match node.writer {
                Some(writer) if writer != slot => return Next::WaitFor { slot: writer },
                _ => {}
            }
            let ready = node.start + node.ready;
            if ready > *cached {
                let positions = *cached..ready;
                self.moves.push(Move::Share { from: node.shelf, to: slot, positions });
                *cached = ready;
            } else {
                node.writer = Some(slot);
                return Next::Compute;
            }
        }
        Next::Compute
    }

    /// A slot has computed the tokens at these positions: those of its path are the tree's now.
    pub fn computed(&mut self, path: Path, slot: i32, positions: Range<usize>) {
        let mut from = positions.start;
        while from < positions.end.min(self.tree.end(path.tip)) {
            let at = self.tree.ancestor_at(path.tip, from);
            let node = self.tree.node_mut(at);
            let to = positions.end.min(node.start + node.tokens.len());
            let shelf = node.shelf;
            let whole = to == node.start + node.tokens.len();
            node.writer = (!whole).then_some(slot);
            self.tree.add_ready(at, to - from);
            self.moves.push(Move::Share { from: slot, to: shelf, positions: from..to });
            from = to;
        }
    }

    /// A request goes: what it computed (the first `cached` of its tokens) is kept for others, and its slot is clear.
    pub fn leave(&mut self, path: Path, slot: i32, tokens: &[LlamaToken], cached: usize) {
        let has_its_own = self.sharing && cached > self.tree.end(path.tip);
        self.tree.stop_writing(path.tip, slot);
        for shelf in self.tree.unpin(path.tip) {
            self.give_back(shelf);
        }
        if has_its_own {
            self.keep(slot, &tokens[..cached]);
        }
        self.moves.push(Move::Clear { id: slot });
        while self.tree.kept() > self.most_kept && self.evict() {}
    }

    /// Drops the least recently used prefix that nobody uses. False when there is none.
    pub fn evict(&mut self) -> bool {
        let Some(shelf) = self.tree.remove_oldest_leaf() else { return false };
        self.give_back(shelf);
        true
    }

    fn give_back(&mut self, shelf: i32) {
        self.moves.push(Move::Clear { id: shelf });
        self.shelves.give_back(shelf);
    }

    /// A free id, if need be at the price of a prefix.
    fn take_shelf(&mut self) -> Option<i32> {
        loop {
            if let Some(shelf) = self.shelves.take() {
                return Some(shelf);
            }
            if !self.evict() {
                return None;
            }
        }
    }

    /// Makes the tree hold a way along these tokens, as far as there are ids for it. The node at its end.
    fn plant(&mut self, tokens: &[LlamaToken]) -> NodeId {
        let tip = self.fork(tokens);
        let depth = self.tree.end(tip);
        if depth == tokens.len() {
            return tip;
        }
        if self.tree.can_grow(tip) {
            self.tree.grow(tip, &tokens[depth..]);
            return tip;
        }
        self.with_pinned(tip, |prefixes| {
            let shelf = prefixes.take_shelf()?;
            Some(prefixes.tree.add_leaf(tip, shelf, tokens[depth..].to_vec()))
        })
        .unwrap_or(tip)
    }

    /// The node where the tree's way along these tokens ends; a node is split where they part from it within.
    fn fork(&mut self, tokens: &[LlamaToken]) -> NodeId {
        let (node, depth) = self.tree.walk(tokens);
        if depth == self.tree.end(node) {
            return node;
        }
        let forked = self.with_pinned(node, |prefixes| {
            let shelf = prefixes.take_shelf()?;
            let upper = prefixes.tree.split(node, depth, shelf);
            let (start, ready) = (upper.start, upper.ready);
            if ready > 0 {
                let positions = start..start + ready;
                let from = prefixes.tree.node_mut(node).shelf;
                prefixes.moves.push(Move::Share { from, to: shelf, positions: positions.clone() });
                prefixes.moves.push(Move::Drop { id: from, positions });
            }
            Some(upper.id)
        });
        forked.unwrap_or_else(|| self.tree.parent(node))
    }

    /// Puts what a slot has computed on its own into the tree, unless the tree has it or waits for it.
    fn keep(&mut self, slot: i32, tokens: &[LlamaToken]) {
        let (node, _) = self.tree.walk(tokens);
        if !self.tree.is_ready(node) {
            return;
        }
        let fork = self.fork(tokens);
        let depth = self.tree.end(fork);
        if depth >= tokens.len() || !self.tree.is_ready(fork) {
            return;
        }
        let tip = self.plant(tokens);
        if self.tree.end(tip) != tokens.len() {
            return;
        }
        self.clock += 1;
        self.tree.touch(tip, self.clock);
        let shelf = self.tree.node_mut(tip).shelf;
        self.tree.add_ready(tip, tokens.len() - depth);
        self.moves.push(Move::Share { from: slot, to: shelf, positions: depth..tokens.len() });
    }

    /// Nothing on the way to this node goes while `change` looks for an id.
    fn with_pinned<T>(&mut self, node: NodeId, change: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.tree.hold(node);
        let outcome = change(self);
        self.tree.release(node);
        outcome
    }
}
