//! Headers of model files that were read before: a file is read again when it has changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::model::Shape;
use crate::model::file::{self, FileId};

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
        let file = file::id(path);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known().get(path).filter(|read| file.is_some() && read.file == file) {
            return Ok(read.shape.clone());
        }
        // Others are not kept waiting meanwhile; read twice it is the same.
        let shape = Shape::read(path).map_err(|error| error.to_string())?;
        known().insert(path.to_owned(), Read { file, shape: shape.clone() });
        Ok(shape)
    }
}
