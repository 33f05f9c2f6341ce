//! Which tokens go into the next step. Pure: no model, no clock.

/// A sequence's part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which sequence, by its place in the list.
    pub sequence: usize,
    /// How many of its tokens.
    pub tokens: usize,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Compute these.
    Step(Vec<Share>),
    /// The cache is full: this sequence gives its cells back and waits.
    GiveWay(usize),
}

/// Plans a step for sequences, oldest first, of which each still has `pending` tokens to compute (at least one).
///
/// Each one that is writing its answer gets its one token. `chunk` further tokens are read from the prompts: a quarter
/// for the oldest of them, so that it never starves, and the rest for those that are done soonest. Never more than
/// `free_cells` in all; when that is not enough the newest sequence gives way.
pub fn plan(pending: &[usize], chunk: usize, free_cells: usize) -> Plan {
    let (writing, reading): (Vec<usize>, Vec<usize>) = (0..pending.len()).partition(|at| pending[*at] == 1);
    if writing.len() > free_cells || (writing.is_empty() && free_cells == 0) {
        return Plan::GiveWay(pending.len().saturating_sub(1));
    }
    let mut budget = chunk.min(free_cells - writing.len());
    let mut shares: Vec<Share> = writing.into_iter().map(|sequence| Share { sequence, tokens: 1 }).collect();

    let Some(&oldest) = reading.first() else { return Plan::Step(shares) };
    let mut taken = vec![0; pending.len()];
    let mut take = |sequence: usize, most: usize, budget: &mut usize| {
        let tokens = most.min(*budget).min(pending[sequence] - taken[sequence]);
        taken[sequence] += tokens;
        *budget -= tokens;
    };
    take(oldest, budget.div_ceil(4), &mut budget);
    let mut soonest_first = reading.clone();
    soonest_first.sort_by_key(|sequence| pending[*sequence]);
    for sequence in soonest_first {
        take(sequence, usize::MAX, &mut budget);
    }
    shares.extend(reading.into_iter().map(|sequence| Share { sequence, tokens: taken[sequence] }));
    shares.retain(|share| share.tokens > 0);
    Plan::Step(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step(pending: &[usize], chunk: usize, free_cells: usize) -> Vec<(usize, usize)> {
        match plan(pending, chunk, free_cells) {
            Plan::Step(shares) => shares.iter().map(|share| (share.sequence, share.tokens)).collect(),
            Plan::GiveWay(sequence) => panic!("{sequence} gives way"),
        }
    }

    #[test]
    fn writers_get_their_token_and_a_lone_reader_the_whole_chunk() {
        assert_eq!(step(&[1, 1, 500], 256, 1000), [(0, 1), (1, 1), (2, 256)]);
    }

    #[test]
    fn a_short_prompt_overtakes_a_long_one_which_still_goes_on() {
        assert_eq!(step(&[4000, 30], 256, 10_000), [(0, 226), (1, 30)]);
        assert_eq!(step(&[4000, 300], 256, 10_000), [(0, 64), (1, 192)]);
    }

    #[test]
    fn prompts_of_one_length_are_read_one_after_the_other() {
        assert_eq!(step(&[200, 200, 200], 256, 1000), [(0, 200), (1, 56)]);
    }

    #[test]
    fn the_newest_gives_way_when_the_cells_run_out() {
        assert_eq!(plan(&[1, 1, 1], 256, 2), Plan::GiveWay(2));
        assert_eq!(plan(&[7, 8], 256, 0), Plan::GiveWay(1));
        // A prompt can wait for cells while others write.
        assert_eq!(step(&[1, 8], 256, 1), [(0, 1)]);
    }

    proptest! {
        #[test]
        fn a_step_fits_goes_forward_and_forgets_no_writer(
            pending in proptest::collection::vec(prop_oneof![Just(1usize), 1usize..600], 1..20),
            chunk in 1usize..300,
            free_cells in 0usize..1000,
        ) {
            match plan(&pending, chunk, free_cells) {
                Plan::GiveWay(sequence) => {
                    prop_assert_eq!(sequence, pending.len() - 1);
                    prop_assert!(free_cells < pending.len());
                }
                Plan::Step(shares) => {
                    let total: usize = shares.iter().map(|share| share.tokens).sum();
                    let writers = pending.iter().filter(|pending| **pending == 1).count();
                    prop_assert!(total > 0 && total <= free_cells && total <= writers + chunk);
                    prop_assert!(shares.iter().all(|share| (1..=pending[share.sequence]).contains(&share.tokens)));
                    for (sequence, _) in pending.iter().enumerate().filter(|(_, pending)| **pending == 1) {
                        prop_assert_eq!(shares.iter().filter(|share| share.sequence == sequence).count(), 1);
                    }
                    if let Some(oldest) = pending.iter().position(|pending| *pending > 1) && free_cells > writers {
                        prop_assert!(shares.iter().any(|share| share.sequence == oldest));
                    }
                }
            }
        }
    }
}
