//! An answer as one object.

use axum::Json;
use hearth_wire::completion::COMPLETION_OBJECT;
use hearth_wire::{ChatCompletion, Choice, Message, Role};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Answer;
use crate::engine::Event;
use crate::engine::event::Finished;
use crate::http::error::ApiError;

pub async fn respond(
    answer: Answer,
    mut events: UnboundedReceiver<Event>,
) -> Result<Json<ChatCompletion>, ApiError> {
    let mut text = String::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Waiting { .. } | Event::Reading => {}
            Event::Text(more) => text.push_str(&more.text),
            Event::Failed(failure) => return Err(failure.into()),
            Event::Finished(Finished { reason, usage, .. }) => {
                return Ok(Json(ChatCompletion {
                    id: answer.id,
                    object: COMPLETION_OBJECT.to_owned(),
                    created: answer.created,
                    model: answer.model.to_string(),
                    choices: vec![Choice {
                        index: 0,
                        message: Message::text(Role::Assistant, text),
                        logprobs: None,
                        finish_reason: Some(reason),
                    }],
                    usage: Some(usage),
                }));
            }
        }
    }
    Err(ApiError::internal("The engine ended while it computed this answer."))
}
