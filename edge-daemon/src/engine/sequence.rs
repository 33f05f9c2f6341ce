//! One request inside the engine: how its tokens are chosen, and what its caller has been told.

use std::time::Instant;

use hearth_wire::{FinishReason, Usage};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::event::{Candidate, Finished, Piece, Probabilities, Written};
use super::guess::continuation;
use super::guess::pace::Pace;
use super::likeliest::{likeliest, log_sum_exp};
use super::sampler::Sampler;
use super::{Event, Failure, MOST_CANDIDATES, Place, Request, Serving};
use crate::model::Model;

pub struct Sequence {
    id: String,
    n_prompt: usize,
    /// Tokens of the prompt that did not have to be computed.
    pub shared: usize,
    n_written: usize,
    /// At most so many tokens are written.
    most_written: usize,
    sampler: Sampler,
    probabilities: Option<usize>,
    pace: Pace,
    /// Tokens that were guessed, and those of them that were right.
    guesses: (usize, usize),
    answer: Answer,
    events: mpsc::UnboundedSender<Event>,
    told_ahead: Option<usize>,
    arrived: Instant,
    first_token: Option<Instant>,
    /// Held until the request is over, however that comes.
    _place: Place,
}

impl Sequence {
    /// `prompt` is the request's, which the schedule has taken.
    pub fn new(
        request: Request,
        prompt: &[LlamaToken],
        events: mpsc::UnboundedSender<Event>,
        place: Place,
        most_guessed: usize,
        serving: &Serving,
    ) -> Self {
        let Request { id, sampling, grammar, max_tokens, stops, probabilities, .. } = request;
        let (n_ctx, n_vocab) = (serving.n_ctx, serving.model.llama().n_vocab());
        let room = (n_ctx as usize).saturating_sub(prompt.len());
        Self {
            id,
            sampler: Sampler::new(&sampling, grammar, n_vocab, n_ctx, prompt),
            n_prompt: prompt.len(),
            shared: 0,
            n_written: 0,
            most_written: max_tokens.map_or(room, |most| room.min(most as usize)),
            probabilities: probabilities.map(|most| most.min(MOST_CANDIDATES)),
            pace: Pace::new(most_guessed),
            guesses: (0, 0),
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

    pub fn tell_ahead(&mut self, ahead: usize) {
        if self.told_ahead.replace(ahead) != Some(ahead) {
            self.send(Event::Waiting { ahead });
        }
    }

    pub fn tell_reading(&mut self) {
        self.send(Event::Reading);
    }

    /// How the answer may go on after these tokens, in `most` tokens at most.
    pub fn guess(&mut self, tokens: &[LlamaToken], most: usize) -> Vec<LlamaToken> {
        // Besides those that are guessed, a step always writes one.
        let left = self.most_written.saturating_sub(self.n_written + 1);
        match self.pace.length().min(most).min(left) {
            0 => Vec::new(),
            most => continuation(tokens, most),
        }
    }

    /// So many tokens were guessed, and the first so many of them were right.
    pub fn learn(&mut self, guessed: usize, right: usize) {
        self.pace.learn(guessed, right);
        self.guesses.0 += guessed;
        self.guesses.1 += right;
    }

    /// Chooses the next token by the model's scores, if one can be. True when the answer is over, and said so.
    pub fn write(
        &mut self,
        scores: &[f32],
        scratch: &mut Vec<LlamaTokenData>,
        model: &Model,
    ) -> (Option<LlamaToken>, bool) {
        self.first_token.get_or_insert_with(Instant::now);
        let token = match self.sampler.choose(scores, scratch) {
            Ok(token) => token,
            Err(failure) => {
                self.fail(failure);
                return (None, true);
            }
        };
        self.n_written += 1;
        (Some(token), self.tell(token, scores, model))
    }

    /// Tells what a token adds to the answer. True when that was all.
    fn tell(&mut self, token: LlamaToken, scores: &[f32], model: &Model) -> bool {
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
        } else if self.n_written >= self.most_written {
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
        let milliseconds = |at: Instant| at.duration_since(self.arrived).as_millis() as u64;
        tracing::info!(
            id = %self.id,
            prompt_tokens = self.n_prompt,
            shared_tokens = self.shared,
            completion_tokens = self.n_written,
            guessed_tokens = self.guesses.0,
            right_guesses = self.guesses.1,
            first_token_ms = self.first_token.map(milliseconds),
            total_ms = milliseconds(Instant::now()),
            reason = ?reason,
            "answered"
        );
        self.send(Event::Finished(Finished {
            reason,
            stop: self.answer.stop().map(str::to_owned),
            usage: self.usage(),
            cached_tokens: self.shared as u64,
        }));
    }

    pub fn usage(&self) -> Usage {
        Usage::new(self.n_prompt as u64, self.n_written as u64)
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
