//! An answer's text, taken apart as it grows: what the model thought, what it says, and the tools it calls.

mod calls;

use super::family::Family;
use super::marks;
use super::scanner::CallScanner;

/// What a stretch of the answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Reasoning(String),
    /// A call begins. Calls are counted from 0.
    CallBegins {
        index: usize,
        name: String,
    },
    /// A call's arguments go on, as the text of JSON.
    CallArguments {
        index: usize,
        text: String,
    },
}

/// The marks between which models think aloud before they answer.
const REASONING: &[(&str, &str)] = &[("<think>", "</think>"), ("[THINK]", "[/THINK]")];

/// Takes one answer apart.
#[derive(Debug)]
pub struct AnswerParser {
    /// Where calls are looked for: the family, and the names that may be called.
    calls: Option<(Family, Vec<String>)>,
    state: State,
    /// Text whose meaning is not clear yet.
    held: String,
    /// Something other than white space has been said, or called.
    begun: bool,
    n_calls: usize,
    /// Something of the present thought has been told.
    thought: bool,
    /// White space that follows a thought is passed over.
    after_thought: bool,
}

#[derive(Debug)]
enum State {
    Text,
    /// Until this mark.
    Reasoning(&'static str),
    /// Between the objects of calls; the text is what led here, to be given back if no call comes of it.
    BetweenCalls(String),
    InCall {
        scanner: Box<CallScanner>,
        opening: String,
        begun: bool,
    },
    /// After Mistral's mark, which is the text, inside a call's name.
    InName(String),
    /// Inside the arguments that follow such a name: open brackets, in a string, behind a backslash.
    InNamed {
        open: usize,
        in_string: bool,
        escaped: bool,
    },
}

impl AnswerParser {
    /// `calls` are looked for where tools were offered. `reasoning`: the prompt ends with the mark that opens it.
    pub fn new(calls: Option<(Family, Vec<String>)>, reasoning: Option<&'static str>) -> Self {
        let state = reasoning.map_or(State::Text, State::Reasoning);
        Self {
            calls,
            state,
            held: String::new(),
            begun: false,
            n_calls: 0,
            thought: false,
            after_thought: false,
        }
    }

    /// Takes nothing apart: all is text.
    pub fn verbatim() -> Self {
        Self { begun: true, ..Self::new(None, None) }
    }

    /// The mark that would close the reasoning which a prompt's end opens.
    pub fn reasoning_opened_by(prompt: &str) -> Option<&'static str> {
        let end = prompt.trim_end();
        REASONING.iter().find(|(open, _)| end.ends_with(open)).map(|(_, close)| *close)
    }

    /// The marks that matter to this model's answers and may be tokens without a text of their own.
    pub fn marks(family: Family) -> impl Iterator<Item = &'static str> {
        family.openings().iter().chain(family.closings()).copied().chain(Self::reasoning_marks())
    }

    /// The marks around thoughts.
    pub fn reasoning_marks() -> impl Iterator<Item = &'static str> {
        Self::reasoning_pairs().flat_map(|(open, close)| [open, close])
    }

    /// The marks that open a thought, with those that close it.
    pub fn reasoning_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
        REASONING.iter().copied()
    }

    pub fn has_called(&self) -> bool {
        self.n_calls > 0
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &str) -> Vec<Part> {
        let mut parts = Parts::default();
        self.held.push_str(piece);
        while self.step(&mut parts) {}
        parts.0
    }

    /// What was held back, now that the answer is over.
    pub fn finish(&mut self) -> Vec<Part> {
        let mut parts = Parts::default();
        let held = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text => self.say(held, &mut parts),
            State::Reasoning(_) => parts.add(Part::Reasoning(held.trim().to_owned())),
            State::BetweenCalls(opening) => {
                let opening = if self.ended_a_call(&opening) { String::new() } else { opening };
                self.say(opening + &held, &mut parts);
            }
            State::InCall { scanner, opening, begun: false } => {
                self.say(opening + &scanner.into_raw(), &mut parts);
            }
            State::InName(name) => self.say(format!("{name}{held}"), &mut parts),
            State::InCall { .. } | State::InNamed { .. } => {}
        }
        parts.0
    }

    /// Goes on with what is held; false when more is needed.
    fn step(&mut self, parts: &mut Parts) -> bool {
        match &mut self.state {
            State::Text => self.text(parts),
            State::Reasoning(close) => {
                let close = *close;
                self.think(close, parts)
            }
            State::BetweenCalls(_) => self.between_calls(parts),
            State::InCall { .. } => self.in_call(parts),
            State::InName(_) => self.in_name(parts),
            State::InNamed { .. } => self.in_named(parts),
        }
    }

    /// White space around a thought is no part of it.
    fn think(&mut self, close: &'static str, parts: &mut Parts) -> bool {
        if !self.thought {
            self.held = self.held.trim_start().to_owned();
        }
        if let Some(at) = self.held.find(close) {
            let thought = self.take(at);
            parts.add(Part::Reasoning(thought.trim_end().to_owned()));
            self.held = self.held[close.len()..].to_owned();
            self.state = State::Text;
            self.thought = false;
            self.after_thought = true;
            return true;
        }
        let undecided = marks::begun(&self.held, std::iter::once(close));
        let certain = self.held[..self.held.len() - undecided].trim_end().len();
        self.thought |= certain > 0;
        let certain = self.take(certain);
        parts.add(Part::Reasoning(certain));
        false
    }

    fn text(&mut self, parts: &mut Parts) -> bool {
        if self.after_thought {
            self.held = self.held.trim_start().to_owned();
            self.after_thought = self.held.is_empty();
        }
        if !self.begun {
            let start = self.held.trim_start();
            if let Some((open, close)) = REASONING.iter().find(|(open, _)| start.starts_with(open)) {
                self.held = start[open.len()..].to_owned();
                self.state = State::Reasoning(close);
                return !self.held.is_empty();
            }
            if start.is_empty() || REASONING.iter().any(|(open, _)| open.starts_with(start)) {
                return false;
            }
        }
        let Some((family, _)) = &self.calls else {
            let all = std::mem::take(&mut self.held);
            self.say(all, parts);
            return false;
        };
        let family = *family;
        if family.begins_bare() && !self.begun && self.held.trim_start().starts_with('{') {
            self.state = State::BetweenCalls(String::new());
            return true;
        }
        if let Some((at, mark)) = marks::first(&self.held, family.openings().iter().copied()) {
            // The line break before a call belongs to the call.
            let before = self.take(self.held[..at].trim_end().len());
            self.say(before, parts);
            let opening_end = self.held.find(mark).unwrap_or(0) + mark.len();
            let opening = self.take(opening_end);
            self.state = State::BetweenCalls(opening);
            return true;
        }
        let undecided = marks::begun(&self.held, family.openings().iter().copied());
        let certain = self.held[..self.held.len() - undecided].trim_end().len();
        let certain = self.take(certain);
        self.say(certain, parts);
        false
    }

    fn take(&mut self, length: usize) -> String {
        let rest = self.held.split_off(length);
        std::mem::replace(&mut self.held, rest)
    }

    /// White space alone after a call, or around reasoning, says nothing.
    fn say(&mut self, text: String, parts: &mut Parts) {
        let quiet = self.n_calls > 0 && text.trim().is_empty();
        if !quiet && !text.is_empty() {
            self.begun |= !text.trim().is_empty();
            parts.add(Part::Text(text));
        }
    }
}

/// Parts without empty ones, and with what follows on joined to one.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, part: Part) {
        let empty = match &part {
            Part::Text(text) | Part::Reasoning(text) | Part::CallArguments { text, .. } => text.is_empty(),
            Part::CallBegins { .. } => false,
        };
        if empty {
            return;
        }
        match (self.0.last_mut(), part) {
            (Some(Part::Text(last)), Part::Text(more))
            | (Some(Part::Reasoning(last)), Part::Reasoning(more)) => {
                last.push_str(&more);
            }
            (Some(Part::CallArguments { index: last, text }), Part::CallArguments { index, text: more })
                if *last == index =>
            {
                text.push_str(&more);
            }
            (_, part) => self.0.push(part),
        }
    }
}

#[cfg(test)]
mod tests;
