//! Model files on this machine: a home's `models/` folder, and the cache that homes share.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Catalogue, Model};

/// Where model files are looked for.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    cache: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{name} is not on this machine yet. Fetch it with: ./hearth models pull {name}")]
    NotHere { name: String },
    #[error("the default model is not on this machine yet. Fetch it with: ./hearth up")]
    DefaultNotHere,
    #[error("no model is called {name}. Known are {known}; a path to a GGUF file works too.")]
    Unknown { name: String, known: String },
    #[error("{path} is not a GGUF model file. Fetch it again, or choose another with --model.")]
    NotGguf { path: PathBuf },
    #[error("{path} is cut short: {found} bytes of {expected}. Remove it and fetch it again.")]
    CutShort { path: PathBuf, found: u64, expected: u64 },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

impl Store {
    /// `folder` is the home's `models/`. `cache` holds what the set-up script fetched for every home of this user.
    pub fn new(folder: PathBuf, cache: Option<PathBuf>) -> Self {
        Self { folder, cache }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the model's file is here, in the home or in the cache.
    pub fn has(&self, model: &Model) -> bool {
        self.place_of(model).is_some()
    }

    /// GGUF files in the home that no catalogue entry names.
    pub fn others(&self, catalogue: &Catalogue) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                Path::new(name).extension().is_some_and(|kind| kind.eq_ignore_ascii_case("gguf"))
                    && catalogue.find(name).is_none()
            })
            .collect();
        names.sort();
        names
    }

    /// The file to serve for `name`, in the home: a file that is only in the cache is linked there first.
    pub fn resolve(&self, catalogue: &Catalogue, name: Option<&str>) -> Result<PathBuf, StoreError> {
        let found = self.locate(catalogue, name)?;
        let (Some(cache), Some(file)) = (&self.cache, found.file_name()) else { return Ok(found) };
        if found.parent() != Some(cache) {
            return Ok(found);
        }
        let wanted = self.folder.join(file);
        link_or_copy(&found, &wanted).map_err(|source| StoreError::Io { path: wanted.clone(), source })?;
        Ok(wanted)
    }

    /// Where the file for `name` is: a catalogue name, a file in the home's folder, or a path. Without a name, the
    /// default model. Changes nothing.
    pub fn locate(&self, catalogue: &Catalogue, name: Option<&str>) -> Result<PathBuf, StoreError> {
        let Some(name) = name else {
            let model = catalogue.default_model().ok_or(StoreError::DefaultNotHere)?;
            return self.whole(model)?.ok_or(StoreError::DefaultNotHere);
        };
        if let Some(model) = catalogue.find(name) {
            return self.whole(model)?.ok_or_else(|| StoreError::NotHere { name: model.name.clone() });
        }
        for path in [PathBuf::from(name), self.folder.join(name)] {
            if path.is_file() {
                check_gguf(&path)?;
                return path.canonicalize().map_err(|source| StoreError::Io { path, source });
            }
        }
        Err(StoreError::Unknown { name: name.into(), known: catalogue.names() })
    }

    fn place_of(&self, model: &Model) -> Option<PathBuf> {
        [Some(&self.folder), self.cache.as_ref()]
            .into_iter()
            .flatten()
            .map(|folder| folder.join(&model.file))
            .find(|path| path.is_file())
    }

    /// The model's file, if it is here, and whole.
    fn whole(&self, model: &Model) -> Result<Option<PathBuf>, StoreError> {
        let Some(found) = self.place_of(model) else { return Ok(None) };
        check_gguf(&found)?;
        check_length(&found, model)?;
        Ok(Some(found))
    }
}

/// A hard link costs nothing and outlives the cache; across file systems only a copy works.
fn link_or_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let part = to.with_extension("gguf.part");
    fs::copy(from, &part)?;
    fs::rename(part, to)
}

fn check_gguf(path: &Path) -> Result<(), StoreError> {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"GGUF" => Ok(()),
        Ok(()) => Err(StoreError::NotGguf { path: path.into() }),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(StoreError::NotGguf { path: path.into() })
        }
        Err(source) => Err(StoreError::Io { path: path.into(), source }),
    }
}

fn check_length(path: &Path, model: &Model) -> Result<(), StoreError> {
    let found = fs::metadata(path).map_err(|source| StoreError::Io { path: path.into(), source })?.len();
    if model.approximate || found == model.size {
        return Ok(());
    }
    Err(StoreError::CutShort { path: path.into(), found, expected: model.size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store, Catalogue) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("models"), Some(folder.path().join("cache")));
        fs::create_dir_all(folder.path().join("cache")).unwrap();
        fs::create_dir_all(store.folder()).unwrap();
        (folder, store, Catalogue::built_in().unwrap())
    }

    #[test]
    fn a_model_in_the_cache_is_linked_into_the_home() {
        let (folder, store, catalogue) = store();
        fs::write(folder.path().join("cache/Qwen3-0.6B-Q8_0.gguf"), b"GGUF and so on").unwrap();
        let path = store.resolve(&catalogue, Some("qwen3-0.6b")).unwrap();
        assert_eq!(path, store.folder().join("Qwen3-0.6B-Q8_0.gguf"));
        assert!(path.is_file());
    }

    #[test]
    fn what_is_not_here_names_the_command_that_fetches_it() {
        let (_folder, store, catalogue) = store();
        let error = store.resolve(&catalogue, Some("Qwen3-4B")).unwrap_err().to_string();
        assert!(error.ends_with("./hearth models pull Qwen3-4B"), "{error}");
        let error = store.resolve(&catalogue, None).unwrap_err().to_string();
        assert!(error.ends_with("./hearth up"), "{error}");
        let error = store.resolve(&catalogue, Some("gpt-2")).unwrap_err().to_string();
        assert!(error.contains("Qwen3-0.6B, Llama-3.2-3B-Instruct"), "{error}");
    }

    #[test]
    fn a_file_cut_short_is_told_apart_from_a_whole_one() {
        let (folder, store, catalogue) = store();
        fs::write(folder.path().join("cache/SmolLM2-135M-Instruct.Q4_1.gguf"), b"GGUF").unwrap();
        let error = store.resolve(&catalogue, None).unwrap_err();
        assert!(matches!(error, StoreError::CutShort { found: 4, .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_no_model_is_refused() {
        let (folder, store, catalogue) = store();
        let path = folder.path().join("page.gguf");
        for content in ["<html>", "GG"] {
            fs::write(&path, content).unwrap();
            let error = store.resolve(&catalogue, path.to_str()).unwrap_err();
            assert!(matches!(error, StoreError::NotGguf { .. }), "{error}");
        }
    }
}
