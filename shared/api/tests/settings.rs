//! The documented settings are the settings.

use hearth_api::{Needed, SETTINGS};

const DOCUMENT: &str = include_str!("../../../docs/settings.md");
const CODE: [&str; 2] = [include_str!("../src/config.rs"), include_str!("../src/config/edge.rs")];

fn rows() -> Vec<String> {
    let rows = SETTINGS.iter().map(|setting| {
        let needed = match setting.needed {
            Needed::Always => "yes".to_owned(),
            Needed::With(other) => format!("with `{other}`"),
            Needed::Optional => "no".to_owned(),
        };
        let secret = if setting.secret { "yes" } else { "no" };
        format!("| `{}` | {needed} | {secret} | {} |", setting.name, setting.meaning)
    });
    rows.collect()
}

#[test]
fn the_document_has_one_row_a_setting_and_no_other() {
    let documented: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(documented, rows(), "docs/settings.md should have these rows:\n{}", rows().join("\n"));
}

#[test]
fn every_setting_is_read_and_every_name_that_is_read_is_a_setting() {
    let product = CODE.iter().filter_map(|code| code.split("#[cfg(test)]").next());
    let read: Vec<&str> = product
        .flat_map(|code| code.split('"'))
        .filter(|text| {
            ["SUPABASE_", "HEARTH_", "UPSTASH_", "CRON_"].iter().any(|start| text.starts_with(start))
                && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .collect();
    for name in &read {
        assert!(SETTINGS.iter().any(|setting| setting.name == *name), "{name} is not in SETTINGS");
    }
    for setting in SETTINGS {
        assert!(read.contains(&setting.name), "{} is never read", setting.name);
    }
}
