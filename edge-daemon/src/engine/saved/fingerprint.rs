//! Tells one model from another by what is in its file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes from the beginning, where the names and sizes are.
const HEAD: u64 = 1 << 20;

/// So many pieces of the weights, evenly apart, so that a model which was trained further is another one. All of a file
/// would take longer to read than a prompt.
const PIECES: u64 = 64;
const PIECE: u64 = 4096;

/// The same for every copy of a file, whatever its name and age.
pub fn fingerprint(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut digest = Sha256::new();
    digest.update(bytes.to_le_bytes());
    io::copy(&mut file.by_ref().take(HEAD), &mut digest)?;
    for nth in 1..=PIECES {
        file.seek(SeekFrom::Start((bytes / PIECES * nth).saturating_sub(PIECE)))?;
        io::copy(&mut file.by_ref().take(PIECE), &mut digest)?;
    }
    Ok(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_model_and_other_weights_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            fingerprint(&path).unwrap()
        };
        let mut model: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        let first = write("a", &model);
        assert_eq!(write("b", &model), first);
        model[2_999_000] ^= 1;
        assert_ne!(write("c", &model), first);
        assert_ne!(write("d", &model[..2_999_999]), write("e", &model));
        write("small", b"x");
    }
}
