mod guessing;
mod properties;
mod saving;
mod stand_in;

use llama_cpp_2::token::LlamaToken;

use super::{Limits, Schedule, Work};
use crate::engine::saved::index::Index;
use guessing::Guesses;
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
    /// By request: the answer so far.
    written: Vec<Vec<LlamaToken>>,
    guesses: Guesses,
    /// What was saved, for those who come later.
    disk: Index,
}

const ROOMY: Limits = Limits { slots: 8, ids: 256, cells: 100_000, kept: 100_000, chunk: 16 };

impl House {
    fn new(limits: Limits) -> Self {
        let (schedule, cache) = (Schedule::new(limits), StandIn::new(limits.cells));
        Self {
            schedule,
            cache,
            arrived: 0,
            finished: Vec::new(),
            shared: Vec::new(),
            written: Vec::new(),
            guesses: Guesses::default(),
            disk: Index::default(),
        }
    }

    fn arrive(&mut self, caller: &str, prompt: Vec<LlamaToken>, left: usize) {
        self.schedule.push(caller.to_owned(), prompt, Owner { n: self.arrived, left });
        self.arrived += 1;
        self.shared.push(0);
        self.written.push(Vec::new());
    }

    fn cancel(&mut self, n: usize) {
        self.schedule.drop_where(|owner| owner.n == n);
        self.check();
    }

    fn step(&mut self) {
        self.restore();
        while self.schedule.admit().is_some() {
            self.restore();
        }
        let mut works = self.schedule.plan();
        let guesses = &mut self.guesses;
        self.schedule.guess(&mut works, |_, _, most| guesses.next(most));
        self.check();
        self.cache.compute(&self.schedule, &works);
        self.schedule.computed(&works);
        for work in works.iter().rev().filter(|work| work.is_last) {
            if self.write(work) {
                self.finished.push(self.schedule.finish(work.at).n);
            }
        }
        self.check();
    }

    /// Writes the next token, and more where they were guessed. True when that was all.
    fn write(&mut self, work: &Work) -> bool {
        let sure = work.positions.end - work.guessed;
        let shared = self.schedule.shared(work.at);
        let mut right = 0;
        let is_over = loop {
            let token = self.cache.next_token(work.slot, sure + right);
            let owner = self.schedule.owner_mut(work.at);
            self.shared[owner.n] = shared;
            self.written[owner.n].push(token);
            owner.left -= 1;
            let is_over = owner.left == 0;
            self.schedule.write(work.at, token);
            if is_over || self.schedule.guessed(work.at, right) != Some(token) {
                break is_over;
            }
            right += 1;
        };
        self.schedule.settle(work, right);
        is_over
    }

    /// The books agree with the cache.
    fn check(&mut self) {
        self.apply_moves();
        assert_eq!(self.cache.used(), self.schedule.cells_used() + self.schedule.cells_kept());
    }

    fn apply_moves(&mut self) {
        for change in self.schedule.take_moves() {
            self.cache.apply(change);
        }
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
