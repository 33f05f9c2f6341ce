//! Stop strings, found across the borders of tokens. Text that may be the beginning of one is held back until it is clear
//! that it isn't.

/// Watches a growing answer for its stop strings.
#[derive(Debug)]
pub struct StopScanner {
    stops: Vec<String>,
    held: String,
    met: Option<usize>,
}

/// What came of a piece of text.
#[derive(Debug, PartialEq, Eq)]
pub struct Scanned {
    /// May be shown; never contains a stop string or a part of one.
    pub text: String,
    /// A stop string was met, and the answer ends here.
    pub stopped: bool,
}

impl StopScanner {
    /// `stops` must not contain an empty string.
    pub fn new(stops: Vec<String>) -> Self {
        Self { stops, held: String::new(), met: None }
    }

    /// Takes the next piece of the answer.
    pub fn push(&mut self, piece: &str) -> Scanned {
        if self.stops.is_empty() {
            return Scanned { text: piece.to_owned(), stopped: false };
        }
        self.held.push_str(piece);
        // The one that is whole first, since in other pieces the answer would have ended there.
        let found =
            |(at, stop): (usize, &String)| self.held.find(stop).map(|start| (start + stop.len(), start, at));
        if let Some((_, start, at)) = self.stops.iter().enumerate().filter_map(found).min() {
            self.met = Some(at);
            self.held.truncate(start);
            return Scanned { text: std::mem::take(&mut self.held), stopped: true };
        }
        let keep_from = self.held.len() - self.longest_beginning();
        let rest = self.held.split_off(keep_from);
        Scanned { text: std::mem::replace(&mut self.held, rest), stopped: false }
    }

    /// The stop string that was met.
    pub fn met(&self) -> Option<&str> {
        self.met.map(|at| self.stops[at].as_str())
    }

    /// What was held back, once the answer has ended without the rest of the stop string.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end of `held` that a stop string begins with.
    fn longest_beginning(&self) -> usize {
        let beginning = |stop: &String| {
            let longest = self.held.len().min(stop.len() - 1);
            let fits = |length: &usize| self.held.as_bytes().ends_with(&stop.as_bytes()[..*length]);
            // A match in the middle of a character's bytes is none: the cut below must fall between characters.
            (1..=longest).rev().find(|length| stop.is_char_boundary(*length) && fits(length)).unwrap_or(0)
        };
        self.stops.iter().map(beginning).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
        let mut scanner = StopScanner::new(stops.iter().map(ToString::to_string).collect());
        let mut shown = Vec::new();
        for piece in pieces {
            let Scanned { text, stopped } = scanner.push(piece);
            shown.push(text);
            if stopped {
                return (shown, true);
            }
        }
        shown.push(scanner.finish());
        (shown, false)
    }

    fn owned(pieces: &[&str]) -> Vec<String> {
        pieces.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_stop_string_is_found_across_pieces_and_not_shown() {
        assert_eq!(scan(&["</end>"], &["one <", "/e", "nd> two"]), (owned(&["one ", "", ""]), true));
    }

    #[test]
    fn what_only_looked_like_a_stop_string_is_shown_late() {
        assert_eq!(scan(&["abcd"], &["xab", "c", "x"]), (owned(&["x", "", "abcx", ""]), false));
        assert_eq!(scan(&["abcd"], &["xab"]), (owned(&["x", "ab"]), false));
    }

    #[test]
    fn the_first_to_be_whole_wins_however_the_pieces_fall() {
        assert_eq!(scan(&["later", "so"], &["not so much later"]), (owned(&["not "]), true));
        for pieces in [&["xabc"][..], &["xab", "c"], &["x", "a", "b", "c"]] {
            let (shown, stopped) = scan(&["abc", "b"], pieces);
            assert_eq!((shown.concat().as_str(), stopped), ("xa", true), "{pieces:?}");
        }
    }

    #[test]
    fn a_stop_string_of_many_byte_characters_never_cuts_one() {
        assert_eq!(scan(&["é🦀"], &["aé", "🦁é", "🦀"]), (owned(&["a", "é🦁", ""]), true));
        // "é" is C3 A9 and "ã" is C3 A3: the shared first byte must not be held.
        assert_eq!(scan(&["é"], &["ã"]), (owned(&["ã", ""]), false));
    }

    proptest! {
        #[test]
        fn any_split_shows_exactly_what_precedes_the_first_stop(
            stops in proptest::collection::vec("[abé]{1,4}", 0..4),
            pieces in proptest::collection::vec("[abcé]{0,5}", 0..12),
        ) {
            let whole = pieces.concat();
            let found = |stop: &String| whole.find(stop).map(|start| (start + stop.len(), start));
            let first = stops.iter().filter_map(found).min().map(|(_, start)| start);
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (shown, stopped) = scan(&stops, &pieces);
            prop_assert_eq!(shown.concat(), &whole[..first.unwrap_or(whole.len())]);
            prop_assert_eq!(stopped, first.is_some());
        }
    }
}
