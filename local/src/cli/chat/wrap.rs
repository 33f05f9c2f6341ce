//! Breaking lines between words, as text streams in.

/// A word is held back until it ends; anything longer than this is let go, so that a text without spaces flows too.
const LONGEST_HELD: usize = 40;

pub struct Wrap {
    width: usize,
    column: usize,
    word: String,
}

impl Wrap {
    /// `column` is where the text begins. Without a width nothing is wrapped.
    pub fn new(width: Option<usize>, column: usize) -> Self {
        Self { width: width.unwrap_or(usize::MAX), column, word: String::new() }
    }

    /// What can be shown now that `text` has come.
    pub fn push(&mut self, text: &str) -> String {
        if self.width == usize::MAX {
            return text.to_owned();
        }
        let mut shown = String::new();
        for letter in text.chars() {
            if !letter.is_whitespace() {
                self.word.push(letter);
                if self.word.chars().count() >= LONGEST_HELD {
                    shown += &self.finish();
                }
                continue;
            }
            shown += &self.finish();
            if letter == '\n' {
                self.column = 0;
                shown.push('\n');
            } else if self.column < self.width {
                self.column += 1;
                shown.push(letter);
            }
        }
        shown
    }

    /// The word that is still held back.
    pub fn finish(&mut self) -> String {
        let length = self.word.chars().count();
        let mut shown = String::new();
        if self.column > 0 && self.column + length > self.width {
            shown.push('\n');
            self.column = 0;
        }
        self.column += length;
        shown + &std::mem::take(&mut self.word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_between_words() {
        let mut wrap = Wrap::new(Some(10), 2);
        let shown = wrap.push("one two thr") + &wrap.push("ee four") + &wrap.finish();
        assert_eq!(shown, "one two \nthree four");
    }

    proptest! {
        #[test]
        fn only_line_breaks_and_blanks_differ(text in "[a-zü \n]{0,200}", width in 20_usize..60, at in 0_usize..200) {
            let mut wrap = Wrap::new(Some(width), 0);
            let cut = text.char_indices().map(|(index, _)| index).nth(at).unwrap_or(text.len());
            let shown = wrap.push(&text[..cut]) + &wrap.push(&text[cut..]) + &wrap.finish();
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&shown), letters(&text));
        }
    }
}
