//! Names: those that no host reads, those that mean another one, and those that are there twice.

use hearth_api::SETTINGS;

use super::api_key::ApiKey;
use super::env_file::{Entry, EnvFile};
use super::finding::Finding;

/// More edits than this are no slip of the fingers.
const MOST_EDITS: usize = 3;
/// A longer name may be a secret in the wrong place, and is not shown.
const LONGEST_SHOWN: usize = 48;

/// What other tools call our settings.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("NEXT_PUBLIC_SUPABASE_URL", "SUPABASE_URL"),
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"),
    ("NEXT_PUBLIC_SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"),
    ("NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY", "SUPABASE_PUBLISHABLE_KEY"),
    ("KV_REST_API_URL", "UPSTASH_REDIS_REST_URL"),
    ("KV_REST_API_TOKEN", "UPSTASH_REDIS_REST_TOKEN"),
];
/// What hosts and their tools put beside our settings.
const HOSTS_OWN: &[&str] =
    &["VERCEL", "VERCEL_", "TURBO_", "NX_", "CARGO_PROFILE_", "RUST_LOG", "RUSTFLAGS", "CLOUDFLARE_", "AWS_"];

pub fn check(file: &EnvFile) -> Vec<Finding> {
    let mut findings: Vec<_> = file.entries().iter().filter_map(|entry| strange(file, entry)).collect();
    for (at, entry) in file.entries().iter().enumerate() {
        if file.entries()[..at].iter().any(|earlier| earlier.name == entry.name) {
            let text = format!(
                "is there again on line {}, and hosts differ in which one counts. Keep one",
                entry.line
            );
            findings.push(Finding::stop(shown(entry), text));
        }
    }
    findings
}

fn strange(file: &EnvFile, entry: &Entry) -> Option<Finding> {
    let name = entry.name.as_str();
    if is_known(name) {
        return None;
    }
    let about = shown(entry);
    if ApiKey::read(entry.value.expose().trim()).is_powerful() {
        return Some(Finding::stop(
            about,
            "is a key that passes row-level security by. No host of Hearth needs it: take it out, so that it can't leak \
             from there",
        ));
    }
    if let Some((_, ours)) = OTHER_WORDS.iter().find(|(other, _)| *other == name) {
        return Some(unread(about, ours, file));
    }
    if HOSTS_OWN.iter().any(|prefix| name == *prefix || prefix.ends_with('_') && name.starts_with(prefix)) {
        return None;
    }
    if name.starts_with("POSTGRES_") || name == "DATABASE_URL" || name == "SUPABASE_DB_PASSWORD" {
        return Some(Finding::heed(
            about,
            "is read by no host: Hearth reaches the database over HTTPS alone. Take it out, so that it can't leak from there",
        ));
    }
    Some(match nearest(name) {
        Some(ours) => unread(about, ours, file),
        None => Finding::heed(about, "is read by no host. Take it out, or keep it for a tool of your own"),
    })
}

fn is_known(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name)
}

/// Where the meant one is there as well, this one only does nothing.
fn unread(about: String, ours: &str, file: &EnvFile) -> Finding {
    if file.get(ours).is_some() {
        return Finding::heed(
            about,
            format!("is read by no host; {ours} is, and is there too. Take this one out"),
        );
    }
    Finding::stop(about, format!("is read by no host. Did you mean {ours}?"))
}

fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    SETTINGS
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(&name, setting.name), setting.name))
        .filter(|(edits, _)| *edits <= MOST_EDITS)
        .min()
        .map(|(_, ours)| ours)
}

/// What stands in front of `=` is a name only if it looks like one: it may as well be half of a secret.
fn shown(entry: &Entry) -> String {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let looks = entry.name.len() <= LONGEST_SHOWN
        && (is_known(&entry.name) || entry.name.contains('_') || entry.name.len() < 16)
        && entry.name.chars().all(plain);
    if looks { entry.name.clone() } else { format!("the name on line {}", entry.line) }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Weight;
    use super::*;

    fn told(text: &str) -> Vec<(Weight, String, String)> {
        let findings = check(&EnvFile::parse(text));
        findings.into_iter().map(|found| (found.weight, found.about, found.text)).collect()
    }

    #[test]
    fn a_slip_of_the_fingers_is_told_with_what_was_meant() {
        for (name, meant) in [
            ("SUPABASE_PUBLISHABEL_KEY", "SUPABASE_PUBLISHABLE_KEY"),
            ("HEARTH_SIGNINGKEY", "HEARTH_SIGNING_KEY"),
            ("UPSTASH_REDIS_URL", "read by no host"),
            ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"),
            ("KV_REST_API_URL", "UPSTASH_REDIS_REST_URL"),
        ] {
            let told = told(&format!("{name}=x"));
            assert!(told.len() == 1 && told[0].2.contains(meant), "{name}: {told:?}");
        }
        let beside = told("CRON_SECRET=x\nCRON_SECERT=y");
        assert_eq!(beside[0].0, Weight::Heed, "{beside:?}");
    }

    #[test]
    fn a_powerful_key_is_refused_under_any_name() {
        let secrets = crate::secrets::Secrets::generate().unwrap();
        for key in [secrets.secret_key.expose(), secrets.service_key.expose()] {
            let told = told(&format!("SUPABASE_SERVICE_ROLE_KEY={key}"));
            assert_eq!(told[0].0, Weight::Stop);
            assert!(!told[0].2.contains(key));
        }
    }

    #[test]
    fn what_a_host_puts_there_is_left_alone_and_twice_is_once_too_often() {
        assert_eq!(told("VERCEL_ENV=production\nCARGO_PROFILE_RELEASE_LTO=fat\nVERCEL=1"), []);
        assert_eq!(told("CRON_SECRET=x\nCRON_SECRET=y")[0].0, Weight::Stop);
    }

    #[test]
    fn half_a_secret_is_not_shown_as_a_name() {
        for line in
            ["c2VzYW1lIHNlc2FtZQ==", &format!("{}=", "AB12".repeat(16)), "0A1B2C3D4E5F60718293A4B5C6D7E8F9=x"]
        {
            let line = if line.starts_with('0') { format!("A{line}") } else { line.to_owned() };
            let told = told(&line);
            assert!(told[0].1.starts_with("the name on line"), "{told:?}");
        }
    }
}
