//! The caller's own profile.

use axum::{Json, extract::State};
use hearth_domain::Profile;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    App,
    answer::Failure,
    auth::Caller,
    input::{Body, IfMatch, with},
};

/// What of a profile can be changed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

/// The caller
#[utoipa::path(get, path = "/v1/me", tag = "me", responses((status = 200, body = Profile)))]
pub async fn get(State(app): State<App>, caller: Caller) -> Result<Json<Profile>, Failure> {
    Ok(Json(app.supabase.call(&caller.token, "get_me", &json!({})).await?))
}

/// Change the caller's profile
#[utoipa::path(patch, path = "/v1/me", tag = "me", request_body = Changes, responses((status = 200, body = Profile)))]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    IfMatch(if_revision): IfMatch,
    Body(changes): Body<Changes>,
) -> Result<Json<Profile>, Failure> {
    let p = with(&changes, &[("if_revision", json!(if_revision))]);
    Ok(Json(app.supabase.change(&caller.token, "update_me", &p).await?))
}
