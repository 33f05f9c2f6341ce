//! An answer's text, taken apart as it grows: what the model thought, what it says, and the tools it calls.

use super::family::Family;
use super::marks;
use super::scanner::{CallScanner, Told};

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

/// A function's name has 64 characters at most, and an id may follow it.
const LONGEST_NAME: usize = 128;

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
        let reasoning = REASONING.iter().flat_map(|(open, close)| [*open, *close]);
        family.openings().iter().chain(family.closings()).copied().chain(reasoning)
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
                self.say(opening + &scanner.into_raw(), &mut parts)
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

    /// Skips what lies between objects. Anything that cannot lie there is text again.
    fn between_calls(&mut self, parts: &mut Parts) -> bool {
        let State::BetweenCalls(opening) = &mut self.state else { return false };
        let Some((family, _)) = &self.calls else { return false };
        let marks = || family.closings().iter().chain(family.openings());
        loop {
            let skipped = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ']');
            let length = self.held.len() - self.held.trim_start_matches(skipped).len();
            opening.extend(self.held.drain(..length));
            if self.held.is_empty() || !self.held.starts_with('[') {
                break;
            }
            // A list begins, or a mark that looks like one.
            if marks().any(|mark| self.held.starts_with(mark)) {
                break;
            }
            if marks().any(|mark| mark.starts_with(&self.held)) {
                return false;
            }
            opening.extend(self.held.drain(..1));
        }
        if self.held.is_empty() {
            return false;
        }
        if self.held.starts_with('{') {
            let opening = std::mem::take(opening);
            self.state = State::InCall { scanner: Box::default(), opening, begun: false };
            return true;
        }
        if let Some(mark) = marks().find(|mark| self.held.starts_with(**mark)) {
            opening.push_str(mark);
            self.held.drain(..mark.len());
            return true;
        }
        if marks().any(|mark| mark.starts_with(&self.held)) {
            return false;
        }
        let names_follow = matches!(family, Family::MistralNames | Family::MistralList);
        if names_follow && opening.trim_end().ends_with(family.openings()[0]) {
            let opening = std::mem::take(opening);
            self.state = State::InName(opening);
            return true;
        }
        // No object follows: the marks were words, unless they only ended a call.
        let words = std::mem::take(opening);
        self.state = State::Text;
        if !self.ended_a_call(&words) {
            self.say(words, parts);
        }
        true
    }

    /// What lies behind a call's object, and begins no further one.
    fn ended_a_call(&self, words: &str) -> bool {
        let openings = self.calls.iter().flat_map(|(family, _)| family.openings()).copied();
        self.n_calls > 0 && marks::first(words, openings).is_none()
    }

    fn in_call(&mut self, parts: &mut Parts) -> bool {
        let State::InCall { scanner, opening, begun } = &mut self.state else { return false };
        let index = if *begun { self.n_calls - 1 } else { self.n_calls };
        let held = std::mem::take(&mut self.held);
        for (at, c) in held.char_indices() {
            let rest = &held[at + c.len_utf8()..];
            for told in scanner.push(c) {
                match told {
                    Told::Name(name)
                        if self.calls.as_ref().is_some_and(|(_, names)| names.contains(&name)) =>
                    {
                        parts.add(Part::CallBegins { index, name });
                        *begun = true;
                        self.begun = true;
                        self.n_calls += 1;
                    }
                    Told::Arguments(text) if *begun => parts.add(Part::CallArguments { index, text }),
                    Told::Arguments(_) => {}
                    Told::Over => {
                        rest.clone_into(&mut self.held);
                        self.state = State::BetweenCalls(String::new());
                        return true;
                    }
                    // Broken JSON after the call's name: nothing of the rest can be understood.
                    Told::Name(_) | Told::NotACall if *begun => return false,
                    Told::Name(_) | Told::NotACall => {
                        let text = std::mem::take(opening) + &std::mem::take(scanner).into_raw();
                        rest.clone_into(&mut self.held);
                        self.state = State::Text;
                        self.say(text, parts);
                        return true;
                    }
                }
            }
        }
        false
    }

    fn in_name(&mut self, parts: &mut Parts) -> bool {
        let State::InName(opening) = &mut self.state else { return false };
        let end = self.held.find(|c: char| c == '{' || c.is_whitespace());
        let Some(end) = end.or((self.held.len() > LONGEST_NAME).then_some(self.held.len())) else {
            return false;
        };
        let opening = std::mem::take(opening);
        let name = self.held[..end].split('[').next().unwrap_or_default();
        if self.held[end..].starts_with('{')
            && self.calls.as_ref().is_some_and(|(_, names)| names.iter().any(|known| known == name))
        {
            parts.add(Part::CallBegins { index: self.n_calls, name: name.to_owned() });
            self.held.drain(..end);
            self.n_calls += 1;
            self.begun = true;
            self.state = State::InNamed { open: 0, in_string: false, escaped: false };
        } else {
            self.say(opening, parts);
            self.state = State::Text;
        }
        true
    }

    fn in_named(&mut self, parts: &mut Parts) -> bool {
        let State::InNamed { open, in_string, escaped } = &mut self.state else { return false };
        let mut end = None;
        for (at, c) in self.held.char_indices() {
            match c {
                _ if *escaped => *escaped = false,
                '\\' if *in_string => *escaped = true,
                '"' => *in_string = !*in_string,
                '{' if !*in_string => *open += 1,
                '}' if !*in_string => *open -= 1,
                _ => {}
            }
            if *open == 0 {
                end = Some(at + 1);
                break;
            }
        }
        let text = self.take(end.unwrap_or(self.held.len()));
        parts.add(Part::CallArguments { index: self.n_calls - 1, text });
        if end.is_some() {
            self.state = State::BetweenCalls(String::new());
        }
        end.is_some()
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
                text.push_str(&more)
            }
            (_, part) => self.0.push(part),
        }
    }
}

#[cfg(test)]
mod tests;
