//! Work that goes on after the response, or after the client has left.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::spawn;

/// A piece of such work.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Where a request's background work goes.
///
/// A process of one's own just runs it. A function host stops or freezes an instance once nothing is left to answer, so
/// there the work is registered: with `waitUntil` on Workers and Vercel, and on Lambda with the response, which ends after it.
#[derive(Clone, Default)]
pub struct Background(Option<Arc<dyn Fn(Task) + Send + Sync>>);

impl Background {
    /// Background work that `register` takes, runs, and keeps its host alive for.
    pub fn new(register: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(register)))
    }

    /// Runs `future` beside the request that started it, and beyond.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        match &self.0 {
            Some(register) => register(Box::pin(future)),
            None => spawn(future),
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("registered", &self.0.is_some()).finish()
    }
}
