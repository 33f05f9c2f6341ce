//! The sequence ids that nodes of the tree go by.

use std::ops::Range;

/// Ids that are free.
#[derive(Debug)]
pub struct Shelves {
    all: Range<i32>,
    free: Vec<i32>,
}

impl Shelves {
    pub fn new(all: Range<i32>) -> Self {
        let mut shelves = Self { all, free: Vec::new() };
        shelves.reset();
        shelves
    }

    pub fn reset(&mut self) {
        self.free = self.all.clone().rev().collect();
    }

    pub fn take(&mut self) -> Option<i32> {
        self.free.pop()
    }

    pub fn give_back(&mut self, shelf: i32) {
        self.free.push(shelf);
    }
}
