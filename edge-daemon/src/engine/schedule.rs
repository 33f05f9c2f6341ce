//! Who is being served, who waits, and what the next step computes. Pure: no model, no clock; what is to be done to the
//! cache is told as moves.

mod admission;
mod guesses;
mod plan;
mod saved;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

use super::prefix::{Move, Next, Path, Prefixes};
use plan::{Plan, Wish, plan};

/// What there is to share out.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests served at once; their slots are the ids from 0 on.
    pub slots: usize,
    /// Sequence ids in all: those that are no slots are for prefixes. As many as there are slots turns sharing off.
    pub ids: usize,
    /// Cells of the cache.
    pub cells: usize,
    /// The most of them that prefixes may keep while nobody uses them.
    pub kept: usize,
    /// Prompt tokens read in one step.
    pub chunk: usize,
}

/// A request on its way; `P` is what its owner knows of it.
#[derive(Debug)]
struct Turn<P> {
    caller: String,
    /// The prompt, and what has been written since.
    tokens: Vec<LlamaToken>,
    /// Tokens that it did not have to compute, when it was let in first.
    shared: usize,
    /// It was being served, and gave way.
    gave_way: bool,
    owner: P,
}

/// A request that is being served.
#[derive(Debug)]
struct Active<P> {
    turn: Turn<P>,
    slot: i32,
    path: Path,
    /// How many of its tokens are in the cache, from the first on.
    cached: usize,
    /// How it may go on, computed in this step as if it were so.
    guess: Vec<LlamaToken>,
}

/// A request's part of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Its place in the list of those being served.
    pub at: usize,
    pub slot: i32,
    /// Which of its tokens, those that are guessed among them.
    pub positions: Range<usize>,
    /// How many of them, the last ones, are guessed.
    pub guessed: usize,
    /// These are the last it has: scores are wanted after them.
    pub is_last: bool,
}

/// All requests, and the cache's book-keeping.
#[derive(Debug)]
pub struct Schedule<P> {
    limits: Limits,
    prefixes: Prefixes,
    free_slots: Vec<i32>,
    /// Oldest first.
    active: Vec<Active<P>>,
    waiting: VecDeque<Turn<P>>,
    /// When each caller who has more to ask was let in last, counted in admissions.
    last_turns: HashMap<String, u64>,
    admissions: u64,
}

/// Cells kept for the first words of an answer when a request is let in.
const HEADROOM: usize = 32;

impl<P> Schedule<P> {
    pub fn new(limits: Limits) -> Self {
        let (slots, ids) = (limits.slots as i32, limits.ids as i32);
        Self {
            limits,
            prefixes: Prefixes::new(slots..ids.max(slots), limits.kept),
            free_slots: (0..slots).rev().collect(),
            active: Vec::new(),
            waiting: VecDeque::new(),
            last_turns: HashMap::new(),
            admissions: 0,
        }
    }

    /// Takes a request in, to wait for its turn. `tokens` must not be empty.
    pub fn push(&mut self, caller: String, tokens: Vec<LlamaToken>, owner: P) {
        self.waiting.push_back(Turn { caller, tokens, shared: 0, gave_way: false, owner });
    }

    pub fn is_idle(&self) -> bool {
        self.active.is_empty() && self.waiting.is_empty()
    }

    pub fn n_active(&self) -> usize {
        self.active.len()
    }

    pub fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Cells that the requests being served use.
    pub fn cells_used(&self) -> usize {
        self.prefixes.cells() - self.prefixes.kept() + self.own_cells()
    }

    /// Cells of prefixes that nobody uses now.
    pub fn cells_kept(&self) -> usize {
        self.prefixes.kept()
    }

    /// Cells that only one request has.
    fn own_cells(&self) -> usize {
        self.active.iter().map(|active| active.cached.saturating_sub(self.prefixes.end(active.path))).sum()
    }

    fn free_cells(&self) -> usize {
        self.limits.cells.saturating_sub(self.prefixes.cells() + self.own_cells())
    }

    /// What is to be done to the cache before the next step.
    pub fn take_moves(&mut self) -> Vec<Move> {
        self.prefixes.take_moves()
    }

    pub fn owner_mut(&mut self, at: usize) -> &mut P {
        &mut self.active[at].turn.owner
    }

    /// The token at a position, which may be guessed.
    pub fn token(&self, at: usize, position: usize) -> LlamaToken {
        let Active { turn, guess, .. } = &self.active[at];
        turn.tokens.get(position).copied().unwrap_or_else(|| guess[position - turn.tokens.len()])
    }

    /// Tokens of the prompt that a request being served did not have to compute.
    pub fn shared(&self, at: usize) -> usize {
        self.active[at].turn.shared
    }

    /// Those who wait, with the number of those who will be served before them.
    pub fn queue(&mut self) -> impl Iterator<Item = (usize, &mut P)> {
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        order.sort_by_key(|nth| self.rank(*nth));
        let mut ahead = vec![0; order.len()];
        for (place, nth) in order.into_iter().enumerate() {
            ahead[nth] = place;
        }
        ahead.into_iter().zip(self.waiting.iter_mut().map(|turn| &mut turn.owner))
    }

    /// Takes out the requests that nobody waits for any more.
    pub fn drop_where(&mut self, is_gone: impl Fn(&P) -> bool) {
        self.waiting.retain(|turn| !is_gone(&turn.owner));
        for at in (0..self.active.len()).rev() {
            if is_gone(&self.active[at].turn.owner) {
                self.finish(at);
            }
        }
    }

    pub fn drain_waiting(&mut self) -> Vec<P> {
        self.waiting.drain(..).map(|turn| turn.owner).collect()
    }

    /// Ends everything that is being served and keeps nothing of it, since the cache was cleared.
    pub fn drain_active(&mut self) -> Vec<P> {
        self.prefixes.reset();
        self.free_slots = (0..self.limits.slots as i32).rev().collect();
        self.active.drain(..).map(|active| active.turn.owner).collect()
    }

    /// What to compute next; nothing if nobody is being served. When the cells run out, prefixes that nobody uses go first,
    /// and then the newest request gives way.
    pub fn plan(&mut self) -> Vec<Work> {
        while !self.active.is_empty() {
            let wishes = self.wishes();
            let (writing, reading): (Vec<&Wish>, Vec<&Wish>) =
                wishes.iter().partition(|wish| wish.tokens == 1);
            let unread: usize = reading.iter().map(|wish| wish.tokens).sum();
            let wanted = writing.len() + unread.min(self.limits.chunk);
            while self.free_cells() < wanted && self.prefixes.evict() {}
            match plan(&wishes, self.limits.chunk, self.free_cells()) {
                Plan::GiveWay => self.give_way(),
                Plan::Step(mut shares) => {
                    shares.sort_unstable();
                    return shares.into_iter().map(|(at, tokens)| self.work(at, tokens)).collect();
                }
            }
        }
        Vec::new()
    }

    fn work(&self, at: usize, tokens: usize) -> Work {
        let Active { slot, cached, .. } = &self.active[at];
        let (slot, positions) = (*slot, *cached..cached + tokens);
        let is_last = positions.end == self.active[at].turn.tokens.len();
        Work { at, slot, positions, guessed: 0, is_last }
    }

    /// What each request could compute now. One that waits for a prefix makes the one that computes it more urgent.
    fn wishes(&mut self) -> Vec<Wish> {
        let mut wishes = Vec::with_capacity(self.active.len());
        let mut waits = Vec::new();
        for at in 0..self.active.len() {
            let Active { turn, slot, path, cached, .. } = &mut self.active[at];
            let before = *cached;
            let next = self.prefixes.advance(*path, *slot, cached);
            if !turn.gave_way {
                turn.shared += *cached - before;
            }
            let left = turn.tokens.len() - *cached;
            match next {
                Next::Compute => wishes.push(Wish { at, tokens: left, urgency: left, caller: 0 }),
                Next::WaitFor { slot } => waits.push((slot, left)),
            }
        }
        for wish in &mut wishes {
            let Active { turn, slot, .. } = &self.active[wish.at];
            let waiting = waits.iter().filter(|(other, _)| other == slot).map(|(_, left)| *left);
            wish.urgency = waiting.chain([wish.urgency]).min().unwrap_or(wish.urgency);
            let is_same = |other: &Active<P>| other.turn.caller == turn.caller;
            wish.caller = self.active.iter().position(is_same).unwrap_or_default();
        }
        wishes
    }

    /// The step was computed. Whether guesses were right is told by [`Schedule::settle`].
    pub fn computed(&mut self, works: &[Work]) {
        for work in works {
            let active = &mut self.active[work.at];
            active.cached = work.positions.end - work.guessed;
            let positions = work.positions.start..active.cached;
            self.prefixes.computed(active.path, active.slot, positions);
        }
    }

    /// A request's next token was chosen.
    pub fn write(&mut self, at: usize, token: LlamaToken) {
        self.active[at].turn.tokens.push(token);
    }

    /// A request is over, or given up: its slot is free, and what it computed may serve others.
    pub fn finish(&mut self, at: usize) -> P {
        self.leave(at).owner
    }

    /// The newest request gives its slot back for now. Its tokens stay, and are read again when its turn comes, unless they
    /// are still in the cache by then.
    pub fn give_way(&mut self) {
        let Some(newest) = self.active.len().checked_sub(1) else { return };
        let mut turn = self.leave(newest);
        turn.gave_way = true;
        self.waiting.push_front(turn);
    }

    /// Drops every prefix that nobody uses.
    pub fn forget_kept(&mut self) {
        while self.prefixes.evict() {}
    }

    fn leave(&mut self, at: usize) -> Turn<P> {
        let Active { turn, slot, path, cached, .. } = self.active.remove(at);
        self.prefixes.leave(path, slot, &turn.tokens, cached);
        self.free_slots.push(slot);
        turn
    }
}
