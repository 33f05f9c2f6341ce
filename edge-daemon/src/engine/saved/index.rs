//! Which file helps with which beginning. Pure.

use std::ops::Range;

use llama_cpp_2::token::LlamaToken;

/// A file: it has the cells of these tokens from `start` on. Those before are another file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub start: usize,
    pub tokens: Vec<LlamaToken>,
}

impl Entry {
    pub fn positions(&self) -> Range<usize> {
        self.start..self.tokens.len()
    }
}

/// A file that goes on from what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub entry: Entry,
    /// So many tokens of what was asked for are there once it is read.
    pub until: usize,
}

/// The files of one model.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
}

impl Index {
    pub fn insert(&mut self, entry: Entry) {
        self.remove(&entry.name);
        self.entries.push(entry);
    }

    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|entry| entry.name != name);
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The file that leads furthest along these tokens, of which the first `held` are there, and by `least` of them at
    /// least; the smallest of equals.
    fn next(&self, tokens: &[LlamaToken], held: usize, least: usize) -> Option<Found> {
        let until = |entry: &Entry| entry.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count();
        let goes_on = self.entries.iter().filter(|entry| entry.start <= held);
        let (until, entry) = goes_on
            .map(|entry| (until(entry), entry))
            .filter(|(until, _)| *until >= held + least)
            .max_by_key(|(until, entry)| (*until, std::cmp::Reverse(entry.positions().len())))?;
        Some(Found { entry: entry.clone(), until })
    }

    /// The files that lead along these tokens, one after the other, in steps of at least so many.
    pub fn way(&self, tokens: &[LlamaToken], held: usize, least: usize) -> Vec<Found> {
        let mut reached = held;
        std::iter::from_fn(|| {
            let found = self.next(tokens, reached, least.max(1))?;
            reached = found.until;
            Some(found)
        })
        .collect()
    }

    /// How many of these tokens the files hold, in steps of at least so many.
    pub fn covered(&self, tokens: &[LlamaToken], least: usize) -> usize {
        self.way(tokens, 0, least).last().map_or(0, |found| found.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(numbers: impl IntoIterator<Item = i32>) -> Vec<LlamaToken> {
        numbers.into_iter().map(LlamaToken).collect()
    }

    fn index(files: &[(&str, usize, Vec<LlamaToken>)]) -> Index {
        let mut index = Index::default();
        for (name, start, tokens) in files {
            index.insert(Entry { name: (*name).to_owned(), start: *start, tokens: tokens.clone() });
        }
        index
    }

    fn names(way: Vec<Found>) -> Vec<(String, usize)> {
        way.into_iter().map(|found| (found.entry.name, found.until)).collect()
    }

    #[test]
    fn files_lead_on_from_one_another() {
        let index = index(&[("a", 0, tokens(0..50)), ("b", 50, tokens(0..80)), ("c", 90, tokens(0..120))]);
        let way = names(index.way(&tokens(0..200), 0, 1));
        assert_eq!(way, [("a".to_owned(), 50), ("b".to_owned(), 80)], "nothing leads to the third one");
        assert_eq!(index.covered(&tokens((0..60).chain([7, 7])), 1), 60, "a part of a file is of use too");
        assert_eq!(index.covered(&tokens((0..60).chain([7, 7])), 20), 50, "unless it is too small a step");
        assert_eq!(index.covered(&tokens(5..60), 1), 0);
    }

    #[test]
    fn the_one_that_leads_furthest_is_taken_and_of_equals_the_smallest() {
        let index = index(&[("a", 0, tokens(0..50)), ("b", 30, tokens(0..50)), ("c", 0, tokens(0..40))]);
        let way = |held| names(index.way(&tokens(0..60), held, 1));
        assert_eq!(way(0), [("a".to_owned(), 50)]);
        assert_eq!(way(35), [("b".to_owned(), 50)]);
        assert_eq!(way(50), []);
    }
}
