//! Chooses tokens for one request: grammar, biases, then llama.cpp's chain; without the chain where the likeliest is asked
//! for and nothing stands in its way.

use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

use super::event::Failure;
use super::grammar::Grammar;
use super::likeliest::likeliest;
use super::sampling::Sampling;

/// The state of one request's choices.
pub struct Sampler {
    chain: LlamaSampler,
    grammar: Option<Grammar>,
    /// By place in the vocabulary.
    bias: Vec<(usize, f32)>,
    shortcut: Shortcut,
}

/// What of the vocabulary has to be looked at, where there is neither a grammar nor a change of scores.
#[derive(Clone, Copy)]
enum Shortcut {
    None,
    Best,
    /// So many of the likeliest.
    Few(usize),
}

/// For more candidates than this, sorting them one by one into a short list no longer pays.
const FEW: usize = 128;

impl Sampler {
    pub fn new(
        sampling: &Sampling,
        grammar: Option<Grammar>,
        n_vocab: i32,
        n_ctx: u32,
        prompt: &[LlamaToken],
    ) -> Self {
        let shortcut = if grammar.is_some() || sampling.changes_scores() {
            Shortcut::None
        } else if sampling.is_greedy() {
            Shortcut::Best
        } else {
            match usize::try_from(sampling.top_k) {
                Ok(k @ 1..=FEW) => Shortcut::Few(k),
                _ => Shortcut::None,
            }
        };
        let in_vocabulary = |token: LlamaToken| usize::try_from(token.0).ok().filter(|_| token.0 < n_vocab);
        let bias =
            sampling.logit_bias.iter().filter_map(|(token, bias)| Some((in_vocabulary(*token)?, *bias)));
        Self { chain: sampling.chain(n_vocab, n_ctx, prompt), grammar, bias: bias.collect(), shortcut }
    }

    /// Chooses the next token by the model's scores, one for each token of the vocabulary, and takes note of it.
    pub fn choose(
        &mut self,
        scores: &[f32],
        scratch: &mut Vec<LlamaTokenData>,
    ) -> Result<LlamaToken, Failure> {
        scratch.clear();
        let candidate = |at: usize| LlamaTokenData::new(LlamaToken(at as i32), scores[at], 0.0);
        match (self.shortcut, &mut self.grammar) {
            (Shortcut::Best, _) => {
                return likeliest(scores, 1).first().map(|best| best.0).ok_or(Failure::Decode);
            }
            (Shortcut::Few(k), _) => {
                scratch.extend(
                    likeliest(scores, k)
                        .into_iter()
                        .map(|(token, score)| LlamaTokenData::new(token, score, 0.0)),
                );
            }
            (Shortcut::None, Some(grammar)) => {
                grammar.allowed()?.iter_set_entries(|at| {
                    if at < scores.len() {
                        scratch.push(candidate(at));
                    }
                });
            }
            (Shortcut::None, None) => scratch.extend((0..scores.len()).map(candidate)),
        }
        self.apply_bias(scratch);
        let sorted = matches!(self.shortcut, Shortcut::Few(_));
        let mut candidates = LlamaTokenDataArray::new(std::mem::take(scratch), sorted);
        candidates.apply_sampler(&mut self.chain);
        let chosen = candidates.selected_token();
        *scratch = candidates.data;
        let chosen = chosen.ok_or(Failure::Decode)?;
        self.chain.accept(chosen);
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(chosen)?;
        }
        Ok(chosen)
    }

    /// The candidates are in the vocabulary's order here.
    fn apply_bias(&self, candidates: &mut [LlamaTokenData]) {
        for (token, bias) in &self.bias {
            let found = candidates.binary_search_by_key(token, |candidate| candidate.id().0 as usize);
            if let Ok(at) = found {
                let score = candidates[at].logit();
                candidates[at].set_logit(score + bias);
            }
        }
    }

    /// Has the grammar been followed to its end?
    pub fn is_over(&self) -> bool {
        self.grammar.as_ref().is_some_and(Grammar::is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(sampling: &Sampling, scores: &[f32]) -> i32 {
        let mut sampler = Sampler::new(sampling, None, scores.len() as i32, 64, &[]);
        sampler.choose(scores, &mut Vec::new()).expect("a token").0
    }

    #[test]
    fn every_way_of_being_certain_takes_the_best() {
        let scores = [0.5, 3.0, -1.0, 2.0];
        let certain = [
            Sampling { temperature: 0.0, ..Sampling::default() },
            Sampling { top_k: 1, ..Sampling::default() },
            Sampling { top_p: 0.0, top_k: 0, ..Sampling::default() },
            Sampling { temperature: 0.0, repeat_penalty: 1.1, ..Sampling::default() },
        ];
        for sampling in certain {
            assert_eq!(choose(&sampling, &scores), 1, "{sampling:?}");
        }
    }

    #[test]
    fn a_bias_moves_the_choice_and_may_forbid() {
        let scores = [0.5, 3.0, -1.0, 2.0];
        let biased = |bias: Vec<(LlamaToken, f32)>| {
            choose(&Sampling { temperature: 0.0, logit_bias: bias, ..Sampling::default() }, &scores)
        };
        assert_eq!(biased(vec![(LlamaToken(2), 100.0)]), 2);
        assert_eq!(biased(vec![(LlamaToken(1), f32::NEG_INFINITY)]), 3);
        assert_eq!(biased(vec![(LlamaToken(99), 100.0), (LlamaToken(-1), 100.0)]), 1);
    }

    #[test]
    fn a_seed_gives_the_same_choices_with_and_without_the_short_list() {
        let scores: Vec<f32> = (0..500).map(|n| (n as f32 * 0.37).sin() * 4.0).collect();
        for seed in 0..20 {
            let few = Sampling { seed, top_k: 40, ..Sampling::default() };
            // A bias that changes nothing keeps the whole vocabulary in.
            let all = Sampling { logit_bias: vec![(LlamaToken(0), 0.0)], ..few.clone() };
            assert_eq!(choose(&few, &scores), choose(&all, &scores));
        }
    }
}
