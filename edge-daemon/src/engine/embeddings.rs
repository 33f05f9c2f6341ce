//! Serves an embedding model: texts of several callers go into one batch, each as a sequence of its own.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;
use tokio::sync::oneshot;

use super::context::{self, Context};
use super::gauges::Gauges;
use super::inbox::{Inbox, Patience};
use super::settings::Settings;
use super::{Event, Failure, Job, Phase, Place, Serving};

/// One text's vector, of length 1.
pub type Vector = Vec<f32>;

/// Texts in one batch at most.
const TEXTS: usize = 64;

/// Tokens in one batch, where no single text needs more.
pub const TOKENS: usize = 512;

pub struct Embeddings<'model> {
    context: Context<'model>,
    batch: LlamaBatch<'static>,
    /// Tokens in one batch at most.
    tokens: usize,
    waiting: VecDeque<Asked>,
    gauges: &'model Gauges,
}

/// What one caller asked for.
struct Asked {
    texts: Vec<Vec<LlamaToken>>,
    vectors: Vec<Vector>,
    reply: oneshot::Sender<Result<Vec<Vector>, Failure>>,
    /// Held until the request is over, however that comes.
    _place: Place,
}

impl<'model> Embeddings<'model> {
    pub fn new(
        serving: &'model Serving,
        settings: &Settings,
        gauges: &'model Gauges,
    ) -> Result<Self, String> {
        // A text is computed in one batch: what comes later in it counts for what came before.
        let tokens = (serving.n_ctx as usize).max(TOKENS);
        let context = context::for_embeddings(&serving.model, settings, TEXTS, tokens).map_err(|error| {
            format!("no context for texts of {tokens} tokens could be made: {error}; try a smaller --context")
        })?;
        let batch = LlamaBatch::new(tokens, 1);
        Ok(Self { context, batch, tokens, waiting: VecDeque::new(), gauges })
    }

    pub fn run(mut self, inbox: &mut Inbox) {
        loop {
            for job in inbox.receive(Patience::while_idle(self.waiting.is_empty())) {
                self.take(job);
            }
            self.waiting.retain(|asked| !asked.reply.is_closed());
            let phase = inbox.phase();
            if phase == Phase::Stopping {
                self.end_all(Failure::ShuttingDown);
            }
            self.gauges.active.store(self.waiting.len(), Ordering::Relaxed);
            if self.waiting.is_empty() {
                if phase >= Phase::Draining {
                    return;
                }
                continue;
            }
            self.step();
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Embed { texts, reply, place } => {
                self.waiting.push_back(Asked { texts, vectors: Vec::new(), reply, _place: place });
            }
            Job::Answer { events, .. } => {
                // Nobody asks any more where the receiver is gone.
                let _ = events.send(Event::Failed(Failure::OtherKind));
            }
        }
    }

    /// Computes as many texts as fit into one batch, in order.
    fn step(&mut self) {
        match self.compute() {
            Ok(counts) => {
                for (asked, count) in self.waiting.iter_mut().zip(counts) {
                    asked.texts.drain(..count);
                }
                while self.waiting.front().is_some_and(|asked| asked.texts.is_empty()) {
                    if let Some(asked) = self.waiting.pop_front() {
                        // Nobody asks any more where the receiver is gone.
                        let _ = asked.reply.send(Ok(asked.vectors));
                    }
                }
            }
            Err(error) => {
                tracing::error!(error, "texts could not be embedded");
                self.end_all(Failure::Decode);
            }
        }
        self.context.clear_kv_cache();
    }

    /// The vectors are put where they belong; how many texts of each caller were computed.
    fn compute(&mut self) -> Result<Vec<usize>, String> {
        self.batch.clear();
        let mut counts = Vec::new();
        let (mut texts, mut tokens) = (0_i32, 0);
        'full: for asked in &self.waiting {
            let nth = counts.len();
            counts.push(0);
            for text in &asked.texts {
                // A longer batch is for a single long text: every token costs memory while it is computed.
                let most = if texts == 0 { self.tokens } else { TOKENS };
                if texts as usize == TEXTS || tokens + text.len() > most {
                    break 'full;
                }
                for (position, token) in text.iter().enumerate() {
                    let added = self.batch.add(*token, position as i32, &[texts], true);
                    added.map_err(|error| error.to_string())?;
                }
                texts += 1;
                tokens += text.len();
                counts[nth] += 1;
            }
        }
        self.context.decode(&mut self.batch).map_err(|error| error.to_string())?;
        self.gauges.computed_tokens.fetch_add(tokens as u64, Ordering::Relaxed);
        let mut sequence = 0;
        for (asked, count) in self.waiting.iter_mut().zip(&counts) {
            for _ in 0..*count {
                let vector = self.context.embeddings_seq_ith(sequence).map_err(|error| error.to_string())?;
                asked.vectors.push(unit(vector));
                sequence += 1;
            }
        }
        Ok(counts)
    }

    fn end_all(&mut self, failure: Failure) {
        for asked in self.waiting.drain(..) {
            let _ = asked.reply.send(Err(failure));
        }
    }
}

/// The vector of the same direction and of length 1, as OpenAI's are; zeros stay zeros.
fn unit(vector: &[f32]) -> Vector {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 { vector.iter().map(|number| number / length).collect() } else { vector.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_keeps_its_direction_and_gets_length_one() {
        assert_eq!(unit(&[3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(unit(&[0.0, 0.0]), [0.0, 0.0]);
    }
}
