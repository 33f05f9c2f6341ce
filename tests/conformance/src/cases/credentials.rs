//! Who is let in, and who is not.

use std::sync::Arc;

use anyhow::ensure;
use hearth_clients::Secret;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use reqwest::Method;
use uuid::Uuid;

use super::contract::operations;
use crate::{
    Host,
    case::{Outcome, Verdict::Passed, cases},
    context::Context,
    target::SignIn,
};

/// Routes for everybody, or with a credential of their own.
const OPEN: [&str; 3] = ["/v1/health", "/v1/ws", "/v1/cron/daily"];

cases! { "credentials":
    every_route_asks "Every route but the open ones answers 401 to whoever shows nothing, before it looks at anything else.";
    what_is_no_token "Nonsense, other schemes, unsigned and altered tokens, and tokens without an end are 401.";
    program_keys "The publishable key is not a person's token.";
    two_headers "Two `Authorization` headers are 401, even where both are good: which one counts must not be a guess.";
    the_scheme_in_any_case "The scheme `bearer` counts however it is written (RFC 9110, 11.1).";
}

async fn every_route_asks(context: Arc<Context>) -> Outcome {
    for (method, path, operation) in operations(&context).await? {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        let id = Uuid::now_v7().to_string();
        let path = path.replace("{id}", &id).replace("{user_id}", &id);
        ensure!(!path.contains('{'), "{path} has a parameter that no case knows");
        let answer = context.send(context.request(method, &path)).await?;
        if operation["tags"][0] == "openai" {
            answer.is_envelope(401, "invalid_credential")?;
        } else {
            answer.is_problem(401, "invalid_credential")?;
        }
    }
    Ok(Passed)
}

async fn what_is_no_token(context: Arc<Context>) -> Outcome {
    let token = context.ada().await?.session.token;
    let token = token.expose();
    let values = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x".to_owned(),
        token.to_owned(),
        format!("Basic {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {}", altered(token)),
        format!("Bearer {}", unsigned(token)),
        format!("Bearer {}", token.rsplit_once('.').map_or("", |(head, _)| head)),
        format!("Bearer {}", "x".repeat(6000)),
    ];
    for value in values {
        let request = context.request(Method::GET, "/v1/me").header(AUTHORIZATION, &value);
        let answer = context.send(request).await?;
        let shown = value.len().min(12);
        ensure!(answer.status == 401, "{} for a header that begins `{}`", answer.status, &value[..shown]);
        answer.is_problem(401, "invalid_credential")?;
    }
    Ok(Passed)
}

/// Another subject under the same signature.
fn altered(token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    if let Some(claims) = parts.get_mut(1) {
        let middle = claims.len() / 2;
        let other = if &claims[middle..=middle] == "A" { "B" } else { "A" };
        claims.replace_range(middle..=middle, other);
    }
    parts.join(".")
}

/// The same claims, under the algorithm `none` (RFC 7519, 6.1).
fn unsigned(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let claims = token.split('.').nth(1).unwrap_or_default();
    format!("{header}.{claims}.")
}

async fn program_keys(context: Arc<Context>) -> Outcome {
    let SignIn::SignUp { publishable_key, .. } = &context.target.sign_in else {
        return Ok(crate::Verdict::Skipped("the publishable key was not given".into()));
    };
    let key: &Secret = publishable_key;
    let request = context.request(Method::GET, "/v1/me").bearer_auth(key.expose());
    context.send(request).await?.is_problem(401, "invalid_credential")?;
    let request = context.request(Method::GET, "/v1/me").header("apikey", key.expose());
    context.send(request).await?.is_problem(401, "invalid_credential")?;
    Ok(Passed)
}

async fn two_headers(context: Arc<Context>) -> Outcome {
    let (ada, eve) = (context.ada().await?, context.eve().await?);
    let value = |token: &str| HeaderValue::from_str(&format!("Bearer {token}"));
    let (hers, other) = (value(ada.session.token.expose())?, value(eve.session.token.expose())?);
    // Joined by a comma (RFC 9110, 5.3), as AWS hands them to a function. Its emulator hands on one of the two.
    let joined = format!("Bearer {0}, Bearer {0}", ada.session.token.expose());
    let request = context.request(Method::GET, "/v1/me").header(AUTHORIZATION, joined);
    context.send(request).await?.is_problem(401, "invalid_credential")?;
    if context.target.host == Host::Lambda && context.target.is_near() {
        return Ok(Passed);
    }
    for pair in [[&hers, &hers], [&hers, &other], [&other, &hers]] {
        let mut headers = HeaderMap::new();
        for value in pair {
            headers.append(AUTHORIZATION, value.clone());
        }
        let request = context.request(Method::GET, "/v1/me").headers(headers);
        context.send(request).await?.is_problem(401, "invalid_credential")?;
    }
    Ok(Passed)
}

async fn the_scheme_in_any_case(context: Arc<Context>) -> Outcome {
    let ada = context.ada().await?;
    for scheme in ["bearer", "BEARER", "Bearer"] {
        let value = format!("{scheme} {}", ada.session.token.expose());
        let request = context.request(Method::GET, "/v1/me").header(AUTHORIZATION, value);
        let me = context.send(request).await?.is(200)?;
        ensure!(me["user_id"] == ada.session.user_id, "somebody else");
    }
    Ok(Passed)
}
