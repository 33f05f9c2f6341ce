//! Which model a request asks for, and taking it.

use super::Daemon;
use super::error::ApiError;
use super::fields::Fields;
use super::turn::Turn;
use crate::model::Kind;
use crate::models::known::Known;
use crate::models::{Loaded, Purpose};

/// A request's `model`, which is one that is here. It is taken, and loaded where it must be, once the rest of the request has
/// been found sound.
#[derive(Debug)]
pub struct Asked(Known);

impl Daemon {
    /// Reads `model`.
    pub async fn asked(&self, body: &mut Fields, purpose: Purpose) -> Result<Asked, ApiError> {
        let name = body.string("model")?;
        Ok(Asked(self.models.find(name.as_deref(), purpose).await?))
    }

    /// The model, loaded.
    pub async fn take(&self, asked: Asked) -> Result<Loaded, ApiError> {
        Ok(self.models.take_known(asked.0).await?)
    }

    /// The model, which must be one that writes.
    pub async fn take_writer(&self, asked: Asked) -> Result<Loaded, ApiError> {
        match self.models.kind(&asked.0).await? {
            Kind::Chat => self.take(asked).await,
            Kind::Embedding => Err(ApiError::unsupported(
                "model",
                "This model embeds and does not write: ask it at /v1/embeddings, or ask a chat model.",
            )),
        }
    }

    /// The model, which must be one that embeds.
    pub async fn take_embedder(&self, asked: Asked) -> Result<Loaded, ApiError> {
        match self.models.kind(&asked.0).await? {
            Kind::Embedding => self.take(asked).await,
            Kind::Chat => Err(ApiError::unsupported(
                "model",
                "This model writes and does not embed. Serve an embedding model, for example all-MiniLM-L6-v2.",
            )),
        }
    }
}

/// A variable that the model's template does not read would be silently ignored.
pub fn check_variables(model: &Loaded, turn: &Turn) -> Result<(), ApiError> {
    let template = model.serving.model.template();
    let Some(name) = turn.conversation.variables.keys().find(|name| !template.knows(name)) else {
        return Ok(());
    };
    let param = if name == "reasoning_effort" { name } else { "chat_template_kwargs" };
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    Err(ApiError::unsupported(
        param,
        format!("This model's chat template does not read `{shown}`. Leave it out."),
    ))
}
