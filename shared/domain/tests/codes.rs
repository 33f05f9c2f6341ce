//! The documented codes are the codes.

use hearth_domain::Code;

const DOCUMENT: &str = include_str!("../../../docs/API.md");

#[test]
fn every_code_is_documented_with_its_status_and_title() {
    for code in Code::ALL {
        let row = format!("| {} | `{}` | {} |", code.status(), code.as_str(), code.title());
        assert!(DOCUMENT.contains(&row), "docs/API.md lacks: {row}");
    }
}

#[test]
fn every_documented_code_exists() {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    let codes: Vec<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(codes.len(), Code::ALL.len());
    for code in codes {
        assert!(code.parse::<Code>().is_ok(), "{code}");
    }
}
