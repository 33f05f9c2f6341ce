//! The table of the documentation: every case and its claim, and every stated difference.

use std::fmt::Write as _;

use crate::{cases, host::DIFFERENCES};

/// The cases as Markdown, theme by theme.
pub fn of_cases() -> String {
    let mut table = String::from("| case | what it proves |\n| --- | --- |\n");
    for case in cases::all() {
        // Writing to a String does not fail.
        let _ = writeln!(table, "| `{}` | {} |", case.id(), case.proves);
    }
    table
}

/// The stated differences as Markdown.
pub fn of_differences() -> String {
    let mut table = String::from("| host | difference | case |\n| --- | --- | --- |\n");
    for difference in DIFFERENCES {
        let _ = writeln!(table, "| {} | {} | `{}` |", difference.host, difference.what, difference.case);
    }
    table
}
