//! A GGUF file's header, read and checked before llama.cpp sees the file.
//!
//! Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Every length is checked against what is left of the
//! file, so that a damaged one costs neither memory nor more than a moment.

pub mod parts;
mod reader;
mod types;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use reader::{Fault, Reader};

/// What is worth knowing of a sound file.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// `general.type`: `model` where it is not said, `adapter` of a LoRA.
    pub kind: Option<String>,
    /// Whole numbers among the metadata, by their keys.
    pub numbers: HashMap<String, u64>,
    /// Lists among the metadata, by their keys.
    pub lists: HashMap<String, List>,
    /// Numbers in all tensors together.
    pub n_params: u64,
    /// Bytes of all tensors together.
    pub tensor_bytes: u64,
}

/// What is kept of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    pub length: u64,
    /// Of whole numbers that fit; a list of layers has no others.
    pub sum: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("{path} is a folder; name the .gguf file in it")]
    Folder { path: String },
    #[error("{path} is not a GGUF model: it does not begin with the letters GGUF")]
    NotGguf { path: String },
    #[error("{path} is a GGUF file of version {version}; versions 2 and 3 can be read")]
    Version { path: String, version: u32 },
    #[error("{path} is cut short: its header ends in mid-air at byte {length}; fetch it again")]
    HeaderCutShort { path: String, length: u64 },
    #[error("{path} is cut short: it should have {needed} bytes and has {length}; fetch it again")]
    CutShort { path: String, needed: u64, length: u64 },
    #[error("{path} is damaged: {what}; fetch it again")]
    Damaged { path: String, what: &'static str },
}

/// Reads the header of the file at `path` and compares the size of its tensors with the file's. Of a model in several files
/// it is given the first, and reads them all.
pub fn check(path: &Path) -> Result<Header, GgufError> {
    let mut header = check_file(path)?;
    let count = header.numbers.get("split.count").copied().unwrap_or(0).min(MOST_PARTS);
    for other in parts::others(path, count) {
        let part = check_file(&other)?;
        header.n_params = header.n_params.saturating_add(part.n_params);
        header.tensor_bytes = header.tensor_bytes.saturating_add(part.tensor_bytes);
    }
    Ok(header)
}

/// More files than this no model is cut into.
const MOST_PARTS: u64 = 1000;

fn check_file(path: &Path) -> Result<Header, GgufError> {
    let shown = || path.display().to_string();
    let unreadable = |source| GgufError::Unreadable { path: shown(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(GgufError::Folder { path: shown() });
    }
    let length = metadata.len();
    let mut reader = Reader::new(BufReader::with_capacity(1 << 16, file), length);
    reader.header().map_err(|fault| match fault {
        Fault::NotGguf => GgufError::NotGguf { path: shown() },
        Fault::Version(version) => GgufError::Version { path: shown(), version },
        Fault::Ends => GgufError::HeaderCutShort { path: shown(), length },
        Fault::Damaged(what) => GgufError::Damaged { path: shown(), what },
        Fault::CutShort(needed) => GgufError::CutShort { path: shown(), needed, length },
        Fault::Io(source) => unreadable(source),
    })
}

#[cfg(test)]
pub mod tests;
