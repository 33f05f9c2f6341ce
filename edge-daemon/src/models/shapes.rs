//! Headers of model files that were read before: a file is read again when it has changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::model::file::FileId;
use crate::model::{Shape, gguf};

/// By path. What could not be read is not kept: it may be mended, or still be on its way.
#[derive(Debug, Default)]
pub struct Shapes {
    known: Mutex<HashMap<PathBuf, Read>>,
}

#[derive(Debug)]
struct Read {
    file: Option<FileId>,
    shape: Shape,
}

impl Shapes {
    /// The shape of the model at `path`, or why it has none. Reading a header takes some milliseconds.
    pub fn get(&self, path: &Path) -> Result<Shape, String> {
        let file = FileId::of(path);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known().get(path).filter(|read| file.is_some() && read.file == file) {
            return Ok(read.shape.clone());
        }
        // Others are not kept waiting meanwhile; read twice it is the same.
        let shape = Shape::read(path).map_err(|error| error.to_string())?;
        known().insert(path.to_owned(), Read { file, shape: shape.clone() });
        Ok(shape)
    }

    /// Can an adapter's file be read to its end?
    pub fn is_sound_adapter(path: &Path) -> bool {
        gguf::check(path).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_could_not_be_read_is_read_again_when_it_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        let shapes = Shapes::default();
        assert!(shapes.get(&path).is_err(), "there is none yet");
        std::fs::write(&path, "GGUF").unwrap();
        assert!(shapes.get(&path).unwrap_err().contains("cut short"));
        std::fs::write(&path, gguf::tests::sound()).unwrap();
        let shape = shapes.get(&path).unwrap();
        assert_eq!(shapes.get(&path).unwrap(), shape);
        std::fs::remove_file(&path).unwrap();
        assert!(shapes.get(&path).is_err(), "what was known of a file goes with it");
    }
}
