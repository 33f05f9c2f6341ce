//! `GET /v1/cron/daily`: what the host's clock calls.

use axum::{Json, extract::State};
use futures_util::future::join;
use hearth_domain::{Code, Problem};
use http::{HeaderMap, header::AUTHORIZATION};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{App, answer::Failure};

/// What the daily call touched: `ok`, `away`, or `absent`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Daily {
    database: &'static str,
    redis: &'static str,
}

/// The day's upkeep
///
/// Touches the database and Redis, since free plans put to sleep what nobody uses. Called by the host's schedule with
/// `Authorization: Bearer $CRON_SECRET`.
#[utoipa::path(get, path = "/v1/cron/daily", tag = "operations", security(("cron" = [])),
    responses((status = 200, body = Daily)))]
pub async fn daily(State(app): State<App>, headers: HeaderMap) -> Result<Json<Daily>, Failure> {
    let secret = app.cron_secret.as_ref().ok_or_else(|| {
        Code::CronNotConfigured
            .with("Set CRON_SECRET where this function is deployed, and call with it as the bearer token.")
    })?;
    if !is_bearer(&headers, secret.expose()) {
        return Err(refused().into());
    }
    let redis = async {
        match &app.journal {
            Some(journal) => state(journal.ping().await.is_ok()),
            None => "absent",
        }
    };
    let (database, redis) = join(app.supabase.touch(), redis).await;
    if let Err(error) = &database {
        tracing::warn!(%error, "the daily call did not reach the database");
    }
    Ok(Json(Daily { database: state(database.is_ok()), redis }))
}

fn state(answered: bool) -> &'static str {
    if answered { "ok" } else { "away" }
}

fn refused() -> Problem {
    Code::InvalidCredential
        .with("This route is for the host's schedule: it takes CRON_SECRET as the bearer token.")
}

/// Compares digests, so that the time it takes says nothing of the secret.
fn is_bearer(headers: &HeaderMap, secret: &str) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("bearer") && Sha256::digest(token.trim()) == Sha256::digest(secret)
}

#[cfg(test)]
mod tests {
    use super::is_bearer;
    use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

    #[test]
    fn one_bearer_of_the_secret_is_let_in() {
        let headers = |values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
        };
        assert!(is_bearer(&headers(&["Bearer correct horse"]), "correct horse"));
        for wrong in
            [&[][..], &["correct horse"], &["Bearer x"], &["Bearer correct horse", "Bearer correct horse"]]
        {
            assert!(!is_bearer(&headers(wrong), "correct horse"), "{wrong:?}");
        }
    }
}
