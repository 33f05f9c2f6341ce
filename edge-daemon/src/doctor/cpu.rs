//! The CPU: does it know the build's instructions, and is it left room?

use std::num::NonZeroU16;

use super::finding::Finding;
use super::machine::Machine;
use crate::config::threads;
use crate::cpu;

pub fn instructions(machine: &Machine) -> Finding {
    match cpu::missing_in(&machine.path("proc/cpuinfo")) {
        None => Finding::warn(
            "cpu",
            "this system does not say which instructions its CPU has",
            "if the daemon ends with SIGILL, build it on this machine",
        ),
        Some(missing) if missing.is_empty() && cpu::CHOSEN_WHEN_STARTED => {
            Finding::ok("cpu", "the kernels that fit it are chosen when the daemon starts")
        }
        Some(missing) if missing.is_empty() => {
            Finding::ok("cpu", format!("has all {} instruction sets that this build uses", cpu::used()))
        }
        Some(missing) => Finding::fail(
            "cpu",
            format!("lacks {}, which this build uses: the daemon would end with SIGILL", missing.join(", ")),
            "build it on this machine, or for older CPUs as edge-daemon/README.md says",
        ),
    }
}

pub fn threads(wanted: Option<NonZeroU16>) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = wanted.map_or_else(threads::default, |threads| threads.get().into());
    let found = format!("{threads} of {cores} compute");
    if threads > cores {
        Finding::warn(
            "threads",
            format!("{found}: more than there are cores"),
            "leave --threads out, or name fewer",
        )
    } else if threads == cores && cores > 1 {
        let next = "one fewer leaves room for what else runs, on which all of them would wait";
        Finding::warn("threads", format!("{found}: no core is left over"), next)
    } else {
        Finding::ok("threads", found)
    }
}
