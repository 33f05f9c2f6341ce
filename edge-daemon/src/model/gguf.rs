//! A GGUF file's header, read and checked before llama.cpp sees the file.
//!
//! Source: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Every length is checked against what is left of the
//! file, so that a damaged one costs neither memory nor more than a moment.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What is worth knowing of a sound file.
#[derive(Debug)]
pub struct Header {
    /// `general.architecture`.
    pub architecture: Option<String>,
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

/// Why the header could not be read, without the file's name.
enum Fault {
    NotGguf,
    Version(u32),
    Ends,
    Damaged(&'static str),
    CutShort(u64),
    Io(io::Error),
}

/// Reads the header of the file at `path` and compares the size of its tensors with the file's.
pub fn check(path: &Path) -> Result<Header, GgufError> {
    let shown = || path.display().to_string();
    let unreadable = |source| GgufError::Unreadable { path: shown(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(GgufError::Folder { path: shown() });
    }
    let length = metadata.len();
    let mut reader = Reader { source: BufReader::with_capacity(1 << 16, file), read: 0, length };
    reader.header().map_err(|fault| match fault {
        Fault::NotGguf => GgufError::NotGguf { path: shown() },
        Fault::Version(version) => GgufError::Version { path: shown(), version },
        Fault::Ends => GgufError::HeaderCutShort { path: shown(), length },
        Fault::Damaged(what) => GgufError::Damaged { path: shown(), what },
        Fault::CutShort(needed) => GgufError::CutShort { path: shown(), needed, length },
        Fault::Io(source) => unreadable(source),
    })
}

struct Reader<R> {
    source: R,
    read: u64,
    length: u64,
}

impl<R: Read> Reader<R> {
    fn header(&mut self) -> Result<Header, Fault> {
        if self.length < 4 || &self.array::<4>()? != b"GGUF" {
            return Err(Fault::NotGguf);
        }
        let version = self.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(Fault::Version(version));
        }
        let n_tensors = self.u64()?;
        let n_pairs = self.u64()?;
        let mut architecture = None;
        let mut alignment = 32;
        for _ in 0..n_pairs {
            let key = self.string()?;
            let kind = self.u32()?;
            match (key.as_slice(), kind) {
                (b"general.architecture", 8) => {
                    architecture = Some(String::from_utf8_lossy(&self.string()?).into_owned());
                }
                (b"general.alignment", 4) => alignment = u64::from(self.u32()?),
                _ => self.skip_value(kind)?,
            }
        }
        if !alignment.is_power_of_two() {
            return Err(Fault::Damaged("its alignment is not a power of two"));
        }
        if n_tensors == 0 {
            return Err(Fault::Damaged("it has no tensors"));
        }
        let mut data_bytes = 0;
        for _ in 0..n_tensors {
            data_bytes = data_bytes.max(self.tensor_end()?);
        }
        let needed = self.read.next_multiple_of(alignment).saturating_add(data_bytes);
        if needed > self.length {
            return Err(Fault::CutShort(needed));
        }
        Ok(Header { architecture })
    }

    /// Where a tensor's data end, counted from the first tensor's beginning.
    fn tensor_end(&mut self) -> Result<u64, Fault> {
        self.string()?;
        let n_dimensions = self.u32()?;
        if n_dimensions > 4 {
            return Err(Fault::Damaged("a tensor has more than four dimensions"));
        }
        let mut elements = 1u64;
        for _ in 0..n_dimensions {
            let dimension = self.u64()?;
            elements = elements.checked_mul(dimension).ok_or(Fault::Damaged("a tensor is too large"))?;
        }
        let (block, bytes) = type_size(self.u32()?);
        let offset = self.u64()?;
        (elements / block)
            .checked_mul(bytes)
            .and_then(|size| offset.checked_add(size))
            .ok_or(Fault::Damaged("a tensor is too large"))
    }

    fn skip_value(&mut self, kind: u32) -> Result<(), Fault> {
        match kind {
            8 => self.string().map(drop),
            9 => {
                let kind = self.u32()?;
                let count = self.u64()?;
                if kind == 8 {
                    for _ in 0..count {
                        self.string()?;
                    }
                    return Ok(());
                }
                let bytes = count.checked_mul(scalar_size(kind)?).ok_or(Fault::Ends)?;
                self.skip(bytes)
            }
            _ => self.skip(scalar_size(kind)?),
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, Fault> {
        let length = self.u64()?;
        self.claim(length)?;
        let mut bytes = vec![0; length as usize];
        self.source.read_exact(&mut bytes).map_err(io_fault)?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Fault> {
        self.claim(bytes)?;
        let skipped = io::copy(&mut self.source.by_ref().take(bytes), &mut io::sink()).map_err(Fault::Io)?;
        if skipped == bytes { Ok(()) } else { Err(Fault::Ends) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.claim(N as u64)?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(io_fault)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    /// Counts bytes that are about to be read; more than the file has is the file's end.
    fn claim(&mut self, bytes: u64) -> Result<(), Fault> {
        self.read = self.read.checked_add(bytes).filter(|read| *read <= self.length).ok_or(Fault::Ends)?;
        Ok(())
    }
}

fn io_fault(error: io::Error) -> Fault {
    if error.kind() == io::ErrorKind::UnexpectedEof { Fault::Ends } else { Fault::Io(error) }
}

/// Bytes of a metadata value that is neither a string nor an array.
fn scalar_size(kind: u32) -> Result<u64, Fault> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err(Fault::Damaged("a metadata value has a type that does not exist")),
    }
}

/// Numbers in a block, and bytes of a block, by ggml's type ids. A type that is not here counts as empty: llama.cpp knows
/// it or refuses it.
fn type_size(kind: u32) -> (u64, u64) {
    match kind {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        2 | 20 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        9 => (32, 36),
        10 => (256, 84),
        11 | 21 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        15 => (256, 292),
        16 | 35 => (256, 66),
        17 => (256, 74),
        18 => (256, 98),
        19 => (256, 50),
        22 => (256, 82),
        23 => (256, 136),
        24 => (1, 1),
        27 | 28 => (1, 8),
        29 => (256, 56),
        34 => (256, 54),
        39 => (32, 17),
        _ => (1, 0),
    }
}

#[cfg(test)]
mod tests;
