//! What beginnings are worth: which are to be written down, and which goes first.

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

use super::{NodeId, ROOT, Tree};

/// More than one request began so.
const LEAST_USES: u32 = 2;

impl Tree {
    /// Is all of the way computed, up to this position within the node?
    pub fn is_computed(&self, id: NodeId, position: usize) -> bool {
        // Above a node of which something is ready, everything is.
        id == ROOT || self.nodes[id].start + self.nodes[id].ready >= position
    }

    /// The beginnings of at least so many tokens that several requests had, and one since then: the latest used first.
    pub fn worthy(&self, least: usize, since: u64) -> Vec<Vec<LlamaToken>> {
        let is_worthy = |id: &NodeId| {
            let node = &self.nodes[*id];
            node.ready > 0
                && node.ready == node.tokens.len()
                && node.uses >= LEAST_USES
                && node.used > since
                && node.end() >= least
        };
        let mut worthy: Vec<NodeId> = (1..self.nodes.len()).filter(is_worthy).collect();
        // Of those used together the longest: what is above it is written with it.
        worthy.sort_by_key(|id| std::cmp::Reverse((self.nodes[*id].used, self.nodes[*id].end())));
        worthy.into_iter().map(|id| self.way_to(id)).collect()
    }

    /// All tokens from the first one to the node's last.
    fn way_to(&self, id: NodeId) -> Vec<LlamaToken> {
        let mut nodes: Vec<NodeId> = self.way_up(id).collect();
        nodes.reverse();
        nodes.iter().flat_map(|id| &self.nodes[*id].tokens).copied().collect()
    }

    /// Removes the leaf that has been of no use for longest; its id. Leaves in use stay.
    pub fn remove_oldest_leaf(&mut self) -> Option<i32> {
        let is_free = |id: &NodeId| {
            let node = &self.nodes[*id];
            node.pins == 0 && node.children.is_empty() && !node.tokens.is_empty()
        };
        let oldest = (1..self.nodes.len()).filter(is_free).min_by_key(|id| self.nodes[*id].used)?;
        let shelf = self.nodes[oldest].shelf;
        self.remove(oldest);
        Some(shelf)
    }

    /// The ids that hold these positions of the way to a node, each with those that it holds.
    pub fn shelves(&self, tip: NodeId, positions: &Range<usize>) -> Vec<(i32, Range<usize>)> {
        let part = |id: NodeId| {
            let node = &self.nodes[id];
            (node.shelf, node.start.max(positions.start)..(node.start + node.ready).min(positions.end))
        };
        self.way_up(tip).map(part).filter(|(_, part)| !part.is_empty()).collect()
    }
}
