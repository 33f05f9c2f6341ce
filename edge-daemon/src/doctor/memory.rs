//! Memory: is there room for the model, now, ever, and within the limits that are set?

use std::path::Path;

use super::finding::Finding;
use super::machine::{Machine, Memory};
use crate::engine::{Need, Settings, Sizes};
use crate::model::Shape;

/// Swap that is in use up to here is what any machine has put aside.
const SWAP_OF_NO_MATTER: u64 = 64 << 20;

pub fn all(machine: &Machine, model: Option<&Path>) -> Vec<Finding> {
    let Some(memory) = machine.memory() else {
        let next = "compare the model's size with the machine's memory yourself";
        return vec![Finding::warn("memory", "this system does not say how much there is", next)];
    };
    let needed = model.and_then(|model| needed(model, memory.available));
    let mut findings = vec![room(memory, needed)];
    findings.extend(machine.memory_limit().filter(|(limit, _)| *limit < memory.total).map(
        |(limit, place)| {
            let found = format!("{} is the limit that {} sets", shown(limit), place.display());
            match needed {
                Some(needed) if needed > limit => Finding::fail(
                    "memory limit",
                    format!("{found}, and the model takes {}", shown(needed)),
                    "raise MemoryMax in the unit, or choose a smaller model",
                ),
                _ => Finding::ok("memory limit", found),
            }
        },
    ));
    findings.push(swap(memory));
    findings
}

/// Bytes that the model takes with the usual settings, which suit the cache to the memory there is.
fn needed(model: &Path, available: u64) -> Option<u64> {
    let shape = Shape::read(model).ok()?;
    let settings = Settings::usual(1);
    let sizes = Sizes::new(&settings, &shape, Some(available));
    Some(Need::new(&shape, &settings, sizes).total())
}

fn room(memory: Memory, needed: Option<u64>) -> Finding {
    let there = format!("{} of {} are free", shown(memory.available), shown(memory.total));
    let Some(needed) = needed else { return Finding::ok("memory", there) };
    let found = format!("the model takes {}, and {there}", shown(needed));
    if needed > memory.total {
        Finding::fail("memory", found, "choose a smaller model, or one with fewer bits a weight (Q4_K_M)")
    } else if needed > memory.available {
        Finding::warn(
            "memory",
            found,
            "end what else takes memory, or choose a smaller model: it would be read from the disk again and again",
        )
    } else {
        Finding::ok("memory", found)
    }
}

fn swap(memory: Memory) -> Finding {
    let used = memory.swap.saturating_sub(memory.swap_free);
    if used > SWAP_OF_NO_MATTER {
        let found = format!("{} of {} are in use: memory has been short", shown(used), shown(memory.swap));
        Finding::warn(
            "swap",
            found,
            "a cache that is swapped out makes every token wait; see what takes the memory",
        )
    } else {
        Finding::ok("swap", if memory.swap == 0 { "none" } else { "hardly used" })
    }
}

/// In units that people know.
fn shown(bytes: u64) -> String {
    if bytes >= 1_000_000_000 {
        format!("{:.1} GB", bytes as f64 / 1e9)
    } else {
        format!("{} MB", bytes.div_ceil(1_000_000))
    }
}
