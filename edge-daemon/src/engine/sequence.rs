//! One request inside the engine: the tokens it has, and what its caller has been told.

use std::time::Instant;

use hearth_wire::{FinishReason, Usage};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::event::{Candidate, Finished, Piece, Probabilities, Written};
use super::likeliest::{likeliest, log_sum_exp};
use super::sampler::Sampler;
use super::{Event, Failure, Job, MOST_CANDIDATES, Place, Request};
use crate::model::Model;

pub struct Sequence {
    id: String,
    /// The prompt, and what has been written since.
    tokens: Vec<LlamaToken>,
    n_prompt: usize,
    /// How many of `tokens` are in the KV cache, from the first on.
    pub cached: usize,
    /// llama.cpp's id of the sequence, while it is in the batch.
    pub slot: i32,
    sampler: Sampler,
    /// `tokens` never grows beyond this.
    most_tokens: usize,
    probabilities: Option<usize>,
    answer: Answer,
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
        let Request { id, prompt, sampling, grammar, max_tokens, stops, probabilities, .. } = request;
        let most_new = max_tokens.map_or(usize::MAX, |most| most as usize);
        Self {
            id,
            sampler: Sampler::new(&sampling, grammar, model.llama().n_vocab(), n_ctx, &prompt),
            n_prompt: prompt.len(),
            most_tokens: prompt.len().saturating_add(most_new).min(n_ctx as usize),
            tokens: prompt,
            cached: 0,
            slot: -1,
            probabilities: probabilities.map(|most| most.min(MOST_CANDIDATES)),
            answer: Answer::new(stops),
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

    /// Chooses the next token by the model's scores. True when the answer is over, and said so.
    pub fn write(&mut self, scores: &[f32], scratch: &mut Vec<LlamaTokenData>, model: &Model) -> bool {
        self.first_token.get_or_insert_with(Instant::now);
        let token = match self.sampler.choose(scores, scratch) {
            Ok(token) => token,
            Err(failure) => {
                self.fail(failure);
                return true;
            }
        };
        self.tokens.push(token);
        if model.ends_answer(token) {
            self.finish(FinishReason::Stop);
            return true;
        }
        let mut bytes = Vec::new();
        model.piece_into(token, &mut bytes);
        let probabilities = self.probabilities.map(|most| probabilities(scores, token, most, model));
        let (piece, stopped) = self.answer.push(Written { token, probabilities }, &bytes);
        self.show(piece);
        if stopped {
            self.end(FinishReason::Stop);
        } else if self.sampler.is_over() {
            self.finish(FinishReason::Stop);
            return true;
        } else if self.tokens.len() >= self.most_tokens {
            self.finish(FinishReason::Length);
            return true;
        }
        stopped
    }

    /// Ends with what was held back, since no stop string came of it.
    fn finish(&mut self, reason: FinishReason) {
        let (piece, stopped) = self.answer.finish();
        self.show(piece);
        self.end(if stopped { FinishReason::Stop } else { reason });
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
        self.send(Event::Finished(Finished {
            reason,
            stop: self.answer.stop().map(str::to_owned),
            usage: Usage::new(self.n_prompt as u64, n_new as u64),
            cached_tokens: 0,
        }));
    }

    pub fn fail(&mut self, failure: Failure) {
        tracing::warn!(id = %self.id, %failure, "not answered");
        self.send(Event::Failed(failure));
    }

    fn show(&self, piece: Piece) {
        if !piece.text.is_empty() || !piece.tokens.is_empty() {
            self.send(Event::Text(piece));
        }
    }

    fn send(&self, event: Event) {
        // A caller that went away is noticed at the next step.
        let _ = self.events.send(event);
    }
}

fn probabilities(scores: &[f32], token: LlamaToken, most: usize, model: &Model) -> Probabilities {
    let total = log_sum_exp(scores);
    let candidate = |token: LlamaToken, score: f32| {
        let mut bytes = Vec::new();
        model.piece_into(token, &mut bytes);
        Candidate { token, bytes, logprob: score - total }
    };
    let score = usize::try_from(token.0).ok().and_then(|at| scores.get(at)).copied();
    Probabilities {
        written: candidate(token, score.unwrap_or(f32::NEG_INFINITY)),
        top: likeliest(scores, most).into_iter().map(|(token, score)| candidate(token, score)).collect(),
    }
}
