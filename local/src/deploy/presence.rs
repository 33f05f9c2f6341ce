//! What a host needs and the file does not have.

use hearth_api::{Needed, SETTINGS, Setting};

use super::env_file::EnvFile;
use super::finding::Finding;
use super::host::Host;

pub fn check(file: &EnvFile, hosts: &[Host]) -> Vec<Finding> {
    let cloud: Vec<Host> = hosts.iter().copied().filter(|host| host.is_cloud()).collect();
    let mut findings = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| file.get(setting.name).is_none()) {
        match setting.needed {
            // `./hearth up` makes its own.
            Needed::Always if !cloud.is_empty() => {
                findings.push(Finding::missing(setting.name, needed(setting)).on(cloud.clone()));
            }
            Needed::With(other) if file.get(other).is_some() => {
                let text = format!("is missing, and {other} says nothing without it. Set both, or neither");
                findings.push(Finding::missing(setting.name, text));
            }
            _ => {}
        }
    }
    findings.extend(missed(file, &cloud));
    findings
}

fn needed(setting: &Setting) -> String {
    let next = match setting.name {
        "SUPABASE_URL" => "See Project Settings, Data API",
        "SUPABASE_PUBLISHABLE_KEY" => "See Project Settings, API Keys",
        "HEARTH_SIGNING_KEY" => "Make one, and give it to the database too: docs/deploy/supabase.md",
        _ => "See docs/settings.md",
    };
    format!("is missing: {}. {next}", lower(setting.meaning))
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Works without, and not as somebody might expect.
fn missed(file: &EnvFile, cloud: &[Host]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if cloud.is_empty() {
        return findings;
    }
    if file.get("HEARTH_EDGE_URL").is_none() {
        let text =
            "is not set: no model answers, and turns end with 503 no_provider. See docs/deploy/edge.md";
        findings.push(Finding::heed("HEARTH_EDGE_URL", text).on(cloud.to_vec()));
    }
    if file.get("UPSTASH_REDIS_REST_URL").is_none() && file.get("UPSTASH_REDIS_REST_TOKEN").is_none() {
        let text = "is not set: an answer can't be resumed or cancelled on another instance. See docs/deploy/upstash.md";
        findings.push(Finding::heed("UPSTASH_REDIS_REST_URL", text).on(cloud.to_vec()));
    }
    if file.get("CRON_SECRET").is_none() {
        let text = "is not set: the daily call is refused, and Supabase pauses a free project after a quiet week. \
                    Make one: openssl rand -hex 32";
        findings.push(Finding::heed("CRON_SECRET", text).on(cloud.to_vec()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn missing(text: &str, hosts: &[Host]) -> Vec<String> {
        let findings = check(&EnvFile::parse(text), hosts).into_iter();
        findings.filter(|found| found.weight == Weight::Missing).map(|found| found.about).collect()
    }

    #[test]
    fn an_empty_file_lacks_what_is_always_needed_in_the_cloud_and_nothing_at_home() {
        let always: Vec<_> = SETTINGS.iter().filter(|setting| setting.needed == Needed::Always).collect();
        assert_eq!(missing("", &Host::ALL).len(), always.len());
        assert!(missing("", &[Host::Local]).is_empty());
        assert!(check(&EnvFile::parse(""), &[Host::Local]).is_empty());
    }

    #[test]
    fn half_a_pair_is_missing_its_other_half_everywhere() {
        let found = missing("UPSTASH_REDIS_REST_TOKEN=x", &[Host::Local]);
        assert_eq!(found, ["UPSTASH_REDIS_REST_URL"]);
    }

    #[test]
    fn an_empty_value_is_missing() {
        assert!(missing("SUPABASE_URL=\" \"", &[Host::Vercel]).contains(&"SUPABASE_URL".to_owned()));
    }
}
