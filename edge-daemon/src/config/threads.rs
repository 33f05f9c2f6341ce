//! How many threads compute, unless that is said.

/// Compute threads wait for one another by spinning: with one more than there are free cores everybody stands still (two
/// threads on two cores beside a busy neighbour: slower by a factor of more than ten). So one core is left to the rest of
/// the machine, or the second half of each core where a core counts twice.
pub fn default() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let counts_twice = std::fs::read_to_string("/sys/devices/system/cpu/smt/active")
        .is_ok_and(|active| active.trim() == "1");
    if counts_twice { cores.div_ceil(2) } else { (cores - 1).max(1) }
}
