//! Characters that a tokenizer has cut in two are held back until they are whole.

/// Joins byte pieces to text. At most three bytes wait inside.
#[derive(Debug, Default)]
pub struct Utf8Joiner {
    held: Vec<u8>,
}

impl Utf8Joiner {
    /// Takes the next piece and gives every character that is now whole. Bytes that can never become a character turn
    /// into U+FFFD.
    pub fn push(&mut self, piece: &[u8]) -> String {
        self.held.extend_from_slice(piece);
        let mut text = String::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                }
                Err(error) => {
                    let (valid, bad) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    if let Some(length) = error.error_len() {
                        text.push(char::REPLACEMENT_CHARACTER);
                        rest = &bad[length..];
                        continue;
                    }
                    rest = bad;
                }
            }
            break;
        }
        self.held = rest.to_vec();
        text
    }

    /// What the end leaves of a character that was never finished.
    pub fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        String::from_utf8_lossy(&held).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_character_waits_for_its_other_half() {
        let mut joiner = Utf8Joiner::default();
        let crab = "🦀".as_bytes();
        assert_eq!(joiner.push(&crab[..1]), "");
        assert_eq!(joiner.push(&crab[1..3]), "");
        assert_eq!(joiner.push(&[crab[3], b'!']), "🦀!");
        assert_eq!(joiner.finish(), "");
    }

    #[test]
    fn what_can_never_be_a_character_is_replaced_at_once() {
        let mut joiner = Utf8Joiner::default();
        assert_eq!(joiner.push(&[b'a', 0xff, b'b', 0xe2, 0x82]), "a\u{fffd}b");
        assert_eq!(joiner.push(b"c"), "\u{fffd}c");
        assert_eq!(joiner.push(&[0xf0]), "");
        assert_eq!(joiner.finish(), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_text_as_the_whole(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[a-zé€🦀]{0,20}".prop_map(String::into_bytes),
        ], at in 0usize..40) {
            let mut joiner = Utf8Joiner::default();
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            let joined = joiner.push(left) + &joiner.push(right) + &joiner.finish();
            prop_assert_eq!(joined, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}
