mod stand_in;

use std::collections::BTreeSet;

use llama_cpp_2::token::LlamaToken;
use proptest::prelude::*;

use super::{Limits, Schedule};
use stand_in::StandIn;

/// What the tests know of a request.
#[derive(Debug)]
struct Owner {
    n: usize,
    /// Tokens that it still has to write.
    left: usize,
}

/// A schedule on a stand-in cache.
struct House {
    schedule: Schedule<Owner>,
    cache: StandIn,
    arrived: usize,
    finished: Vec<usize>,
    /// By request: tokens that it did not have to compute.
    shared: Vec<usize>,
}

const ROOMY: Limits = Limits { slots: 8, ids: 256, cells: 100_000, kept: 100_000, chunk: 16 };

impl House {
    fn new(limits: Limits) -> Self {
        let (schedule, cache) = (Schedule::new(limits), StandIn::new(limits.cells));
        Self { schedule, cache, arrived: 0, finished: Vec::new(), shared: Vec::new() }
    }

    fn arrive(&mut self, caller: &str, prompt: Vec<LlamaToken>, left: usize) {
        self.schedule.push(caller.to_owned(), prompt, Owner { n: self.arrived, left });
        self.arrived += 1;
        self.shared.push(0);
    }

    fn cancel(&mut self, n: usize) {
        self.schedule.drop_where(|owner| owner.n == n);
        self.check();
    }

    fn step(&mut self) {
        self.schedule.admit();
        let works = self.schedule.plan();
        self.check();
        self.cache.compute(&self.schedule, &works);
        self.schedule.computed(&works);
        for work in works.iter().rev().filter(|work| work.is_last) {
            let token = self.cache.next_token(work.slot);
            let shared = self.schedule.shared(work.at);
            let owner = self.schedule.owner_mut(work.at);
            self.shared[owner.n] = shared;
            owner.left -= 1;
            let is_over = owner.left == 0;
            self.schedule.write(work.at, token);
            if is_over {
                self.finished.push(self.schedule.finish(work.at).n);
            }
        }
        self.check();
    }

    /// The books agree with the cache.
    fn check(&mut self) {
        for change in self.schedule.take_moves() {
            self.cache.apply(change);
        }
        assert_eq!(self.cache.used(), self.schedule.cells_used() + self.schedule.cells_kept());
    }

    /// Steps until all are served, which must not take forever.
    fn run(&mut self) {
        for _ in 0..20_000 {
            if self.schedule.is_idle() {
                assert_eq!(self.schedule.cells_used(), 0);
                return;
            }
            self.step();
        }
        panic!("it never ends: {:?}", self.schedule);
    }
}

fn tokens(numbers: impl IntoIterator<Item = i32>) -> Vec<LlamaToken> {
    numbers.into_iter().map(LlamaToken).collect()
}

/// The places of a tree of these prompts, but for the last token of each.
fn distinct(prompts: &[Vec<LlamaToken>]) -> usize {
    let places: BTreeSet<&[LlamaToken]> =
        prompts.iter().flat_map(|prompt| (1..prompt.len()).map(|end| &prompt[..end])).collect();
    places.len()
}

#[test]
fn a_shared_beginning_is_computed_once_however_many_come() {
    let mut house = House::new(ROOMY);
    for n in 0..8 {
        house.arrive("", tokens((0..400).chain([1000 + n, 2000 + n])), 1);
    }
    house.run();
    assert_eq!(house.cache.computed, 400 + 8 * 2);
    assert_eq!(house.shared, [0, 400, 400, 400, 400, 400, 400, 400]);
}

#[test]
fn who_comes_later_starts_where_others_have_been() {
    let mut house = House::new(ROOMY);
    house.arrive("", tokens(0..100), 3);
    house.run();
    // The same prompt, with what was answered and more.
    let answered = house.cache.computed - 100;
    house.arrive("", tokens(0..100), 3);
    house.run();
    assert_eq!(house.shared[1], 99);
    assert_eq!(answered, 2, "the last token written is never computed");
    house.arrive("", tokens((0..50).chain(900..920)), 1);
    house.run();
    assert_eq!(house.shared[2], 50);
}

#[test]
fn when_the_one_who_reads_a_prefix_leaves_another_goes_on_with_it() {
    let mut house = House::new(ROOMY);
    house.arrive("", tokens((0..100).chain([1])), 1);
    house.arrive("", tokens((0..100).chain([2])), 1);
    house.arrive("", tokens((0..60).chain([3, 4])), 1);
    house.step();
    house.step();
    house.cancel(0);
    house.run();
    assert_eq!(house.finished.len(), 2);
    assert_eq!(house.cache.computed, 100 + 1 + 2);
}

#[test]
fn what_was_of_no_use_for_longest_goes_first() {
    let mut house = House::new(Limits { cells: 64, kept: 64, ..ROOMY });
    let prompt = |from: i32| tokens(from..from + 20);
    for from in [0, 100, 0, 200, 300] {
        house.arrive("", prompt(from), 1);
        house.run();
    }
    // Of the four there is room for three: the second one went.
    for (from, shared) in [(0, 19), (300, 19), (200, 19), (100, 0)] {
        house.arrive("", prompt(from), 1);
        house.run();
        assert_eq!(house.shared.last(), Some(&shared), "{from}");
    }
}

#[test]
fn a_bound_on_what_is_kept_is_kept() {
    let mut house = House::new(Limits { kept: 50, ..ROOMY });
    for from in [0, 100, 200, 300, 400] {
        house.arrive("", tokens(from..from + 20), 5);
        house.run();
        assert!(house.schedule.cells_kept() <= 50);
    }
    assert!(house.schedule.cells_kept() > 20);
}

#[test]
fn without_ids_for_them_nothing_is_shared_or_kept() {
    let mut house = House::new(Limits { ids: 8, ..ROOMY });
    for _ in 0..3 {
        house.arrive("", tokens(0..30), 2);
    }
    house.run();
    assert_eq!(house.shared, [0, 0, 0]);
    assert_eq!(house.cache.computed, 3 * 31);
    assert_eq!(house.cache.used(), 0);
}

#[test]
fn callers_take_turns() {
    let mut house = House::new(Limits { slots: 1, ..ROOMY });
    for n in 0..3 {
        house.arrive("busy", tokens([n, 1, 2]), 1);
    }
    house.arrive("other", tokens([7, 8, 9]), 1);
    let ahead: Vec<usize> = house.schedule.queue().map(|(ahead, _)| ahead).collect();
    assert_eq!(ahead, [0, 2, 3, 1]);
    house.run();
    assert_eq!(house.finished, [0, 3, 1, 2]);
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
}

fn prompt() -> impl Strategy<Value = Vec<i32>> {
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
    proptest::collection::vec(prop_oneof![3 => arrive, 1 => cancel, 4 => Just(Happening::Step)], 1..80)
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
    fn whatever_happens_every_request_ends_and_no_cell_is_lost(limits in limits(), happenings in happenings()) {
        let mut house = House::new(limits);
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
