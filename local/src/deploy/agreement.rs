//! Settings that are right by themselves and wrong together: keys of two projects, one secret for two purposes.

use hearth_api::SETTINGS;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use url::Url;

use super::api_key::ApiKey;
use super::env_file::EnvFile;
use super::finding::Finding;

pub fn check(file: &EnvFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(project_of_key(file));
    findings.extend(signer_of_key(file));
    findings.extend(issuer(file));
    findings.extend(used_twice(file));
    findings.extend(alone(file));
    findings.extend(outdone(file));
    findings
}

/// The project that an address names; none for an address of one's own.
fn project(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(url.host_str()?.strip_suffix(".supabase.co")?.to_owned())
}

fn project_of_key(file: &EnvFile) -> Option<Finding> {
    let ApiKey::Jwt(claims) = ApiKey::read(file.get("SUPABASE_PUBLISHABLE_KEY")?) else { return None };
    let (named, of_key) = (project(file.get("SUPABASE_URL")?)?, claims.project?);
    (named != of_key).then(|| {
        Finding::stop(
            "SUPABASE_PUBLISHABLE_KEY",
            "belongs to another project than SUPABASE_URL names. Take both from the same one",
        )
    })
}

fn signer_of_key(file: &EnvFile) -> Option<Finding> {
    let (key, secret) = (file.get("SUPABASE_PUBLISHABLE_KEY")?, file.get("SUPABASE_JWT_SECRET")?);
    if jsonwebtoken::decode_header(key).ok()?.alg != Algorithm::HS256 {
        return None;
    }
    // The signature alone: whether the key is still good is said elsewhere.
    let mut signature = Validation::new(Algorithm::HS256);
    signature.validate_exp = false;
    signature.validate_aud = false;
    signature.required_spec_claims.clear();
    let decoding = DecodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::decode::<serde_json::Value>(key, &decoding, &signature).err().map(|_| {
        Finding::stop(
            "SUPABASE_JWT_SECRET",
            "did not sign SUPABASE_PUBLISHABLE_KEY: one of the two is another project's. Take both from the same one",
        )
    })
}

fn issuer(file: &EnvFile) -> Option<Finding> {
    let (name, issuer) = ("SUPABASE_JWT_ISSUER", file.get("SUPABASE_JWT_ISSUER")?);
    let url = file.get("SUPABASE_URL")?.trim_end_matches('/');
    if !issuer.ends_with("/auth/v1") {
        return Some(Finding::stop(
            name,
            "is no issuer of Supabase's: those end with /auth/v1, without a slash behind it",
        ));
    }
    if issuer == format!("{url}/auth/v1") {
        return Some(Finding::heed(name, "says what is so without it. Take it out"));
    }
    let (ours, other) = (project(url)?, project(issuer)?);
    (ours != other).then(|| {
        Finding::stop(
            name,
            "names another project than SUPABASE_URL: every token would be refused. Take it out",
        )
    })
}

fn used_twice(file: &EnvFile) -> Vec<Finding> {
    let secrets: Vec<_> = SETTINGS
        .iter()
        .filter(|setting| setting.secret)
        .filter_map(|setting| Some((setting.name, file.get(setting.name)?)))
        .collect();
    let mut findings = Vec::new();
    for (at, (name, value)) in secrets.iter().enumerate() {
        if let Some((earlier, _)) = secrets[..at].iter().find(|(_, other)| other == value) {
            let text = format!(
                "is the same as {earlier}: whoever learns one has both. Make one of its own: openssl rand -hex 32"
            );
            findings.push(Finding::stop(*name, text));
        }
    }
    findings
}

/// Settings that say something about another one, which is not there.
fn alone(file: &EnvFile) -> Vec<Finding> {
    let about = [
        ("HEARTH_EDGE_MODEL", "HEARTH_EDGE_URL"),
        ("HEARTH_EDGE_API_KEY", "HEARTH_EDGE_URL"),
        ("HEARTH_EDGE_SERVICE_KEY", "HEARTH_EDGE_URL"),
        ("HEARTH_EDGE_CONTEXT", "HEARTH_EDGE_MODEL"),
    ];
    about
        .into_iter()
        .filter(|(name, other)| file.get(name).is_some() && file.get(other).is_none())
        .map(|(name, other)| {
            Finding::heed(name, format!("says nothing without {other}. Set that too, or take this out"))
        })
        .collect()
}

/// Settings that another one takes the place of.
fn outdone(file: &EnvFile) -> Option<Finding> {
    file.get("HEARTH_EDGE_SERVICE_KEY")?;
    file.get("HEARTH_EDGE_API_KEY").map(|_| {
        let text =
            "is not used beside HEARTH_EDGE_SERVICE_KEY. Take out the one that the daemon no longer asks for";
        Finding::heed("HEARTH_EDGE_API_KEY", text)
    })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::super::finding::Weight;
    use super::*;

    const SECRET: &str = "0123456789012345678901234567890123456789";

    fn told(lines: &[(&str, &str)]) -> Vec<(Weight, String)> {
        let text: Vec<_> = lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
        check(&EnvFile::parse(&text.join("\n")))
            .into_iter()
            .map(|found| (found.weight, found.about))
            .collect()
    }

    fn anon(project: &str) -> String {
        let claims = json!({ "iss": "supabase", "role": "anon", "ref": project, "exp": 1 });
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))
            .unwrap()
    }

    #[test]
    fn a_key_of_another_project_is_refused() {
        let url = ("SUPABASE_URL", "https://ours.supabase.co");
        let stop = (Weight::Stop, "SUPABASE_PUBLISHABLE_KEY".to_owned());
        assert_eq!(told(&[url, ("SUPABASE_PUBLISHABLE_KEY", &anon("theirs"))]), [stop]);
        assert_eq!(told(&[url, ("SUPABASE_PUBLISHABLE_KEY", &anon("ours"))]), []);
        let own = ("SUPABASE_URL", "https://api.example.net");
        assert_eq!(told(&[own, ("SUPABASE_PUBLISHABLE_KEY", &anon("theirs"))]), []);
    }

    #[test]
    fn a_secret_that_did_not_sign_the_key_is_refused() {
        let key = ("SUPABASE_PUBLISHABLE_KEY", &*anon("ours"));
        let other = SECRET.replace('0', "9");
        assert_eq!(
            told(&[key, ("SUPABASE_JWT_SECRET", &other)]),
            [(Weight::Stop, "SUPABASE_JWT_SECRET".into())]
        );
        assert_eq!(told(&[key, ("SUPABASE_JWT_SECRET", SECRET)]), []);
    }

    #[test]
    fn an_issuer_has_to_be_the_projects() {
        let url = ("SUPABASE_URL", "https://ours.supabase.co/");
        let issuer = |value| told(&[url, ("SUPABASE_JWT_ISSUER", value)]).first().map(|(weight, _)| *weight);
        assert_eq!(issuer("https://theirs.supabase.co/auth/v1"), Some(Weight::Stop));
        assert_eq!(issuer("https://ours.supabase.co"), Some(Weight::Stop));
        assert_eq!(issuer("https://ours.supabase.co/auth/v1"), Some(Weight::Heed));
        assert_eq!(issuer("https://auth.example.net/auth/v1"), None);
    }

    #[test]
    fn one_secret_for_two_purposes_is_refused() {
        let twice = told(&[("CRON_SECRET", SECRET), ("SUPABASE_JWT_SECRET", SECRET)]);
        assert_eq!(twice, [(Weight::Stop, "CRON_SECRET".into())]);
    }

    #[test]
    fn what_is_said_about_nothing_is_told() {
        let alone = told(&[("HEARTH_EDGE_MODEL", "m"), ("HEARTH_EDGE_CONTEXT", "8192")]);
        assert_eq!(alone, [(Weight::Heed, "HEARTH_EDGE_MODEL".into())]);
    }

    #[test]
    fn a_key_that_a_pairing_takes_the_place_of_is_told() {
        let url = ("HEARTH_EDGE_URL", "https://e.example.net");
        let (key, pairing) = (("HEARTH_EDGE_API_KEY", "k"), ("HEARTH_EDGE_SERVICE_KEY", "p"));
        assert_eq!(told(&[url, key, pairing]), [(Weight::Heed, "HEARTH_EDGE_API_KEY".into())]);
        assert_eq!(told(&[url, pairing]), []);
    }
}
