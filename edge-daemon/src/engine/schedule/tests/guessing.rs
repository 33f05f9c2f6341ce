//! Guesses, on the stand-in.

use llama_cpp_2::token::LlamaToken;
use proptest::prelude::*;

use super::properties::prompt;
use super::{House, ROOMY, tokens};

/// Guesses at random, which half of the time is right: the stand-in's answers are of two tokens.
#[derive(Debug, Default)]
pub struct Guesses {
    /// The most tokens of one guess.
    pub most: usize,
    random: u32,
}

impl Guesses {
    pub fn next(&mut self, most: usize) -> Vec<LlamaToken> {
        let mut next = || {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            LlamaToken((self.random >> 20).cast_signed() & 1)
        };
        (0..most.min(self.most)).map(|_| next()).collect()
    }
}

#[test]
fn a_right_guess_saves_steps_and_a_wrong_one_leaves_no_cell() {
    let answer = |most: usize| {
        let mut house = House::new(ROOMY);
        house.guesses.most = most;
        house.arrive("", tokens(0..10), 40);
        let mut steps = 0;
        while !house.schedule.is_idle() {
            house.step();
            steps += 1;
        }
        assert_eq!(house.cache.used(), 10 + 39);
        (steps, house.written.remove(0))
    };
    let (plain, expected) = answer(0);
    let (guessed, written) = answer(3);
    assert_eq!(written, expected);
    assert!(guessed < plain, "{guessed} steps, and {plain} without guesses");
}

#[test]
fn prompts_leave_guesses_what_they_do_not_need() {
    let mut house = House::new(ROOMY);
    house.guesses.most = 100;
    house.arrive("", tokens(0..4), 100);
    house.step();
    house.arrive("", tokens(100..200), 1);
    house.schedule.admit();
    let mut works = house.schedule.plan();
    house.schedule.guess(&mut works, |_, _, most| tokens(0..most as i32));
    assert_eq!(works.iter().map(|work| work.guessed).collect::<Vec<_>>(), [0, 0], "the prompt takes it all");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn guesses_change_no_answer(
        arrivals in proptest::collection::vec((prompt(), 1..30usize, 0..6usize), 1..12),
        most in 1..20usize,
    ) {
        let answers = |most: usize| {
            let mut house = House::new(ROOMY);
            house.guesses.most = most;
            for (prompt, left, steps) in arrivals.clone() {
                house.arrive("", tokens(prompt), left);
                for _ in 0..steps {
                    house.step();
                }
            }
            house.run();
            house.written
        };
        prop_assert_eq!(answers(0), answers(most));
    }
}
