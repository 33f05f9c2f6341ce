//! A loaded model: weights, vocabulary and chat template, shared by the engine and the HTTP side.

mod backends;
pub mod file;
pub mod gguf;
pub mod load;
pub mod name;
mod shape;
mod window;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use crate::engine::grammar::{Grammar, GrammarError, GrammarSource, Grammars};
use crate::prompt::template::ChatTemplate;
pub use shape::{Kind, Shape};

/// What can be asked of a model without a context. Immutable, so that any thread may.
#[derive(Debug)]
pub struct Model {
    llama: LlamaModel,
    template: ChatTemplate,
    special_texts: Vec<String>,
    leading_bos: Option<(LlamaToken, String)>,
    shape: Shape,
    /// Made when the first grammar is asked for.
    grammars: OnceLock<Result<Grammars, GrammarError>>,
    backend: &'static LlamaBackend,
    /// Adapters by their files, or why they do not go with this model. The library changes one to use it.
    adapters: HashMap<PathBuf, Result<Mutex<LlamaLoraAdapter>, String>>,
}

impl Model {
    pub fn llama(&self) -> &LlamaModel {
        &self.llama
    }

    pub fn backend(&self) -> &'static LlamaBackend {
        self.backend
    }

    /// Brings an adapter into memory. What does not go with this model is told when it is asked for.
    pub fn add_adapter(&mut self, path: &Path) {
        let adapter = if path.is_file() {
            self.llama.lora_adapter_init(path).map_err(|error| error.to_string())
        } else {
            Err("there is no such file".to_owned())
        };
        let adapter = adapter
            .map(Mutex::new)
            .map_err(|error| format!("the adapter {} does not go with this model: {error}", path.display()));
        self.adapters.insert(path.to_owned(), adapter);
    }

    /// The adapter of this file, or a sentence that says why it cannot be used.
    pub fn adapter(&self, path: &Path) -> Result<MutexGuard<'_, LlamaLoraAdapter>, String> {
        match self.adapters.get(path) {
            Some(Ok(adapter)) => Ok(adapter.lock().unwrap_or_else(PoisonError::into_inner)),
            Some(Err(why)) => Err(why.clone()),
            None => Err(format!("the adapter {} was not loaded with this model", path.display())),
        }
    }

    pub fn template(&self) -> &ChatTemplate {
        &self.template
    }

    /// The texts of the tokens that steer a model instead of saying something.
    pub fn special_texts(&self) -> &[String] {
        &self.special_texts
    }

    /// The token that every prompt of this model begins with, where it has one, and its text.
    pub fn leading_bos(&self) -> Option<(LlamaToken, &str)> {
        self.leading_bos.as_ref().map(|(token, text)| (*token, text.as_str()))
    }

    /// Appends the tokens of a text in which control tokens' texts stand for the tokens.
    pub fn tokenize_into(&self, text: &str, tokens: &mut Vec<LlamaToken>) {
        tokens.extend(self.llama.vocab().tokenize(text.as_bytes(), false, true));
    }

    /// Appends the bytes that a token stands for; none for a control token.
    pub fn piece_into(&self, token: LlamaToken, bytes: &mut Vec<u8>) {
        self.llama.vocab().token_to_piece_into(token, bytes, false, None);
    }

    pub fn kind(&self) -> Kind {
        self.shape.kind
    }

    /// Can a request begin where another one's prompt was computed? Not where the model keeps a running state, or forgets
    /// what is further back than its window: there is no way to any place but the last.
    pub fn can_share_prefixes(&self) -> bool {
        self.kind() == Kind::Chat
            && self.shape.window.is_none()
            && !self.llama.is_recurrent()
            && !self.llama.is_hybrid()
    }

    /// Can tokens be taken back that a sequence has computed last?
    pub fn can_rewind(&self) -> bool {
        self.can_share_prefixes()
    }

    /// The tokens of a text that is to be embedded, with those that the model wants around it. Control tokens' texts are
    /// text.
    pub fn tokenize_text(&self, text: &str) -> Vec<LlamaToken> {
        self.llama.vocab().tokenize(text.as_bytes(), true, false)
    }

    /// Numbers in a vector of an embedding model.
    pub fn n_embd(&self) -> usize {
        usize::try_from(self.llama.n_embd_out()).unwrap_or_default()
    }

    /// Does this token end an answer?
    pub fn ends_answer(&self, token: LlamaToken) -> bool {
        self.llama.vocab().is_eog(token)
    }

    /// Compiles a grammar for answers of this model. The first one takes a while, and so does a large one: call it where
    /// blocking is allowed.
    pub fn grammar(&self, source: &GrammarSource) -> Result<Grammar, GrammarError> {
        let grammars =
            self.grammars.get_or_init(|| Grammars::new(&LlamaSampler::llguidance_tok_env(&self.llama)));
        grammars.as_ref().map_err(Clone::clone)?.compile(source)
    }
}
