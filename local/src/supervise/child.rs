//! One watched child: its output goes to a log, it is started again when it dies, and it is stopped
//! by the signal it understands, within a bounded time.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::{SuperviseError, log_file, open_log};
use crate::home::Home;

/// A child that ran this long was well; its next death is a first one again.
const WELL_AFTER: Duration = Duration::from_secs(20);
/// A child that does not stay up long enough to answer is given up after so many starts.
const STARTS_BEFORE_READY: u32 = 3;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Held by the watch over each child, so that the end of all of them can be waited for, also of those
/// whose start was given up half way.
#[derive(Debug, Clone)]
pub struct Lifeline(#[expect(dead_code, reason = "it says something by being dropped")] mpsc::Sender<()>);

/// The other end of every [`Lifeline`].
#[derive(Debug)]
pub struct LastChild(mpsc::Receiver<()>);

impl Lifeline {
    pub fn new() -> (Self, LastChild) {
        let (alive, ended) = mpsc::channel(1);
        (Self(alive), LastChild(ended))
    }
}

impl LastChild {
    /// Waits until every child has ended and every [`Lifeline`] is dropped.
    pub async fn ended(mut self) {
        // Nothing is ever sent: the channel closes.
        let _ = self.0.recv().await;
    }
}

/// How a child is run.
pub(super) struct Recipe {
    pub program: &'static str,
    pub home: Home,
    pub lifeline: Lifeline,
    pub command: Box<dyn Fn() -> Command + Send + Sync>,
    pub stop: Signal,
    /// How long it has to end by itself; then it is killed.
    pub patience: Duration,
}

/// A running child. Dropping it asks the process to stop; [`Child::stop`] also waits for that.
#[derive(Debug)]
pub struct Child {
    program: &'static str,
    log: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    /// How often it was started.
    starts: watch::Receiver<u32>,
    task: JoinHandle<()>,
}

impl Child {
    /// Starts it. An error here is one of starting; what happens later is mended or logged.
    pub(super) fn start(recipe: Recipe) -> Result<Self, SuperviseError> {
        let log = recipe.home.log(recipe.program);
        let first = spawn(&recipe)?;
        let (stop, stopped) = oneshot::channel();
        let (count, starts) = watch::channel(1);
        let program = recipe.program;
        let lifeline = recipe.lifeline.clone();
        let task = tokio::spawn(async move {
            watch_over(recipe, first, stopped, count).await;
            drop(lifeline);
        });
        Ok(Self { program, log, stop: Some(stop), starts, task })
    }

    /// Waits until `answers` does. A child that died before it ever answered is an error.
    pub(super) async fn ready<F, Fut>(&self, patience: Duration, answers: F) -> Result<(), SuperviseError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = bool>,
    {
        let began = Instant::now();
        loop {
            if answers().await {
                return Ok(());
            }
            if *self.starts.borrow() > STARTS_BEFORE_READY || self.task.is_finished() {
                let tail = log_file::tail(&self.log, 8);
                return Err(SuperviseError::Died { program: self.program, log: self.log.clone(), tail });
            }
            if began.elapsed() > patience {
                let log = self.log.clone();
                return Err(SuperviseError::Silent { program: self.program, log, waited: patience });
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Stops it and waits for its end.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the watching task is gone, and with it the child.
            let _ = stop.send(());
        }
        if let Err(error) = (&mut self.task).await {
            tracing::error!(program = self.program, %error, "the watch over this child failed");
        }
    }
}

async fn watch_over(
    recipe: Recipe,
    mut running: tokio::process::Child,
    mut stopped: oneshot::Receiver<()>,
    count: watch::Sender<u32>,
) {
    let mut wait = SHORTEST_WAIT;
    loop {
        let began = Instant::now();
        tokio::select! {
            status = running.wait() => tell_of_death(&recipe, status),
            _ = &mut stopped => return end(&recipe, running).await,
        }
        if began.elapsed() > WELL_AFTER {
            wait = SHORTEST_WAIT;
        }
        running = loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = &mut stopped => return,
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            match spawn(&recipe) {
                Ok(child) => break child,
                Err(error) => tracing::error!(program = recipe.program, %error, "can't be started again"),
            }
        };
        count.send_modify(|starts| *starts += 1);
    }
}

fn spawn(recipe: &Recipe) -> Result<tokio::process::Child, SuperviseError> {
    let mut command = (recipe.command)();
    let path = recipe.home.log(recipe.program);
    let log = open_log(&path)
        .and_then(|log| Ok((log.try_clone()?, log)))
        .map_err(SuperviseError::file(path.display().to_string()))?;
    // A group of its own: Ctrl-C in the terminal is for the supervisor, which stops its children in order.
    command.stdin(Stdio::null()).stdout(log.0).stderr(log.1).process_group(0);
    let child = command.spawn().map_err(|source| SuperviseError::Spawn {
        program: recipe.program,
        path: command.as_std().get_program().into(),
        source,
    })?;
    Ok(child)
}

fn tell_of_death(recipe: &Recipe, status: std::io::Result<ExitStatus>) {
    let program = recipe.program;
    match status {
        Ok(status) => tracing::warn!(program, %status, "ended by itself; starting it again"),
        Err(error) => tracing::error!(program, %error, "can't be waited for; starting it again"),
    }
}

async fn end(recipe: &Recipe, mut running: tokio::process::Child) {
    if let Some(pid) = running.id().and_then(|id| Pid::from_raw(id as i32)) {
        let _ = kill_process(pid, recipe.stop);
    }
    if tokio::time::timeout(recipe.patience, running.wait()).await.is_err() {
        tracing::warn!(program = recipe.program, "did not stop in time; killing it");
        let _ = running.kill().await;
    }
}
