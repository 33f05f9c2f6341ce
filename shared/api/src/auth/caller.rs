//! The extractor that asks for a signed-in person.

use axum::extract::FromRequestParts;
use hearth_clients::Secret;
use hearth_domain::{Code, Problem, UserId};
use http::{HeaderMap, header::AUTHORIZATION, request::Parts};

use crate::{App, answer::Failure};

/// A signed-in person, and the token that their reads and writes go to the database with.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user_id: UserId,
    pub token: Secret,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let token = bearer(&parts.headers)?;
        let user_id = app.verifier.verify(token).await.map_err(Problem::from)?;
        Ok(Self { user_id, token: Secret::new(token) })
    }
}

/// The bearer token (RFC 6750). Two `Authorization` headers are one too many: which one counts must not be a guess.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Code::InvalidCredential.with("Send one header `Authorization: Bearer <access token>`."));
    };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(token.trim())
        }
        _ => Err(Code::InvalidCredential.with("Send a header `Authorization: Bearer <access token>`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::bearer;
    use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn one_bearer_token_is_taken() {
        assert_eq!(bearer(&headers(&["bearer  abc "])).unwrap(), "abc");
    }

    #[test]
    fn none_two_and_other_schemes_are_refused() {
        for values in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&headers(values)).unwrap_err().status, 401, "{values:?}");
        }
    }
}
