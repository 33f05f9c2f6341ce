//! Which model a request means.

use super::disk;
use super::entry::{Entry, Slot};
use super::known::{Catalogue, Known};
use super::{Models, Unavailable};
use crate::model::Kind;

/// What a model is wanted for, which tells what no name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Write,
    Embed,
    /// To count its tokens, say.
    Any,
}

impl Models {
    /// The model that a request means. No name, and `default`, mean the first one, or what an alias says; where texts are to
    /// be embedded and that one writes, they mean `embed`: an alias, or the first that embeds.
    pub async fn find(&self, name: Option<&str>, purpose: Purpose) -> Result<Known, Unavailable> {
        let asked = name.filter(|name| !name.is_empty()).unwrap_or("default");
        if let Some(known) = self.at_hand(asked, purpose) {
            return Ok(known);
        }
        let (models, asked) = (self.clone(), asked.to_owned());
        self.inner
            .disk
            .look(self.inner.folder(), disk::PATIENCE, move || models.search(&asked, purpose))
            .await?
    }

    /// What can be told without a look at the disk: most requests mean a model that was named, or that is in memory.
    fn at_hand(&self, asked: &str, purpose: Purpose) -> Option<Known> {
        let Catalogue { aliases, named, .. } = &self.inner.catalogue;
        let id = match (asked, purpose) {
            ("default", Purpose::Embed) => {
                let default = self.at_hand("default", Purpose::Any)?;
                match self.inner.shape_in_memory(&default.id)?.kind {
                    Kind::Embedding => return Some(default),
                    Kind::Chat => aliases.get("embed")?,
                }
            }
            ("embed", _) => aliases.get("embed")?,
            ("default", _) => aliases.get("default").or_else(|| named.first().map(|known| &known.id))?,
            _ => aliases.get(asked).map_or(asked, String::as_str),
        };
        // What is on its way out may come back from another file.
        let served = || self.in_memory(id, |entry| matches!(entry.slot, Slot::Loading(_) | Slot::Ready(..)));
        named.iter().find(|known| known.id == id).cloned().or_else(served)
    }

    /// The same by all that is on the disk, for which it may wait.
    fn search(&self, asked: &str, purpose: Purpose) -> Result<Known, Unavailable> {
        let found = match (asked, purpose) {
            ("default", Purpose::Embed) => {
                let default = self.default();
                default.clone().filter(|known| self.embeds(known)).or_else(|| self.embedding()).or(default)
            }
            ("default", _) => self.default(),
            ("embed", _) => self.embedding(),
            _ => self.named(self.inner.catalogue.aliases.get(asked).map_or(asked, String::as_str)),
        };
        found.ok_or_else(|| {
            let known: Vec<String> = self.inner.catalogue.all().into_iter().map(|known| known.id).collect();
            if asked == "default" && known.is_empty() {
                return Unavailable::None;
            }
            Unavailable::Unknown { asked: asked.to_owned(), known }
        })
    }

    fn default(&self) -> Option<Known> {
        match self.inner.catalogue.aliases.get("default") {
            Some(id) => self.named(id),
            None => self.inner.catalogue.first(),
        }
    }

    fn embedding(&self) -> Option<Known> {
        match self.inner.catalogue.aliases.get("embed") {
            Some(id) => self.named(id),
            None => self.inner.catalogue.all().into_iter().find(|known| self.embeds(known)),
        }
    }

    /// The model of this id. What is in memory can be named for as long as it is, whatever has become of its file's name.
    fn named(&self, id: &str) -> Option<Known> {
        self.inner.catalogue.find(id).or_else(|| self.in_memory(id, |entry| entry.running().is_some()))
    }

    fn in_memory(&self, id: &str, stands: impl Fn(&Entry) -> bool) -> Option<Known> {
        let shelf = self.inner.shelf();
        shelf.entries.get(id).filter(|entry| stands(entry)).map(|entry| entry.known.clone())
    }

    fn embeds(&self, known: &Known) -> bool {
        self.inner.shape(known).is_ok_and(|shape| shape.kind == Kind::Embedding)
    }

    /// What a model is for.
    pub async fn kind(&self, known: &Known) -> Result<Kind, Unavailable> {
        if let Some(shape) = self.inner.shape_in_memory(&known.id) {
            return Ok(shape.kind);
        }
        self.seen(known).await.map(|seen| seen.shape.kind)
    }
}
