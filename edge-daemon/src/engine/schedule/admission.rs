//! Who is let in next: callers take turns, and whoever others wait for goes first.

use llama_cpp_2::token::LlamaToken;

use super::{Active, HEADROOM, Schedule};

impl<P> Schedule<P> {
    /// Smaller goes first. Whoever gave way comes back first; then callers take turns: the second request of one comes
    /// after the first ones of the others, and of two callers the one who has waited longer for a turn is first.
    pub(super) fn rank(&self, nth: usize) -> (usize, u64, usize) {
        let turn = &self.waiting[nth];
        if turn.gave_way {
            return (0, 0, nth);
        }
        let served = self.active.iter().filter(|active| active.turn.caller == turn.caller).count();
        let earlier = self.waiting.iter().take(nth).filter(|other| other.caller == turn.caller).count();
        let last = self.last_turns.get(&turn.caller).copied().unwrap_or_default();
        (1 + served + earlier, last, nth)
    }

    fn remember_turn(&mut self, caller: &str) {
        self.admissions += 1;
        self.last_turns.insert(caller.to_owned(), self.admissions);
        let (active, waiting) = (&self.active, &self.waiting);
        self.last_turns.retain(|caller, _| {
            active.iter().any(|active| active.turn.caller == *caller)
                || waiting.iter().any(|turn| turn.caller == *caller)
        });
    }

    /// The tokens of the one who is let in next; nothing while there is no slot for it, or no cells for what it does not
    /// share with others.
    pub fn upcoming(&self) -> Option<&[LlamaToken]> {
        Some(&self.waiting[self.next()?].tokens)
    }

    fn next(&self) -> Option<usize> {
        let next = (0..self.waiting.len()).min_by_key(|nth| self.rank(*nth))?;
        let has_room = self.active.is_empty() || self.has_room_for(&self.waiting[next].tokens);
        (has_room && !self.free_slots.is_empty()).then_some(next)
    }

    /// Lets in whoever is next, if there is room: its place among those being served.
    pub fn admit(&mut self) -> Option<usize> {
        let next = self.next()?;
        let turn = self.waiting.remove(next)?;
        let slot = self.free_slots.pop()?;
        let path = self.prefixes.enter(&turn.tokens);
        let caller = turn.caller.clone();
        self.active.push(Active { turn, slot, path, cached: 0, guess: Vec::new() });
        self.remember_turn(&caller);
        Some(self.active.len() - 1)
    }

    fn has_room_for(&self, tokens: &[LlamaToken]) -> bool {
        let own = |active: &Active<P>| active.turn.tokens.len() - self.prefixes.end(active.path) + HEADROOM;
        let claimed = self.prefixes.claimed() + self.active.iter().map(own).sum::<usize>();
        let wanted = tokens.len() - self.prefixes.in_use(tokens) + HEADROOM;
        claimed + wanted <= self.limits.cells
    }
}
