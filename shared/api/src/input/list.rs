//! The query of a list: `?limit=` and `?cursor=`.

use axum::extract::{FromRequestParts, Query};
use hearth_domain::{
    Problem,
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{App, answer::Failure};

/// Which page of a list.
#[derive(Clone, Debug, Deserialize, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// 1 to 200 items; 50 if left out.
    #[serde(default = "default_limit")]
    pub limit: u32,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

impl FromRequestParts<App> for ListQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let Query(query) = Query::<Self>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::field("query", error.body_text()))?;
        if !(1..=MAX_LIMIT).contains(&query.limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {MAX_LIMIT}")).into());
        }
        Ok(query)
    }
}
