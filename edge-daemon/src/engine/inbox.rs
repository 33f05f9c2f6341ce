//! What reaches the engine's thread: requests, and the word to stop.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::{Job, Phase};

/// The thread's end of the channels.
pub struct Inbox {
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub phases: watch::Receiver<Phase>,
    pub runtime: Handle,
}

/// How long to wait for something to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// There is other work.
    None,
    For(Duration),
    /// There is nothing else to do.
    Endless,
}

impl Patience {
    /// Without limit while there is nothing else to do, and none otherwise.
    pub fn while_idle(is_idle: bool) -> Self {
        if is_idle { Self::Endless } else { Self::None }
    }
}

impl Inbox {
    /// What has come in since the last time. Waiting ends with the word to stop, too.
    pub fn receive(&mut self, patience: Patience) -> Vec<Job> {
        let mut received: Vec<Job> = self.first(patience).into_iter().collect();
        while let Ok(job) = self.jobs.try_recv() {
            received.push(job);
        }
        received
    }

    fn first(&mut self, patience: Patience) -> Option<Job> {
        let (jobs, phases) = (&mut self.jobs, &mut self.phases);
        let first = async {
            tokio::select! {
                job = jobs.recv() => job,
                _ = phases.wait_for(|phase| *phase >= Phase::Draining) => None,
            }
        };
        match patience {
            Patience::None => None,
            Patience::For(time) => self.runtime.block_on(async { timeout(time, first).await.ok().flatten() }),
            Patience::Endless => self.runtime.block_on(first),
        }
    }

    /// How far the thread is to go on. Once it is draining nothing more comes in.
    pub fn phase(&mut self) -> Phase {
        let phase = *self.phases.borrow();
        if phase >= Phase::Draining {
            self.jobs.close();
        }
        phase
    }
}
