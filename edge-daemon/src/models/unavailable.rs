//! Why a model could not be taken.

use crate::engine::Need;

/// Each is a sentence for whoever asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unavailable {
    #[error("There is no model `{asked}` here. {}", known_models(known))]
    Unknown { asked: String, known: Vec<String> },
    #[error("No model was named, and there is none here: put a .gguf file into the folder of models.")]
    None,
    #[error("`{id}` cannot be served: {reason}.")]
    Failed { id: String, reason: String },
    #[error(
        "`{id}` needs about {} of memory ({} weights, {} cache, {} to compute). All models together may take {}{}. \
         Choose a smaller one or a shorter --context, or raise --memory.",
        size(need.total()), size(need.weights), size(need.cache), size(need.computing), size(*limit), held_by(*pinned)
    )]
    TooLarge { id: String, need: Need, limit: u64, pinned: u64 },
    #[error("`{id}` is still being loaded, or waits for room that others use. Try again in a moment.")]
    NotYet { id: String },
    #[error("As many requests as may are waiting for `{id}` already. Try again in a few seconds.")]
    QueueFull { id: String },
    #[error(
        "The disk with the models does not answer. Is it there, and the network share that it may be on?"
    )]
    Disk,
    #[error("The server is shutting down.")]
    ShuttingDown,
}

/// Enough to choose from; `GET /v1/models` has them all.
const MOST_NAMED: usize = 10;

fn known_models(known: &[String]) -> String {
    match known {
        [] => "There are none yet.".to_owned(),
        [one] => format!("This server has `{one}`, also called `default`."),
        several => {
            let more = if several.len() > MOST_NAMED { " and more" } else { "" };
            let named: Vec<String> =
                several.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
            format!("This server has {}{more}; GET /v1/models lists them.", named.join(", "))
        }
    }
}

fn held_by(pinned: u64) -> String {
    if pinned == 0 { String::new() } else { format!(", of which {} are pinned", size(pinned)) }
}

/// Bytes as people read them.
pub fn size(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes >= 1000.0 { format!("{:.1} GB", megabytes / 1000.0) } else { format!("{megabytes:.0} MB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_figures() {
        let need = Need { weights: 4_100_000_000, cache: 900_000_000, computing: 120_000_000 };
        let refusal =
            Unavailable::TooLarge { id: "big".into(), need, limit: 3_000_000_000, pinned: 200_000_000 };
        let said = refusal.to_string();
        for figure in
            ["5.1 GB", "4.1 GB weights", "900 MB cache", "120 MB", "3.0 GB, of which 200 MB are pinned"]
        {
            assert!(said.contains(figure), "{said}");
        }
    }
}
