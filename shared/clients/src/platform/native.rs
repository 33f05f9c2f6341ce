//! Native hosts: tokio underneath, TLS by rustls with ring.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::Stream;

/// Whether work of one request may wait for work of another.
pub const REQUESTS_MEET: bool = true;

/// What may be handed to another thread.
pub trait MaybeSend: Send {}
impl<T: Send> MaybeSend for T {}

/// A connection pool that speaks HTTP and HTTPS.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // A second installation is refused and changes nothing: the provider is the same.
    let _ = rustls::crypto::CryptoProvider::install_default(provider.as_ref().clone());
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Native futures are `Send` already.
pub fn send<F: Future + Send>(future: F) -> F {
    future
}

/// Native streams are `Send` already.
pub fn send_stream<S: Stream + MaybeSend>(stream: S) -> S {
    stream
}

/// Waits for `duration`.
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Runs `future` beside the request that started it.
pub fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) {
    tokio::spawn(future);
}
