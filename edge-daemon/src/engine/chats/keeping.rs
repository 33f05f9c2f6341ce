//! Saves beginnings while nobody asks for anything, and reads them back in when somebody does.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use llama_cpp_2::token::LlamaToken;

use super::Chats;
use crate::engine::context;
use crate::engine::inbox::Patience;
use crate::engine::saved::{LEAST_SAVED, Saved};

/// Nobody asked for anything for so long: what was worth it is saved.
const REST: Duration = Duration::from_secs(2);

/// What saving may take at the end, when somebody waits for the process to stop.
const LAST: Duration = Duration::from_secs(3);

/// What is saved, and how far.
pub struct Keeper {
    saved: Saved,
    /// Beginnings of this round, the next one last.
    round: Vec<Vec<LlamaToken>>,
    /// The schedule's time when the latest round began.
    since: u64,
}

impl Keeper {
    pub fn new(saved: Saved) -> Self {
        Self { saved, round: Vec::new(), since: 0 }
    }

    fn is_done(&self, now: u64) -> bool {
        self.round.is_empty() && self.since == now
    }
}

impl Chats<'_> {
    /// How long to wait for a request.
    pub(super) fn patience(&self) -> Patience {
        match &self.keeper {
            _ if !self.schedule.is_idle() => Patience::None,
            Some(keeper) if !keeper.round.is_empty() => Patience::None,
            Some(keeper) if !keeper.is_done(self.schedule.now()) => Patience::For(REST),
            _ => Patience::Endless,
        }
    }

    /// Saves one file's worth, so that a request which comes meanwhile waits for no more than that.
    pub(super) fn save_some(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        let Some(tokens) = keeper.round.last() else {
            keeper.round = self.schedule.worthy(LEAST_SAVED, keeper.since);
            keeper.since = self.schedule.now();
            keeper.saved.begin_round();
            // The latest is touched last, and is the first to be saved.
            keeper.round.reverse();
            for tokens in &keeper.round {
                keeper.saved.touch(tokens);
            }
            return;
        };
        let lent = keeper.saved.lacks(tokens).and_then(|positions| {
            let slot = self.schedule.lend(tokens, positions.clone())?;
            Some((slot, positions))
        });
        let Some((slot, positions)) = lent else {
            keeper.round.pop();
            return;
        };
        context::apply(&mut self.context, self.schedule.take_moves());
        let began = Instant::now();
        match keeper.saved.save(tokens, positions.clone(), &self.context, slot) {
            Ok(true) => {
                let ms = began.elapsed().as_millis() as u64;
                tracing::debug!(tokens = positions.len(), ms, "a beginning is saved");
            }
            Ok(false) => keeper.round.clear(),
            Err(error) => {
                tracing::warn!(%error, "beginnings cannot be saved now: is there room on the disk, and may the folder be written?");
                keeper.round.clear();
            }
        }
        self.schedule.take_back(slot);
        context::apply(&mut self.context, self.schedule.take_moves());
    }

    /// Saves all that is worth it, as far as the time goes.
    pub(super) fn save_all(&mut self) {
        let began = Instant::now();
        while self.keeper.as_ref().is_some_and(|keeper| !keeper.is_done(self.schedule.now())) {
            if began.elapsed() > LAST {
                return tracing::warn!("not all beginnings were saved: there was no time for more");
            }
            self.save_some();
        }
    }

    /// Reads in what was saved of the beginning of whoever is let in next.
    pub(super) fn restore(&mut self) {
        let Some(keeper) = &mut self.keeper else { return };
        let Some(upcoming) = self.schedule.upcoming() else { return };
        // The last one is computed in any case, for its scores.
        let tokens = upcoming[..upcoming.len() - 1].to_vec();
        let mut reached = 0;
        while let Some(held) = self.schedule.held(&tokens).filter(|held| *held >= reached) {
            let Some(found) = keeper.saved.find(&tokens, held) else { break };
            let Some(shelf) = self.schedule.receive(&tokens, found.entry.positions().len()) else { break };
            // What made room has to be gone first.
            context::apply(&mut self.context, self.schedule.take_moves());
            match keeper.saved.load(&found, &mut self.context, shelf) {
                Ok(()) => {
                    self.schedule.adopt(shelf, &tokens[..found.until], found.entry.positions());
                    let gain = (found.until - held) as u64;
                    self.gauges.restored_tokens.fetch_add(gain, Ordering::Relaxed);
                    reached = found.until;
                }
                Err(why) => {
                    self.schedule.decline(shelf);
                    keeper.saved.forget(&found, &why);
                }
            }
        }
        if reached > 0 {
            keeper.saved.touch(&tokens);
        }
        context::apply(&mut self.context, self.schedule.take_moves());
    }
}
