//! Beginnings that outlive the process: their cells as files of one folder. What is written there comes of people's
//! prompts, so it is off unless an operator names the folder.
//!
//! A file holds the cells of some positions in a row, and the tokens from the first one on: a long beginning is several
//! files, and two beginnings have the file of their common part in common. Whatever is wrong with a file, it is passed over.

mod fingerprint;
pub mod folder;
pub mod index;
mod label;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::LlamaStateSeqFlags;
use llama_cpp_2::token::LlamaToken;
use sha2::{Digest, Sha256};

use super::plan::Plan;
use folder::Folder;
pub use index::Found;
use index::{Entry, Index};
use label::{Label, Owner, Unusable};

/// Where beginnings are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveTo {
    pub folder: PathBuf,
    /// The most that all files of the folder may have together.
    pub most_bytes: u64,
}

/// A beginning of fewer tokens is as quick to compute, and so is the rest of one. A file that has fewer tokens of a
/// beginning counts for nothing when the rest is saved: all files would come to depend on whichever was the first to begin
/// with the chat template's first words.
pub const LEAST_SAVED: usize = 64;

/// Reading files spares at least so many tokens.
const LEAST_GAIN: usize = 16;

/// The cells of one file. Nobody is answered while one is written, and this takes a twentieth of a second or so.
const FILE_BYTES: u64 = 32 << 20;

/// What makes a model's cells: its weights, and the adapter that changes them.
fn model_of(plan: &Plan) -> io::Result<String> {
    let weights = fingerprint::fingerprint(&plan.path)?;
    let Some(adapter) = &plan.adapter else { return Ok(weights) };
    Ok(format!("{weights}+{}*{}", fingerprint::fingerprint(&adapter.path)?, adapter.scale))
}

/// The files of one model, and the way into its cache.
#[derive(Debug)]
pub struct Saved {
    folder: Folder,
    owner: Owner,
    index: Index,
    /// Tokens that one file takes.
    most_tokens: usize,
    /// Files that were written or of use in this round: the same round does not remove them again.
    fresh: HashSet<String>,
}

impl Saved {
    /// Looks through the folder, whose files for this model are there from now on.
    pub fn open(to: &SaveTo, plan: &Plan) -> io::Result<Self> {
        folder::prepare(&to.folder)?;
        let folder = Folder::open(&to.folder, to.most_bytes)?;
        let owner = Owner {
            model: model_of(plan)?,
            cache: format!("{:?}", plan.settings.cache),
            cells: plan.sizes.cells,
        };
        let mut index = Index::default();
        let mut of_others = 0;
        for name in folder.names()? {
            match read(&folder.path(&name), &owner) {
                Ok(label) => index.insert(Entry {
                    name,
                    start: label.start,
                    tokens: label.tokens.into_iter().map(LlamaToken).collect(),
                }),
                Err(Unusable::Foreign) => of_others += 1,
                Err(why) => tracing::warn!(name, %why, "a saved beginning is passed over"),
            }
        }
        tracing::info!(folder = %to.folder.display(), files = index.len(), of_others, "saved beginnings are read as they are asked for");
        let most_tokens = usize::try_from(FILE_BYTES / plan.sizes.cell_bytes.max(1)).unwrap_or(usize::MAX);
        Ok(Self { folder, owner, index, most_tokens: most_tokens.max(LEAST_SAVED), fresh: HashSet::new() })
    }

    /// A file that leads further along these tokens than the first `held`, which are there.
    pub fn find(&self, tokens: &[LlamaToken], held: usize) -> Option<Found> {
        let way = self.index.way(tokens, held, 1);
        let is_worth_it = way.last().is_some_and(|found| found.until >= held + LEAST_GAIN);
        way.into_iter().next().filter(|_| is_worth_it)
    }

    /// Reads a file's cells in, under a sequence id that has none.
    pub fn load(&self, found: &Found, context: &mut LlamaContext<'_>, id: i32) -> Result<(), Unusable> {
        let path = self.folder.path(&found.entry.name);
        // It may be another file than it was at the start.
        let label = read(&path, &self.owner)?;
        if !label.tokens.iter().eq(found.entry.tokens.iter().map(|token| &token.0)) {
            return Err(Unusable::Foreign);
        }
        label::verify(&path)?;
        let loaded = context.state_seq_load_file(&path, id, 0);
        loaded.map(drop).map_err(|error| Unusable::Refused(error.to_string()))
    }

    /// A file is of no use.
    pub fn forget(&mut self, found: &Found, why: &Unusable) {
        let name = &found.entry.name;
        tracing::warn!(name, %why, "a saved beginning is passed over");
        self.index.remove(name);
    }

    /// The files along these tokens were of use. The first one is touched last: the others are no use without it.
    pub fn touch(&mut self, tokens: &[LlamaToken]) {
        for Found { entry, .. } in self.index.way(tokens, 0, LEAST_SAVED).into_iter().rev() {
            self.fresh.insert(entry.name.clone());
            if let Err(error) = self.folder.touch(&entry.name) {
                tracing::debug!(name = entry.name, %error, "a saved beginning is gone, or cannot be changed");
            }
        }
    }

    /// A new round of saving.
    pub fn begin_round(&mut self) {
        self.fresh.clear();
    }

    /// The positions to save next of a beginning; nothing where the files have it, but for a few tokens.
    pub fn lacks(&self, tokens: &[LlamaToken]) -> Option<Range<usize>> {
        let covered = self.index.covered(tokens, LEAST_SAVED);
        let end = tokens.len().min(covered + self.most_tokens);
        (end >= covered + LEAST_SAVED).then_some(covered..end)
    }

    /// Writes the cells of these positions, which a sequence id has and no others. False where the folder is full of
    /// what is worth more.
    pub fn save(
        &mut self,
        tokens: &[LlamaToken],
        positions: Range<usize>,
        context: &LlamaContext<'_>,
        id: i32,
    ) -> io::Result<bool> {
        let tokens = &tokens[..positions.end];
        let numbers: Vec<i32> = tokens.iter().map(|token| token.0).collect();
        let label = Label::new(self.owner.clone(), positions.start, numbers);
        let digest = Sha256::digest(serde_json::to_vec(&label)?);
        let name = Folder::name(&hex::encode(&digest[..16]));
        // A token takes up to seven bytes of the label, which has some hundred besides.
        let bytes = context.state_seq_get_size_ext(id, LlamaStateSeqFlags::empty()) + tokens.len() * 7 + 1024;
        // What it goes on from must not make room for it.
        self.touch(tokens);
        let fresh = &self.fresh;
        if !self.folder.make_room(bytes as u64, |name| fresh.contains(name))? {
            return Ok(false);
        }
        let part = self.folder.begin(&name)?;
        let written = write(&part, &label, context, id).and_then(|()| self.folder.finish(&part, &name));
        if let Err(error) = written {
            // A half file is worth nothing, and where the disk is full its room is.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
        self.index.insert(Entry { name, start: positions.start, tokens: tokens.to_vec() });
        self.touch(tokens);
        Ok(true)
    }
}

fn read(path: &Path, owner: &Owner) -> Result<Label, Unusable> {
    let label = Label::read(path)?;
    if label.owner == *owner { Ok(label) } else { Err(Unusable::Foreign) }
}

fn write(part: &Path, label: &Label, context: &LlamaContext<'_>, id: i32) -> io::Result<()> {
    let bytes = context.state_seq_save_file(part, id, &[]).map_err(io::Error::other)?;
    label.write(part, bytes as u64)
}
