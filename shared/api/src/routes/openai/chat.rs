//! `POST /v1/chat/completions`.

use axum::{
    body::Body as HttpBody,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use hearth_clients::{
    http::Streaming,
    platform::{self, Background},
    supabase::Signed,
};
use hearth_domain::{Code, Decision, Problem, Sensitivity, Usage, UserId, WorkspaceId};
use hearth_routing::{Health, Quotas, decide};
use hearth_wire::ChatCompletion;
use http::{HeaderValue, header, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use web_time::Instant;

use super::tap;
use crate::{
    App,
    answer::{Failure, from_provider},
    auth::Caller,
    host::Beyond,
    input::Body,
    turn::{decision, no_candidate},
};

/// The workspace that a call counts for: `x-hearth-workspace`, by default the caller's Personal one.
pub struct Workspace(Option<WorkspaceId>);

impl Workspace {
    pub fn id(&self) -> Option<WorkspaceId> {
        self.0
    }
}

impl FromRequestParts<App> for Workspace {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get("x-hearth-workspace") else { return Ok(Self(None)) };
        let id = value.to_str().ok().and_then(|text| text.parse().ok());
        id.map(|id| Self(Some(id)))
            .ok_or_else(|| Problem::field("x-hearth-workspace", "is not a UUID").into())
    }
}

/// Whose call it is, as the database knows them.
#[derive(Debug, Deserialize)]
struct Admitted {
    workspace_id: WorkspaceId,
    user_id: UserId,
    policy: Option<Policy>,
}

#[derive(Debug, Deserialize)]
struct Policy {
    #[serde(default)]
    on_prem_only: bool,
}

/// What is stored of a call.
#[derive(Serialize)]
struct Record {
    usage: Option<Usage>,
    decision: Decision,
    duration_ms: u64,
}

/// Chat, as OpenAI has it
///
/// Routed like a turn. What is said is not stored; the usage and the decision are.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", request_body = Object,
    params(("x-hearth-workspace" = Option<String>, Header, description = "A workspace's id; the Personal one if left out")),
    responses((status = 200, body = Object)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Beyond(background): Beyond,
    Workspace(workspace_id): Workspace,
    Body(mut body): Body<Map<String, Value>>,
) -> Result<Response, Failure> {
    if !body.get("messages").is_some_and(Value::is_array) {
        return Err(Problem::field("messages", "must be a list of messages").into());
    }
    let edge = app.edge()?;
    let p = json!({ "workspace_id": workspace_id });
    let admitted: Admitted = app.supabase.call(&caller.token, "begin_completion", &p).await?;
    let catalogue = edge.models.catalogue(&edge.provider).await;
    let request = hearth_routing::Request {
        sensitivity: Sensitivity::Normal,
        model: body.get("model").and_then(Value::as_str).map(str::to_owned),
        ..hearth_routing::Request::default()
    };
    let policy = hearth_routing::Policy {
        on_prem_only: admitted.policy.as_ref().is_some_and(|policy| policy.on_prem_only),
    };
    let (quotas, health) = (Quotas::default(), Health::default());
    let decided = decide(&request, policy, &catalogue, &quotas, &health, platform::unix_seconds());
    let Some(candidate) = decided.candidates.first() else {
        return Err(no_candidate(&decided.rejected).into());
    };
    body.insert("model".into(), candidate.model.clone().into());

    let streaming = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    let wants_usage = streaming && ask_for_usage(&mut body);
    let began = Instant::now();
    let answer = edge.provider.forward("/v1/chat/completions", &body, caller.user_id).await;
    let answer = answer.map_err(|error| from_provider(&error))?;
    let decision = decision(candidate, &decided.rejected);
    if streaming {
        Ok(stream(&app, background, admitted, decision, began, answer, wants_usage))
    } else {
        whole(&app, &background, admitted, decision, began, answer).await
    }
}

/// Has the provider count; tells whether the caller asked for the count as well.
fn ask_for_usage(body: &mut Map<String, Value>) -> bool {
    let options = body.entry("stream_options").or_insert_with(|| json!({}));
    let wanted = options.get("include_usage").and_then(Value::as_bool).unwrap_or(false);
    if let Some(options) = options.as_object_mut() {
        options.insert("include_usage".into(), true.into());
    }
    wanted
}

fn stream(
    app: &App,
    background: Background,
    admitted: Admitted,
    decision: Decision,
    began: Instant,
    answer: Streaming,
    wants_usage: bool,
) -> Response {
    let meter = tap::Meter::default();
    let (app, counted) = (app.clone(), meter.clone());
    let done = move || {
        background.spawn(async move { record(&app, admitted, decision, began, tap::read(&counted)).await });
    };
    let body = HttpBody::from_stream(tap::pass(answer.body, meter, wants_usage, done));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn whole(
    app: &App,
    background: &Background,
    admitted: Admitted,
    decision: Decision,
    began: Instant,
    answer: Streaming,
) -> Result<Response, Failure> {
    let mut bytes = Vec::new();
    let mut body = answer.body;
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(
            &piece.map_err(|_| Code::ProviderFailed.with("The model stopped in the middle. Ask again."))?,
        );
    }
    let completion: ChatCompletion = serde_json::from_slice(&bytes).map_err(|_| {
        Code::ProviderFailed.with("The model answered in a way that cannot be read. Ask again.")
    })?;
    let usage = completion.usage.map(|usage| Usage {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
    });
    let app = app.clone();
    background.spawn(async move { record(&app, admitted, decision, began, usage).await });
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// Stores what a call used. A caller does not wait for it, and a database that is away loses one row of usage.
async fn record(app: &App, admitted: Admitted, decision: Decision, began: Instant, usage: Option<Usage>) {
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let payload = serde_json::to_string(&Record { usage, decision, duration_ms }).unwrap_or_default();
    let call =
        Signed { workspace: admitted.workspace_id.0, id: Uuid::now_v7(), user: admitted.user_id.0, payload };
    let stored = app.supabase.call_signed::<Value>(&app.signing_key, "record_completion", &call).await;
    if let Err(error) = stored {
        tracing::warn!(%error, "a completion's usage could not be stored");
    }
}
