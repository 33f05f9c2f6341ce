//! Reads a model file. Whatever is wrong with it becomes a sentence here; nothing ends the process.

use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;

use super::{Kind, Model, backends, gguf};
use crate::gpu;
use crate::prompt::template::{CHATML, ChatTemplate, TemplateError};

/// Architectures that turn text into vectors.
const EMBEDDING: &[&str] = &[
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "neo-bert",
    "modern-bert",
    "eurobert",
    "gemma-embedding",
];

/// Architectures that neither hold a conversation nor embed.
const NEITHER: &[&str] = &["t5", "t5encoder", "clip", "wavtokenizer-dec"];

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

impl Model {
    /// Loads the file at `path`. The header is checked first, by our own code, since a damaged file deserves a better
    /// answer than llama.cpp's null. So many of its layers go to a GPU.
    pub fn load(path: &Path, gpu_layers: u32) -> Result<Self, LoadError> {
        let shown = path.display().to_string();
        let header = gguf::check(path)?;
        let architecture = header.architecture.unwrap_or_default();
        if NEITHER.contains(&architecture.as_str()) {
            return Err(LoadError::Neither(shown, architecture));
        }
        let backend = backend()?;
        gpu::tell(gpu_layers);
        let params = LlamaModelParams::default().with_n_gpu_layers(gpu_layers);
        let llama = LlamaModel::load_from_file(backend, path, &params)
            .map_err(|error| LoadError::Refused(shown.clone(), error.to_string()))?;

        let kind = match number(&llama, &format!("{architecture}.pooling_type")) {
            Some(RANK) => return Err(LoadError::Neither(shown, "reranker".to_owned())),
            Some(MEAN..=LAST) => Kind::Embedding,
            _ if EMBEDDING.contains(&architecture.as_str()) => Kind::Embedding,
            _ => Kind::Chat,
        };
        let window = number(&llama, &format!("{architecture}.attention.sliding_window"));
        let slides = window.is_some_and(|window| window > 0);

        let vocab = llama.vocab();
        let bos = text_of(&vocab, vocab.bos());
        let eos = text_of(&vocab, vocab.eos());
        let source = llama.chat_template(None).ok().and_then(|template| template.to_string().ok());
        if source.is_none() && kind == Kind::Chat {
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
            kind,
            slides,
            grammars: OnceLock::new(),
            backend,
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

/// How a model makes one vector of many. Source: llama.cpp's `llama_pooling_type`.
const MEAN: u32 = 1;
const LAST: u32 = 3;
const RANK: u32 = 4;

/// A number among the file's metadata.
fn number(llama: &LlamaModel, key: &str) -> Option<u32> {
    llama.meta_val_str(key).ok()?.parse().ok()
}

/// The vocabulary's own text of a token; empty where there is no such token.
fn text_of(vocab: &LlamaVocab<'_>, token: LlamaToken) -> String {
    if token.0 < 0 {
        return String::new();
    }
    vocab.text(token).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}
