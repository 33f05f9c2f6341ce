//! A turn of a conversation, whichever API asked for it: checked, rendered, and handed to the engine.

use std::sync::Arc;

use hearth_wire::Role;
use llama_cpp_2::token::LlamaToken;
use serde_json::Value;

use super::Daemon;
use super::answers::Answers;
use super::caller::{Caller, Meter};
use super::error::ApiError;
use super::settings::Settings;
use crate::engine::grammar::{Grammar, GrammarError, GrammarSource};
use crate::engine::{Place, Request, Serving};
use crate::model::Model;
use crate::models::Loaded;
use crate::prompt::{self, Conversation, Rendered};
use crate::tools::family::Family;
use crate::tools::parser::AnswerParser;
use crate::tools::{Toolbox, forced, marks, strict};

/// What an answer has to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Format {
    #[default]
    Text,
    JsonObject,
    JsonSchema(Value),
}

/// A question with everything that its answer depends on.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    pub conversation: Conversation,
    pub toolbox: Toolbox,
    pub format: Format,
    /// What to call the format in an error.
    pub format_param: &'static str,
    pub settings: Settings,
}

/// A turn that the engine has taken on.
struct Prepared {
    prompt: Vec<LlamaToken>,
    grammar: Option<Grammar>,
    parser: Vec<AnswerParser>,
}

/// A prompt of more bytes than this takes a noticeable while to tokenize.
const LONG_PROMPT: usize = 64 << 10;

impl Daemon {
    /// Renders, checks and submits. `id` is for the log.
    pub async fn ask(
        &self,
        model: &Loaded,
        turn: Turn,
        id: &str,
        caller: &Caller,
    ) -> Result<Answers, ApiError> {
        let places = places(model, turn.settings.n)?;
        let settings = turn.settings.clone();
        let most_calls = turn.toolbox.most_calls();
        let serving = Arc::clone(&model.serving);
        let prepared = self.blocking(turn.bytes(), move || prepare(&serving.model, turn)).await??;
        fits(prepared.prompt.len(), model.serving.n_ctx)?;
        let Prepared { prompt, grammar, parser } = prepared;
        let mut answers = Answers::new(model.clone(), prompt.len(), most_calls, Meter::new(model, caller));
        for (n, (place, parser)) in places.into_iter().zip(parser).enumerate() {
            let mut sampling = settings.sampling.clone();
            sampling.seed = sampling.seed.wrapping_add(n as u32);
            let request = Request {
                caller: caller.id().to_owned(),
                sampling,
                grammar: grammar.clone(),
                max_tokens: settings.max_tokens,
                stops: settings.stops.clone(),
                probabilities: settings.probabilities,
                ..Request::new(id.to_owned(), prompt.clone())
            };
            answers.add(model.engine.submit(request, place), parser);
        }
        Ok(answers)
    }

    /// How many tokens the prompt of a turn has.
    pub async fn count(&self, model: &Loaded, turn: Turn) -> Result<usize, ApiError> {
        let serving = Arc::clone(&model.serving);
        let Prepared { prompt, .. } =
            self.blocking(turn.bytes(), move || prepare(&serving.model, turn)).await??;
        Ok(prompt.len())
    }

    /// Runs something that takes a while for many bytes; one long text at a time.
    pub async fn blocking<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = if bytes > LONG_PROMPT { self.long_prompts.acquire().await.ok() } else { None };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| ApiError::internal("The prompt could not be made ready. Try again."))
    }
}

/// Room for so many answers at once.
pub fn places(model: &Loaded, n: u32) -> Result<Vec<Place>, ApiError> {
    (0..n).map(|_| model.engine.place().ok_or_else(ApiError::queue_full)).collect()
}

/// Refuses what does not leave room for a single token of an answer.
pub fn fits(n_prompt: usize, n_ctx: u32) -> Result<(), ApiError> {
    if n_prompt == 0 {
        return Err(ApiError::invalid_value(
            "messages",
            "The prompt is empty: there is nothing to go on from.",
        ));
    }
    if n_prompt >= n_ctx as usize { Err(ApiError::context_length_exceeded(n_prompt, n_ctx)) } else { Ok(()) }
}

impl Turn {
    fn bytes(&self) -> usize {
        self.conversation.messages.iter().map(|message| message.content.len()).sum()
    }
}

/// The prompt as a text, for those who want to see it.
pub fn rendered(serving: &Serving, mut turn: Turn) -> Result<Rendered, ApiError> {
    turn.conversation.tools = turn.toolbox.offered().to_vec();
    prompt::render(&serving.model, turn.conversation).map_err(|error| ApiError::template(&error.to_string()))
}

fn prepare(model: &Model, mut turn: Turn) -> Result<Prepared, ApiError> {
    let offered = turn.toolbox.offered().to_vec();
    let family = model.template().family();
    let begun = turn.conversation.messages.last().is_some_and(|last| last.role == Role::Assistant);
    turn.conversation.tools.clone_from(&offered);
    let rendered =
        prompt::render(model, turn.conversation).map_err(|error| ApiError::template(&error.to_string()))?;
    // An answer that has been begun is past its reasoning.
    let text = rendered.text();
    let reasoning = if begun { None } else { AnswerParser::reasoning_opened_by(&text) };
    let control = |mark: &str| marks::control_token(model, mark).map(|token| token.0.cast_unsigned());
    let source = match turn.format {
        Format::Text => called(family, &turn.toolbox, reasoning, control)?,
        _ if turn.toolbox.forced().is_some() => called(family, &turn.toolbox, None, control)?,
        Format::JsonObject => Some(GrammarSource::JsonObject),
        Format::JsonSchema(schema) => Some(GrammarSource::JsonSchema(schema)),
    };
    let is_json = matches!(source, Some(GrammarSource::JsonObject | GrammarSource::JsonSchema(_)));
    let param = if is_json { turn.format_param } else { "tools" };
    let grammar = source
        .map(|source| model.grammar(&source).map_err(|error| grammar_error(param, error)))
        .transpose()?;
    let names: Vec<String> = offered.into_iter().map(|tool| tool.name).collect();
    // JSON that was asked for is the answer, even where it looks like a call.
    let calls = (!names.is_empty() && !is_json).then_some((family, names));
    // Neither JSON nor a call that must come leaves room for a thought.
    let reasoning = reasoning.filter(|_| !is_json && turn.toolbox.forced().is_none());
    let parser = (0..turn.settings.n.max(1)).map(|_| AnswerParser::new(calls.clone(), reasoning)).collect();
    Ok(Prepared { prompt: rendered.tokens(model), grammar, parser })
}

/// What an answer has to be so that its calls are what was asked for: one that must come, or one of a strict tool.
fn called(
    family: Family,
    toolbox: &Toolbox,
    thought: Option<&str>,
    control: impl Fn(&str) -> Option<u32>,
) -> Result<Option<GrammarSource>, ApiError> {
    let most_calls = toolbox.most_calls();
    let offered: Vec<_> = toolbox.offered().iter().collect();
    let lark = if let Some(forced) = toolbox.forced() {
        forced::grammar(family, &forced, most_calls, control)
    } else if offered.iter().any(|tool| tool.strict) {
        strict::grammar(family, &offered, most_calls, thought, control)
    } else {
        return Ok(None);
    };
    lark.map(|lark| Some(GrammarSource::Lark(lark))).map_err(|error| grammar_error("tools", error))
}

/// What is wrong with a schema, by the names of its keywords where it is those.
pub fn grammar_error(param: &str, error: GrammarError) -> ApiError {
    match error {
        GrammarError::Keywords(keywords) => {
            let named = keywords.join("`, `");
            ApiError::unsupported(
                param,
                format!("The schema uses `{named}`, to which an answer cannot be held. Leave it out."),
            )
        }
        GrammarError::Invalid(why) => {
            ApiError::invalid_value(param, format!("The schema cannot be followed: {why}."))
        }
        GrammarError::Unavailable(why) => {
            ApiError::unsupported(param, format!("This model's answers cannot be held to a schema: {why}."))
        }
    }
}
