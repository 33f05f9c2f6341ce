//! The engine's thread: loads a model, and serves it until it is told to end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::chats::Chats;
use super::embeddings::Embeddings;
use super::gauges::Gauges;
use super::inbox::Inbox;
use super::saved::Saved;
use super::{Phase, Plan, Serving, Status, Weights, context};
use crate::model::Kind;

/// Loads the model and serves it until it is told to end. The error is a sentence for the operator.
pub fn run(
    plan: &Plan,
    weights: &Weights,
    mut inbox: Inbox,
    status: &watch::Sender<Status>,
    gauges: &Arc<Gauges>,
) -> Result<(), String> {
    let Plan { id, settings, sizes, .. } = plan;
    let (progress, phases) = (Arc::clone(gauges), inbox.phases.clone());
    let model = weights
        .get(plan, move |part| {
            progress.loaded.store((part * 1000.0) as usize, Ordering::Relaxed);
            *phases.borrow() == Phase::Running
        })
        .map_err(|error| error.to_string())?;
    let prefix_sharing = model.can_share_prefixes() && settings.parallel < context::SEQUENCE_IDS;
    let serving = Arc::new(Serving { model, n_ctx: sizes.n_ctx, prefix_sharing });
    let model = &serving.model;
    match model.kind() {
        Kind::Chat => {
            let megabytes = sizes.cache_bytes(sizes.cells.into()) / 1_000_000;
            let mut context = context::for_chats(model, settings, *sizes).map_err(|error| {
                format!(
                    "no context of {} cells (about {megabytes} MB) could be made: {error}; try a smaller --context or --cells, or another --cache-type",
                    sizes.cells
                )
            })?;
            if let Some(adapter) = &plan.adapter {
                context::adapt(&mut context, model, adapter)?;
            }
            gauges.cells.store(sizes.cells as usize, Ordering::Relaxed);
            status.send_replace(Status::Ready(Arc::clone(&serving)));
            tracing::info!(
                model = &**id,
                n_ctx = sizes.n_ctx,
                cells = sizes.cells,
                cache_mb = megabytes,
                threads = settings.threads,
                chunk = sizes.chunk,
                prefix_sharing,
                "model loaded"
            );
            let saved = saved(plan, prefix_sharing);
            Chats::new(&serving, settings, *sizes, context, saved, gauges).run(&mut inbox);
        }
        Kind::Embedding => {
            let embeddings = Embeddings::new(&serving, settings, gauges)?;
            status.send_replace(Status::Ready(Arc::clone(&serving)));
            tracing::info!(
                model = &**id,
                n_ctx = sizes.n_ctx,
                threads = settings.threads,
                "embedding model loaded"
            );
            embeddings.run(&mut inbox);
        }
    }
    Ok(())
}

/// The saved beginnings, where the operator wants them. Without them everything is answered as well, only later.
fn saved(plan: &Plan, prefix_sharing: bool) -> Option<Saved> {
    let to = plan.settings.save_to.as_ref()?;
    if !prefix_sharing {
        tracing::warn!("no beginnings are saved: this model has no way back to a beginning");
        return None;
    }
    Saved::open(to, plan)
        .inspect_err(|error| tracing::warn!(folder = %to.folder.display(), %error, "no beginnings are saved: the folder cannot be used"))
        .ok()
}
