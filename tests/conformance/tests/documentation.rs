//! docs/conformance.md shows the very tables that the program prints.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hearth_conformance::table;

#[test]
fn the_documentation_lists_every_case_and_every_stated_difference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let text = std::fs::read_to_string(path).unwrap();
    for table in [table::of_cases(), table::of_differences()] {
        for line in table.lines() {
            let missing = "print them anew: `./hearth conformance --list`";
            assert!(text.lines().any(|shown| shown == line), "not in docs/conformance.md: {line}; {missing}");
        }
    }
    let cases = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(cases + 2, table::of_cases().lines().count(), "a case that is no more");
}
