//! llama.cpp's context: how it is made for a model, and how the schedule's moves reach its cache.

use std::num::NonZeroU32;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;

use super::plan::Adapter;
use super::prefix::Move;
use super::settings::{Settings, Sizes};
use super::threads::Threads;
use crate::model::{Kind, Model};

/// Sequence ids that one cache can tell apart. Source: llama.cpp's `LLAMA_MAX_SEQ`.
pub const SEQUENCE_IDS: usize = 256;

/// A context, and the threads that compute for it.
#[derive(Debug)]
pub struct Context<'model> {
    llama: LlamaContext<'model>,
    /// Where there are several. Below what they compute for, and so dropped after it.
    #[cfg_attr(not(test), expect(dead_code, reason = "held for as long as the context uses them"))]
    threads: Option<Threads>,
}

#[cfg(test)]
impl Context<'_> {
    pub fn keeps_threads(&self) -> bool {
        self.threads.is_some()
    }
}

impl<'model> Deref for Context<'model> {
    type Target = LlamaContext<'model>;

    fn deref(&self) -> &Self::Target {
        &self.llama
    }
}

/// To use it, and never to put another one in its place: that one's threads would be freed under it.
impl DerefMut for Context<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.llama
    }
}

/// A context for chats: one cache for all sequences.
pub fn for_chats<'model>(
    model: &'model Model,
    settings: &Settings,
    sizes: Sizes,
) -> Result<Context<'model>, String> {
    // Only slots are computed; a prefix's id is never in a batch, and needs no room in it.
    let params = base(settings, sizes.chunk + settings.parallel)
        .with_n_ctx(NonZeroU32::new(sizes.cells))
        .with_n_seq_max(u32::try_from(settings.parallel).unwrap_or(1))
        .with_kv_unified(true)
        .with_swa_full(false)
        .with_type_k(settings.cache_of(Kind::Chat).into())
        .with_type_v(settings.cache_of(Kind::Chat).into());
    make(model, params, settings)
}

/// A context for embeddings of up to `texts` texts and `tokens` tokens at a time.
pub fn for_embeddings<'model>(
    model: &'model Model,
    settings: &Settings,
    texts: usize,
    tokens: usize,
) -> Result<Context<'model>, String> {
    let params = base(settings, tokens)
        .with_n_ctx(u32::try_from(tokens).ok().and_then(NonZeroU32::new))
        .with_n_seq_max(u32::try_from(texts).unwrap_or(1))
        .with_kv_unified(true)
        .with_type_k(settings.cache_of(Kind::Embedding).into())
        .with_type_v(settings.cache_of(Kind::Embedding).into())
        .with_embeddings(true);
    make(model, params, settings)
}

/// One context is made at a time: llama-cpp-2 says that making several at once is unsound.
fn make<'model>(
    model: &'model Model,
    params: LlamaContextParams,
    settings: &Settings,
) -> Result<Context<'model>, String> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut llama = model.llama().new_context(model.backend(), params).map_err(|error| error.to_string())?;
    // Beside a GPU the CPU has little to do in a step, and would spin all the rest of it.
    let threads = if settings.gpu_layers > 0 { 1 } else { settings.threads };
    // SAFETY: the context was made with as many, and is dropped before them, as the order of the fields has it.
    #[expect(unsafe_code, reason = "the order in which the two are dropped is a promise")]
    let threads = unsafe { Threads::give(&mut llama, threads) };
    Ok(Context { llama, threads })
}

/// Has a context answer by one of its model's adapters.
pub fn adapt(context: &mut LlamaContext<'_>, model: &Model, adapter: &Adapter) -> Result<(), String> {
    let mut lora = model.adapter(&adapter.path)?;
    context
        .lora_adapter_set(&mut lora, adapter.scale)
        .map_err(|error| format!("the adapter {} cannot be used: {error}", adapter.path.display()))
}

fn base(settings: &Settings, batch: usize) -> LlamaContextParams {
    let threads = i32::try_from(settings.threads).unwrap_or(1);
    let batch = u32::try_from(batch).unwrap_or(u32::MAX);
    LlamaContextParams::default()
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true)
}

/// Does to the cache what the schedule has written down.
pub fn apply(context: &mut LlamaContext<'_>, moves: Vec<Move>) {
    for change in moves {
        let outcome = match &change {
            Move::Share { from, to, positions } => context.copy_kv_cache_seq(
                *from,
                *to,
                Some(positions.start as u32),
                Some(positions.end as u32),
            ),
            Move::Drop { id, positions } => context
                .clear_kv_cache_seq(
                    Some(id.unsigned_abs()),
                    Some(positions.start as u32),
                    Some(positions.end as u32),
                )
                .map(drop),
            Move::Clear { id } => context.clear_kv_cache_seq(Some(id.unsigned_abs()), None, None).map(drop),
        };
        if let Err(error) = outcome {
            tracing::error!(%error, ?change, "the cache could not be changed");
        }
    }
}
