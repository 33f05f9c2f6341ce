//! `POST /v1/completions`: a text is gone on with, without a conversation around it.
//!
//! Source: <https://platform.openai.com/docs/api-reference/completions>.

mod prompts;
mod wire;

use std::sync::Arc;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Daemon;
use super::answers::{Answers, End, Said};
use super::caller::{Caller, Meter};
use super::chat::request::LABELS;
use super::collected::collect;
use super::error::ApiError;
use super::fields::Fields;
use super::json::Json;
use super::object::ObjectHead;
use super::settings::{self, Settings};
use super::sse::{self, Next};
use super::turn::{fits, places};
use crate::engine::{MOST_CANDIDATES, Request};
use crate::models::{Loaded, Purpose};
use crate::tools::parser::AnswerParser;
use prompts::Prompt;
use wire::Choice;

/// OpenAI's default, which callers of this API reckon with.
const DEFAULT_MAX_TOKENS: u32 = 16;

pub async fn complete(
    State(daemon): State<Daemon>,
    caller: Caller,
    Json(body): Json<Value>,
) -> Result<Response, ApiError> {
    let mut body = Fields::of_body(body)?;
    let asked = daemon.asked(&mut body, Purpose::Write).await?;
    let streaming = settings::streaming(&mut body)?;
    let mut settings = settings::read(&mut body)?;
    settings.max_tokens.get_or_insert(DEFAULT_MAX_TOKENS);
    settings.probabilities =
        body.whole("logprobs", 0, MOST_CANDIDATES as i64)?.and_then(|top| usize::try_from(top).ok());
    let suffix = body.string("suffix")?;
    let prompts = prompts::read(body.needed("prompt")?, suffix)?;
    body.only("echo", &[json!(false)], "the prompt is not repeated")?;
    body.only("best_of", &[json!(1), json!(settings.n)], "every answer that is written is given")?;
    body.pass_over(LABELS);
    body.finish()?;

    let model = daemon.take_writer(asked).await?;
    let head = ObjectHead::new("cmpl-", &model);
    let answers = ask(&daemon, &model, prompts, &settings, &head.id, &caller).await?;
    if streaming.streamed {
        return Ok(stream(head, answers, streaming.usage));
    }
    whole(head, answers).await.map(IntoResponse::into_response)
}

/// Answers to every prompt, `n` to each, in their order.
async fn ask(
    daemon: &Daemon,
    model: &Loaded,
    prompts: Vec<Prompt>,
    settings: &Settings,
    id: &str,
    caller: &Caller,
) -> Result<Answers, ApiError> {
    let places = places(model, settings.n * u32::try_from(prompts.len()).unwrap_or(u32::MAX))?;
    let bytes = prompts.iter().map(Prompt::bytes).sum();
    let serving = Arc::clone(&model.serving);
    let prompts = daemon
        .blocking(bytes, move || {
            prompts.into_iter().map(|prompt| prompt.tokens(&serving.model)).collect::<Result<Vec<_>, _>>()
        })
        .await??;
    for prompt in &prompts {
        fits(prompt.len(), model.serving.n_ctx)?;
    }
    let read = prompts.iter().map(Vec::len).sum();
    let mut answers = Answers::new(model.clone(), read, 0, Meter::new(model, caller));
    let asked = prompts.iter().flat_map(|prompt| (0..settings.n).map(move |n| (prompt, n)));
    for ((prompt, n), place) in asked.zip(places) {
        let mut sampling = settings.sampling.clone();
        sampling.seed = sampling.seed.wrapping_add(n);
        let request = Request {
            caller: caller.id().to_owned(),
            sampling,
            max_tokens: settings.max_tokens,
            stops: settings.stops.clone(),
            probabilities: settings.probabilities,
            ..Request::new(id.to_owned(), prompt.clone())
        };
        answers.add(model.engine.submit(request, place), AnswerParser::verbatim());
    }
    Ok(answers)
}

async fn whole(head: ObjectHead, mut answers: Answers) -> Result<JsonBody<Value>, ApiError> {
    let collected = collect(&mut answers).await?;
    let ends: Vec<End> = collected.iter().filter_map(|answer| answer.end.clone()).collect();
    let choices: Vec<Value> = collected
        .into_iter()
        .enumerate()
        .map(|(index, answer)| {
            let reason = answer.end.map(|end| end.reason);
            Choice { index, text: &answer.text, tokens: &answer.tokens, offset: 0, reason }.to_json()
        })
        .collect();
    let mut object = wire::object(&head, choices);
    object["usage"] = super::chat::usage(answers.prompt_tokens(), &ends);
    Ok(JsonBody(object))
}

fn stream(head: ObjectHead, mut answers: Answers, with_usage: bool) -> Response {
    sse::response(async_stream::stream! {
        let mut offsets = vec![0; answers.len()];
        let mut ends = Vec::new();
        loop {
            let (at, said) = match sse::next(&mut answers).await {
                Next::Comment(comment) => {
                    yield comment;
                    continue;
                }
                Next::Failed(error) => {
                    yield sse::data(&error.into_envelope());
                    return;
                }
                Next::Over => break,
                Next::Said(at, said) => (at, said),
            };
            let choice = match &said {
                Said::Text { text, tokens } => {
                    let offset = offsets[at];
                    offsets[at] += text.chars().count();
                    Choice { index: at, text, tokens, offset, reason: None }
                }
                Said::End(end) => {
                    ends.push(end.clone());
                    Choice { index: at, text: "", tokens: &[], offset: offsets[at], reason: Some(end.reason) }
                }
                _ => continue,
            };
            yield sse::data(&wire::object(&head, vec![choice.to_json()]));
        }
        if with_usage {
            let mut object = wire::object(&head, Vec::new());
            object["usage"] = super::chat::usage(answers.prompt_tokens(), &ends);
            yield sse::data(&object);
        }
        yield sse::text(hearth_wire::completion::STREAM_END);
    })
}
