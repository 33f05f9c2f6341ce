//! The engine's thread: receive, admit, compute, sample, tell; and again.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use llama_cpp_2::DecodeError;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::data::LlamaTokenData;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::gauges::Gauges;
use super::schedule::{Plan, Share, plan};
use super::sequence::Sequence;
use super::settings::{Settings, Sizes};
use super::{Failure, Job, Phase, Serving, Status};
use crate::model::Model;

/// Loads the model and serves it until it is told to end. The error is a sentence for the operator.
pub fn run(
    path: &Path,
    settings: &Settings,
    inbox: mpsc::UnboundedReceiver<Job>,
    phases: watch::Receiver<Phase>,
    status: &watch::Sender<Status>,
    gauges: &Gauges,
    runtime: &Handle,
) -> Result<(), String> {
    let model = Model::load(path).map_err(|error| error.to_string())?;
    let sizes = Sizes::new(settings, &model);
    let serving = Arc::new(Serving { model, n_ctx: sizes.n_ctx });
    let model = &serving.model;
    let megabytes = u64::from(sizes.cells) * model.bytes_per_cell() / 1_000_000;
    let context = new_context(model, settings, sizes).map_err(|error| {
        format!(
            "no context of {} cells (about {megabytes} MB) could be made: {error}; try a smaller --context",
            sizes.cells
        )
    })?;
    gauges.cells.store(sizes.cells as usize, Ordering::Relaxed);
    status.send_replace(Status::Ready(Arc::clone(&serving)));
    tracing::info!(
        n_ctx = sizes.n_ctx,
        cells = sizes.cells,
        cache_mb = megabytes,
        threads = settings.threads,
        chunk = sizes.chunk,
        "model loaded"
    );

    let slots = i32::try_from(settings.parallel).map_err(|_| "too many requests at once".to_owned())?;
    let worker = Worker {
        model,
        sizes,
        context,
        batch: LlamaBatch::new(sizes.chunk + settings.parallel, 1),
        free_slots: (0..slots).rev().collect(),
        active: Vec::new(),
        waiting: VecDeque::new(),
        candidates: Vec::new(),
        gauges,
    };
    worker.run(inbox, phases, runtime);
    Ok(())
}

fn new_context<'model>(
    model: &'model Model,
    settings: &Settings,
    sizes: Sizes,
) -> Result<LlamaContext<'model>, String> {
    let threads = i32::try_from(settings.threads).unwrap_or(1);
    let batch = u32::try_from(sizes.chunk + settings.parallel).unwrap_or(u32::MAX);
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(sizes.cells))
        .with_n_seq_max(u32::try_from(settings.parallel).unwrap_or(1))
        .with_kv_unified(true)
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    model.llama().new_context(model.backend(), params).map_err(|error| error.to_string())
}

struct Worker<'model> {
    model: &'model Model,
    sizes: Sizes,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    free_slots: Vec<i32>,
    /// In the batch, oldest first.
    active: Vec<Sequence>,
    waiting: VecDeque<Sequence>,
    /// Room for the candidates of one choice, used again and again.
    candidates: Vec<LlamaTokenData>,
    gauges: &'model Gauges,
}

impl Worker<'_> {
    fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Job>,
        mut phases: watch::Receiver<Phase>,
        runtime: &Handle,
    ) {
        loop {
            self.receive(&mut inbox, &mut phases, runtime);
            let phase = *phases.borrow();
            if phase >= Phase::Draining {
                inbox.close();
                self.waiting.drain(..).for_each(|mut sequence| sequence.fail(Failure::ShuttingDown));
            }
            if phase == Phase::Stopping {
                self.active.drain(..).for_each(|mut sequence| sequence.fail(Failure::ShuttingDown));
            }
            self.drop_abandoned();
            self.admit();
            self.publish();
            if self.active.is_empty() {
                if phase >= Phase::Draining {
                    return;
                }
                continue;
            }
            self.step();
            self.publish();
        }
    }

    /// Takes what has come in; with nothing else to do it waits for that, or for the end.
    fn receive(
        &mut self,
        inbox: &mut mpsc::UnboundedReceiver<Job>,
        phases: &mut watch::Receiver<Phase>,
        runtime: &Handle,
    ) {
        if self.active.is_empty() && self.waiting.is_empty() {
            let job = runtime.block_on(async {
                tokio::select! {
                    job = inbox.recv() => job,
                    _ = phases.wait_for(|phase| *phase >= Phase::Draining) => None,
                }
            });
            if let Some(job) = job {
                self.take(job);
            }
        }
        while let Ok(job) = inbox.try_recv() {
            self.take(job);
        }
    }

    fn take(&mut self, job: Job) {
        self.waiting.push_back(Sequence::new(job, self.model, self.sizes.n_ctx));
    }

    fn drop_abandoned(&mut self) {
        self.waiting.retain(|sequence| !sequence.is_abandoned());
        for at in (0..self.active.len()).rev() {
            if self.active[at].is_abandoned() {
                self.release(at);
            }
        }
    }

    /// Lets waiting requests into the batch, in order, while there are slots and cells for their prompts.
    fn admit(&mut self) {
        while let Some(next) = self.waiting.front() {
            let claimed: usize = self.active.iter().map(|sequence| sequence.len() + HEADROOM).sum();
            let fits = claimed + next.len() + HEADROOM <= self.sizes.cells as usize;
            if !fits && !self.active.is_empty() {
                break;
            }
            let Some(slot) = self.free_slots.pop() else { break };
            let Some(mut sequence) = self.waiting.pop_front() else { break };
            sequence.slot = slot;
            sequence.tell_reading();
            self.active.push(sequence);
        }
        for (ahead, sequence) in self.waiting.iter_mut().enumerate() {
            sequence.tell_ahead(ahead);
        }
    }

    fn publish(&self) {
        let used = self.used_cells();
        self.gauges.active.store(self.active.len(), Ordering::Relaxed);
        self.gauges.waiting.store(self.waiting.len(), Ordering::Relaxed);
        self.gauges.cells_used.store(used, Ordering::Relaxed);
    }

    fn used_cells(&self) -> usize {
        self.active.iter().map(|sequence| sequence.cached).sum()
    }

    fn step(&mut self) {
        let pending: Vec<usize> = self.active.iter().map(|sequence| sequence.pending().len()).collect();
        let free = (self.sizes.cells as usize).saturating_sub(self.used_cells());
        match plan(&pending, self.sizes.chunk, free) {
            Plan::GiveWay(at) => self.give_way(at),
            Plan::Step(shares) => match self.compute(&shares) {
                Ok(()) => self.sample(&shares),
                Err(error) => self.recover(error),
            },
        }
    }

    fn compute(&mut self, shares: &[Share]) -> Result<(), StepError> {
        self.batch.clear();
        for share in shares {
            let sequence = &self.active[share.sequence];
            let pending = sequence.pending();
            for (nth, token) in pending[..share.tokens].iter().enumerate() {
                let position = (sequence.cached + nth) as i32;
                let wants_logits = nth + 1 == pending.len();
                let added = self.batch.add(*token, position, &[sequence.slot], wants_logits);
                added.map_err(|error| StepError::Failed(error.to_string()))?;
            }
        }
        self.context.decode(&mut self.batch).map_err(|error| match error {
            DecodeError::NoKvCacheSlot => StepError::NoCells,
            error => StepError::Failed(error.to_string()),
        })
    }

    /// Chooses the next token of every sequence whose last one was just computed.
    fn sample(&mut self, shares: &[Share]) {
        let mut row = 0;
        let mut over = Vec::new();
        for share in shares {
            let sequence = &mut self.active[share.sequence];
            sequence.cached += share.tokens;
            row += share.tokens;
            if sequence.pending().is_empty() {
                let scores = self.context.get_logits_ith(row as i32 - 1);
                if sequence.write(scores, &mut self.candidates, self.model) {
                    over.push(share.sequence);
                }
            }
        }
        over.sort_unstable();
        for at in over.into_iter().rev() {
            self.release(at);
        }
    }

    /// A step failed. Too few cells is mended by computing fewer sequences; anything else ends those that were in it.
    fn recover(&mut self, error: StepError) {
        match error {
            StepError::NoCells if self.active.len() > 1 => return self.give_way(self.active.len() - 1),
            StepError::NoCells => {
                tracing::error!("a step failed: the cache has no cells for a single request");
            }
            StepError::Failed(error) => tracing::error!(error, "a step failed"),
        }
        for at in (0..self.active.len()).rev() {
            self.active[at].fail(Failure::Decode);
            self.release(at);
        }
        self.context.clear_kv_cache();
    }

    /// Takes a sequence out of the batch for now. Its tokens stay, and are read again when its turn comes.
    fn give_way(&mut self, at: usize) {
        let mut sequence = self.leave(at);
        tracing::debug!("the cache is full: a request gives way");
        sequence.cached = 0;
        self.waiting.push_front(sequence);
    }

    /// Ends a sequence: its cells and its slot are free.
    fn release(&mut self, at: usize) {
        drop(self.leave(at));
    }

    fn leave(&mut self, at: usize) -> Sequence {
        let sequence = self.active.remove(at);
        let slot = u32::try_from(sequence.slot).ok();
        if let Err(error) = self.context.clear_kv_cache_seq(slot, None, None) {
            tracing::error!(%error, "cells could not be freed");
        }
        self.free_slots.push(sequence.slot);
        sequence
    }
}

/// Cells kept for the first words of an answer when a request is let in.
const HEADROOM: usize = 32;

/// Why a step could not be computed.
enum StepError {
    NoCells,
    Failed(String),
}
