//! The events of a stream, byte for byte, however the network cut it: a host's chunks are cut anew by whatever stands
//! between, in the middle of a character as well.

use anyhow::Context as _;

/// Bytes that have come, until the events in them are taken.
#[derive(Default)]
pub struct Frames(Vec<u8>);

impl Frames {
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next event or comment, the empty line at its end included; none until it is there whole. An error if it is not
    /// UTF-8.
    pub fn take(&mut self) -> anyhow::Result<Option<String>> {
        let Some(end) = self.0.windows(2).position(|pair| pair == b"\n\n") else { return Ok(None) };
        let frame = self.0.drain(..end + 2).collect();
        String::from_utf8(frame).context("an event is not UTF-8").map(Some)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    #[test]
    fn a_cut_within_a_character_is_no_fault() {
        let whole = ": hi\n\ndata: {\"text\":\"größer 🙂\"}\n\ndata: ü\n\n";
        for size in 1..=whole.len() {
            let (mut frames, mut read) = (Frames::default(), String::new());
            for piece in whole.as_bytes().chunks(size) {
                frames.push(piece);
                while let Some(frame) = frames.take().unwrap() {
                    assert!(frame.ends_with("\n\n"));
                    read.push_str(&frame);
                }
            }
            assert_eq!(read, whole, "in pieces of {size} bytes");
            assert!(frames.is_empty());
        }
    }

    #[test]
    fn an_event_that_is_not_utf_8_is_one() {
        let mut frames = Frames::default();
        frames.push(b"data: \xc3\n\n");
        assert!(frames.take().is_err());
    }
}
