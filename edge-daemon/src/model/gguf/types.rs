//! The types of a GGUF file's values, by their ids.

use super::reader::Fault;

/// What a metadata value of fixed size is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A whole number, or true or false.
    Unsigned,
    Signed,
    Float,
}

pub fn scalar(kind: u32) -> Scalar {
    match kind {
        1 | 3 | 5 | 11 => Scalar::Signed,
        6 | 12 => Scalar::Float,
        _ => Scalar::Unsigned,
    }
}

/// Bytes of a metadata value that is neither a string nor an array.
pub fn scalar_size(kind: u32) -> Result<u64, Fault> {
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
pub fn tensor_block(kind: u32) -> (u64, u64) {
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
