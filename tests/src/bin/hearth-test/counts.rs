//! How many passed and failed, read from what each kind of test runner prints at its end.

use std::fmt;
use std::ops::AddAssign;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl Counts {
    /// A check that either holds or does not.
    pub fn one(holds: bool) -> Self {
        Self { passed: u32::from(holds), failed: u32::from(!holds), skipped: 0 }
    }

    /// What a run printed, if it printed any count; a run that ended badly without a failed test failed itself.
    pub fn of_run(read: Option<Self>, ended_well: bool) -> Self {
        let mut counts = read.unwrap_or_default();
        // No count and no failure: nothing was tested, and that is not what was asked.
        if counts.failed == 0 && (!ended_well || counts.passed == 0) {
            counts.failed = 1;
        }
        counts
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(f, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// cargo-nextest's `Summary [1.0s] 9 tests run: 7 passed (1 slow), 2 failed, 3 skipped`, or cargo test's lines
/// `test result: ok. 5 passed; 0 failed; 1 ignored; …`, added up.
///
/// nextest repeats what a failed test printed, its own `test result` with it: where there is a summary, that alone counts.
pub fn rust(log: &str) -> Option<Counts> {
    let mut whole = None;
    let is_summary = |line: &str| line.trim().starts_with("Summary [") && line.contains(" run:");
    let summed_up = log.lines().any(is_summary);
    for line in log.lines().map(str::trim).filter(|line| !summed_up || is_summary(line)) {
        let read = if line.starts_with("test result:")
            || (line.starts_with("Summary [") && line.contains(" run:"))
        {
            let count = |words: &[&str]| words.iter().map(|word| before(line, word)).sum();
            Counts {
                passed: count(&["passed"]),
                failed: count(&["failed", "timed out", "exec failed"]),
                skipped: count(&["skipped", "ignored"]),
            }
        } else {
            continue;
        };
        *whole.get_or_insert_default() += read;
    }
    whole
}

/// The last line `N passed, N failed`.
pub fn closing_line(log: &str) -> Option<Counts> {
    let line = log.lines().rev().find(|line| line.contains(" passed, ") && line.contains(" failed"))?;
    Some(Counts {
        passed: before(line, "passed"),
        failed: before(line, "failed"),
        skipped: before(line, "skipped"),
    })
}

/// Node's TAP reporter: `# pass 5`, `# fail 0`, `# cancelled 0`, `# skipped 0`.
pub fn node(log: &str) -> Option<Counts> {
    let count = |name: &str| -> Option<u32> {
        log.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.trim().parse().ok())
    };
    Some(Counts {
        passed: count("pass ")?,
        failed: count("fail ")? + count("cancelled ").unwrap_or(0),
        skipped: count("skipped ").unwrap_or(0) + count("todo ").unwrap_or(0),
    })
}

/// The number right before `word`; 0 where it is not.
fn before(line: &str, word: &str) -> u32 {
    let words: Vec<_> = line.split([' ', ',', ';', '(', ')', ':']).filter(|part| !part.is_empty()).collect();
    let wanted: Vec<_> = word.split(' ').collect();
    words
        .windows(wanted.len() + 1)
        .find(|window| window[1..] == wanted[..])
        .and_then(|window| window[0].parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_and_cargo_test_are_both_read() {
        let nextest =
            "     Summary [   4.056s] 24 tests run: 20 passed (1 slow), 3 failed, 1 timed out, 7 skipped";
        assert_eq!(rust(nextest), Some(Counts { passed: 20, failed: 4, skipped: 7 }));
        let cargo = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                     test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(rust(cargo), Some(Counts { passed: 7, failed: 1, skipped: 1 }));
        let both = format!("{cargo}\n{nextest}");
        assert_eq!(rust(&both), rust(nextest), "what a failed test printed is not counted again");
        assert_eq!(rust("error: could not compile"), None);
    }

    #[test]
    fn node_and_a_closing_line_are_read() {
        let tap = "# tests 9\n# suites 0\n# pass 7\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0";
        assert_eq!(node(tap), Some(Counts { passed: 7, failed: 2, skipped: 0 }));
        assert_eq!(
            closing_line("ok 1\n12 passed, 3 failed\n"),
            Some(Counts { passed: 12, failed: 3, skipped: 0 })
        );
    }

    #[test]
    fn a_run_that_broke_or_tested_nothing_has_failed() {
        assert_eq!(Counts::of_run(None, true).failed, 1);
        let passed = Counts { passed: 3, ..Counts::default() };
        assert_eq!(Counts::of_run(Some(passed), false), Counts { passed: 3, failed: 1, skipped: 0 });
        assert_eq!(Counts::of_run(Some(passed), true), passed);
    }
}
