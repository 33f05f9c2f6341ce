//! Reads a model file. Whatever is wrong with it becomes a sentence here; nothing ends the process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;

use super::{Kind, Model, Shape, backends, gguf};
use crate::gpu;
use crate::prompt::template::{CHATML, ChatTemplate, TemplateError};

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    File(#[from] gguf::GgufError),
    #[error(
        "{0} is a model of the kind `{1}`, which neither writes text nor embeds it; choose another model"
    )]
    Neither(String, String),
    #[error(
        "{0} cannot be loaded by llama.cpp: {1}. Its own words are in the log lines above; fetch the file again, or choose another model"
    )]
    Refused(String, String),
    #[error("the chat template of {0} cannot be read: {1}")]
    Template(String, TemplateError),
    #[error("llama.cpp cannot be started: {0}")]
    Backend(String),
}

/// How a file is brought into memory.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// Map it, so that programs share its pages and the first answer need not wait for the whole; else read it, so that
    /// what happens to the file later does not matter.
    pub mmap: bool,
    /// Layers that a GPU computes.
    pub gpu_layers: u32,
}

impl Model {
    /// Loads the file at `path`, whose shape was read before. `progress` is told how far it is, from 0 to 1, and says whether
    /// to go on.
    pub fn load(
        path: &Path,
        shape: Shape,
        options: LoadOptions,
        progress: impl FnMut(f32) -> bool + 'static,
    ) -> Result<Self, LoadError> {
        let shown = path.display().to_string();
        let backend = backend()?;
        gpu::tell(options.gpu_layers);
        let params = LlamaModelParams::default()
            .with_use_mmap(options.mmap)
            .with_n_gpu_layers(options.gpu_layers)
            .with_progress_callback(progress);
        let llama = LlamaModel::load_from_file(backend, path, &params)
            .map_err(|error| LoadError::Refused(shown.clone(), error.to_string()))?;

        let vocab = llama.vocab();
        let bos = text_of(&vocab, vocab.bos());
        let eos = text_of(&vocab, vocab.eos());
        let source = llama.chat_template(None).ok().and_then(|template| template.to_string().ok());
        if source.is_none() && shape.kind == Kind::Chat {
            tracing::warn!(
                "the model has no chat template of its own: ChatML is used, which may not suit it"
            );
        }
        let template = ChatTemplate::new(source.as_deref().unwrap_or(CHATML), bos.clone(), eos)
            .map_err(|error| LoadError::Template(shown, error))?;
        let special_texts = vocab
            .tokens()
            .filter(|token| vocab.is_control(*token) || vocab.is_eog(*token))
            .map(|token| text_of(&vocab, token))
            .filter(|text| !text.is_empty())
            .collect();
        let leading_bos = (vocab.should_add_bos() && !bos.is_empty()).then(|| (vocab.bos(), bos));
        Ok(Self {
            llama,
            template,
            special_texts,
            leading_bos,
            shape,
            grammars: OnceLock::new(),
            backend,
            adapters: HashMap::new(),
        })
    }
}

/// llama.cpp itself, started once in a process and kept: models come and go, and it must outlive them all.
pub fn backend() -> Result<&'static LlamaBackend, LoadError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let backend = BACKEND.get_or_init(|| {
        backends::load()?;
        LlamaBackend::init().map_err(|error| error.to_string())
    });
    backend.as_ref().map_err(|error| LoadError::Backend(error.clone()))
}

/// The vocabulary's own text of a token; empty where there is no such token.
fn text_of(vocab: &LlamaVocab<'_>, token: LlamaToken) -> String {
    if token.0 < 0 {
        return String::new();
    }
    vocab.text(token).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}
