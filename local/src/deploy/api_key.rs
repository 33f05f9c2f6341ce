//! Supabase's API keys, told apart by their look (<https://supabase.com/docs/guides/api/api-keys>).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Which kind of key a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKey {
    /// `sb_publishable_…`: anybody may have it.
    Publishable,
    /// `sb_secret_…`: passes row-level security by.
    Secret,
    /// `sbp_…`: an account's, for the management API.
    Account,
    /// A JSON Web Token: one of the older keys, or a person's.
    Jwt(Claims),
    Other,
}

/// What a token says; its signature is another matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Claims {
    pub role: String,
    /// The project's reference, the first label of its address.
    #[serde(rename = "ref")]
    pub project: Option<String>,
    /// Seconds since 1970.
    pub exp: Option<u64>,
}

impl ApiKey {
    pub fn read(text: &str) -> Self {
        match text {
            text if text.starts_with("sb_publishable_") => Self::Publishable,
            text if text.starts_with("sb_secret_") => Self::Secret,
            text if text.starts_with("sbp_") => Self::Account,
            text => claims(text).map_or(Self::Other, Self::Jwt),
        }
    }

    /// Whether whoever holds it may read and write everything.
    pub fn is_powerful(&self) -> bool {
        match self {
            Self::Secret | Self::Account => true,
            Self::Jwt(claims) => claims.role == "service_role" || claims.role == "supabase_admin",
            Self::Publishable | Self::Other => false,
        }
    }
}

fn claims(text: &str) -> Option<Claims> {
    let mut parts = text.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::ApiKey;

    #[test]
    fn keys_are_told_apart() {
        let secrets = crate::secrets::Secrets::generate().unwrap();
        assert_eq!(ApiKey::read(&secrets.publishable_key), ApiKey::Publishable);
        assert!(ApiKey::read(secrets.secret_key.expose()).is_powerful());
        assert!(ApiKey::read(secrets.service_key.expose()).is_powerful());
        assert!(ApiKey::read("sbp_0123456789").is_powerful());
        let ApiKey::Jwt(claims) = ApiKey::read(&secrets.anon_key) else { panic!("no token") };
        assert_eq!((claims.role.as_str(), claims.project.as_deref()), ("anon", Some("hearth")));
        for other in ["", "a.b.c", "a.b.c.d", "sesame"] {
            assert_eq!(ApiKey::read(other), ApiKey::Other, "{other}");
        }
    }
}
