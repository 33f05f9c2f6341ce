//! The instructions that this build uses, against those that the machine has. A build for another CPU ends with SIGILL as
//! soon as it meets one that is missing, without a word: so this is looked at first, and in the simplest way.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// What the build uses, as rustc names it. Written down by the build script.
const USED: &str = env!("HEARTH_EDGE_INSTRUCTIONS");

/// Instructions as rustc names them, and as Linux does. What is not here is in every CPU, or nothing that computes.
#[cfg(target_arch = "x86_64")]
const NAMES: &[(&str, &str)] = &[
    ("adx", "adx"),
    ("aes", "aes"),
    ("avx", "avx"),
    ("avx2", "avx2"),
    ("avx512bf16", "avx512_bf16"),
    ("avx512bitalg", "avx512_bitalg"),
    ("avx512bw", "avx512bw"),
    ("avx512cd", "avx512cd"),
    ("avx512dq", "avx512dq"),
    ("avx512f", "avx512f"),
    ("avx512fp16", "avx512_fp16"),
    ("avx512ifma", "avx512ifma"),
    ("avx512vbmi", "avx512vbmi"),
    ("avx512vbmi2", "avx512_vbmi2"),
    ("avx512vl", "avx512vl"),
    ("avx512vnni", "avx512_vnni"),
    ("avx512vpopcntdq", "avx512_vpopcntdq"),
    ("avxvnni", "avx_vnni"),
    ("bmi1", "bmi1"),
    ("bmi2", "bmi2"),
    ("f16c", "f16c"),
    ("fma", "fma"),
    ("gfni", "gfni"),
    ("lzcnt", "abm"),
    ("movbe", "movbe"),
    ("pclmulqdq", "pclmulqdq"),
    ("popcnt", "popcnt"),
    ("sha", "sha_ni"),
    ("sse3", "pni"),
    ("sse4.1", "sse4_1"),
    ("sse4.2", "sse4_2"),
    ("ssse3", "ssse3"),
    ("vaes", "vaes"),
    ("vpclmulqdq", "vpclmulqdq"),
];

#[cfg(target_arch = "aarch64")]
const NAMES: &[(&str, &str)] = &[
    ("aes", "aes"),
    ("bf16", "bf16"),
    ("crc", "crc32"),
    ("dotprod", "asimddp"),
    ("fhm", "asimdfhm"),
    ("fp16", "asimdhp"),
    ("i8mm", "i8mm"),
    ("lse", "atomics"),
    ("neon", "asimd"),
    ("rcpc", "lrcpc"),
    ("rdm", "asimdrdm"),
    ("sha2", "sha2"),
    ("sha3", "sha3"),
    ("sve", "sve"),
    ("sve2", "sve2"),
];

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const NAMES: &[(&str, &str)] = &[];

/// The first CPU's part of the file is no longer than this, and one CPU is enough.
const FIRST_CPU: u64 = 8192;

/// Are the kernels libraries of their own, of which those that fit the CPU are loaded when the daemon starts?
pub const CHOSEN_WHEN_STARTED: bool = cfg!(feature = "dynamic-backends");

/// Instructions that the build uses and this machine lacks; none where the machine does not say what it has.
pub fn missing() -> Vec<&'static str> {
    missing_in(Path::new("/proc/cpuinfo")).unwrap_or_default()
}

/// The same with the kernel's list in this file; nothing where there is no such list.
pub fn missing_in(cpuinfo: &Path) -> Option<Vec<&'static str>> {
    let mut text = Vec::new();
    File::open(cpuinfo).ok()?.take(FIRST_CPU).read_to_end(&mut text).ok()?;
    lacking(USED, &String::from_utf8_lossy(&text))
}

/// How many of the instructions that the build uses can be looked for.
pub fn used() -> usize {
    USED.split(',').filter(|used| NAMES.iter().any(|(name, _)| name == used)).count()
}

fn lacking(used: &'static str, cpuinfo: &str) -> Option<Vec<&'static str>> {
    let list = cpuinfo.lines().find_map(|line| {
        let (name, list) = line.split_once(':')?;
        matches!(name.trim(), "flags" | "Features").then_some(list)
    })?;
    let has = |flag: &str| list.split_ascii_whitespace().any(|word| word == flag);
    let missing = used.split(',').filter(|used| NAMES.iter().any(|(name, flag)| name == used && !has(flag)));
    Some(missing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_what_its_own_build_uses() {
        assert_eq!(missing(), Vec::<&str>::new());
    }

    #[test]
    fn what_is_not_said_is_not_guessed() {
        assert_eq!(lacking("avx2", "processor : 0\n"), None);
        assert!(missing_in(Path::new("/nowhere")).is_none());
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_missing_instruction_is_named_and_one_that_computes_nothing_is_not() {
        let cpu = "processor\t: 0\nflags\t\t: fpu sse2 pni sse4_1 sse4_2 abm avx\n";
        assert_eq!(lacking("fxsr,sse3,sse4.2,lzcnt,avx,avx2,bmi2", cpu), Some(vec!["avx2", "bmi2"]));
        assert_eq!(lacking("sse3,avx", cpu), Some(Vec::new()));
    }
}
