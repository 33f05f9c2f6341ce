//! Serves chats: receive, admit, compute, choose, tell; and again.

mod keeping;

use std::sync::atomic::Ordering;

use llama_cpp_2::DecodeError;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::data::LlamaTokenData;

use super::context::{self, Context};
use super::gauges::Gauges;
use super::inbox::Inbox;
use super::saved::Saved;
use super::schedule::{Limits, Schedule, Work};
use super::sequence::Sequence;
use super::settings::{Settings, Sizes};
use super::{Failure, Job, Phase, Serving};
use keeping::Keeper;

/// The context, and everybody who is being served on it.
pub struct Chats<'model> {
    serving: &'model Serving,
    context: Context<'model>,
    batch: LlamaBatch<'static>,
    schedule: Schedule<Sequence>,
    /// Room for the candidates of one choice, used again and again.
    candidates: Vec<LlamaTokenData>,
    gauges: &'model Gauges,
    /// Tokens of an answer that are guessed at a time, at most.
    most_guessed: usize,
    /// Where beginnings are saved.
    keeper: Option<Keeper>,
}

/// Why a step could not be computed.
enum StepError {
    NoCells,
    Failed(String),
}

impl<'model> Chats<'model> {
    pub fn new(
        serving: &'model Serving,
        settings: &Settings,
        sizes: Sizes,
        context: Context<'model>,
        saved: Option<Saved>,
        gauges: &'model Gauges,
    ) -> Self {
        let can_rewind = serving.model.can_rewind();
        if settings.guessed > 0 && !can_rewind {
            tracing::warn!("nothing is guessed: this model cannot take back what it has computed");
        }
        let limits = Limits {
            slots: settings.parallel,
            ids: if serving.prefix_sharing { context::SEQUENCE_IDS } else { settings.parallel },
            cells: sizes.cells as usize,
            kept: sizes.kept,
            chunk: sizes.chunk,
        };
        Self {
            serving,
            context,
            batch: LlamaBatch::new(sizes.chunk + settings.parallel, 1),
            schedule: Schedule::new(limits),
            candidates: Vec::new(),
            gauges,
            // What was guessed wrong has to be taken back.
            most_guessed: if can_rewind { settings.guessed } else { 0 },
            keeper: saved.map(Keeper::new),
        }
    }

    pub fn run(mut self, inbox: &mut Inbox) {
        loop {
            let jobs = inbox.receive(self.patience());
            if jobs.is_empty() && self.schedule.is_idle() {
                self.save_some();
            }
            for job in jobs {
                self.take(job);
            }
            let phase = inbox.phase();
            if phase >= Phase::Draining {
                self.schedule.drain_waiting().iter_mut().for_each(|one| one.fail(Failure::ShuttingDown));
            }
            if phase == Phase::Stopping {
                for at in (0..self.schedule.n_active()).rev() {
                    self.schedule.finish(at).fail(Failure::ShuttingDown);
                }
            }
            self.schedule.drop_where(Sequence::is_abandoned);
            self.admit();
            self.publish();
            if self.schedule.n_active() == 0 {
                context::apply(&mut self.context, self.schedule.take_moves());
                if phase >= Phase::Draining {
                    return self.save_all();
                }
                continue;
            }
            self.step();
            self.publish();
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Answer { mut request, events, place } => {
                let caller = std::mem::take(&mut request.caller);
                let tokens = std::mem::take(&mut request.prompt);
                let sequence =
                    Sequence::new(*request, &tokens, events, place, self.most_guessed, self.serving);
                self.schedule.push(caller, tokens, sequence);
            }
            Job::Embed { reply, .. } => {
                // Nobody asks any more where the receiver is gone.
                let _ = reply.send(Err(Failure::OtherKind));
            }
        }
    }

    fn admit(&mut self) {
        loop {
            self.restore();
            let Some(at) = self.schedule.admit() else { break };
            self.schedule.owner_mut(at).tell_reading();
        }
        for (ahead, sequence) in self.schedule.queue() {
            sequence.tell_ahead(ahead);
        }
    }

    fn publish(&self) {
        let schedule = &self.schedule;
        self.gauges.active.store(schedule.n_active(), Ordering::Relaxed);
        self.gauges.waiting.store(schedule.n_waiting(), Ordering::Relaxed);
        self.gauges.cells_used.store(schedule.cells_used(), Ordering::Relaxed);
        self.gauges.cells_kept.store(schedule.cells_kept(), Ordering::Relaxed);
    }

    fn step(&mut self) {
        let mut works = self.schedule.plan();
        if self.most_guessed > 0 {
            self.schedule.guess(&mut works, Sequence::guess);
        }
        context::apply(&mut self.context, self.schedule.take_moves());
        if works.is_empty() {
            return;
        }
        match self.compute(&works) {
            Ok(()) => {
                self.schedule.computed(&works);
                self.choose(&works);
            }
            Err(error) => self.recover(error),
        }
    }

    fn compute(&mut self, works: &[Work]) -> Result<(), StepError> {
        self.batch.clear();
        for work in works {
            // After the last token that is sure, and after each one that is guessed.
            let scored = work.positions.end - work.guessed - 1;
            for position in work.positions.clone() {
                let token = self.schedule.token(work.at, position);
                let wants_scores = work.is_last && position >= scored;
                let added = self.batch.add(token, position as i32, &[work.slot], wants_scores);
                added.map_err(|error| StepError::Failed(error.to_string()))?;
            }
        }
        self.context.decode(&mut self.batch).map_err(|error| match error {
            DecodeError::NoKvCacheSlot => StepError::NoCells,
            error => StepError::Failed(error.to_string()),
        })
    }

    /// Chooses the next tokens of every sequence whose last one was just computed.
    fn choose(&mut self, works: &[Work]) {
        let mut row = 0;
        let mut over = Vec::new();
        for work in works {
            row += work.positions.len();
            self.gauges.computed_tokens.fetch_add(work.positions.len() as u64, Ordering::Relaxed);
            if work.is_last && self.write(work, row - work.guessed - 1) {
                over.push(work.at);
            }
        }
        for at in over.into_iter().rev() {
            let sequence = self.schedule.finish(at);
            self.gauges.count(&sequence.usage(), sequence.shared as u64);
        }
    }

    /// Chooses a sequence's next token by the scores of this row of the batch, and one more by each row that follows, as
    /// long as what was guessed is what is chosen. True when its answer is over.
    fn write(&mut self, work: &Work, row: usize) -> bool {
        let shared = self.schedule.shared(work.at);
        self.schedule.owner_mut(work.at).shared = shared;
        let mut right = 0;
        let is_over = loop {
            let scores = self.context.get_logits_ith((row + right) as i32);
            let sequence = self.schedule.owner_mut(work.at);
            let (token, is_over) = sequence.write(scores, &mut self.candidates, &self.serving.model);
            if let Some(token) = token {
                self.schedule.write(work.at, token);
            }
            if is_over || token.is_none() || token != self.schedule.guessed(work.at, right) {
                break is_over;
            }
            right += 1;
        };
        if work.guessed > 0 {
            self.gauges.guessed_tokens.fetch_add(work.guessed as u64, Ordering::Relaxed);
            self.gauges.right_guesses.fetch_add(right as u64, Ordering::Relaxed);
            self.schedule.owner_mut(work.at).learn(work.guessed, right);
        }
        self.schedule.settle(work, right);
        is_over
    }

    /// A step failed. Too few cells is mended by computing fewer sequences; anything else ends those that were in it.
    fn recover(&mut self, error: StepError) {
        match error {
            StepError::NoCells if self.schedule.cells_kept() > 0 => return self.schedule.forget_kept(),
            StepError::NoCells if self.schedule.n_active() > 1 => return self.schedule.give_way(),
            StepError::NoCells => {
                tracing::error!("a step failed: the cache has no cells for a single request");
            }
            StepError::Failed(error) => tracing::error!(error, "a step failed"),
        }
        self.schedule.drain_active().iter_mut().for_each(|one| one.fail(Failure::Decode));
        self.context.clear_kv_cache();
    }
}

#[cfg(test)]
mod tests;
