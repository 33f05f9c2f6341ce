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

    /// Lets in whoever is next, while there are slots, and cells for what the prompt does not share with others. The
    /// owners of those who are new, for the caller to tell.
    pub fn admit(&mut self) -> Vec<usize> {
        let mut admitted = Vec::new();
        while let Some(next) = (0..self.waiting.len()).min_by_key(|nth| self.rank(*nth)) {
            if !self.active.is_empty() && !self.has_room_for(&self.waiting[next].tokens) {
                break;
            }
            let Some(slot) = self.free_slots.pop() else { break };
            let Some(turn) = self.waiting.remove(next) else { break };
            let path = self.prefixes.enter(&turn.tokens);
            admitted.push(self.active.len());
            let caller = turn.caller.clone();
            self.active.push(Active { turn, slot, path, cached: 0 });
            self.remember_turn(&caller);
        }
        admitted
    }

    fn has_room_for(&self, tokens: &[LlamaToken]) -> bool {
        let own = |active: &Active<P>| active.turn.tokens.len() - self.prefixes.end(active.path) + HEADROOM;
        let claimed = self.prefixes.claimed() + self.active.iter().map(own).sum::<usize>();
        let wanted = tokens.len() - self.prefixes.in_use(tokens) + HEADROOM;
        claimed + wanted <= self.limits.cells
    }
}
