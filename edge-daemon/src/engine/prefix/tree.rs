//! A radix tree over tokens. A node is a run of tokens that everything below it begins with; it knows how many of them
//! have been computed, and by how many requests it is in use.
//!
//! What holds: a node's tokens are computed only once those of the nodes above are, all of them; and a node that nobody
//! uses is computed whole.

mod worth;

use llama_cpp_2::token::LlamaToken;

/// A node's place in the tree's list.
pub type NodeId = usize;

/// The node of no tokens, above all others.
pub const ROOT: NodeId = 0;

#[derive(Debug)]
pub struct Node {
    parent: NodeId,
    children: Vec<NodeId>,
    /// The position of its first token.
    pub start: usize,
    pub tokens: Vec<LlamaToken>,
    /// How many of its tokens are in the cache, from the first on.
    pub ready: usize,
    /// The sequence id of its cells.
    pub shelf: i32,
    /// The slot that computes its tokens, while they are not all ready.
    pub writer: Option<i32>,
    /// Requests whose way leads through it.
    pins: usize,
    /// When it was last of use.
    used: u64,
    /// How many requests began with it.
    uses: u32,
}

impl Node {
    fn end(&self) -> usize {
        self.start + self.tokens.len()
    }
}

/// The upper half of a node that was split.
pub struct Upper {
    pub id: NodeId,
    pub start: usize,
    pub ready: usize,
}

#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Places in `nodes` that are free again.
    free: Vec<NodeId>,
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node {
            parent: ROOT,
            children: Vec::new(),
            start: 0,
            tokens: Vec::new(),
            ready: 0,
            shelf: -1,
            writer: None,
            pins: 0,
            used: 0,
            uses: 0,
        };
        Self { nodes: vec![root], free: Vec::new() }
    }
}

impl Tree {
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id]
    }

    pub fn parent(&self, id: NodeId) -> NodeId {
        self.nodes[id].parent
    }

    /// The position after its last token.
    pub fn end(&self, id: NodeId) -> usize {
        self.nodes[id].end()
    }

    pub fn is_ready(&self, id: NodeId) -> bool {
        self.nodes[id].ready == self.nodes[id].tokens.len()
    }

    /// Tokens in the cache.
    pub fn ready(&self) -> usize {
        self.nodes.iter().map(|node| node.ready).sum()
    }

    /// Tokens in the cache that nobody uses.
    pub fn kept(&self) -> usize {
        self.nodes.iter().filter(|node| node.pins == 0).map(|node| node.ready).sum()
    }

    /// Tokens in use, in the cache or soon to be.
    pub fn claimed(&self) -> usize {
        self.nodes.iter().filter(|node| node.pins > 0).map(|node| node.tokens.len()).sum()
    }

    /// Follows the tokens as far as the tree goes: the last node on the way, and how many tokens match up to there.
    pub fn walk(&self, tokens: &[LlamaToken]) -> (NodeId, usize) {
        let mut at = ROOT;
        loop {
            let depth = self.nodes[at].end();
            let Some(next) = tokens.get(depth).and_then(|token| self.child(at, *token)) else {
                return (at, depth);
            };
            let matching =
                self.nodes[next].tokens.iter().zip(&tokens[depth..]).take_while(|(a, b)| a == b).count();
            if matching < self.nodes[next].tokens.len() {
                return (next, depth + matching);
            }
            at = next;
        }
    }

    /// How many of the tokens lie on nodes in use.
    pub fn walk_pinned(&self, tokens: &[LlamaToken]) -> usize {
        let (mut at, mut depth) = self.walk(tokens);
        while at != ROOT && self.nodes[at].pins == 0 {
            depth = self.nodes[at].start;
            at = self.nodes[at].parent;
        }
        depth
    }

    fn child(&self, id: NodeId, token: LlamaToken) -> Option<NodeId> {
        self.nodes[id]
            .children
            .iter()
            .copied()
            .find(|child| self.nodes[*child].tokens.first() == Some(&token))
    }

    /// The node on the way to `tip` that the position lies in.
    pub fn ancestor_at(&self, tip: NodeId, position: usize) -> NodeId {
        self.way_up(tip).find(|id| self.nodes[*id].start <= position).unwrap_or(ROOT)
    }

    /// The node and those above it, but for the root.
    fn way_up(&self, tip: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(Some(tip), |id| Some(self.nodes[*id].parent)).take_while(|id| *id != ROOT)
    }

    pub fn add_ready(&mut self, id: NodeId, tokens: usize) {
        self.nodes[id].ready += tokens;
    }

    /// A request's way leads here from now on.
    pub fn pin(&mut self, tip: NodeId, now: u64) {
        for id in self.way_up(tip).collect::<Vec<_>>() {
            let node = &mut self.nodes[id];
            node.pins += 1;
            node.used = now;
            node.uses = node.uses.saturating_add(1);
        }
    }

    pub fn touch(&mut self, tip: NodeId, now: u64) {
        for id in self.way_up(tip).collect::<Vec<_>>() {
            self.nodes[id].used = now;
        }
    }

    /// A request's way no longer leads here. What nobody wants computed any more is cut off; the ids of the nodes that
    /// went with it.
    pub fn unpin(&mut self, tip: NodeId) -> Vec<i32> {
        let mut shelves = Vec::new();
        for id in self.way_up(tip).collect::<Vec<_>>() {
            let node = &mut self.nodes[id];
            node.pins -= 1;
            if node.pins > 0 || node.ready == node.tokens.len() {
                continue;
            }
            node.tokens.truncate(node.ready);
            if node.tokens.is_empty() {
                shelves.push(node.shelf);
                self.remove(id);
            }
        }
        shelves
    }

    /// Keeps a node and those above it for a moment.
    pub fn hold(&mut self, tip: NodeId) {
        for id in self.way_up(tip).collect::<Vec<_>>() {
            self.nodes[id].pins += 1;
        }
    }

    /// Ends a [`Tree::hold`], and leaves everything as it is.
    pub fn release(&mut self, tip: NodeId) {
        for id in self.way_up(tip).collect::<Vec<_>>() {
            self.nodes[id].pins -= 1;
        }
    }

    /// The slot computes nothing on this way any more.
    pub fn stop_writing(&mut self, tip: NodeId, slot: i32) {
        for id in self.way_up(tip).collect::<Vec<_>>() {
            let node = &mut self.nodes[id];
            node.writer = node.writer.filter(|writer| *writer != slot);
        }
    }

    /// A leaf that nobody uses can take more tokens instead of a child.
    pub fn can_grow(&self, id: NodeId) -> bool {
        let node = &self.nodes[id];
        id != ROOT && node.pins == 0 && node.children.is_empty()
    }

    pub fn grow(&mut self, id: NodeId, tokens: &[LlamaToken]) {
        self.nodes[id].tokens.extend_from_slice(tokens);
    }

    pub fn add_leaf(&mut self, parent: NodeId, shelf: i32, tokens: Vec<LlamaToken>) -> NodeId {
        let (start, used) = (self.nodes[parent].end(), self.nodes[parent].used);
        let leaf = Node {
            parent,
            children: Vec::new(),
            start,
            tokens,
            ready: 0,
            shelf,
            writer: None,
            pins: 0,
            used,
            uses: 0,
        };
        let id = self.insert(leaf);
        self.nodes[parent].children.push(id);
        id
    }

    /// Cuts a node in two at a position within. The lower half stays what it was; the upper one is new, and takes the
    /// beginning over under an id of its own.
    pub fn split(&mut self, id: NodeId, position: usize, shelf: i32) -> Upper {
        let node = &mut self.nodes[id];
        let (parent, start) = (node.parent, node.start);
        let (pins, used, uses) = (node.pins, node.used, node.uses);
        let length = position - start;
        let lower = node.tokens.split_off(length);
        let tokens = std::mem::replace(&mut node.tokens, lower);
        let ready = node.ready.min(length);
        // Whoever was computing within the first half gets to the second one in time.
        let writer = node.writer.filter(|_| ready < length);
        node.writer = node.writer.filter(|_| ready == length);
        node.ready -= ready;
        node.start = position;
        let children = vec![id];
        let upper =
            self.insert(Node { parent, children, start, tokens, ready, shelf, writer, pins, used, uses });
        self.nodes[id].parent = upper;
        for child in &mut self.nodes[parent].children {
            if *child == id {
                *child = upper;
            }
        }
        Upper { id: upper, start, ready }
    }

    fn insert(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.free.pop() {
            self.nodes[id] = node;
            id
        } else {
            self.nodes.push(node);
            self.nodes.len() - 1
        }
    }

    /// A leaf goes. Its place stays empty: no tokens, nothing ready, no children.
    fn remove(&mut self, id: NodeId) {
        let parent = self.nodes[id].parent;
        self.nodes[parent].children.retain(|child| *child != id);
        let node = &mut self.nodes[id];
        node.tokens = Vec::new();
        node.ready = 0;
        node.writer = None;
        self.free.push(id);
    }
}
