//! How much is guessed: more where guesses were right, and less and less often where they were wrong. It depends on
//! nothing but the answer, and on no clock, so that an answer which is written alone is computed in the same steps each time.

/// One answer's pace.
#[derive(Debug)]
pub struct Pace {
    /// The most tokens that are guessed at a time.
    most: usize,
    /// Tokens of the next guess.
    length: usize,
    /// Steps without a guess that are left.
    rest: u32,
    /// Steps without a guess after the next one that is all wrong.
    next_rest: u32,
}

/// A first guess is short.
const FIRST: usize = 2;

/// However often it was wrong, after so many steps it is tried again.
const LONGEST_REST: u32 = 64;

impl Pace {
    /// Nothing is guessed where `most` is 0.
    pub fn new(most: usize) -> Self {
        Self { most, length: FIRST.min(most), rest: 0, next_rest: 1 }
    }

    /// How many tokens to guess in this step.
    pub fn length(&mut self) -> usize {
        if self.rest > 0 {
            self.rest -= 1;
            return 0;
        }
        self.length
    }

    /// So many tokens were guessed, and the first so many of them were right.
    pub fn learn(&mut self, guessed: usize, right: usize) {
        if right == guessed {
            self.length = (self.length * 2).min(self.most);
            self.next_rest = 1;
        } else if right * 4 >= guessed * 3 {
            self.next_rest = 1;
        } else {
            self.length = (self.length / 2).max(FIRST).min(self.most);
            self.rest = self.next_rest;
            self.next_rest = (self.next_rest * 2).min(LONGEST_REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_grow_while_they_are_right_and_never_beyond_the_most() {
        let mut pace = Pace::new(10);
        let lengths: Vec<usize> = (0..5)
            .map(|_| {
                let length = pace.length();
                pace.learn(length, length);
                length
            })
            .collect();
        assert_eq!(lengths, [2, 4, 8, 10, 10]);
    }

    #[test]
    fn who_is_wrong_again_and_again_guesses_ever_less_often() {
        let mut pace = Pace::new(10);
        let mut guesses = 0;
        for _ in 0..1000 {
            let length = pace.length();
            if length > 0 {
                guesses += 1;
                pace.learn(length, 0);
            }
        }
        assert!(guesses < 25, "{guesses}");
        // One that is right brings them back.
        while pace.length() == 0 {}
        pace.learn(2, 2);
        assert_eq!(pace.length(), 4);
    }

    #[test]
    fn nothing_is_guessed_unless_asked_for() {
        assert_eq!(Pace::new(0).length(), 0);
        assert_eq!(Pace::new(1).length(), 1);
    }
}
