//! The options of beginnings that outlive the process.

use std::path::PathBuf;

use super::size::Size;
use crate::engine::saved::{SaveTo, folder};

#[derive(Debug, clap::Args)]
pub struct PrefixCacheOptions {
    /// Save beginnings that prompts have in common in this folder, so that a restart does not forget them; whoever may read its files can read what was said
    #[arg(long, value_name = "DIR")]
    prefix_cache: Option<PathBuf>,

    /// The most that the folder may hold, for example 500MB; what was of no use for longest goes first
    #[arg(long, default_value = "1GB", value_name = "SIZE", requires = "prefix_cache")]
    prefix_cache_size: Size,
}

impl PrefixCacheOptions {
    /// The folder is made here: a path that cannot be one is a mistake in the options.
    pub fn check(self) -> Result<Option<SaveTo>, String> {
        let most_bytes = self.prefix_cache_size.0;
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
