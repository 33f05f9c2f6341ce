//! What a file says of itself. It stands behind llama.cpp's own bytes, which begin the file since llama.cpp reads and
//! writes files by their path alone:
//!
//! ```text
//! llama.cpp's state of one sequence | the label, JSON | SHA-256 of all before | the label's length, 8 bytes LE | MAGIC
//! ```

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"HEARTHPX";

/// The label's own form. A file of another one is not read.
const FORMAT: u32 = 1;

/// Whose bytes they are. Raised with the library: another build may keep its cells in another way.
const STATE: &str = "llama-cpp-sys-2 0.1.161";

const DIGEST: usize = 32;
const FOOT: usize = DIGEST + 8 + MAGIC.len();

/// A label of more than this is none.
const LONGEST: u64 = 64 << 20;

/// Whom the cells of a file suit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The model's fingerprint.
    pub model: String,
    /// How the cache keeps its numbers.
    pub cache: String,
    /// Cells of the whole cache: of some models the cells' numbers depend on it.
    pub cells: u32,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    format: u32,
    state: String,
    #[serde(flatten)]
    pub owner: Owner,
    /// The position of the first cell.
    pub start: usize,
    /// All tokens up to the last cell.
    pub tokens: Vec<i32>,
}

/// Why a file is passed over.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is cut short, or no file of this kind")]
    Cut,
    #[error("it was written by another version")]
    Version,
    #[error("it is of another model, or of another kind of cache")]
    Foreign,
    #[error("it is damaged: its bytes are not those that were written")]
    Damaged,
    #[error("llama.cpp does not take it: {0}")]
    Refused(String),
}

/// What of a label says whether the rest can be read.
#[derive(Deserialize)]
struct Version {
    format: u32,
    state: String,
}

impl Label {
    pub fn new(owner: Owner, start: usize, tokens: Vec<i32>) -> Self {
        Self { format: FORMAT, state: STATE.to_owned(), owner, start, tokens }
    }

    /// Labels a file that holds llama.cpp's bytes alone, so many of them.
    pub fn write(&self, path: &Path, state_bytes: u64) -> io::Result<()> {
        let mut file = File::options().read(true).append(true).open(path)?;
        if file.metadata()?.len() != state_bytes {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "not all bytes reached the disk"));
        }
        let label = serde_json::to_vec(self)?;
        let mut digest = Sha256::new();
        io::copy(&mut file, &mut digest)?;
        digest.update(&label);
        let length = label.len() as u64;
        file.write_all(&[&label, &digest.finalize()[..], &length.to_le_bytes(), MAGIC].concat())
    }

    /// Reads what a file says of itself, and nothing else of it.
    pub fn read(path: &Path) -> Result<Self, Unusable> {
        let mut file = File::open(path)?;
        let (_, length) = foot(&mut file)?;
        file.seek(SeekFrom::End(-(FOOT as i64) - length as i64))?;
        let mut label = vec![0; length as usize];
        file.read_exact(&mut label)?;
        let version: Version = serde_json::from_slice(&label).map_err(|_| Unusable::Damaged)?;
        if version.format != FORMAT || version.state != STATE {
            return Err(Unusable::Version);
        }
        let label: Self = serde_json::from_slice(&label).map_err(|_| Unusable::Damaged)?;
        if label.start < label.tokens.len() { Ok(label) } else { Err(Unusable::Damaged) }
    }
}

/// Reads all of a file, and holds it against its digest.
pub fn verify(path: &Path) -> Result<(), Unusable> {
    let mut file = File::open(path)?;
    let (expected, _) = foot(&mut file)?;
    let bytes = file.metadata()?.len() - FOOT as u64;
    file.rewind()?;
    let mut digest = Sha256::new();
    let copied = io::copy(&mut file.take(bytes), &mut digest)?;
    if copied == bytes && digest.finalize()[..] == expected { Ok(()) } else { Err(Unusable::Damaged) }
}

/// The digest, and the label's length.
fn foot(file: &mut File) -> Result<([u8; DIGEST], u64), Unusable> {
    let bytes = file.metadata()?.len();
    let before = bytes.checked_sub(FOOT as u64).ok_or(Unusable::Cut)?;
    file.seek(SeekFrom::Start(before))?;
    let (mut digest, mut length, mut magic) = ([0; DIGEST], [0; 8], [0; MAGIC.len()]);
    file.read_exact(&mut digest)?;
    file.read_exact(&mut length)?;
    file.read_exact(&mut magic)?;
    let length = u64::from_le_bytes(length);
    if magic != *MAGIC || length > before.min(LONGEST) {
        return Err(Unusable::Cut);
    }
    Ok((digest, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { model: "m".to_owned(), cache: "f16".to_owned(), cells: 256 }
    }

    fn labelled(label: &Label) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "the bytes of llama.cpp").unwrap();
        label.write(file.path(), 22).unwrap();
        file
    }

    #[test]
    fn a_file_says_what_it_holds() {
        let label = Label::new(owner(), 2, vec![5, 6, 7]);
        let file = labelled(&label);
        assert_eq!(Label::read(file.path()).unwrap(), label);
        verify(file.path()).unwrap();
    }

    #[test]
    fn every_cut_and_every_changed_byte_shows() {
        let file = labelled(&Label::new(owner(), 2, vec![5, 6, 7]));
        let whole = std::fs::read(file.path()).unwrap();
        for length in 0..whole.len() {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            assert!(Label::read(file.path()).is_err() || verify(file.path()).is_err(), "cut at {length}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            std::fs::write(file.path(), &changed).unwrap();
            assert!(Label::read(file.path()).is_err() || verify(file.path()).is_err(), "changed at {at}");
        }
    }

    #[test]
    fn bytes_that_did_not_reach_the_disk_are_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "half").unwrap();
        assert!(Label::new(owner(), 0, vec![1]).write(file.path(), 8).is_err());
    }

    #[test]
    fn a_newer_file_is_not_read() {
        let mut label = Label::new(owner(), 0, vec![1]);
        label.format += 1;
        assert!(matches!(Label::read(labelled(&label).path()), Err(Unusable::Version)));
        let mut label = Label::new(owner(), 0, vec![1]);
        "llama-cpp-sys-2 9.9.9".clone_into(&mut label.state);
        assert!(matches!(Label::read(labelled(&label).path()), Err(Unusable::Version)));
    }

    #[test]
    fn the_librarys_version_is_the_one_that_is_built() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
        let (name, version) = STATE.split_once(' ').unwrap();
        assert!(
            lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")),
            "{name} has another version now: name it in STATE, so that files of the old one are not read"
        );
    }
}
