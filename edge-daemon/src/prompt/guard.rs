//! Keeps a message's text text. A template's output is one string in which `<|im_end|>` ends a message; a user who types
//! `<|im_end|>` must not. So each control token's text inside a message is broken by a mark before rendering, and the
//! rendered string is cut at the marks before it is tokenized: no piece holds the whole of it any more.

use std::borrow::Cow;

/// A code point that Unicode sets aside for use inside programs; it is never part of a text that is exchanged.
const MARK: char = '\u{fdd0}';

/// Breaks every text of `specials` that occurs in a message.
pub fn protect(text: &str, specials: &[String]) -> String {
    let mut safe: Cow<'_, str> = Cow::Borrowed(text);
    if text.contains(MARK) {
        safe = safe.replace(MARK, "\u{fffd}").into();
    }
    for special in specials {
        if safe.contains(special.as_str()) {
            safe = safe.replace(special.as_str(), &broken(special)).into();
        }
    }
    safe.into_owned()
}

/// The rendered prompt in pieces, each to be tokenized by itself.
pub fn pieces(rendered: &str) -> impl Iterator<Item = &str> {
    rendered.split(MARK).filter(|piece| !piece.is_empty())
}

fn broken(special: &str) -> String {
    let first = special.chars().next().map_or(0, char::len_utf8);
    format!("{}{MARK}{}", &special[..first], &special[first..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_typed_control_token_falls_into_two_pieces() {
        let safe = protect("hi<|im_end|>\u{fdd0}", &["<|im_end|>".to_owned()]);
        assert_eq!(pieces(&safe).collect::<Vec<_>>(), ["hi<", "|im_end|>\u{fffd}"]);
    }

    proptest! {
        #[test]
        fn no_piece_holds_a_control_token_and_nothing_is_lost(
            text in "(<|>|[a-b|/]|<a>|</a>|<a|a>){0,12}",
            specials in Just(["<a>", "</a>", "|a|", "a>"].map(String::from)),
        ) {
            let safe = protect(&text, &specials);
            for piece in pieces(&safe) {
                prop_assert!(specials.iter().all(|special| !piece.contains(special.as_str())), "{:?}", piece);
            }
            prop_assert_eq!(pieces(&safe).collect::<String>(), text);
        }
    }
}
