//! How much the engine takes on, and what that comes to for a given model.

use clap::ValueEnum;
use llama_cpp_2::context::params::KvCacheType;
use serde::Deserialize;

use super::saved::SaveTo;
use crate::model::{Kind, Shape};

/// How the cache keeps its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
pub enum CacheType {
    /// Two bytes a number.
    #[value(name = "f16")]
    #[serde(rename = "f16")]
    F16,
    /// A byte a number, and two more for each 32.
    #[value(name = "q8_0")]
    #[serde(rename = "q8_0")]
    Q8_0,
}

impl CacheType {
    /// Bytes that so many numbers take.
    fn bytes(self, numbers: u64) -> u64 {
        match self {
            Self::F16 => numbers.saturating_mul(2),
            Self::Q8_0 => numbers.div_ceil(32).saturating_mul(34),
        }
    }
}

impl From<CacheType> for KvCacheType {
    fn from(cache: CacheType) -> Self {
        match cache {
            CacheType::F16 => Self::F16,
            CacheType::Q8_0 => Self::Q8_0,
        }
    }
}

/// What an operator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Requests in the batch at once.
    pub parallel: usize,
    /// Requests that may wait beside them.
    pub queue: usize,
    /// Tokens that one request may use; by default what the model was trained on, at most [`DEFAULT_CONTEXT`].
    pub context: Option<u32>,
    pub threads: usize,
    /// Cells of the KV cache; by default room for [`FULL_LENGTH_REQUESTS`].
    pub cells: Option<u32>,
    pub cache: CacheType,
    /// Map the model's file instead of reading it.
    pub mmap: bool,
    /// Layers of the model that a GPU computes.
    pub gpu_layers: u32,
    /// Tokens of an answer that are guessed at a time, at most; 0 guesses nothing.
    pub guessed: usize,
    /// Where beginnings are saved, if anywhere.
    pub save_to: Option<SaveTo>,
}

impl Settings {
    /// How the cache of a model of this kind keeps its numbers: nothing stays long in an embedding model's, if it has one, that
    /// would be worth rounding.
    pub fn cache_of(&self, kind: Kind) -> CacheType {
        match kind {
            Kind::Chat => self.cache,
            Kind::Embedding => CacheType::F16,
        }
    }

    /// What an operator gets who sets nothing.
    pub fn usual(threads: usize) -> Self {
        Self {
            parallel: 4,
            queue: 64,
            context: None,
            threads,
            cells: None,
            cache: CacheType::F16,
            gpu_layers: 0,
            mmap: true,
            guessed: 0,
            save_to: None,
        }
    }
}

/// Beyond this many tokens a conversation gets slow on the machines this is for; larger contexts are asked for.
const DEFAULT_CONTEXT: u32 = 8192;

/// Tokens of a text that an embedding model takes, unless more are asked for.
const DEFAULT_EMBEDDED: u32 = 2048;

/// The default context shrinks to this where memory is short, and no further.
const LEAST_DEFAULT_CONTEXT: u32 = 2048;

/// The cache holds this many requests of full length. More of them than that may run: few are so long, and when the cells
/// run out the newest request gives its own back and starts over later.
const FULL_LENGTH_REQUESTS: u32 = 2;

/// What the settings mean for one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Tokens that one request may use.
    pub n_ctx: u32,
    /// Cells of the KV cache, shared by all.
    pub cells: u32,
    /// Bytes of memory that one cell takes.
    pub cell_bytes: u64,
    /// Bytes that the cache takes besides, for layers that look at the last tokens only.
    pub window_bytes: u64,
    /// The most cells that prefixes may keep while nobody uses them.
    pub kept: usize,
    /// Prompt tokens read in one step. Fixed, so that a request that runs alone gives the same numbers every time.
    pub chunk: usize,
}

impl Sizes {
    /// `available` is the bytes of memory that weights and cache may take, where that is known.
    pub fn new(settings: &Settings, shape: &Shape, available: Option<u64>) -> Self {
        let chunk = chunk(shape.n_params);
        let cache = settings.cache_of(shape.kind);
        let window_bytes = |cells| {
            shape.window.map_or(0, |window| {
                let cells = window.cells(cells, settings.parallel, chunk + settings.parallel);
                cache.bytes(window.numbers_per_cell).saturating_mul(cells)
            })
        };
        let taken = shape.bytes.saturating_add(window_bytes(u32::MAX));
        let figures = Figures {
            n_ctx_train: shape.n_ctx_train,
            n_params: shape.n_params,
            bytes_per_cell: cache.bytes(shape.numbers_per_cell).max(1),
            heads: shape.heads,
            available: available.map(|bytes| bytes.saturating_sub(taken)),
        };
        let sizes = match shape.kind {
            Kind::Chat => Self::from_figures(settings, figures),
            // Longer texts take much memory at once, and are asked for.
            Kind::Embedding => {
                let context = settings.context.unwrap_or(DEFAULT_EMBEDDED);
                Self::from_figures(&Settings { context: Some(context), ..settings.clone() }, figures)
            }
        };
        Self { window_bytes: window_bytes(sizes.cells), ..sizes }
    }

    /// Bytes of memory that a cache of so many cells takes.
    pub fn cache_bytes(&self, cells: u64) -> u64 {
        cells.saturating_mul(self.cell_bytes).saturating_add(self.window_bytes)
    }

    fn from_figures(settings: &Settings, figures: Figures) -> Self {
        let mut n_ctx = settings.context.unwrap_or(DEFAULT_CONTEXT).min(figures.n_ctx_train);
        let mut requests =
            FULL_LENGTH_REQUESTS.min(u32::try_from(settings.parallel).unwrap_or(FULL_LENGTH_REQUESTS));
        if settings.context.is_none() {
            let affordable = figures.available.map_or(u64::MAX, |bytes| bytes / 2 / figures.bytes_per_cell);
            while u64::from(n_ctx) * u64::from(requests) > affordable {
                if requests > 1 {
                    requests -= 1;
                } else if n_ctx > LEAST_DEFAULT_CONTEXT {
                    n_ctx = (n_ctx / 2).max(LEAST_DEFAULT_CONTEXT);
                } else {
                    break;
                }
            }
        }
        // llama.cpp rounds the cache up to a multiple of 256 cells.
        let cells = settings.cells.unwrap_or(n_ctx.saturating_mul(requests)).max(n_ctx).next_multiple_of(256);
        Self {
            n_ctx,
            cells,
            cell_bytes: figures.bytes_per_cell,
            window_bytes: 0,
            kept: kept(figures).min(cells as usize),
            chunk: chunk(figures.n_params),
        }
    }
}

/// What the sizes depend on besides the settings.
#[derive(Clone, Copy, Debug)]
struct Figures {
    n_ctx_train: u32,
    n_params: u64,
    bytes_per_cell: u64,
    /// Attention heads, of all layers together.
    heads: u64,
    /// Bytes of memory that the cache could take, where that is known.
    available: Option<u64>,
}

/// A step should stay under a second or so even on a small machine, since nobody else gets a token meanwhile and a caller
/// who left is noticed between steps only: large models read fewer tokens at a time.
fn chunk(n_params: u64) -> usize {
    let affordable = 40_000_000_000 / n_params.max(1);
    let power_of_two = if affordable == 0 { 1 } else { 1 << affordable.ilog2() };
    power_of_two.clamp(32, 256)
}

/// Kept cells are not free: every step looks at the mask of each cell, for each head, whosever it is. Measured on one core,
/// a cell costs some 3 ns a head and token read, and the rest of the model 50 ps a parameter: this many cells slow the
/// reading of a prompt by an eighth, and spare whole prompts. A few conversations' beginnings are kept in any case.
fn kept(figures: Figures) -> usize {
    let affordable = figures.n_params / 500 / figures.heads.max(1);
    usize::try_from(affordable).unwrap_or(usize::MAX).max(LEAST_KEPT)
}

const LEAST_KEPT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(parallel: usize, context: Option<u32>, n_ctx_train: u32, available: Option<u64>) -> Sizes {
        let settings = Settings {
            parallel,
            queue: 0,
            context,
            threads: 1,
            cells: None,
            cache: CacheType::F16,
            mmap: true,
            gpu_layers: 0,
            guessed: 0,
            save_to: None,
        };
        Sizes::from_figures(
            &settings,
            Figures { n_ctx_train, n_params: 1, bytes_per_cell: 1000, heads: 1, available },
        )
    }

    #[test]
    fn a_request_never_gets_more_than_the_model_was_trained_on() {
        assert_eq!(sizes(4, Some(100_000), 2048, None).n_ctx, 2048);
        assert_eq!(sizes(4, None, 2048, None).n_ctx, 2048);
        assert_eq!(sizes(4, None, 131_072, None).n_ctx, 8192);
        let small = sizes(4, Some(100), 2048, None);
        assert_eq!((small.n_ctx, small.cells), (100, 256));
    }

    #[test]
    fn the_cache_holds_two_requests_of_full_length_or_the_only_one() {
        assert_eq!(sizes(1, None, 8192, None).cells, 8192);
        assert_eq!(sizes(4, None, 8192, None).cells, 16384);
    }

    #[test]
    fn the_default_context_fits_into_half_of_the_memory() {
        let of = |megabytes: u64| {
            let sizes = sizes(4, None, 16_384, Some(megabytes * 1_000_000));
            (sizes.n_ctx, sizes.cells)
        };
        assert_eq!(of(100), (8192, 16_384));
        assert_eq!(of(30), (8192, 8192));
        assert_eq!(of(12), (4096, 4096));
        assert_eq!(of(0), (2048, 2048));
        assert_eq!(sizes(1, Some(9000), 16_384, Some(0)).n_ctx, 9000, "what is asked for is tried");
    }

    #[test]
    fn a_rounded_cache_takes_about_half() {
        assert_eq!([CacheType::F16, CacheType::Q8_0].map(|cache| cache.bytes(64)), [128, 68]);
    }

    #[test]
    fn what_is_kept_costs_little_beside_the_model() {
        let kept = |n_params, heads| {
            kept(Figures { n_ctx_train: 1, n_params, bytes_per_cell: 1, heads, available: None })
        };
        assert_eq!(kept(135_000_000, 9 * 30), 1024);
        assert_eq!(kept(7_000_000_000, 32 * 32), 13_671);
        assert_eq!(sizes(4, None, 2048, None).kept, 1024);
        assert_eq!(sizes(1, Some(300), 2048, None).kept, 512, "never more than there are");
    }

    #[test]
    fn large_models_read_in_smaller_bites() {
        assert_eq!([135_000_000, 600_000_000, 4_000_000_000, 70_000_000_000].map(chunk), [256, 64, 32, 32]);
    }
}
