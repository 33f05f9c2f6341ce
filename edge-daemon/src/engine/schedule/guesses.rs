//! Guesses of how answers go on, which are computed along with a step.

use llama_cpp_2::token::LlamaToken;

use super::{Schedule, Work};
use crate::engine::prefix::Move;

impl<P> Schedule<P> {
    /// Adds guesses to a step, for those who write: as many tokens as prompts leave of its budget, in equal shares, and
    /// never at the cost of anything that is kept. `guess` is told the tokens so far and how many more there may be.
    pub fn guess(
        &mut self,
        works: &mut [Work],
        mut guess: impl FnMut(&mut P, &[LlamaToken], usize) -> Vec<LlamaToken>,
    ) {
        let is_writing = |work: &Work| work.is_last && work.positions.len() == 1;
        let planned: usize = works.iter().map(|work| work.positions.len()).sum();
        let writing = works.iter().filter(|work| is_writing(work)).count();
        let left = self.limits.chunk.saturating_sub(planned - writing);
        let free = self.free_cells().saturating_sub(planned);
        let Some(share) = left.min(free).checked_div(writing) else { return };
        for work in works.iter_mut().filter(|work| is_writing(work)) {
            let active = &mut self.active[work.at];
            active.guess = guess(&mut active.turn.owner, &active.turn.tokens, share);
            active.guess.truncate(share);
            work.guessed = active.guess.len();
            work.positions.end += work.guessed;
        }
    }

    /// The guess that a request has in this step.
    pub fn guessed(&self, at: usize, nth: usize) -> Option<LlamaToken> {
        self.active[at].guess.get(nth).copied()
    }

    /// So many tokens of a request's guess were right: the cells of the others are free.
    pub fn settle(&mut self, work: &Work, right: usize) {
        let active = &mut self.active[work.at];
        active.guess.clear();
        active.cached += right;
        let wrong = active.cached..work.positions.end;
        if !wrong.is_empty() {
            self.prefixes.note(Move::Drop { id: work.slot, positions: wrong });
        }
    }
}
