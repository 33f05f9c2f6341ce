//! Waiting for a condition, instead of sleeping.

use std::{future::Future, time::Duration};

/// The longest that a test waits for anything.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Asks again and again until `probe` gives something; fails the test after a minute.
pub async fn until<T, F, Fut>(what: &str, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, asking).await.unwrap_or_else(|_| panic!("waited a minute for: {what}"))
}
