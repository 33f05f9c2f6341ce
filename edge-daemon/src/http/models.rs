//! `GET /v1/models`, `GET /v1/models/{id}`, and what loads and unloads a model.

use axum::Json as JsonBody;
use axum::extract::{Path, State};
use hearth_wire::ModelMeta;
use serde_json::{Value, json};

use super::Daemon;
use super::caller::Manager;
use super::error::ApiError;
use super::fields::Fields;
use super::json::Json;
use crate::model::{Kind, Shape};
use crate::models::{Listed, Purpose, State as Standing};

pub async fn list(State(daemon): State<Daemon>) -> Result<JsonBody<Value>, ApiError> {
    let listed = daemon.models.list().await?;
    let data: Vec<Value> = listed.iter().map(|listed| entry(listed, &daemon)).collect();
    Ok(JsonBody(json!({"object": "list", "data": data})))
}

pub async fn one(State(daemon): State<Daemon>, Path(id): Path<String>) -> Result<JsonBody<Value>, ApiError> {
    let known = daemon.models.find(Some(&id), Purpose::Any).await?;
    Ok(JsonBody(entry(&daemon.models.tell(known).await?, &daemon)))
}

/// `{"model", "pin"}` → the model, once it is loaded. `pin` keeps it in memory, or lets it go again; left out, nothing
/// changes in that.
pub async fn load(
    _: Manager,
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let name = body.string("model")?;
    let pin = body.boolean("pin")?;
    body.finish()?;
    let known = daemon.models.find(name.as_deref(), Purpose::Any).await?;
    let _loaded = daemon.models.take_known(known.clone()).await?;
    if let Some(pin) = pin {
        daemon.models.pin(&known.id, pin);
    }
    Ok(JsonBody(entry(&daemon.models.tell(known).await?, &daemon)))
}

/// `{"model"}` → the model, once it is out of memory. Answers that have begun are finished first.
pub async fn unload(
    _: Manager,
    State(daemon): State<Daemon>,
    Json(body): Json<Value>,
) -> Result<JsonBody<Value>, ApiError> {
    let mut body = Fields::of_body(body)?;
    let name = body.string("model")?;
    body.finish()?;
    let known = daemon.models.find(name.as_deref(), Purpose::Any).await?;
    daemon.models.unload(&known.id).await;
    Ok(JsonBody(entry(&daemon.models.tell(known).await?, &daemon)))
}

/// OpenAI's fields, llama-server's sizes in `meta`, where the model stands, and what it can do in `capabilities`.
fn entry(listed: &Listed, daemon: &Daemon) -> Value {
    let mut entry = json!({
        "id": listed.id,
        "object": "model",
        "created": daemon.started,
        "owned_by": "hearth",
        "aliases": listed.aliases,
        "state": state(&listed.state),
        "pinned": listed.pinned,
    });
    if let Some(parent) = &listed.parent {
        entry["parent"] = json!(parent);
    }
    match &listed.state {
        Standing::Failed(reason) => entry["reason"] = json!(reason),
        Standing::Loading(part) => entry["progress"] = json!((part * 100.0).round() / 100.0),
        Standing::Downloading(bytes) => entry["downloaded"] = json!(bytes),
        _ => {}
    }
    if let Ok(shape) = &listed.shape {
        let need = listed.need;
        entry["meta"] = json!(meta(shape, listed.n_ctx));
        entry["memory"] = json!({
            "weights": need.weights, "cache": need.cache, "computing": need.computing, "total": need.total(),
        });
        entry["capabilities"] = capabilities(listed, shape);
    }
    entry
}

/// The word for where a model stands.
pub fn state(state: &Standing) -> &'static str {
    match state {
        Standing::Unloaded => "unloaded",
        Standing::Loading(_) => "loading",
        Standing::Ready(_) => "ready",
        Standing::Unloading => "unloading",
        Standing::Failed(_) => "failed",
        Standing::Downloading(_) => "downloading",
    }
}

fn meta(shape: &Shape, n_ctx: u32) -> ModelMeta {
    ModelMeta {
        n_ctx: n_ctx.into(),
        n_ctx_train: shape.n_ctx_train.into(),
        n_params: shape.n_params,
        size: shape.bytes,
        n_vocab: shape.n_vocab,
    }
}

/// What its file says; how it makes calls and whether beginnings are shared is known once it is loaded.
fn capabilities(listed: &Listed, shape: &Shape) -> Value {
    match (shape.kind, &listed.state) {
        (Kind::Chat, Standing::Ready(serving)) => {
            let template = serving.model.template();
            json!({
                "chat": true,
                "completions": true,
                "embeddings": false,
                "prefix_sharing": serving.prefix_sharing,
                "tools": if template.knows_tools() { "template" } else { "preamble" },
                "tool_format": format!("{:?}", template.family()).to_lowercase(),
            })
        }
        (Kind::Chat, _) => json!({"chat": true, "completions": true, "embeddings": false}),
        (Kind::Embedding, Standing::Ready(serving)) => json!({
            "chat": false,
            "completions": false,
            "embeddings": true,
            "dimensions": serving.model.n_embd(),
        }),
        (Kind::Embedding, _) => json!({"chat": false, "completions": false, "embeddings": true}),
    }
}
