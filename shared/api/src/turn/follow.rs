//! Following a turn from any place on, wherever it runs and however long ago it ended.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use hearth_clients::{platform, upstash::RedisError};
use hearth_domain::{Code, Decision, Message, MessageStatus, Problem, Turn};

use super::{
    Event, Frame,
    complete::close_dead,
    journal::{Journal, START},
    live::{Key, Running},
};
use crate::App;

/// The time between two looks into the journal.
const POLL: Duration = Duration::from_millis(500);
/// How long a turn that has shown no sign of life may take to do so. Its instance may just have begun it.
const PATIENCE: Duration = Duration::from_secs(6);

/// Calls that a turn may need at worst, and a follower does not.
const SPARED: u32 = 9;

/// A turn, as far as a follower needs to know it.
#[derive(Clone, Debug)]
pub struct Followed {
    pub turn: Turn,
    pub user_message: Option<Message>,
    /// The answer as it is stored.
    pub answer: Message,
}

impl Followed {
    fn key(&self) -> Key {
        (self.turn.workspace_id, self.turn.id)
    }

    fn is_over(&self) -> bool {
        self.answer.status.is_final()
    }
}

/// The frames from number `next` on. An error is a problem that is known before the first frame.
pub async fn follow(app: &App, followed: Followed, next: u32) -> Result<BoxStream<'static, Frame>, Problem> {
    if let Some(running) = app.live.get(followed.key()) {
        return Ok(from_memory(running, next).boxed());
    }
    if followed.is_over() {
        return Ok(from_the_end(app, followed, next).await);
    }
    let Some(journal) = app.journal.clone() else {
        return Err(Code::StreamUnavailable
            .with("This turn runs on another instance, and no Redis is set up to follow it by. Read the message when it is done."));
    };
    if !journal.takes(followed.turn.sensitivity) {
        return Err(Code::NotResumable
            .with("This turn is private, so its text was not written to a hosted Redis. Read the message when it is done."));
    }
    // The first look, so that a Redis that is away is a problem and not an empty stream.
    journal.read(followed.key(), START).await.map_err(|error| away(&error))?;
    Ok(from_journal(app.clone(), journal, followed, next).boxed())
}

fn away(error: &RedisError) -> Problem {
    tracing::warn!(%error, "a stream cannot be resumed");
    Code::StreamUnavailable
        .with("The stream cannot be resumed now, since Redis does not answer. The turn goes on; read the message when it is done.")
        .retry_after(5)
}

/// The frames of a turn that runs here.
pub fn from_memory(running: Arc<Running>, mut next: u32) -> impl futures_util::Stream<Item = Frame> + Send {
    async_stream::stream! {
        loop {
            let read = running.log.wait(next).await;
            for frame in &read.frames {
                next = frame.n + 1;
                yield Frame::clone(frame);
            }
            if read.closed {
                return;
            }
        }
    }
}

fn from_journal(
    app: App,
    journal: Journal,
    followed: Followed,
    mut next: u32,
) -> impl futures_util::Stream<Item = Frame> + Send {
    async_stream::stream! {
        let key = followed.key();
        let mut reader = Reader::default();
        let began = web_time::Instant::now();
        let mut looks = app.host.repeats().map(|looks| looks + SPARED);
        loop {
            // Out of calls: the client is told to resume (see `stream`).
            if looks == Some(0) {
                return;
            }
            looks = looks.map(|looks| looks - 1);
            if reader.said.is_empty() && let Some(running) = app.live.get(key) {
                for await frame in from_memory(running, next) {
                    yield frame;
                }
                return;
            }
            // A stream that ends without its last event is one that the client resumes.
            let Ok(alive) = reader.read(&journal, key).await else { return };
            for frame in reader.fresh.drain(..).filter(|frame| frame.n >= next).collect::<Vec<_>>() {
                next = frame.n + 1;
                let is_last = frame.is_last();
                yield frame;
                if is_last {
                    return;
                }
            }
            if !alive && (reader.seen_alive || reader.upto > 0 || began.elapsed() >= PATIENCE) {
                if let Some(frame) = bury(&app, &followed, &reader, next).await {
                    yield frame;
                }
                return;
            }
            platform::sleep(POLL).await;
        }
    }
}

/// Reads a journal from its start, and puts the answer together on the way.
#[derive(Default)]
struct Reader {
    cursor: Option<String>,
    /// The number after the last frame read. A batch that was written twice is read once.
    upto: u32,
    fresh: Vec<Frame>,
    said: String,
    seen_alive: bool,
}

impl Reader {
    async fn read(&mut self, journal: &Journal, key: Key) -> Result<bool, RedisError> {
        let batch = journal.read(key, self.cursor.as_deref().unwrap_or(START)).await?;
        self.cursor = Some(batch.cursor);
        self.seen_alive |= batch.alive;
        for frame in batch.frames {
            if frame.n < self.upto {
                continue;
            }
            self.upto = frame.n + 1;
            self.said.push_str(&frame.delta().unwrap_or_default());
            self.fresh.push(frame);
        }
        Ok(batch.alive)
    }
}

/// What the journal has of an answer.
pub async fn text_so_far(journal: &Journal, key: Key) -> Result<String, RedisError> {
    let mut reader = Reader::default();
    reader.read(journal, key).await?;
    Ok(reader.said)
}

/// Closes a turn whose instance died, and tells of that.
async fn bury(app: &App, followed: &Followed, reader: &Reader, next: u32) -> Option<Frame> {
    let Turn { id, workspace_id, user_id, .. } = followed.turn;
    let status = MessageStatus::Interrupted;
    match close_dead(app, workspace_id, id, user_id, status, reader.said.clone()).await {
        // The client may have seen more than the journal has: numbers only rise.
        Ok(message) => Some(last(id, &message, reader.upto.max(next))),
        Err(error) => {
            tracing::warn!(%error, turn = %id, "a dead turn could not be closed");
            None
        }
    }
}

fn last(turn: hearth_domain::TurnId, message: &Message, n: u32) -> Frame {
    let problem = message.problem.clone().and_then(|problem| serde_json::from_value::<Problem>(problem).ok());
    match problem.filter(|_| message.status == MessageStatus::Failed) {
        Some(problem) => Event::Failed { problem }.frame(turn, n),
        None => Event::Completed { message: message.clone() }.frame(turn, n),
    }
}

/// A turn that has ended: its frames as they were while the journal has them, else what they come to.
async fn from_the_end(app: &App, followed: Followed, next: u32) -> BoxStream<'static, Frame> {
    let mut reader = Reader::default();
    if let Some(journal) = &app.journal
        && reader.read(journal, followed.key()).await.is_err()
    {
        reader = Reader::default();
    }
    let mut frames = reader.fresh;
    let whole = frames.first().is_some_and(|frame| frame.n == 0);
    if !whole {
        frames =
            if next == 0 { retold(&followed) } else { vec![last(followed.turn.id, &followed.answer, next)] };
    } else if !frames.last().is_some_and(Frame::is_last) {
        frames.push(last(followed.turn.id, &followed.answer, reader.upto));
    }
    let rest: Vec<Frame> = frames.into_iter().filter(|frame| frame.n >= next).collect();
    futures_util::stream::iter(rest).boxed()
}

/// Started, one delta, completed.
fn retold(followed: &Followed) -> Vec<Frame> {
    let Followed { turn, user_message, answer } = followed;
    let mut events = Vec::new();
    if let Some(user_message) = user_message.clone() {
        let none = || Decision {
            provider: String::new(),
            model: String::new(),
            locality: String::new(),
            reasons: Vec::new(),
            rejected: Vec::new(),
        };
        let decision = answer.decision.clone().unwrap_or_else(none);
        events.push(Event::Started { user_message, decision });
    }
    let text = answer.content.to_text();
    if !text.is_empty() {
        events.push(Event::Delta { text });
    }
    let mut frames: Vec<Frame> = events.iter().zip(0..).map(|(event, n)| event.frame(turn.id, n)).collect();
    let n = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    frames.push(last(turn.id, answer, n));
    frames
}
