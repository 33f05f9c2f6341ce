//! The bytes of a GGUF header, read one value after another.

use std::io::{self, Read};

use super::{Header, List, types};

/// Why the header could not be read, without the file's name.
pub enum Fault {
    NotGguf,
    Version(u32),
    Ends,
    Damaged(&'static str),
    CutShort(u64),
    Io(io::Error),
}

/// The type ids of metadata that have a length of their own.
const STRING: u32 = 8;
const LIST: u32 = 9;

/// Values that are kept; a sound file has a hundred.
const MOST_KEPT: usize = 4096;

/// Numbers of a list that are added up; a model has fewer layers.
const MOST_SUMMED: u64 = 4096;

struct Tensor {
    elements: u64,
    bytes: u64,
    /// Where its data end, counted from the first tensor's beginning.
    end: u64,
}

/// Reads from a source of a known length, and never beyond it.
pub struct Reader<R> {
    source: R,
    read: u64,
    length: u64,
}

impl<R: Read> Reader<R> {
    pub fn new(source: R, length: u64) -> Self {
        Self { source, read: 0, length }
    }

    /// The header, which is at the source's beginning.
    pub fn header(&mut self) -> Result<Header, Fault> {
        if self.length < 4 || &self.array::<4>()? != b"GGUF" {
            return Err(Fault::NotGguf);
        }
        let version = self.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(Fault::Version(version));
        }
        let n_tensors = self.u64()?;
        let n_pairs = self.u64()?;
        let mut header = Header::default();
        for _ in 0..n_pairs {
            self.pair(&mut header)?;
        }
        let alignment = header.numbers.get("general.alignment").copied().unwrap_or(32);
        if !alignment.is_power_of_two() {
            return Err(Fault::Damaged("its alignment is not a power of two"));
        }
        if n_tensors == 0 {
            return Err(Fault::Damaged("it has no tensors"));
        }
        let mut data_bytes = 0;
        for _ in 0..n_tensors {
            let tensor = self.tensor()?;
            header.n_params = header.n_params.saturating_add(tensor.elements);
            header.tensor_bytes = header.tensor_bytes.saturating_add(tensor.bytes);
            data_bytes = data_bytes.max(tensor.end);
        }
        let needed = self.read.next_multiple_of(alignment).saturating_add(data_bytes);
        if needed > self.length {
            return Err(Fault::CutShort(needed));
        }
        Ok(header)
    }

    /// Reads a key with its value, and keeps what the header has a place for.
    fn pair(&mut self, header: &mut Header) -> Result<(), Fault> {
        let key = self.string()?;
        let kind = self.u32()?;
        match (key.as_slice(), kind) {
            (b"general.architecture", STRING) => header.architecture = Some(self.text()?),
            (b"general.type", STRING) => header.kind = Some(self.text()?),
            (_, STRING) => drop(self.string()?),
            (_, LIST) => {
                let list = self.list()?;
                if header.lists.len() < MOST_KEPT {
                    header.lists.insert(String::from_utf8_lossy(&key).into_owned(), list);
                }
            }
            _ => {
                if let Some(number) = self.scalar(kind)?
                    && header.numbers.len() < MOST_KEPT
                {
                    header.numbers.insert(String::from_utf8_lossy(&key).into_owned(), number);
                }
            }
        }
        Ok(())
    }

    fn tensor(&mut self) -> Result<Tensor, Fault> {
        self.string()?;
        let n_dimensions = self.u32()?;
        if n_dimensions > 4 {
            return Err(Fault::Damaged("a tensor has more than four dimensions"));
        }
        let too_large = || Fault::Damaged("a tensor is too large");
        let mut elements = 1u64;
        for _ in 0..n_dimensions {
            elements = elements.checked_mul(self.u64()?).ok_or_else(too_large)?;
        }
        let (block, bytes) = types::tensor_block(self.u32()?);
        let offset = self.u64()?;
        let bytes = (elements / block).checked_mul(bytes).ok_or_else(too_large)?;
        let end = offset.checked_add(bytes).ok_or_else(too_large)?;
        Ok(Tensor { elements, bytes, end })
    }

    /// A list's length, and the sum of its whole numbers.
    fn list(&mut self) -> Result<List, Fault> {
        let kind = self.u32()?;
        let length = self.u64()?;
        let mut list = List { length, sum: 0 };
        match kind {
            STRING => {
                for _ in 0..length {
                    self.string()?;
                }
            }
            LIST => return Err(Fault::Damaged("a list of lists is among its metadata")),
            // Lists of layers are short; scores of a vocabulary are not worth adding up.
            _ if length <= MOST_SUMMED => {
                for _ in 0..length {
                    list.sum = list.sum.saturating_add(self.scalar(kind)?.unwrap_or(0));
                }
            }
            _ => self.skip(length.checked_mul(types::scalar_size(kind)?).ok_or(Fault::Ends)?)?,
        }
        Ok(list)
    }

    /// A value of fixed size; none where it is no whole number of zero or more.
    fn scalar(&mut self, kind: u32) -> Result<Option<u64>, Fault> {
        let size = types::scalar_size(kind)?;
        let mut bytes = [0; 8];
        self.claim(size)?;
        self.source.read_exact(&mut bytes[..size as usize]).map_err(io_fault)?;
        let number = u64::from_le_bytes(bytes);
        let top_bit = 1 << (size * 8 - 1);
        Ok(match types::scalar(kind) {
            types::Scalar::Unsigned => Some(number),
            types::Scalar::Signed => (number & top_bit == 0).then_some(number),
            types::Scalar::Float => None,
        })
    }

    fn text(&mut self) -> Result<String, Fault> {
        Ok(String::from_utf8_lossy(&self.string()?).into_owned())
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
