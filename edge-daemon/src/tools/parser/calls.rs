//! The part of an answer that is calls: where they begin, what they say, and what only looked like one.

use super::{AnswerParser, Part, Parts, State};
use crate::tools::family::Family;
use crate::tools::marks;
use crate::tools::scanner::Told;

/// A function's name has 64 characters at most, and an id may follow it.
const LONGEST_NAME: usize = 128;

impl AnswerParser {
    /// Skips what lies between objects. Anything that cannot lie there is text again.
    pub(super) fn between_calls(&mut self, parts: &mut Parts) -> bool {
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
    pub(super) fn ended_a_call(&self, words: &str) -> bool {
        let openings = self.calls.iter().flat_map(|(family, _)| family.openings()).copied();
        self.n_calls > 0 && marks::first(words, openings).is_none()
    }

    /// Inside a call's object.
    pub(super) fn in_call(&mut self, parts: &mut Parts) -> bool {
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

    /// Inside a call's name, where that stands by itself.
    pub(super) fn in_name(&mut self, parts: &mut Parts) -> bool {
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

    /// Inside the arguments that follow such a name.
    pub(super) fn in_named(&mut self, parts: &mut Parts) -> bool {
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
}
