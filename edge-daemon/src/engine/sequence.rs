//! One request inside the engine: the tokens it has, how many of them are in the cache, and the text that came of them.

use std::time::Instant;

use hearth_wire::{FinishReason, Usage};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use tokio::sync::mpsc;

use super::{Event, Failure, Job, Place};
use crate::model::Model;
use crate::text::stop::{Scanned, StopScanner};
use crate::text::utf8::Utf8Joiner;

pub struct Sequence {
    id: String,
    /// The prompt, and what has been written since.
    tokens: Vec<LlamaToken>,
    n_prompt: usize,
    /// How many of `tokens` are in the KV cache, from the first on.
    pub cached: usize,
    /// llama.cpp's id of the sequence, while it is in the batch.
    pub slot: i32,
    pub sampler: LlamaSampler,
    /// `tokens` never grows beyond this.
    most_tokens: usize,
    joiner: Utf8Joiner,
    scanner: StopScanner,
    piece: Vec<u8>,
    events: mpsc::UnboundedSender<Event>,
    told_ahead: Option<usize>,
    arrived: Instant,
    first_token: Option<Instant>,
    /// Held until the request is over, however that comes.
    _place: Place,
}

impl Sequence {
    pub fn new(job: Job, model: &Model, n_ctx: u32) -> Self {
        let Job { request, events, place } = job;
        let n_prompt = request.prompt.len();
        let most_new = request.max_tokens.map_or(usize::MAX, |most| most as usize);
        Self {
            id: request.id,
            sampler: request.sampling.sampler(model.llama().n_vocab(), n_ctx, &request.prompt),
            tokens: request.prompt,
            n_prompt,
            cached: 0,
            slot: -1,
            most_tokens: n_prompt.saturating_add(most_new).min(n_ctx as usize),
            joiner: Utf8Joiner::default(),
            scanner: StopScanner::new(request.stops),
            piece: Vec::new(),
            events,
            told_ahead: None,
            arrived: Instant::now(),
            first_token: None,
            _place: place,
        }
    }

    /// Its caller went away.
    pub fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    /// All tokens so far, in the cache or not.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Tokens that are still to be computed: one while it writes, more while it reads.
    pub fn pending(&self) -> &[LlamaToken] {
        &self.tokens[self.cached..]
    }

    pub fn tell_ahead(&mut self, ahead: usize) {
        if self.told_ahead.replace(ahead) != Some(ahead) {
            self.send(Event::Waiting { ahead });
        }
    }

    pub fn tell_reading(&mut self) {
        self.send(Event::Reading);
    }

    /// Takes the token that was chosen next. True when the answer is over, and said so.
    pub fn accept(&mut self, token: LlamaToken, model: &Model) -> bool {
        self.first_token.get_or_insert_with(Instant::now);
        self.tokens.push(token);
        if model.ends_answer(token) {
            self.finish(FinishReason::Stop);
            return true;
        }
        self.piece.clear();
        model.piece_into(token, &mut self.piece);
        let Scanned { text, stopped } = self.scanner.push(&self.joiner.push(&self.piece));
        if !text.is_empty() {
            self.send(Event::Text(text));
        }
        if stopped {
            self.end(FinishReason::Stop);
        } else if self.tokens.len() >= self.most_tokens {
            self.finish(FinishReason::Length);
            return true;
        }
        stopped
    }

    /// Ends with what was held back, since no stop string came of it.
    fn finish(&mut self, reason: FinishReason) {
        let Scanned { mut text, stopped } = self.scanner.push(&self.joiner.finish());
        if !stopped {
            text.push_str(&self.scanner.finish());
        }
        if !text.is_empty() {
            self.send(Event::Text(text));
        }
        self.end(reason);
    }

    fn end(&mut self, reason: FinishReason) {
        let n_new = self.tokens.len() - self.n_prompt;
        let milliseconds = |at: Instant| at.duration_since(self.arrived).as_millis() as u64;
        tracing::info!(
            id = %self.id,
            prompt_tokens = self.n_prompt,
            completion_tokens = n_new,
            first_token_ms = self.first_token.map(milliseconds),
            total_ms = milliseconds(Instant::now()),
            reason = ?reason,
            "answered"
        );
        self.send(Event::Finished { reason, usage: Usage::new(self.n_prompt as u64, n_new as u64) });
    }

    pub fn fail(&mut self, failure: Failure) {
        tracing::warn!(id = %self.id, %failure, "not answered");
        self.send(Event::Failed(failure));
    }

    fn send(&self, event: Event) {
        // A caller that went away is noticed at the next step.
        let _ = self.events.send(event);
    }
}
