//! What reaches the engine's thread: requests, and the word to stop.

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::{Job, Phase};

/// The thread's end of the channels.
pub struct Inbox {
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub phases: watch::Receiver<Phase>,
    pub runtime: Handle,
}

impl Inbox {
    /// What has come in since the last time. With nothing else to do it waits for that, or for the end.
    pub fn receive(&mut self, is_idle: bool) -> Vec<Job> {
        let mut received = Vec::new();
        if is_idle {
            let (jobs, phases) = (&mut self.jobs, &mut self.phases);
            let job = self.runtime.block_on(async {
                tokio::select! {
                    job = jobs.recv() => job,
                    _ = phases.wait_for(|phase| *phase >= Phase::Draining) => None,
                }
            });
            received.extend(job);
        }
        while let Ok(job) = self.jobs.try_recv() {
            received.push(job);
        }
        received
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
