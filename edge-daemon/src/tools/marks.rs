//! Marks such as `<tool_call>`: finds them in a text that is still growing, and among the tokens of a model.

use llama_cpp_2::token::LlamaToken;

use crate::model::Model;

/// The control token that stands for a mark in this model. Elsewhere the mark is plain text.
pub fn control_token(model: &Model, mark: &str) -> Option<LlamaToken> {
    let mut tokens = Vec::new();
    model.tokenize_into(mark, &mut tokens);
    match tokens[..] {
        [token] if model.llama().vocab().is_control(token) => Some(token),
        _ => None,
    }
}

/// The first of `marks` in a text, and where it begins.
pub fn first<'mark>(text: &str, marks: impl Iterator<Item = &'mark str>) -> Option<(usize, &'mark str)> {
    marks.filter_map(|mark| text.find(mark).map(|at| (at, mark))).min_by_key(|(at, _)| *at)
}

/// How many bytes at the end of a text could be the beginning of a mark.
pub fn begun<'mark>(text: &str, marks: impl Iterator<Item = &'mark str>) -> usize {
    let longest = |mark: &str| {
        let most = text.len().min(mark.len() - 1);
        (1..=most)
            .rev()
            .find(|length| mark.is_char_boundary(*length) && text.ends_with(&mark[..*length]))
            .unwrap_or(0)
    };
    marks.map(longest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_mark_is_found_and_a_begun_one_is_measured() {
        let marks = || ["<a>", "<abc>"].into_iter();
        assert_eq!(first("x<abc><a>", marks()), Some((1, "<abc>")));
        assert_eq!(first("<a", marks()), None);
        assert_eq!(begun("x<ab", marks()), 3);
        assert_eq!(begun("x<a>", marks()), 0);
        assert_eq!(begun("é", marks()), 0);
    }
}
