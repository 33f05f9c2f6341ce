//! bcrypt, away from the asynchronous threads and not more at a time than the machine has cores.

use std::num::NonZero;
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use super::AuthError;

/// Supabase Auth's own cost.
const COST: u32 = 10;

pub(super) struct Passwords {
    room: Arc<Semaphore>,
    /// Compared with when there is no account, so that the time tells nothing.
    nobody: Arc<OnceLock<String>>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { room: Arc::new(Semaphore::new(cores)), nobody: Arc::default() }
    }

    pub(super) async fn hash(&self, password: String) -> Result<String, AuthError> {
        self.work(move || {
            bcrypt::hash(password, COST).map_err(|error| AuthError::Internal(error.to_string()))
        })
        .await?
    }

    /// Whether the password is the account's. Takes the same time where there is no account.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, AuthError> {
        let nobody = Arc::clone(&self.nobody);
        self.work(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| {
                nobody.get_or_init(|| bcrypt::hash("nobody", COST).unwrap_or_default()).clone()
            });
            known & bcrypt::verify(password, &hash).unwrap_or(false)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let room = Arc::clone(&self.room);
        let permit = room.acquire_owned().await.map_err(|error| AuthError::Internal(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
        .map_err(|error| AuthError::Internal(error.to_string()))
    }
}
