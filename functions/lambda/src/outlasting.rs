//! An answer that ends after the work that its request started.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use futures_util::StreamExt;
use hearth_clients::platform::Background;
use tokio::task::JoinSet;

/// A request's background work.
#[derive(Clone, Default)]
pub struct Outlasting(Arc<Mutex<Tasks>>);

/// Tasks that go on when nobody waits for them any longer: a client that leaves ends the answer, and not its turn.
#[derive(Default)]
struct Tasks(JoinSet<()>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.detach_all();
    }
}

impl Outlasting {
    /// Where the request registers its work. It runs at once.
    pub fn background(&self) -> Background {
        let tasks = Arc::clone(&self.0);
        Background::new(move |work| {
            tasks.lock().unwrap_or_else(PoisonError::into_inner).0.spawn(work);
        })
    }

    /// The same body; its end comes once all work is done.
    pub fn hold(self, body: Body) -> Body {
        let held = async_stream::stream! {
            let mut pieces = body.into_data_stream();
            while let Some(piece) = pieces.next().await {
                yield piece;
            }
            // What a body starts as it is dropped is waited for, too.
            drop(pieces);
            self.done().await;
        };
        Body::from_stream(held)
    }

    async fn done(&self) {
        loop {
            let mut started = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if started.0.is_empty() {
                return;
            }
            // A task that panicked is over as well; its panic is in the log.
            while started.0.join_next().await.is_some() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use super::Outlasting;
    use axum::body::{Body, to_bytes};

    #[tokio::test]
    async fn the_answer_ends_after_the_work() {
        let outlasting = Outlasting::default();
        let done = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&done);
        outlasting.background().spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            mark.store(true, Ordering::SeqCst);
        });
        let body = to_bytes(outlasting.hold(Body::from("said")), 100).await.unwrap();
        assert_eq!(&body[..], b"said");
        assert!(done.load(Ordering::SeqCst), "the work was cut off");
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_reads_the_answer() {
        for waited in [false, true] {
            let outlasting = Outlasting::default();
            let (done, told) = tokio::sync::oneshot::channel();
            outlasting.background().spawn(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let _ = done.send(());
            });
            let body = outlasting.hold(Body::from("said"));
            if waited {
                // The client leaves while the answer's end is held back.
                let read = tokio::time::timeout(Duration::from_millis(10), to_bytes(body, 100)).await;
                assert!(read.is_err(), "the answer ended before the work");
            } else {
                drop(body);
            }
            assert!(told.await.is_ok(), "the work was cut off");
        }
    }

    #[tokio::test]
    async fn work_that_panics_ends_too() {
        let outlasting = Outlasting::default();
        outlasting.background().spawn(async { panic!("on purpose") });
        let body = to_bytes(outlasting.hold(Body::from("said")), 100).await.unwrap();
        assert_eq!(&body[..], b"said");
    }
}
