//! The best of many scores, in one pass.

use llama_cpp_2::token::LlamaToken;

/// The `k` tokens with the highest scores, best first; of equals the one with the lower number. What is not a number is
/// never among them.
pub fn likeliest(scores: &[f32], k: usize) -> Vec<(LlamaToken, f32)> {
    let mut best: Vec<(LlamaToken, f32)> = Vec::with_capacity(k + 1);
    let mut least = f32::NEG_INFINITY;
    for (at, &score) in scores.iter().enumerate() {
        if score > least || (best.len() < k && !score.is_nan()) {
            let place = best.partition_point(|(_, other)| *other >= score);
            best.insert(place, (LlamaToken(at as i32), score));
            best.truncate(k);
            if best.len() == k {
                least = best.last().map_or(f32::NEG_INFINITY, |(_, score)| *score);
            }
        }
    }
    best
}

/// The logarithm of the sum of all exponentials: a score less this is the logarithm of a probability.
pub fn log_sum_exp(scores: &[f32]) -> f32 {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - most).exp()).sum();
    most + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_beginning_of_the_sorted_list(scores in proptest::collection::vec(-4i8..4, 0..60), k in 1usize..50) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted: Vec<(LlamaToken, f32)> =
                scores.iter().enumerate().map(|(at, score)| (LlamaToken(at as i32), *score)).collect();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            sorted.truncate(k);
            prop_assert_eq!(likeliest(&scores, k), sorted);
        }
    }

    #[test]
    fn probabilities_add_up_to_one() {
        let scores = [1.0, -3.0, 80.0, 79.5];
        let total = log_sum_exp(&scores);
        let sum: f32 = scores.iter().map(|score| (score - total).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        assert_eq!(likeliest(&[f32::NAN, 1.0, f32::NAN], 2), [(LlamaToken(1), 1.0)]);
    }
}
