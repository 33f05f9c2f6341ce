//! The answers to one turn, as they come: the engine's events, taken apart and put into the order of their arrival.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Instant;

use hearth_wire::FinishReason;
use llama_cpp_2::token::LlamaToken;
use tokio::sync::mpsc::UnboundedReceiver;

use super::caller::Meter;
use super::error::ApiError;
use crate::engine::Event;
use crate::engine::event::{Finished, Piece, Written};
use crate::models::Loaded;
use crate::tools::family::Family;
use crate::tools::marks::control_token;
use crate::tools::parser::{AnswerParser, Part};

/// What an answer says next.
#[derive(Debug)]
pub enum Said {
    /// So many requests will be served first.
    Waiting {
        ahead: usize,
    },
    /// The prompt is being read.
    Reading,
    /// The tokens are those whose text ends here.
    Text {
        text: String,
        tokens: Vec<Written>,
    },
    Reasoning(String),
    CallBegins {
        index: usize,
        id: String,
        name: String,
    },
    CallArguments {
        index: usize,
        text: String,
    },
    End(End),
}

/// An answer is over.
#[derive(Clone, Debug)]
pub struct End {
    pub reason: FinishReason,
    /// The stop string that ended it, if one did.
    pub stop: Option<String>,
    pub completion_tokens: u64,
    /// Tokens of the prompt that had been computed before.
    pub cached_tokens: u64,
}

/// All answers to one prompt. Dropping this ends those that are still being written.
#[derive(Debug)]
pub struct Answers {
    channels: Vec<Channel>,
    /// Whose turn it is to be looked at first.
    turn: usize,
    family: Family,
    /// Tokens that are marks and have no text of their own.
    marks: Vec<(LlamaToken, &'static str)>,
    most_calls: usize,
    prompt_tokens: usize,
    meter: Meter,
    read: bool,
    /// Stays in memory until the answers are over.
    _model: Loaded,
}

#[derive(Debug)]
struct Channel {
    /// None once the answer is over.
    events: Option<UnboundedReceiver<Event>>,
    parser: AnswerParser,
    said: VecDeque<Said>,
    /// Tokens whose text has not been told yet.
    tokens: Vec<Written>,
    n_tokens: u64,
    first: Option<Instant>,
}

impl Answers {
    pub fn new(model: Loaded, prompt_tokens: usize, most_calls: usize, meter: Meter) -> Self {
        let weights = &model.serving.model;
        let family = weights.template().family();
        let marks = AnswerParser::marks(family)
            .filter_map(|mark| control_token(weights, mark).map(|token| (token, mark)))
            .collect();
        Self {
            channels: Vec::new(),
            turn: 0,
            family,
            marks,
            most_calls,
            prompt_tokens,
            meter,
            read: false,
            _model: model,
        }
    }

    pub fn add(&mut self, events: UnboundedReceiver<Event>, parser: AnswerParser) {
        self.channels.push(Channel {
            events: Some(events),
            parser,
            said: VecDeque::new(),
            tokens: Vec::new(),
            n_tokens: 0,
            first: None,
        });
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    pub fn prompt_tokens(&self) -> u64 {
        self.prompt_tokens as u64
    }

    /// What is said next, and in which answer; nothing once all are over.
    pub async fn next(&mut self) -> Option<(usize, Result<Said, ApiError>)> {
        loop {
            for (at, channel) in self.channels.iter_mut().enumerate() {
                if let Some(said) = channel.said.pop_front() {
                    return Some((at, Ok(said)));
                }
            }
            let (at, event) = self.event().await?;
            let Some(event) = event else {
                self.channels[at].events = None;
                self.meter.failed();
                let error = ApiError::internal("The engine ended while it computed this answer. Try again.");
                return Some((at, Err(error)));
            };
            if let Event::Failed(failure) = event {
                self.channels[at].events = None;
                self.meter.failed();
                return Some((at, Err(failure.into())));
            }
            self.take(at, event);
        }
    }

    /// The next event of any answer that goes on.
    async fn event(&mut self) -> Option<(usize, Option<Event>)> {
        let count = self.channels.len();
        self.turn = (self.turn + 1) % count.max(1);
        let from = self.turn;
        let channels = &mut self.channels;
        poll_fn(|context| {
            let mut open = false;
            for step in 0..count {
                let at = (from + step) % count;
                let Some(events) = &mut channels[at].events else { continue };
                open = true;
                if let Poll::Ready(event) = events.poll_recv(context) {
                    return Poll::Ready(Some((at, event)));
                }
            }
            if open { Poll::Pending } else { Poll::Ready(None) }
        })
        .await
    }

    fn take(&mut self, at: usize, event: Event) {
        let channel = &mut self.channels[at];
        match event {
            Event::Waiting { ahead } => channel.said.push_back(Said::Waiting { ahead }),
            Event::Reading => channel.said.push_back(Said::Reading),
            Event::Text(piece) => {
                if channel.first.is_none() {
                    channel.first = Some(Instant::now());
                    self.meter.first_token();
                }
                let text = with_marks(&piece, &self.marks);
                channel.n_tokens += piece.tokens.len() as u64;
                channel.tokens.extend(piece.tokens);
                let parts = channel.parser.push(&text);
                channel.say(parts, self.family, self.most_calls);
            }
            Event::Finished(finished) => {
                channel.events = None;
                let parts = channel.parser.finish();
                channel.say(parts, self.family, self.most_calls);
                let Finished { reason, stop, usage, cached_tokens } = finished;
                let called = channel.parser.has_called() && reason == FinishReason::Stop;
                channel.end(End {
                    reason: if called { FinishReason::ToolCalls } else { reason },
                    stop,
                    completion_tokens: usage.completion_tokens,
                    cached_tokens,
                });
                if !std::mem::replace(&mut self.read, true) {
                    self.meter.read(self.prompt_tokens as u64, cached_tokens);
                }
                self.meter.wrote(usage.completion_tokens, channel.first);
                self.meter.finished();
            }
            Event::Failed(_) => {}
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        for channel in self.channels.iter().filter(|channel| channel.events.is_some()) {
            self.meter.abandoned();
            if channel.first.is_some() && !std::mem::replace(&mut self.read, true) {
                self.meter.read(self.prompt_tokens as u64, 0);
            }
            self.meter.wrote(channel.n_tokens, None);
        }
    }
}

impl Channel {
    fn say(&mut self, parts: Vec<Part>, family: Family, most_calls: usize) {
        for part in parts {
            let said = match part {
                Part::Text(text) => Said::Text { text, tokens: std::mem::take(&mut self.tokens) },
                Part::Reasoning(text) => Said::Reasoning(text),
                // More calls than were asked for are not told.
                Part::CallBegins { index, .. } | Part::CallArguments { index, .. } if index >= most_calls => {
                    continue;
                }
                Part::CallBegins { index, name } => {
                    Said::CallBegins { index, id: family.new_call_id(), name }
                }
                Part::CallArguments { index, text } => Said::CallArguments { index, text },
            };
            if !matches!(said, Said::Text { .. }) {
                // These tokens were no part of what is said.
                self.tokens.clear();
            }
            self.said.push_back(said);
        }
    }

    fn end(&mut self, end: End) {
        // Tokens without a text of their own have probabilities too.
        if !self.tokens.is_empty() && !self.parser.has_called() {
            let tokens = std::mem::take(&mut self.tokens);
            self.said.push_back(Said::Text { text: String::new(), tokens });
        }
        self.said.push_back(Said::End(end));
    }
}

/// A piece's text, with the marks that are tokens of their own in their places.
fn with_marks(piece: &Piece, marks: &[(LlamaToken, &'static str)]) -> String {
    let mark_of =
        |written: &Written| marks.iter().find(|(token, _)| *token == written.token).map(|(_, mark)| *mark);
    let mut text = piece.text.clone();
    let mut before = String::new();
    for (at, written) in piece.tokens.iter().enumerate() {
        // A piece of several tokens is rare (text that was held back): its marks stand at one of its ends.
        match mark_of(written) {
            Some(mark) if at == 0 => before.push_str(mark),
            Some(mark) => text.push_str(mark),
            None => {}
        }
    }
    before + &text
}
