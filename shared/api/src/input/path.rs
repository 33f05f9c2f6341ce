//! Ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use hearth_domain::{Code, Problem};
use http::request::Parts;

use crate::{App, answer::Failure};

/// The path's only id.
pub struct Id<T>(pub T);

impl<T: FromStr + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let params = raw(parts, app).await?;
        let (name, text) = params.first().map_or(("id", ""), |(name, text)| (name.as_str(), text.as_str()));
        Ok(Self(read(name, text)?))
    }
}

/// Two ids of a path, in the path's order.
pub struct Ids<A, B>(pub A, pub B);

impl<A: FromStr + Send, B: FromStr + Send> FromRequestParts<App> for Ids<A, B> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match raw(parts, app).await?.as_slice() {
            [(a, first), (b, second)] => Ok(Self(read(a, first)?, read(b, second)?)),
            _ => Err(Code::RouteNotFound.with("See /docs for the routes.").into()),
        }
    }
}

async fn raw(parts: &mut Parts, app: &App) -> Result<Vec<(String, String)>, Failure> {
    let params = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| Code::RouteNotFound.with("The path is not valid UTF-8."))?;
    Ok(params.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}

fn read<T: FromStr>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::field(name, "is not a UUID"))
}
