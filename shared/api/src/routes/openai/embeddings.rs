//! `POST /v1/embeddings`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use hearth_clients::llm::ProviderError;
use hearth_domain::{Code, Problem};
use http::header;
use serde_json::{Map, Value, json};

use super::chat::Workspace;
use crate::{
    App,
    answer::{Failure, from_provider},
    auth::Caller,
    input::Body,
};

/// Embeddings, as OpenAI has them
#[utoipa::path(post, path = "/v1/embeddings", tag = "openai", request_body = Object, responses((status = 200, body = Object)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    workspace: Workspace,
    Body(body): Body<Map<String, Value>>,
) -> Result<Response, Failure> {
    if !body.contains_key("input") {
        return Err(Problem::field("input", "is missing: a text, or a list of texts").into());
    }
    let edge = app.edge()?;
    let p = json!({ "workspace_id": workspace.id() });
    let _: Value = app.supabase.call(&caller.token, "begin_completion", &p).await?;
    let answer = edge.provider.forward("/v1/embeddings", &body, caller.user_id).await;
    let answer = answer.map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    let mut pieces = answer.body;
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(
            &piece.map_err(|_| Code::ProviderFailed.with("The model stopped in the middle. Ask again."))?,
        );
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// A daemon without an embedding model has no such route, or says so.
fn refused(error: &ProviderError) -> Problem {
    match error {
        ProviderError::Refused { status: 404 | 405 | 501, .. } => Code::NoEmbeddingModel
            .with("The edge daemon serves no embedding model. Chat models are at /v1/models."),
        other => from_provider(other),
    }
}
