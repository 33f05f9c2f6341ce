//! Beginnings that are saved and read back in, on the stand-in.

use llama_cpp_2::token::LlamaToken;

use super::{House, Limits, ROOMY, tokens};
use crate::engine::saved::index::{Entry, Index};

/// Tokens of one file.
const SLICE: usize = 16;

impl House {
    /// Saves what is worth it, as far as there is a slot to gather it in.
    pub fn save(&mut self) {
        for tokens in self.schedule.worthy(1, 0) {
            while let Some(entry) = self.save_one(&tokens) {
                self.disk.insert(entry);
            }
        }
    }

    fn save_one(&mut self, tokens: &[LlamaToken]) -> Option<Entry> {
        let start = self.disk.covered(tokens, 1);
        let end = tokens.len().min(start + SLICE);
        if start == end {
            return None;
        }
        let slot = self.schedule.lend(tokens, start..end)?;
        self.apply_moves();
        let expected: Vec<(usize, LlamaToken)> =
            (start..end).map(|position| (position, tokens[position])).collect();
        assert_eq!(self.cache.held_at(slot), expected);
        self.schedule.take_back(slot);
        self.check();
        Some(Entry { name: format!("{start} {tokens:?}"), start, tokens: tokens[..end].to_vec() })
    }

    /// Reads in what was saved for whoever is let in next.
    pub fn restore(&mut self) {
        let Some(upcoming) = self.schedule.upcoming() else { return };
        let tokens = upcoming[..upcoming.len() - 1].to_vec();
        let mut reached = 0;
        while let Some(held) = self.schedule.held(&tokens).filter(|held| *held >= reached) {
            let Some(found) = self.disk.way(&tokens, held, 1).into_iter().next() else { break };
            let Some(shelf) = self.schedule.receive(&tokens, found.entry.positions().len()) else { break };
            self.apply_moves();
            self.cache.load(shelf, &found.entry);
            self.schedule.adopt(shelf, &tokens[..found.until], found.entry.positions());
            reached = found.until;
            self.check();
        }
    }

    /// Another process begins with what this one has saved.
    pub fn restart(&mut self, limits: Limits) {
        let disk = std::mem::take(&mut self.disk);
        let begun = std::mem::replace(self, Self::new(limits));
        self.disk = disk;
        drop(begun);
    }
}

#[test]
fn what_was_saved_is_not_computed_again_after_a_restart() {
    let mut house = House::new(ROOMY);
    for n in 0..2 {
        house.arrive("", tokens((0..100).chain([1000 + n, 2000 + n])), 1);
    }
    house.run();
    house.save();
    house.restart(ROOMY);
    house.arrive("", tokens((0..100).chain([3000, 4000])), 1);
    house.run();
    assert_eq!(house.cache.computed, 2);
    assert_eq!(house.shared, [100]);
    // A part of what was saved helps as well.
    house.restart(ROOMY);
    house.arrive("", tokens((0..70).chain([3000, 4000])), 1);
    house.run();
    assert_eq!(house.shared, [70]);
}

#[test]
fn what_only_one_request_had_is_not_saved() {
    let mut house = House::new(ROOMY);
    house.arrive("", tokens(0..100), 1);
    house.run();
    house.save();
    assert_eq!(house.disk.len(), 0);
    // A conversation that goes on is.
    house.arrive("", tokens(0..150), 1);
    house.run();
    house.save();
    assert_eq!(house.disk.covered(&tokens(0..150), 1), 150);
}

#[test]
fn a_beginning_is_saved_once_and_its_common_part_too() {
    let mut house = House::new(ROOMY);
    for n in [0, 0, 1, 1] {
        house.arrive("", tokens((0..64).chain(1000 * (n + 1)..1000 * (n + 1) + 16)), 1);
        house.run();
        house.save();
    }
    let files = house.disk.len();
    house.save();
    assert_eq!(house.disk.len(), files);
    assert!(files <= 4 + 2, "{files}: four of the common part, and one of each end");
}

#[test]
fn what_does_not_fit_in_is_computed() {
    let mut house = House::new(ROOMY);
    for n in 0..2 {
        house.arrive("", tokens((0..100).chain([1000 + n])), 1);
    }
    house.run();
    let mut entry = None;
    for tokens in house.schedule.worthy(1, 0) {
        entry = Some(Entry { name: "one".to_owned(), start: 0, tokens });
    }
    let entry = entry.unwrap();
    assert_eq!(entry.tokens.len(), 100);
    let mut disk = Index::default();
    disk.insert(entry);
    // The file takes 100 cells, of which there are 80.
    house.restart(Limits { cells: 80, kept: 80, ..ROOMY });
    house.disk = disk;
    house.arrive("", tokens((0..60).chain([7, 8])), 1);
    house.run();
    assert_eq!(house.shared, [0]);
}
