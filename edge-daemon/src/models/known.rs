//! The models that can be asked for: those that were named, and those of a folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::{Adapter, Settings};
use crate::model::gguf::parts;
use crate::model::name;

/// A model that can be asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id in the API.
    pub id: String,
    pub path: PathBuf,
    /// With an adapter: the adapter, and the id of the model that it changes.
    pub adapter: Option<(Adapter, String)>,
    /// Loaded at the start, and not to go.
    pub pinned: bool,
    pub settings: Settings,
    /// After so long without a request it goes.
    pub idle: Option<Duration>,
}

/// All names there are.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// In their order: the first is the default, unless an alias says otherwise.
    pub named: Vec<Known>,
    pub folder: Option<PathBuf>,
    /// Further names, and what they stand for.
    pub aliases: BTreeMap<String, String>,
    /// For what is found in the folder.
    pub settings: Settings,
    pub idle: Option<Duration>,
}

impl Catalogue {
    /// Everything that can be asked for now, the named ones first.
    pub fn all(&self) -> Vec<Known> {
        let mut all = self.named.clone();
        for (id, path) in self.folder.as_deref().map(in_folder).unwrap_or_default() {
            let is_named = |known: &Known| known.id == id || is_same_place(&known.path, &path);
            if !all.iter().any(is_named) {
                let (settings, idle) = (self.settings.clone(), self.idle);
                all.push(Known { id, path, adapter: None, pinned: false, settings, idle });
            }
        }
        all
    }

    /// The model of this id. The folder is looked through only where no named one is it.
    pub fn find(&self, id: &str) -> Option<Known> {
        let is_it = |known: &&Known| known.id == id;
        self.named.iter().find(is_it).cloned().or_else(|| self.all().iter().find(is_it).cloned())
    }

    /// The first of all.
    pub fn first(&self) -> Option<Known> {
        self.named.first().cloned().or_else(|| self.all().into_iter().next())
    }

    /// The adapters that change the model of this file.
    pub fn adapters_of(&self, path: &Path) -> Vec<PathBuf> {
        let of_it = self.named.iter().filter(|known| known.path == path);
        let mut adapters: Vec<_> = of_it
            .filter_map(|known| known.adapter.as_ref())
            .map(|(adapter, _)| adapter.path.clone())
            .collect();
        adapters.sort();
        adapters.dedup();
        adapters
    }

    /// The further names of a model.
    pub fn aliases_of(&self, id: &str) -> Vec<&str> {
        self.aliases.iter().filter(|(_, model)| *model == id).map(|(alias, _)| alias.as_str()).collect()
    }
}

/// Files that are being fetched into a folder, and the bytes that are there. Whoever fetches names them `NAME.gguf.part`.
pub fn being_fetched(folder: &Path) -> Vec<(String, u64)> {
    let mut fetched: Vec<_> = files(folder)
        .into_iter()
        .filter_map(|path| {
            let target = PathBuf::from(path.to_str()?.strip_suffix(".part")?);
            let bytes = std::fs::metadata(&path).ok()?.len();
            (is_gguf(&target) && !target.exists()).then(|| (name::from_path(&target), bytes))
        })
        .collect();
    fetched.sort();
    fetched
}

/// The models of a folder by their ids. Files whose names differ in their packing alone go by their whole names, and so does
/// one whose name means another model by default.
fn in_folder(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut paths: Vec<_> =
        files(folder).into_iter().filter(|path| is_gguf(path) && !parts::is_further(path)).collect();
    paths.sort();
    let short: Vec<String> = paths.iter().map(|path| name::from_path(path)).collect();
    let id = |path: &Path| {
        let name = name::from_path(path);
        let whole = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        if is_reserved(&name) {
            whole(path.file_name())
        } else if short.iter().filter(|other| **other == name).count() == 1 {
            name
        } else {
            whole(path.file_stem())
        }
    };
    paths.iter().map(|path| (id(path), path.clone())).collect()
}

/// Does a name mean the default model, or the one that embeds, whatever a file is called?
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "default" | "embed")
}

/// Do two paths name the same entry of the same folder, by whatever way they lead there?
fn is_same_place(one: &Path, other: &Path) -> bool {
    let folder = |path: &Path| path.parent().and_then(|folder| folder.canonicalize().ok());
    one == other || (one.file_name() == other.file_name() && folder(one) == folder(other))
}

/// A folder that cannot be read has none: it may come to be there later.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("gguf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_by_names_that_tell_its_files_apart() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "Qwen3-4B-Q4_K_M.gguf",
            "Qwen3-4B-Q8_0.gguf",
            "tiny.Q4_1.gguf",
            "big-00001-of-00002.gguf",
            "big-00002-of-00002.gguf",
            "embed.gguf",
            "notes.txt",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let ids: Vec<String> = in_folder(folder.path()).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["Qwen3-4B-Q4_K_M", "Qwen3-4B-Q8_0", "big", "embed.gguf", "tiny"]);
        assert!(in_folder(&folder.path().join("missing")).is_empty());
    }

    #[test]
    fn what_is_being_fetched_is_told_until_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a-Q4_0.gguf.part"), "123").unwrap();
        std::fs::write(folder.path().join("a-Q4_0.gguf.part.etag"), "1").unwrap();
        assert_eq!(being_fetched(folder.path()), [("a".to_owned(), 3)]);
        std::fs::write(folder.path().join("a-Q4_0.gguf"), "").unwrap();
        assert!(being_fetched(folder.path()).is_empty());
    }
}
