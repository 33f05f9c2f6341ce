//! How many tokens of whom go into a step.

/// A request that could go on now.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Its place in the list of those being served, oldest first.
    pub at: usize,
    /// Tokens that it has still to compute, at least one: one while it writes, more while it reads.
    pub tokens: usize,
    /// Tokens until somebody has an answer's beginning from it: its own, or that of one that waits for its prefix.
    pub urgency: usize,
    /// Whose it is; equal for requests of one caller.
    pub caller: usize,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Compute so many tokens of each of these.
    Step(Vec<(usize, usize)>),
    /// The cache is full: somebody has to give its cells back.
    GiveWay,
}

/// Plans a step for requests, oldest first.
///
/// Each one that is writing its answer gets its one token. `chunk` further tokens are read from the prompts: a quarter
/// for the oldest of them, so that it never starves, and the rest for those that are done soonest, the first of every
/// caller before the second of any. Never more than `free_cells` in all.
pub fn plan(wishes: &[Wish], chunk: usize, free_cells: usize) -> Plan {
    let (writing, reading): (Vec<Wish>, Vec<Wish>) = wishes.iter().partition(|wish| wish.tokens == 1);
    if writing.len() > free_cells || (writing.is_empty() && free_cells == 0) {
        return Plan::GiveWay;
    }
    let mut budget = chunk.min(free_cells - writing.len());
    let mut shares: Vec<(usize, usize)> = writing.iter().map(|wish| (wish.at, 1)).collect();

    let mut taken = vec![0; reading.len()];
    let mut take = |nth: usize, most: usize, budget: &mut usize| {
        let tokens = most.min(*budget).min(reading[nth].tokens - taken[nth]);
        taken[nth] += tokens;
        *budget -= tokens;
    };
    if !reading.is_empty() {
        take(0, budget.div_ceil(4), &mut budget);
    }
    for nth in in_turns(&reading) {
        take(nth, usize::MAX, &mut budget);
    }
    shares.extend(reading.iter().zip(taken).map(|(wish, tokens)| (wish.at, tokens)));
    shares.retain(|(_, tokens)| *tokens > 0);
    Plan::Step(shares)
}

/// The order of their turns: every caller's most urgent one, then every caller's second, and so on.
fn in_turns(reading: &[Wish]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..reading.len()).collect();
    order.sort_by_key(|nth| reading[*nth].urgency);
    let round = |place: usize| {
        order[..place].iter().filter(|nth| reading[**nth].caller == reading[order[place]].caller).count()
    };
    let mut in_turns: Vec<(usize, usize)> =
        order.iter().enumerate().map(|(place, nth)| (round(place), *nth)).collect();
    in_turns.sort_by_key(|(round, _)| *round);
    in_turns.into_iter().map(|(_, nth)| nth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each with a caller of its own.
    fn wishes(pending: &[usize]) -> Vec<Wish> {
        let wish = |(at, tokens): (usize, &usize)| Wish { at, tokens: *tokens, urgency: *tokens, caller: at };
        pending.iter().enumerate().map(wish).collect()
    }

    fn shares(wishes: &[Wish], chunk: usize, free_cells: usize) -> Vec<(usize, usize)> {
        match plan(wishes, chunk, free_cells) {
            Plan::Step(shares) => shares,
            Plan::GiveWay => panic!("somebody gives way"),
        }
    }

    fn step(pending: &[usize], chunk: usize, free_cells: usize) -> Vec<(usize, usize)> {
        shares(&wishes(pending), chunk, free_cells)
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
    fn many_prompts_of_one_caller_do_not_push_back_another() {
        let mut all = wishes(&[4000, 100, 110, 120, 130]);
        for wish in &mut all[..4] {
            wish.caller = 0;
        }
        assert_eq!(shares(&all, 256, 10_000), [(0, 64), (1, 100), (4, 92)]);
    }

    #[test]
    fn a_prefix_that_others_wait_for_is_as_urgent_as_they_are() {
        let mut all = wishes(&[4000, 300, 500]);
        all[2].urgency = 20;
        assert_eq!(shares(&all, 256, 10_000), [(0, 64), (2, 192)]);
    }

    #[test]
    fn somebody_gives_way_when_the_cells_run_out() {
        assert_eq!(plan(&wishes(&[1, 1, 1]), 256, 2), Plan::GiveWay);
        assert_eq!(plan(&wishes(&[7, 8]), 256, 0), Plan::GiveWay);
        // A prompt can wait for cells while others write.
        assert_eq!(step(&[1, 8], 256, 1), [(0, 1)]);
    }

    proptest! {
        #[test]
        fn a_step_fits_goes_forward_and_forgets_no_writer(
            pending in proptest::collection::vec((prop_oneof![Just(1usize), 1usize..600], 1usize..600, 0usize..4), 1..20),
            chunk in 1usize..300,
            free_cells in 0usize..1000,
        ) {
            let wishes: Vec<Wish> = pending
                .iter()
                .enumerate()
                .map(|(at, (tokens, urgency, caller))| Wish { at, tokens: *tokens, urgency: *urgency, caller: *caller })
                .collect();
            match plan(&wishes, chunk, free_cells) {
                Plan::GiveWay => prop_assert!(free_cells < pending.len()),
                Plan::Step(shares) => {
                    let total: usize = shares.iter().map(|(_, tokens)| tokens).sum();
                    let writers = wishes.iter().filter(|wish| wish.tokens == 1).count();
                    prop_assert!(total > 0 && total <= free_cells && total <= writers + chunk);
                    prop_assert!(shares.iter().all(|(at, tokens)| (1..=wishes[*at].tokens).contains(tokens)));
                    for wish in &wishes {
                        let count = shares.iter().filter(|(at, _)| *at == wish.at).count();
                        prop_assert!(count <= 1 && (wish.tokens > 1 || count == 1));
                    }
                    let oldest = wishes.iter().find(|wish| wish.tokens > 1);
                    if let Some(oldest) = oldest && free_cells > writers {
                        prop_assert!(shares.iter().any(|(at, _)| *at == oldest.at));
                    }
                }
            }
        }
    }
}
