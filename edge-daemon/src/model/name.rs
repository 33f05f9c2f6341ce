//! A model's id, from its file's name: `SmolLM2-135M-Instruct.Q4_1.gguf` is `SmolLM2-135M-Instruct`.

use std::path::Path;

/// The file's stem without the words at its end that only say how the weights were packed.
pub fn from_path(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut name = stem.as_ref();
    while let Some(at) = name.rfind(['.', '-']) {
        if at == 0 || !is_packing(&name[at + 1..]) {
            break;
        }
        name = &name[..at];
    }
    name.to_owned()
}

/// `Q4_K_M`, `IQ4_XS`, `f16`, `UD`, `i1`, `00001`, `of`, … Numbers with a point in front (`3.2`) are versions and end
/// the search by the word before them.
fn is_packing(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "f16" | "fp16" | "bf16" | "f32" | "fp32" | "ud" | "i1" | "imat" | "gguf" | "of" | "mxfp4"
    ) {
        return true;
    }
    let is_part_number = lower.len() == 5 && lower.bytes().all(|byte| byte.is_ascii_digit());
    let bits = ["iq", "tq", "q"].iter().find_map(|start| lower.strip_prefix(start)).unwrap_or_default();
    let is_quantisation = bits.starts_with(|first: char| first.is_ascii_digit())
        && bits
            .split('_')
            .all(|part| part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    is_part_number || is_quantisation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_left_out_and_the_name_is_kept() {
        for (file, id) in [
            ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
            ("Qwen3-0.6B-Q8_0.gguf", "Qwen3-0.6B"),
            ("Qwen3-4B-UD-Q4_K_XL.gguf", "Qwen3-4B"),
            ("Phi-3-mini-4k-instruct-q4.gguf", "Phi-3-mini-4k-instruct"),
            ("Llama-3.2-3B-Instruct-IQ4_XS.gguf", "Llama-3.2-3B-Instruct"),
            ("big-f16-00001-of-00003.gguf", "big"),
            ("codellama-7b-instruct.i1-Q4_K_M.gguf", "codellama-7b-instruct"),
            ("gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"),
            ("Q4_0.gguf", "Q4_0"),
            ("plain.gguf", "plain"),
        ] {
            assert_eq!(from_path(Path::new(file)), id, "{file}");
        }
    }
}
