//! Guesses how an answer goes on by what was said before: where the last few tokens stood earlier, what followed them
//! there may follow again. A guess is computed together with the token that it follows, and counts only as far as the
//! model itself then chooses the same.

pub mod pace;

use llama_cpp_2::token::LlamaToken;

/// So many of the last tokens must have stood there, at least. With three every second guess was wrong in free text.
const LEAST_MATCH: usize = 4;

/// Longer matches are no better.
const MOST_MATCH: usize = 16;

/// What may follow these tokens: at most so many, and nothing where they end as never before. The longest match counts;
/// of equals the latest.
pub fn continuation(tokens: &[LlamaToken], most: usize) -> Vec<LlamaToken> {
    let mut best = (LEAST_MATCH - 1, 0);
    for end in (1..tokens.len()).rev() {
        if tokens[end - 1] != tokens[tokens.len() - 1] {
            continue;
        }
        let (before, last) = (tokens[..end].iter().rev(), tokens.iter().rev());
        let length = before.zip(last).take(MOST_MATCH).take_while(|(a, b)| a == b).count();
        if length > best.0 {
            best = (length, end);
        }
        if length == MOST_MATCH {
            break;
        }
    }
    let (_, end) = best;
    let mut guess: Vec<LlamaToken> = Vec::new();
    // Where the end repeats itself, so does the guess.
    while end > 0 && guess.len() < most {
        let at = end + guess.len();
        guess.push(tokens.get(at).copied().unwrap_or_else(|| guess[at - tokens.len()]));
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(tokens: &[i32], most: usize) -> Vec<i32> {
        let tokens: Vec<LlamaToken> = tokens.iter().copied().map(LlamaToken).collect();
        continuation(&tokens, most).into_iter().map(|token| token.0).collect()
    }

    #[test]
    fn what_followed_the_same_tokens_may_follow_again() {
        assert_eq!(guess(&[0, 1, 2, 3, 4, 5, 6, 9, 0, 1, 2, 3], 3), [4, 5, 6]);
        assert_eq!(guess(&[0, 1, 2, 3, 4, 5, 6, 9, 0, 1, 2, 3], 5), [4, 5, 6, 9, 0]);
        assert!(guess(&[0, 1, 2, 3, 4, 9, 1, 2, 3], 3).is_empty(), "three tokens are too few");
        assert!(guess(&[0, 1, 2, 3], 3).is_empty() && guess(&[], 3).is_empty());
        assert!(guess(&[0, 1, 2, 3, 4, 0, 1, 2, 3], 0).is_empty());
    }

    #[test]
    fn the_longest_match_counts_and_of_equals_the_latest() {
        assert_eq!(guess(&[7, 0, 1, 2, 3, 10, 8, 0, 1, 2, 3, 11, 7, 0, 1, 2, 3], 1), [10]);
        assert_eq!(guess(&[7, 0, 1, 2, 3, 10, 8, 0, 1, 2, 3, 11, 6, 0, 1, 2, 3], 1), [11]);
    }

    #[test]
    fn what_repeats_itself_is_guessed_to_go_on_so() {
        assert_eq!(guess(&[5, 1, 2, 1, 2, 1, 2], 5), [1, 2, 1, 2, 1]);
        assert_eq!(guess(&[5, 4, 4, 4, 4, 4], 3), [4, 4, 4]);
    }
}
