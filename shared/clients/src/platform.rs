//! What differs between hosts: spawning, sleeping, the wall clock, and futures that must be `Send`.
//!
//! The only place with `cfg(target_arch = "wasm32")`.

use std::{future::Future, time::Duration};

use futures_util::future::{Either, select};

mod background;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use background::{Background, Task};
#[cfg(not(target_arch = "wasm32"))]
pub use native::{MaybeSend, REQUESTS_MEET, http_client, send, send_stream, sleep, spawn};
#[cfg(target_arch = "wasm32")]
pub use wasm::{MaybeSend, REQUESTS_MEET, http_client, send, send_stream, sleep, spawn};

/// The time bound ran out.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub struct Elapsed(pub Duration);

/// Waits for `future`, but no longer than `limit`.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let future = std::pin::pin!(future);
    let clock = std::pin::pin!(sleep(limit));
    match select(future, clock).await {
        Either::Left((output, _)) => Ok(output),
        Either::Right(((), _)) => Err(Elapsed(limit)),
    }
}

/// Seconds since the epoch, by the host's wall clock.
pub fn unix_seconds() -> u64 {
    web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
