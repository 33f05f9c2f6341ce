//! What `serve` is told about pairings.

use std::path::PathBuf;

use clap::Args;

use super::live::LivePairings;

#[derive(Debug, Args)]
pub struct PairingArguments {
    /// Let in Hearth's functions that `hearth-edge pair` wrote into this file, by the tokens that they sign
    #[arg(long, env = "HEARTH_EDGE_PAIRINGS", value_name = "FILE")]
    pairings: Option<PathBuf>,
}

impl PairingArguments {
    /// The pairings, where some are wanted. A file without one would let nobody in, which nobody wants.
    pub fn open(&self) -> Result<Option<LivePairings>, String> {
        let Some(file) = &self.pairings else { return Ok(None) };
        match LivePairings::open(file) {
            Ok(pairings) if pairings.is_empty() => {
                let file = file.display();
                Err(format!(
                    "--pairings {file}: no pairing is in it; make one with `hearth-edge pair --pairings {file}`"
                ))
            }
            Ok(pairings) => Ok(Some(pairings)),
            Err(error) => Err(format!("--pairings: {error}")),
        }
    }
}
