//! An answer as it grows: from tokens to the pieces that may be shown, each with the tokens that made it.

use std::collections::VecDeque;

use super::event::{Piece, Written};
use crate::text::stop::{Scanned, StopScanner};
use crate::text::utf8::Utf8Joiner;

/// The text of one answer, and the tokens whose text is still held back.
#[derive(Debug)]
pub struct Answer {
    joiner: Utf8Joiner,
    scanner: StopScanner,
    held: VecDeque<Held>,
    /// Bytes of whole characters so far.
    joined: usize,
    /// How many of them were shown.
    shown: usize,
}

#[derive(Debug)]
struct Held {
    /// Where the token's text begins, and where the last character that it finishes ends.
    from: usize,
    to: usize,
    written: Written,
}

impl Answer {
    /// `stops` must not contain an empty string.
    pub fn new(stops: Vec<String>) -> Self {
        Self {
            joiner: Utf8Joiner::default(),
            scanner: StopScanner::new(stops),
            held: VecDeque::new(),
            joined: 0,
            shown: 0,
        }
    }

    /// Takes the next token and its bytes. What may be shown now, and whether a stop string ends the answer.
    pub fn push(&mut self, written: Written, bytes: &[u8]) -> (Piece, bool) {
        let whole = self.joiner.push(bytes);
        let from = self.joined;
        self.joined += whole.len();
        self.held.push_back(Held { from, to: self.joined, written });
        let Scanned { text, stopped } = self.scanner.push(&whole);
        self.shown += text.len();
        let shown = self.shown;
        // Once it has stopped, the token in which the stop string begins is told if any of its own text was shown.
        let is_told = |held: &Held| if stopped { held.from < shown } else { held.to <= shown };
        (Piece { text, tokens: self.release(is_told) }, stopped)
    }

    /// What was held back, once the answer has ended without a stop string; true when one came of its very last bytes.
    pub fn finish(&mut self) -> (Piece, bool) {
        let rest = self.joiner.finish();
        let Scanned { mut text, stopped } = self.scanner.push(&rest);
        if !stopped {
            text.push_str(&self.scanner.finish());
        }
        (Piece { text, tokens: self.release(|_| !stopped) }, stopped)
    }

    /// The stop string that ended the answer.
    pub fn stop(&self) -> Option<&str> {
        self.scanner.met()
    }

    fn release(&mut self, is_told: impl Fn(&Held) -> bool) -> Vec<Written> {
        let count = self.held.iter().take_while(|held| is_told(held)).count();
        self.held.drain(..count).map(|held| held.written).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llama_cpp_2::token::LlamaToken;

    /// Pushes one token for each piece: the texts and the token numbers that came with each, and the end.
    fn grow(stops: &[&str], pieces: &[&[u8]]) -> (Vec<(String, Vec<i32>)>, bool) {
        let mut answer = Answer::new(stops.iter().map(ToString::to_string).collect());
        let told = |piece: Piece| (piece.text, piece.tokens.iter().map(|written| written.token.0).collect());
        let mut shown = Vec::new();
        for (n, bytes) in pieces.iter().enumerate() {
            let written = Written { token: LlamaToken(n as i32), probabilities: None };
            let (piece, stopped) = answer.push(written, bytes);
            shown.push(told(piece));
            if stopped {
                return (shown, true);
            }
        }
        let (piece, stopped) = answer.finish();
        shown.push(told(piece));
        (shown, stopped)
    }

    fn piece(text: &str, tokens: &[i32]) -> (String, Vec<i32>) {
        (text.to_owned(), tokens.to_vec())
    }

    #[test]
    fn a_token_is_told_with_the_piece_in_which_its_text_ends() {
        let (shown, _) = grow(&["abcd"], &[b"xa", b"b", b"yz"]);
        assert_eq!(shown, [piece("x", &[]), piece("", &[]), piece("abyz", &[0, 1, 2]), piece("", &[])]);
    }

    #[test]
    fn half_a_character_waits_with_its_tokens() {
        let crab = "🦀".as_bytes();
        let (shown, _) = grow(&[], &[b"a", &crab[..2], &crab[2..], &crab[..1]]);
        assert_eq!(
            shown,
            [piece("a", &[0]), piece("", &[1]), piece("🦀", &[2]), piece("", &[3]), piece("\u{fffd}", &[])]
        );
    }

    #[test]
    fn tokens_of_a_stop_string_are_not_told_and_the_one_it_begins_in_is() {
        let (shown, stopped) = grow(&["STOP"], &[b"one S", b"TO", b"P two"]);
        assert!(stopped);
        assert_eq!(shown, [piece("one ", &[]), piece("", &[]), piece("", &[0])]);
    }

    #[test]
    fn what_only_looked_like_a_stop_string_comes_at_the_end() {
        let (shown, stopped) = grow(&["STOP"], &[b"one", b" ST"]);
        assert!(!stopped);
        assert_eq!(shown, [piece("one", &[0]), piece(" ", &[]), piece("ST", &[1])]);
    }
}
