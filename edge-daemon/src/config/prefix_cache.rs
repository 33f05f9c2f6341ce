//! The options of beginnings that outlive the process.

use std::path::PathBuf;

use crate::engine::saved::{SaveTo, folder};

#[derive(Debug, clap::Args)]
pub struct PrefixCacheOptions {
    /// Save beginnings that prompts have in common in this folder, so that a restart does not forget them; whoever may read its files can read what was said
    #[arg(long, value_name = "DIR")]
    prefix_cache: Option<PathBuf>,

    /// The most that the folder may hold, for example 500MB; what was of no use for longest goes first
    #[arg(long, default_value = "1GB", value_name = "BYTES", value_parser = bytes, requires = "prefix_cache")]
    prefix_cache_size: u64,
}

impl PrefixCacheOptions {
    /// The folder is made here: a path that cannot be one is a mistake in the options.
    pub fn check(self) -> Result<Option<SaveTo>, String> {
        let most_bytes = self.prefix_cache_size;
        let Some(folder) = self.prefix_cache else { return Ok(None) };
        match folder::prepare(&folder) {
            Ok(()) => Ok(Some(SaveTo { folder, most_bytes })),
            Err(error) => Err(format!(
                "--prefix-cache {}: not a folder that can be written to: {error}; name one that this user may make",
                folder.display()
            )),
        }
    }
}

/// A number of bytes, maybe with one of the usual units.
fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("B", 1)];
    let capital = text.trim().to_ascii_uppercase();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((capital.strip_suffix(name)?, *unit)))
        .unwrap_or((&capital, 1));
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "a size is a number and a unit: 500MB, 4GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_usual_units() {
        assert_eq!(
            ["1GB", " 20 mb ", "4096", "7B"].map(|text| bytes(text).unwrap()),
            [1_000_000_000, 20_000_000, 4096, 7]
        );
        for wrong in ["", "GB", "-1GB", "1.5GB", "0", "99999999999TB", "4 XB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
