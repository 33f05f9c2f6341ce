//! The model's file: is it whole, and is it one?

use std::path::Path;

use super::finding::Finding;
use crate::model::gguf;

pub fn file(path: &Path) -> Finding {
    match gguf::check(path) {
        Ok(header) => {
            let architecture = header.architecture.unwrap_or_else(|| "unnamed".to_owned());
            Finding::ok("model", format!("{} is whole, of the architecture {architecture}", path.display()))
        }
        Err(error) => Finding::fail("model", error.to_string(), "the daemon would end with status 3"),
    }
}
