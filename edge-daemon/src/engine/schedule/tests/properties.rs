//! Laws, held against whatever may happen.

use std::collections::BTreeSet;

use llama_cpp_2::token::LlamaToken;
use proptest::prelude::*;

use super::{House, Limits, ROOMY, tokens};

/// The places of a tree of these prompts, but for the last token of each.
fn distinct(prompts: &[Vec<LlamaToken>]) -> usize {
    let places: BTreeSet<&[LlamaToken]> =
        prompts.iter().flat_map(|prompt| (1..prompt.len()).map(|end| &prompt[..end])).collect();
    places.len()
}

#[derive(Clone, Debug)]
enum Happening {
    Arrive {
        caller: u8,
        prompt: Vec<i32>,
        left: usize,
    },
    /// The so-manieth, counted back from the latest.
    Cancel {
        back: usize,
    },
    Step,
    /// What is worth it is saved.
    Save,
}

pub fn prompt() -> impl Strategy<Value = Vec<i32>> {
    prop_oneof![
        proptest::collection::vec(0..2, 1..40),
        // Long beginnings that several have.
        (0..2, prop_oneof![Just(50), 1..50], proptest::collection::vec(0..2, 0..10))
            .prop_map(|(which, length, rest)| (0..length).map(|n| 10 + which * n).chain(rest).collect()),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let arrive = (0..3u8, prompt(), 1..12usize).prop_map(|(caller, prompt, left)| Happening::Arrive {
        caller,
        prompt,
        left,
    });
    let cancel = (0..8usize).prop_map(|back| Happening::Cancel { back });
    proptest::collection::vec(
        prop_oneof![3 => arrive, 1 => cancel, 4 => Just(Happening::Step), 1 => Just(Happening::Save)],
        1..80,
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    // A request has 71 tokens at most, and must fit alone.
    (1..6usize, 0..30usize, 72..300usize, 0..300usize, 1..20usize).prop_map(
        |(slots, shelves, cells, kept, chunk)| Limits { slots, ids: slots + shelves, cells, kept, chunk },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_every_request_ends_and_no_cell_is_lost(
        limits in limits(),
        happenings in happenings(),
        most_guessed in 0..6usize,
    ) {
        let mut house = House::new(limits);
        house.guesses.most = most_guessed;
        let mut cancelled = BTreeSet::new();
        for happening in happenings {
            match happening {
                Happening::Arrive { caller, prompt, left } => house.arrive(&caller.to_string(), tokens(prompt), left),
                Happening::Cancel { back } => {
                    let nth = house.arrived.checked_sub(back + 1).filter(|nth| !house.finished.contains(nth));
                    if let Some(nth) = nth {
                        house.cancel(nth);
                        cancelled.insert(nth);
                    }
                }
                Happening::Step => house.step(),
                Happening::Save => house.save(),
            }
            prop_assert!(house.schedule.cells_kept() <= limits.kept.max(limits.cells));
        }
        house.run();
        house.finished.sort_unstable();
        let expected: Vec<usize> = (0..house.arrived).filter(|n| !cancelled.contains(n)).collect();
        prop_assert_eq!(&house.finished, &expected);
        house.schedule.forget_kept();
        house.check();
        prop_assert_eq!(house.cache.used(), 0);
    }

    #[test]
    fn with_room_for_all_no_token_of_a_prompt_is_computed_twice(
        arrivals in proptest::collection::vec((prompt(), 1..8usize, 0..6usize), 1..25),
    ) {
        let mut house = House::new(ROOMY);
        let mut prompts = Vec::new();
        let mut written = 0;
        for (prompt, left, steps) in arrivals {
            let prompt = tokens(prompt);
            prompts.push(prompt.clone());
            // The last token written is not computed, and the last of the prompt is.
            written += left;
            house.arrive("", prompt, left);
            for _ in 0..steps {
                house.step();
            }
        }
        house.run();
        prop_assert!(house.cache.computed <= distinct(&prompts) + written);
    }
}
