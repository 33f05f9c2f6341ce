//! The engine: one thread that owns llama.cpp's context and serves every request as a sequence of one batch. This is its
//! door: what a request is, what comes back, and how many may wait.

mod answer;
mod chats;
mod context;
mod embeddings;
pub mod event;
pub mod gauges;
pub mod grammar;
mod guess;
mod inbox;
mod likeliest;
pub mod memory;
mod need;
mod plan;
mod prefix;
mod request;
mod sampler;
pub mod sampling;
pub mod saved;
mod schedule;
mod sequence;
mod settings;
mod threads;
mod weights;
mod worker;

use std::sync::Arc;
use std::thread;

use llama_cpp_2::token::LlamaToken;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::model::Model;
pub use embeddings::Vector;
pub use event::{Event, Failure};
use gauges::Gauges;
use inbox::Inbox;
pub use need::Need;
pub use plan::{Adapter, Plan};
pub use request::{MOST_CANDIDATES, Request};
pub use settings::{CacheType, Settings, Sizes};
pub use weights::Weights;

/// Room for one request. Giving it back (dropping it) lets the next one in.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// Where the engine stands.
#[derive(Clone, Debug)]
pub enum Status {
    Loading,
    Ready(Arc<Serving>),
    /// The thread has ended; with a reason where the model could not be served.
    Ended(Option<String>),
}

/// A model that is being served.
#[derive(Debug)]
pub struct Serving {
    /// Shared by all that serve the same weights.
    pub model: Arc<Model>,
    /// Tokens that one request may use, prompt and answer together; of an embedding model, tokens of one text.
    pub n_ctx: u32,
    /// Requests that begin alike share what is computed for their beginning.
    pub prefix_sharing: bool,
}

/// How far the engine goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    /// Answers that have begun are finished, and nothing else.
    Draining,
    Stopping,
}

#[derive(Debug)]
enum Job {
    Answer { request: Box<Request>, events: mpsc::UnboundedSender<Event>, place: Place },
    Embed { texts: Vec<Vec<LlamaToken>>, reply: oneshot::Sender<Result<Vec<Vector>, Failure>>, place: Place },
}

/// A handle to the engine thread.
#[derive(Clone, Debug)]
pub struct Engine {
    jobs: mpsc::UnboundedSender<Job>,
    places: Arc<Semaphore>,
    status: watch::Receiver<Status>,
    phase: Arc<watch::Sender<Phase>>,
    gauges: Arc<Gauges>,
}

impl Engine {
    /// Starts the thread, which loads the model first. To be called inside a runtime.
    pub fn start(plan: Plan, weights: Weights) -> std::io::Result<Self> {
        let (jobs, job_receiver) = mpsc::unbounded_channel();
        let (status_sender, status) = watch::channel(Status::Loading);
        let (phase, phase_receiver) = watch::channel(Phase::Running);
        let gauges = Arc::new(Gauges::default());
        let places = Arc::new(Semaphore::new(plan.settings.parallel + plan.settings.queue));
        let thread_gauges = Arc::clone(&gauges);
        let inbox = Inbox { jobs: job_receiver, phases: phase_receiver, runtime: Handle::current() };
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let outcome = worker::run(&plan, &weights, inbox, &status_sender, &thread_gauges);
            // The weights go before anybody is told that they have gone.
            status_sender.send_if_modified(|status| {
                *status = Status::Loading;
                false
            });
            memory::give_back();
            status_sender.send_replace(Status::Ended(outcome.err()));
        })?;
        Ok(Self { jobs, places, status, phase: Arc::new(phase), gauges })
    }

    /// Is this the same engine?
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.gauges, &other.gauges)
    }

    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// A place for one request, or nothing if as many as may are being served or waiting.
    pub fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(|permit| Place { _permit: permit })
    }

    /// Takes a request on. The events come as fast as they are made; dropping the receiver ends the request, and its cells
    /// are free at the engine's next step.
    pub fn submit(&self, request: Request, place: Place) -> mpsc::UnboundedReceiver<Event> {
        let (events, receiver) = mpsc::unbounded_channel();
        if self.jobs.send(Job::Answer { request: Box::new(request), events: events.clone(), place }).is_err()
        {
            // The receiver may be gone too; then nobody asks.
            let _ = events.send(Event::Failed(Failure::ShuttingDown));
        }
        receiver
    }

    /// One vector of length 1 for each text, in order. No text may be empty, or longer than [`Serving::n_ctx`]. Dropping
    /// the future gives the rest up.
    pub async fn embed(&self, texts: Vec<Vec<LlamaToken>>, place: Place) -> Result<Vec<Vector>, Failure> {
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.send(Job::Embed { texts, reply, place });
        sent.map_err(|_| Failure::ShuttingDown)?;
        answer.await.unwrap_or(Err(Failure::ShuttingDown))
    }

    /// Finishes the answers that have begun and refuses the rest; the thread ends with the last of them.
    pub fn drain(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Ends the thread with its current step.
    pub fn stop(&self) {
        self.phase.send_replace(Phase::Stopping);
    }

    /// Waits until the model is loaded; none where it cannot be.
    pub async fn ready(&self) -> Option<Arc<Serving>> {
        let mut status = self.status.clone();
        let settled = status.wait_for(|status| !matches!(status, Status::Loading)).await;
        match settled.as_deref() {
            Ok(Status::Ready(serving)) => Some(Arc::clone(serving)),
            _ => None,
        }
    }

    /// Waits until the thread has ended.
    pub async fn ended(&self) -> End {
        let mut status = self.status.clone();
        let ended = status.wait_for(|status| matches!(status, Status::Ended(_))).await;
        match ended.as_deref() {
            Ok(Status::Ended(None)) => End::AsTold,
            Ok(Status::Ended(Some(reason))) => End::NotLoaded(reason.clone()),
            // The sender is gone without a last word: the thread panicked.
            _ => End::Crashed,
        }
    }
}

/// How the engine's thread ended.
#[derive(Debug)]
pub enum End {
    AsTold,
    /// The model cannot be served, for this reason.
    NotLoaded(String),
    Crashed,
}
