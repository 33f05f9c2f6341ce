//! Which models are served: from the command line, and from a file that says more of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::size::Size;
use crate::engine::{Adapter, CacheType, Settings, memory};
use crate::model::name;
use crate::models::known::{Catalogue, Known, is_reserved};

#[derive(Debug, Args)]
pub struct ModelOptions {
    /// A model: a .gguf file, or the name of one in --models. It is loaded at the start and stays; the first is `default`. May be given several times
    #[arg(long = "model", short, value_name = "PATH|NAME")]
    models: Vec<String>,

    /// A folder of .gguf files, each of which is loaded when somebody asks for it
    #[arg(long = "models", env = "HEARTH_EDGE_MODELS", value_name = "DIR")]
    folder: Option<PathBuf>,

    /// NAME: the id of the first --model [default: its file's name without its quantisation]. NAME=MODEL: a further name of a model, such as code=Qwen3-4B. May be given several times
    #[arg(long = "alias", value_name = "NAME[=MODEL]")]
    aliases: Vec<String>,

    /// A LoRA adapter of the first --model, as a model of its own. May be given several times
    #[arg(long = "lora", value_name = "NAME=FILE")]
    adapters: Vec<String>,

    /// Memory that all models together may take, such as 6GB [default: four fifths of what is free at the start]
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,

    /// Seconds after which a model that nobody asks for is unloaded; 0 keeps it until others need the room
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u64>,

    /// A file that says more of models: their names, sizes and adapters (see the README)
    #[arg(long = "config", env = "HEARTH_EDGE_CONFIG", value_name = "FILE")]
    file: Option<PathBuf>,

    /// Read models into memory instead of mapping their files, which then may change while they are served
    #[arg(long)]
    pub no_mmap: bool,
}

/// As Ollama has it, twice as long: a mini-PC reads a model from a slow disk.
const DEFAULT_IDLE: u64 = 600;

/// The file's form.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    folder: Option<PathBuf>,
    memory: Option<String>,
    idle: Option<u64>,
    aliases: BTreeMap<String, String>,
    models: BTreeMap<String, Entry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    /// Left out, it is looked for in the folder by its name.
    path: Option<PathBuf>,
    pin: bool,
    context: Option<u32>,
    cells: Option<u32>,
    cache_type: Option<CacheType>,
    idle: Option<u64>,
    adapters: BTreeMap<String, AdapterEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AdapterEntry {
    Path(PathBuf),
    Scaled { path: PathBuf, scale: f32 },
}

/// What was asked for, checked.
#[derive(Debug)]
pub struct Models {
    pub catalogue: Catalogue,
    /// Bytes that all models together may take.
    pub limit: u64,
}

impl ModelOptions {
    /// `settings` hold for every model, unless the file says otherwise of one. What is wrong is added to `mistakes`.
    pub fn check(self, settings: Settings, mistakes: &mut Vec<String>) -> Models {
        let file = self.file.as_deref().map(|path| (path, read(path)));
        let (base, file) = match file {
            Some((path, Ok(file))) => (path.parent().unwrap_or(Path::new("")).to_owned(), file),
            Some((_, Err(mistake))) => {
                mistakes.push(mistake);
                (PathBuf::new(), File::default())
            }
            None => (PathBuf::new(), File::default()),
        };
        let idle = |seconds: u64| (seconds > 0).then(|| Duration::from_secs(seconds));
        let mut catalogue = Catalogue {
            named: Vec::new(),
            folder: self.folder.or(file.folder.map(|folder| base.join(folder))),
            aliases: file.aliases,
            settings: settings.clone(),
            idle: idle(self.idle.or(file.idle).unwrap_or(DEFAULT_IDLE)),
        };
        if let Some(folder) = catalogue.folder.as_deref().filter(|folder| !folder.is_dir()) {
            mistakes.push(format!("--models {}: there is no such folder", folder.display()));
        }
        for model in &self.models {
            let known = on_command_line(model, &file.models, &base, &catalogue);
            catalogue.named.push(known);
        }
        for (id, entry) in &file.models {
            let known = in_file(id, entry, &base, &catalogue);
            match known {
                Ok(known) if catalogue.named.iter().all(|other| other.id != known.id) => {
                    catalogue.named.push(known);
                }
                Ok(_) => {}
                Err(mistake) => mistakes.push(mistake),
            }
            for (name, adapter) in &entry.adapters {
                let (path, scale) = match adapter {
                    AdapterEntry::Path(path) => (path, 1.0),
                    AdapterEntry::Scaled { path, scale } => (path, *scale),
                };
                let adapter = Adapter { path: base.join(path), scale };
                add_adapter(&mut catalogue, name, id, adapter, mistakes);
            }
        }
        take_aliases(&self.aliases, &mut catalogue, mistakes);
        for named in &self.adapters {
            let first = catalogue.named.first().map(|known| known.id.clone());
            match (named.split_once('='), first) {
                (Some((name, path)), Some(first)) if !name.is_empty() && !path.is_empty() => {
                    let adapter = Adapter { path: path.into(), scale: 1.0 };
                    add_adapter(&mut catalogue, name, &first, adapter, mistakes);
                }
                (_, None) => mistakes.push("--lora: it needs a --model that it changes".to_owned()),
                _ => mistakes.push(format!("--lora {named}: write it as NAME=FILE")),
            }
        }
        check_names(&catalogue, mistakes);
        let limit = match (self.memory, file.memory.map(|text| text.parse::<Size>())) {
            (Some(size), _) | (None, Some(Ok(size))) => size.0,
            (None, Some(Err(mistake))) => {
                mistakes.push(format!("memory: {mistake}"));
                0
            }
            // Where the system does not say, nothing is held against anybody.
            (None, None) => memory::available().map_or(u64::MAX, |bytes| bytes / 5 * 4),
        };
        Models { catalogue, limit }
    }
}

fn read(path: &Path) -> Result<File, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("--config {}: it cannot be read: {error}", path.display()))?;
    toml::from_str(&text)
        .map_err(|error| format!("--config {}: {}", path.display(), error.to_string().trim()))
}

/// A model of the command line: a name of the file's, a name in the folder, or else a path.
fn on_command_line(
    model: &str,
    entries: &BTreeMap<String, Entry>,
    base: &Path,
    catalogue: &Catalogue,
) -> Known {
    let of_file = entries.get(model).and_then(|entry| in_file(model, entry, base, catalogue).ok());
    let known = of_file.or_else(|| if Path::new(model).exists() { None } else { catalogue.find(model) });
    let known = known.unwrap_or_else(|| Known {
        id: name::from_path(Path::new(model)),
        path: model.into(),
        adapter: None,
        pinned: true,
        settings: catalogue.settings.clone(),
        idle: None,
    });
    Known { pinned: true, ..known }
}

fn in_file(id: &str, entry: &Entry, base: &Path, catalogue: &Catalogue) -> Result<Known, String> {
    let path = if let Some(path) = &entry.path {
        base.join(path)
    } else {
        let found = catalogue.find(id).map(|known| known.path);
        found.ok_or_else(|| format!("models.{id}: it has no `path`, and the folder has no such model"))?
    };
    let mut settings = catalogue.settings.clone();
    settings.context = entry.context.or(settings.context);
    settings.cells = entry.cells.or(settings.cells);
    settings.cache = entry.cache_type.unwrap_or(settings.cache);
    let idle =
        entry.idle.map_or(catalogue.idle, |seconds| (seconds > 0).then(|| Duration::from_secs(seconds)));
    Ok(Known { id: id.to_owned(), path, adapter: None, pinned: entry.pin, settings, idle })
}

/// An adapter is a model of its own, which shares the weights of the one that it changes.
fn add_adapter(
    catalogue: &mut Catalogue,
    name: &str,
    parent: &str,
    adapter: Adapter,
    mistakes: &mut Vec<String>,
) {
    if !adapter.path.is_file() {
        mistakes.push(format!("the adapter {name}: there is no file {}", adapter.path.display()));
    }
    let Some(base) = catalogue.find(parent) else { return };
    catalogue.named.push(Known {
        id: name.to_owned(),
        adapter: Some((adapter, parent.to_owned())),
        pinned: false,
        idle: catalogue.idle,
        ..base
    });
}

/// `NAME` is the first model's id; `NAME=MODEL` a further name.
fn take_aliases(aliases: &[String], catalogue: &mut Catalogue, mistakes: &mut Vec<String>) {
    for alias in aliases {
        match alias.split_once('=') {
            Some((name, model)) if !name.trim().is_empty() && !model.trim().is_empty() => {
                catalogue.aliases.insert(name.trim().to_owned(), model.trim().to_owned());
            }
            Some(_) => mistakes.push(format!("--alias {alias}: write it as NAME=MODEL")),
            None if alias.trim().is_empty() => {
                mistakes.push("--alias: an empty name cannot be asked for".to_owned());
            }
            None => match catalogue.named.first_mut() {
                Some(first) => {
                    let old = std::mem::replace(&mut first.id, alias.trim().to_owned());
                    let new = first.id.clone();
                    let parents = catalogue.named.iter_mut().filter_map(|known| known.adapter.as_mut());
                    parents
                        .filter(|(_, parent)| *parent == old)
                        .for_each(|(_, parent)| new.clone_into(parent));
                    let targets = catalogue.aliases.values_mut().filter(|target| **target == old);
                    targets.for_each(|target| new.clone_into(target));
                }
                None => {
                    mistakes.push(format!("--alias {alias}: it names the first --model, and there is none"));
                }
            },
        }
    }
}

/// Names that could not be told apart, or that stand for nothing.
fn check_names(catalogue: &Catalogue, mistakes: &mut Vec<String>) {
    if catalogue.named.is_empty() && catalogue.folder.is_none() {
        mistakes.push("name a model: --model PATH, or --models DIR for a folder of them".to_owned());
    }
    for (at, known) in catalogue.named.iter().enumerate() {
        if is_reserved(&known.id) {
            mistakes.push(format!(
                "`{}` stands for another model by default; give {} another name",
                known.id,
                known.path.display()
            ));
        }
        if catalogue.named[..at].iter().any(|other| other.id == known.id) {
            mistakes.push(format!("two models are called {}; give one another name by --config", known.id));
        }
    }
    for (alias, model) in &catalogue.aliases {
        if catalogue.named.iter().any(|known| known.id == *alias) {
            mistakes
                .push(format!("the alias {alias} hides the model of that name; give one of them another"));
        }
        if catalogue.aliases.contains_key(model) || is_reserved(model) {
            mistakes
                .push(format!("the alias {alias} stands for {model}, which is an alias too; name a model"));
            continue;
        }
        // A folder's model may come later.
        if catalogue.folder.is_none() && catalogue.find(model).is_none() {
            mistakes.push(format!("the alias {alias} stands for {model}, and there is no such model"));
        }
    }
}

#[cfg(test)]
mod tests;
