//! The making of an answer: a task of its own, which outlives the request that started it.

use std::{sync::Arc, time::Duration};

use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, Either, Shared, join, select},
    stream::BoxStream,
};
use hearth_clients::{
    llm::{Call, Piece, Prompt, ProviderError},
    platform::{self, Background},
};
use hearth_domain::{Decision, MessageStatus, Problem, Usage, sensitivity::Private};
use hearth_routing::Candidate;
use web_time::Instant;

use super::{
    Allowance, TurnRequest,
    begin::{Begun, LEASE_SECONDS},
    complete::{Outcome, complete_patiently},
    deciding::{decision, decision_of, no_candidate},
    event::Event,
    live::{Running, Stop},
    prompt::{self, Built},
};
use crate::{App, answer::from_provider, app::Edge};

/// How long a provider may be silent before `turn.started` is sent all the same.
const START_BY: Duration = Duration::from_millis(900);
/// How long an answer may take: less than its lease in the database.
const DEADLINE: Duration = Duration::from_secs(LEASE_SECONDS as u64 - 30);

/// Starts a turn that [`super::begin`] made, and gives the handle that tells of it.
pub fn start(
    app: &App,
    background: &Background,
    begun: Begun,
    request: TurnRequest,
    allowance: Allowance,
) -> Arc<Running> {
    let key = (begun.workspace_id, begun.turn.id);
    let running = app.live.insert(key);
    let (app, handle) = (app.clone(), Arc::clone(&running));
    background.spawn(async move {
        let journal = app.journal.clone();
        let keep = async {
            if let Some(journal) = journal {
                journal.keep(key, Arc::clone(&handle), begun.sensitivity, allowance).await;
            }
        };
        join(run(&app, &begun, &request, &handle), keep).await;
        app.live.remove(key);
    });
    running
}

/// Closes the log even if the task should panic: whoever follows must not wait for ever.
struct CloseLog<'a>(&'a Running);

impl Drop for CloseLog<'_> {
    fn drop(&mut self) {
        self.0.log.close();
    }
}

async fn run(app: &App, begun: &Begun, request: &TurnRequest, running: &Running) {
    let _close = CloseLog(running);
    let outcome = Generation::new(app, begun, request, running).answer().await;
    let (workspace, turn, user) = (begun.workspace_id, begun.turn.id, begun.turn.user_id);
    let stored = complete_patiently(app, workspace, turn, user, &outcome).await;
    let event = match (stored, outcome.problem) {
        (Ok(message), None) => Event::Completed { message },
        (Ok(_), Some(problem)) | (Err(problem), _) => Event::Failed { problem },
    };
    running.log.append(&event);
}

struct Generation<'a> {
    app: &'a App,
    begun: &'a Begun,
    request: &'a TurnRequest,
    running: &'a Running,
    began: Instant,
    /// Ends when the turn is to. One clock for all of the answer's pieces.
    stop: Shared<BoxFuture<'a, Stop>>,
    said: String,
    first_token: Option<Duration>,
}

/// Why the answer is over before the model ended it.
enum Over {
    Stopped(Stop),
    Failed(ProviderError),
}

type Pieces = BoxStream<'static, Result<Piece, ProviderError>>;

impl<'a> Generation<'a> {
    fn new(app: &'a App, begun: &'a Begun, request: &'a TurnRequest, running: &'a Running) -> Self {
        let stop =
            async { platform::timeout(DEADLINE, running.stopped()).await.unwrap_or(Stop::Interrupted) };
        Self {
            app,
            begun,
            request,
            running,
            began: Instant::now(),
            stop: stop.boxed().shared(),
            said: String::new(),
            first_token: None,
        }
    }

    /// Makes the answer, and tells how it ended.
    async fn answer(mut self) -> Outcome {
        let edge = match self.app.edge() {
            Ok(edge) => edge,
            Err(problem) => return self.failed(None, problem),
        };
        let decided = decision_of(edge, self.begun, self.request).await;
        let mut candidates = decided.candidates.iter();
        let Some(mut candidate) = candidates.next() else {
            return self.failed(None, no_candidate(&decided.rejected));
        };
        loop {
            let decision = decision(candidate, &decided.rejected);
            match self.attempt(edge, candidate, &decision).await {
                Ok((usage, counted)) => return self.completed(decision, usage, counted),
                Err(Over::Stopped(stop)) => return self.stopped(decision, stop),
                Err(Over::Failed(error)) => {
                    let next = candidates.next().filter(|_| self.said.is_empty());
                    let Some(next) = next else { return self.failed(Some(decision), from_provider(&error)) };
                    self.start(&decision);
                    self.running.log.append(&Event::Rerouted {
                        from: format!("{}/{}", candidate.provider, candidate.model),
                        to: format!("{}/{}", next.provider, next.model),
                        reason: error.reason().into(),
                    });
                    candidate = next;
                }
            }
        }
    }

    /// Has one candidate answer.
    async fn attempt(
        &mut self,
        edge: &Edge,
        candidate: &Candidate,
        decision: &Decision,
    ) -> Result<(Option<Usage>, Option<u64>), Over> {
        let opened = {
            let opening = std::pin::pin!(self.open(edge, candidate));
            self.start_meanwhile(opening, decision).await?
        };
        let (mut pieces, counted) = opened.map_err(Over::Failed)?;
        self.start(decision);
        loop {
            match self.unless_stopped(pieces.next()).await? {
                Some(Ok(Piece::Text(text))) => self.say(text),
                Some(Ok(Piece::Reasoning(text))) => self.running.log.append(&Event::Reasoning { text }),
                Some(Ok(Piece::End { usage, .. })) => return Ok((usage, counted)),
                Some(Err(error)) => return Err(Over::Failed(error)),
                None => return Err(Over::Failed(ProviderError::BrokeOff)),
            }
        }
    }

    /// Waits for the candidate to accept; tells of the start when that takes long.
    async fn start_meanwhile<F>(
        &self,
        mut opening: std::pin::Pin<&mut F>,
        decision: &Decision,
    ) -> Result<F::Output, Over>
    where
        F: Future,
    {
        let late = std::pin::pin!(platform::sleep(START_BY));
        let soon = select(opening.as_mut(), late);
        match self.unless_stopped(soon).await? {
            Either::Left((opened, _)) => Ok(opened),
            Either::Right(((), _)) => {
                self.start(decision);
                self.unless_stopped(opening).await
            }
        }
    }

    /// Calls the candidate. Should it find the prompt too long, one shorter try follows.
    async fn open(&self, edge: &Edge, candidate: &Candidate) -> Result<(Pieces, Option<u64>), ProviderError> {
        let budget = prompt::budget(candidate.context, self.request.max_tokens);
        let first = self.build(budget);
        let (kept, counted) = (first.kept, first.counted);
        match edge.provider.stream(self.call(candidate, first)).await {
            Err(ProviderError::TooLong { prompt_tokens, limit }) if kept > 0 => {
                let shorter = shorter(budget, prompt_tokens, limit);
                tracing::info!(budget, shorter, "the prompt was too long; trying once with less history");
                // By our estimate it may all fit again; the model knows better.
                let second = Some(self.build(shorter)).filter(|second| second.kept < kept);
                let second = second.unwrap_or_else(|| self.build(0));
                let counted = second.counted;
                Ok((edge.provider.stream(self.call(candidate, second)).await?, counted))
            }
            opened => Ok((opened?, counted)),
        }
    }

    fn build(&self, budget: u64) -> Built {
        let Begun { conversation, history, user_message, .. } = self.begun;
        prompt::build(conversation.system_prompt.as_deref(), history, &user_message.content, budget)
    }

    /// The daemon is local, so it may read every prompt as if it were private.
    fn call(&self, candidate: &Candidate, built: Built) -> Call<Private> {
        Call {
            model: candidate.model.clone(),
            prompt: Prompt::new(built.messages),
            max_tokens: self.request.max_tokens,
            temperature: self.request.temperature,
            user: Some(self.begun.turn.user_id),
        }
    }

    async fn unless_stopped<F: Future>(&self, future: F) -> Result<F::Output, Over> {
        match select(std::pin::pin!(future), self.stop.clone()).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right((stop, _)) => Err(Over::Stopped(stop)),
        }
    }

    fn say(&mut self, text: String) {
        // PostgreSQL cannot store NUL, and nobody reads it.
        let text = if text.contains('\0') { text.replace('\0', "") } else { text };
        if text.is_empty() {
            return;
        }
        self.first_token.get_or_insert_with(|| self.began.elapsed());
        self.said.push_str(&text);
        self.running.log.append(&Event::Delta { text });
    }

    /// Says once that the turn has started.
    fn start(&self, decision: &Decision) {
        if self.running.log.read(0).frames.is_empty() {
            let user_message = self.begun.user_message.clone();
            self.running.log.append(&Event::Started { user_message, decision: decision.clone() });
        }
    }

    fn completed(self, decision: Decision, usage: Option<Usage>, counted: Option<u64>) -> Outcome {
        let question_tokens = match (usage, counted) {
            (Some(usage), Some(history)) => usage.prompt_tokens.checked_sub(history),
            _ => None,
        };
        let tokens = usage.map(|usage| usage.completion_tokens);
        let outcome = self.ended(MessageStatus::Completed, Some(decision), None);
        Outcome { usage, tokens, question_tokens, ..outcome }
    }

    fn stopped(self, decision: Decision, stop: Stop) -> Outcome {
        let status = match stop {
            Stop::Cancelled => MessageStatus::Cancelled,
            Stop::Interrupted => MessageStatus::Interrupted,
        };
        self.ended(status, Some(decision), None)
    }

    fn failed(self, decision: Option<Decision>, problem: Problem) -> Outcome {
        self.ended(MessageStatus::Failed, decision, Some(problem))
    }

    fn ended(self, status: MessageStatus, decision: Option<Decision>, problem: Option<Problem>) -> Outcome {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Outcome {
            status,
            content: self.said,
            usage: None,
            decision,
            tokens: None,
            question_tokens: None,
            problem,
            time_to_first_token_ms: self.first_token.map(millis),
            duration_ms: millis(self.began.elapsed()),
        }
    }
}

/// A budget that the provider should accept, by its own count where it gave one.
fn shorter(budget: u64, count: Option<u64>, limit: Option<u64>) -> u64 {
    match (count, limit) {
        (Some(count), Some(limit)) if count > 0 => budget * limit / count * 3 / 4,
        _ => budget / 2,
    }
}
