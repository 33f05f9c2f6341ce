//! Layers that look back on the last tokens only, and keep no more than those in the cache.

use super::gguf::Header;

/// What such layers keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How far back they look.
    pub tokens: u64,
    /// Numbers that one token keeps in the cache of these layers.
    pub numbers_per_cell: u64,
}

impl Window {
    /// By the header of a model; none where every layer looks at everything. `numbers_per_cell` is that of all layers.
    ///
    /// Source: llama.cpp's `load_swa_pattern`.
    pub fn of(architecture: &str, header: &Header, layers: u64, numbers_per_cell: u64) -> Option<Self> {
        let key = |key: &str| format!("{architecture}.attention.{key}");
        let tokens = header.numbers.get(&key("sliding_window")).copied();
        // llama.cpp's own default.
        let tokens =
            tokens.or_else(|| (architecture == "llama4").then_some(8192)).filter(|tokens| *tokens > 0)?;
        let pattern = key("sliding_window_pattern");
        let sliding = if let Some(of_each_layer) = header.lists.get(&pattern) {
            of_each_layer.sum
        } else {
            let period = header.numbers.get(&pattern).copied().or_else(|| period(architecture)).unwrap_or(1);
            let period = period.max(1);
            let full = if first_is_full(architecture) { layers.div_ceil(period) } else { layers / period };
            layers - full
        };
        // A layer's share, as if all had the same: where sliding ones have less, this is rather too much.
        let of_one = numbers_per_cell / layers.max(1);
        Some(Self { tokens, numbers_per_cell: of_one.saturating_mul(sliding.min(layers)) })
    }

    /// Cells that the cache of these layers has, for so many requests at once and so many tokens in a step.
    ///
    /// Source: llama.cpp's `llama_kv_cache_iswa`.
    pub fn cells(self, cells: u32, parallel: usize, batch: usize) -> u64 {
        let wanted = self.tokens.saturating_mul(parallel as u64).saturating_add(batch as u64);
        wanted.min(cells.into()).next_multiple_of(256)
    }
}

/// Of so many layers one looks at everything, where the header does not say. An architecture that is not here counts as if
/// all of them did: rather too much memory than too little.
fn period(architecture: &str) -> Option<u64> {
    let period = match architecture {
        "gemma2" | "gpt-oss" => 2,
        "afmoe" | "cohere2" | "cohere2moe" | "exaone4" | "exaone-moe" | "llama4" | "mellum" | "olmo2"
        | "smallthinker" => 4,
        "gemma3n" => 5,
        "gemma3" => 6,
        "plamo3" => 8,
        _ => return None,
    };
    Some(period)
}

/// Does the first layer of each period look at everything, and not the last?
fn first_is_full(architecture: &str) -> bool {
    matches!(architecture, "cohere2moe" | "smallthinker")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gguf::List;

    fn header(architecture: &str, numbers: &[(&str, u64)]) -> Header {
        let numbers =
            numbers.iter().map(|(key, number)| (format!("{architecture}.attention.{key}"), *number));
        Header { numbers: numbers.collect(), ..Header::default() }
    }

    #[test]
    fn what_slides_is_told_by_the_list_the_period_or_the_architecture() {
        let window = |architecture: &str, header: &Header| {
            Window::of(architecture, header, 34, 34 * 100).map(|window| window.numbers_per_cell / 100)
        };
        let bare = |architecture: &str| header(architecture, &[("sliding_window", 1024)]);
        assert_eq!(window("gemma3", &bare("gemma3")), Some(29), "Gemma 3 4B: five layers look at everything");
        assert_eq!(window("gpt-oss", &bare("gpt-oss")), Some(17));
        assert_eq!(window("smallthinker", &bare("smallthinker")), Some(25));
        assert_eq!(window("llama4", &header("llama4", &[])), Some(26));
        assert_eq!(window("unknown", &bare("unknown")), Some(0));
        assert_eq!(window("llama", &header("llama", &[])), None);
        assert_eq!(window("gemma3", &header("gemma3", &[("sliding_window", 0)])), None);
        let said = header("a", &[("sliding_window", 512), ("sliding_window_pattern", 2)]);
        assert_eq!(window("a", &said), Some(17));
        let mut listed = header("a", &[("sliding_window", 512)]);
        let list = List { length: 34, sum: 20 };
        listed.lists.insert("a.attention.sliding_window_pattern".to_owned(), list);
        assert_eq!(window("a", &listed), Some(20));
    }

    #[test]
    fn its_cells_are_those_of_the_window_and_never_more_than_there_are() {
        let window = Window { tokens: 1024, numbers_per_cell: 1 };
        assert_eq!(window.cells(65_536, 4, 260), 4608);
        assert_eq!(window.cells(2048, 4, 260), 2048);
    }
}
