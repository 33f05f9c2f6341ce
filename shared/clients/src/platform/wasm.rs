//! WebAssembly hosts: one thread, timers and fetch by the JavaScript runtime.

use std::{future::Future, time::Duration};

use futures_util::Stream;
use send_wrapper::SendWrapper;

/// Whether work of one request may wait for work of another. Workers tie every timer and stream to the request that made it:
/// a task that another request wakes would fail, or never go on.
pub const REQUESTS_MEET: bool = false;

/// There is one thread, so nothing has to be `Send`.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

/// The runtime's own fetch.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().build()
}

/// Futures that touch JavaScript are not `Send`, and axum's handlers must be. There is one thread, so the wrapper's check
/// never fires.
pub fn send<F: Future>(future: F) -> SendWrapper<F> {
    SendWrapper::new(future)
}

/// As [`send`], for streams.
pub fn send_stream<S: Stream>(stream: S) -> SendWrapper<S> {
    SendWrapper::new(stream)
}

/// Waits for `duration`.
pub fn sleep(duration: Duration) -> SendWrapper<gloo_timers::future::TimeoutFuture> {
    let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    SendWrapper::new(gloo_timers::future::TimeoutFuture::new(millis))
}

/// Runs `future` beside the request that started it.
pub fn spawn<F: Future<Output = ()> + 'static>(future: F) {
    wasm_bindgen_futures::spawn_local(future);
}
