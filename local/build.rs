//! Embeds the SQL of `migrations/` and `local/sql/` in the program, in order, so that a file that is
//! added is never forgotten.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut code = String::new();
    for (name, folder) in [("MIGRATIONS", here.join("../migrations")), ("BOOTSTRAP", here.join("sql"))] {
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = sql_files(&folder)?;
        files.sort();
        writeln!(code, "pub(super) const {name}: &[(&str, &str)] = &[")?;
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
            let stem = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a name that is no text")?;
            let path = file.to_str().ok_or("a path that is no text")?;
            writeln!(code, "    ({stem:?}, include_str!({path:?})),")?;
        }
        writeln!(code, "];")?;
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

fn sql_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn error::Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(files)
}
