//! How many tokens a text has, where nobody has counted.

/// Tokens that a chat template adds around a message.
const AROUND: u64 = 8;

/// A careful estimate: rather too many than too few.
///
/// Byte-pair vocabularies spend about one token on four letters of English, one on two or three of code and digits, and
/// up to one on each byte of a script that they hardly know.
pub fn estimate_tokens(text: &str) -> u64 {
    let (ascii, other) = text.bytes().fold((0_u64, 0_u64), |(ascii, other), byte| {
        if byte.is_ascii() { (ascii + 1, other) } else { (ascii, other + 1) }
    });
    ascii.div_ceil(3) + other.div_ceil(2) + AROUND
}

#[cfg(test)]
mod tests {
    use super::estimate_tokens;

    #[test]
    fn the_estimate_is_not_below_what_models_count() {
        // Counted with SmolLM2's vocabulary: 11 and 2 tokens.
        assert!(estimate_tokens("The quick brown fox jumps over the lazy dog. ") >= 11);
        assert!(estimate_tokens("Hello!") >= 2);
        assert!(estimate_tokens("") > 0, "a template adds tokens of its own");
    }
}
