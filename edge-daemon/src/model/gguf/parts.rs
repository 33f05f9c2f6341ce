//! A model in several files: `big-00001-of-00003.gguf` and its like, of which llama.cpp is given the first.

use std::path::{Path, PathBuf};

/// The other files of a model whose first one this is. Source: llama.cpp's `llama_split_path`.
pub fn others(first: &Path, count: u64) -> Vec<PathBuf> {
    let Some(stem) = first.file_stem().and_then(|stem| stem.to_str()) else { return Vec::new() };
    let ending = format!("-00001-of-{count:05}");
    let Some(name) = stem.strip_suffix(&ending) else { return Vec::new() };
    (2..=count).map(|number| first.with_file_name(format!("{name}-{number:05}-of-{count:05}.gguf"))).collect()
}

/// Is this a further file of a model, which is not to be named by itself?
pub fn is_further(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let mut words = stem.rsplit('-');
    let (count, of, number) = (words.next(), words.next(), words.next());
    let is_number = |word: &str| word.len() == 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    of == Some("of")
        && count.is_some_and(is_number)
        && number.is_some_and(|number| is_number(number) && number != "00001")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_further_files_are_found_by_the_firsts_name() {
        let others = others(Path::new("m/big-Q4-00001-of-00003.gguf"), 3);
        assert_eq!(
            others,
            ["m/big-Q4-00002-of-00003.gguf", "m/big-Q4-00003-of-00003.gguf"].map(PathBuf::from)
        );
        assert!(super::others(Path::new("m/renamed.gguf"), 3).is_empty());
        assert!(others.iter().all(|path| is_further(path)));
        for name in ["big-00001-of-00003.gguf", "of.gguf", "best-of-00003.gguf", "plain.gguf"] {
            assert!(!is_further(Path::new(name)), "{name}");
        }
    }
}
