//! How the next token is to be chosen.

use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

/// Sampling parameters, within their ranges. The defaults are llama-server's, which suit small models.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// 0 always takes the likeliest token.
    pub temperature: f32,
    /// 0 leaves all tokens in.
    pub top_k: i32,
    pub top_p: f32,
    pub min_p: f32,
    /// 1 is off; counts the prompt too.
    pub repeat_penalty: f32,
    /// 0 is off; counts the answer alone, as OpenAI has it.
    pub frequency_penalty: f32,
    /// 0 is off; counts the answer alone.
    pub presence_penalty: f32,
    /// Added to the scores of these tokens; negative infinity forbids one. Tokens outside the vocabulary count for nothing.
    pub logit_bias: Vec<(LlamaToken, f32)>,
    pub seed: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.05,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            logit_bias: Vec::new(),
            seed: 0,
        }
    }
}

/// Tokens that the repeat penalty looks back on, as in llama.cpp.
const REPEAT_WINDOW: usize = 64;

/// llama.cpp reads this seed as "choose one".
const RANDOM_SEED: u32 = u32::MAX;

impl Sampling {
    /// Always the likeliest.
    pub fn is_greedy(&self) -> bool {
        !differs(self.temperature, 0.0)
    }

    /// Are the scores changed before any token is left out?
    pub fn changes_scores(&self) -> bool {
        self.penalizes_repeats() || self.penalizes_answer() || !self.logit_bias.is_empty()
    }

    fn penalizes_repeats(&self) -> bool {
        differs(self.repeat_penalty, 1.0)
    }

    fn penalizes_answer(&self) -> bool {
        differs(self.frequency_penalty, 0.0) || differs(self.presence_penalty, 0.0)
    }

    /// The chain of llama.cpp's samplers for one request. Biases and grammars come before it.
    pub fn chain(&self, n_vocab: i32, n_ctx: u32, prompt: &[LlamaToken]) -> LlamaSampler {
        let mut chain = Vec::with_capacity(7);
        if self.penalizes_repeats() {
            let window = &prompt[prompt.len().saturating_sub(REPEAT_WINDOW)..];
            let penalties =
                LlamaSampler::penalties(n_vocab, REPEAT_WINDOW as i32, self.repeat_penalty, 0.0, 0.0);
            chain.push(penalties.with_tokens(window));
        }
        if self.penalizes_answer() {
            let (frequency, presence) = (self.frequency_penalty, self.presence_penalty);
            chain.push(LlamaSampler::penalties(n_vocab, n_ctx as i32, 1.0, frequency, presence));
        }
        if self.is_greedy() {
            chain.push(LlamaSampler::greedy());
            return LlamaSampler::chain(chain, true);
        }
        if self.top_k > 0 {
            chain.push(LlamaSampler::top_k(self.top_k));
        }
        if self.top_p < 1.0 {
            chain.push(LlamaSampler::top_p(self.top_p, 1));
        }
        if self.min_p > 0.0 {
            chain.push(LlamaSampler::min_p(self.min_p, 1));
        }
        chain.push(LlamaSampler::temp(self.temperature));
        chain.push(LlamaSampler::dist(if self.seed == RANDOM_SEED { 0 } else { self.seed }));
        LlamaSampler::chain(chain, true)
    }
}

fn differs(value: f32, neutral: f32) -> bool {
    (value - neutral).abs() > f32::EPSILON
}
