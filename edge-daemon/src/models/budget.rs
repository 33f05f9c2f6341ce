//! Whose turn it is to go when a model needs room. Pure: what is held and what is needed decide alone.

use std::collections::BTreeSet;

/// A model in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which weights it serves. Those of one file are held once.
    pub file: usize,
    pub weights: u64,
    /// Bytes of all else that it holds.
    pub own: u64,
    /// It is not to go.
    pub pinned: bool,
    /// Somebody is being answered by it.
    pub busy: bool,
    /// It is going already.
    pub leaving: bool,
    /// When it was used last: the smaller, the longer ago.
    pub used: u64,
}

/// What has to happen before a model can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fits,
    /// These have to go, by their places among what is held.
    Unload(Vec<usize>),
    /// Some are going, or are busy and could go afterwards.
    Wait,
    /// It will never fit beside what is pinned.
    Never {
        /// Bytes of what is pinned.
        pinned: u64,
    },
}

/// Decides how `wanted` gets its room among `held`, when all together may hold `limit` bytes. The least recently used go
/// first, as many as are needed.
pub fn make_room(limit: u64, wanted: Held, held: &[Held]) -> Verdict {
    let with = |stays: &dyn Fn(usize) -> bool| {
        let mut staying: Vec<Held> =
            held.iter().enumerate().filter(|(at, _)| stays(*at)).map(|(_, one)| *one).collect();
        staying.push(wanted);
        total(&staying)
    };
    if with(&|_| true) <= limit {
        return Verdict::Fits;
    }
    let is_pinned = |at: usize| held[at].pinned && !held[at].leaving;
    if with(&is_pinned) > limit {
        let pinned: Vec<Held> = held.iter().filter(|one| one.pinned && !one.leaving).copied().collect();
        return Verdict::Never { pinned: total(&pinned) };
    }
    let mut idle: Vec<usize> =
        (0..held.len()).filter(|at| !held[*at].pinned && !held[*at].busy && !held[*at].leaving).collect();
    idle.sort_by_key(|at| held[*at].used);
    let mut going = BTreeSet::new();
    for at in idle {
        // What is leaving will be gone by itself.
        if with(&|one| !going.contains(&one) && !held[one].leaving) <= limit {
            break;
        }
        going.insert(at);
    }
    if going.is_empty() { Verdict::Wait } else { Verdict::Unload(going.into_iter().collect()) }
}

/// Bytes of several models together.
pub fn total(models: &[Held]) -> u64 {
    let mut files = BTreeSet::new();
    models.iter().fold(0_u64, |sum, one| {
        let weights = if files.insert(one.file) { one.weights } else { 0 };
        sum.saturating_add(one.own).saturating_add(weights)
    })
}

#[cfg(test)]
mod tests;
