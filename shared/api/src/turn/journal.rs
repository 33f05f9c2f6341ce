//! The journal: a turn's frames in a short-lived Redis stream, from which any instance can send them again.
//!
//! Redis in the cloud is paid by the command, so frames go in batches: the first at once, then every two seconds. Each
//! batch is one script call that also renews the lease, which says that the turn's instance is alive, and answers
//! whether the turn was cancelled elsewhere. Where a host counts calls ([`Allowance`]), the batches come further and further
//! apart, so that the longest turn stays within them.

use std::{sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use hearth_clients::{
    platform,
    upstash::{RedisError, Upstash},
};
use hearth_domain::Sensitivity;
use serde_json::Value;

use super::{
    Allowance, Frame,
    live::{Key, Running, Stop},
};

/// The time between two batches.
const BATCH: Duration = Duration::from_secs(2);
/// Bytes that send a batch before its time.
const BATCH_BYTES: usize = 64 * 1024;
/// How long a turn's frames are kept: longer than a turn's lease in the database.
const KEEP_MS: &str = "3600000";
/// How long an instance may be silent before it is taken for dead.
const LEASE: Duration = Duration::from_secs(15);

const WRITE: &str = "\
if ARGV[1] ~= '' then redis.call('XADD', KEYS[1], '*', 'frames', ARGV[1]) end \
redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
if ARGV[3] == '0' then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end \
return redis.call('EXISTS', KEYS[3])";

const READ: &str = "\
return {redis.call('XRANGE', KEYS[1], ARGV[1], '+'), redis.call('EXISTS', KEYS[2])}";

const CANCEL: &str = "\
redis.call('SET', KEYS[3], '1', 'PX', ARGV[1]) \
return redis.call('EXISTS', KEYS[2])";

/// The journals of all turns.
#[derive(Clone)]
pub struct Journal {
    redis: Upstash,
    at_home: bool,
}

/// What a reader finds.
pub struct Batch {
    pub frames: Vec<Frame>,
    /// Where to read on.
    pub cursor: String,
    /// The turn's instance has shown itself of late.
    pub alive: bool,
}

/// The place before the first frame.
pub const START: &str = "-";

impl Journal {
    pub fn new(redis: Upstash, at_home: bool) -> Self {
        Self { redis, at_home }
    }

    /// Private text is written to a Redis at home only.
    pub fn takes(&self, sensitivity: Sensitivity) -> bool {
        self.at_home || sensitivity == Sensitivity::Normal
    }

    pub async fn ping(&self) -> Result<(), RedisError> {
        self.redis.command(&["PING"]).await.map(drop)
    }

    /// Writes a running turn's frames as they come, until its log is closed. Cancels it when it was cancelled elsewhere.
    ///
    /// Text that must not leave home stays out of it; the lease and the cancelling work all the same. A Redis that is away
    /// does not hold up the turn: it goes on, and cannot be resumed elsewhere in the meantime.
    pub async fn keep(
        &self,
        key: Key,
        running: Arc<Running>,
        sensitivity: Sensitivity,
        allowance: Allowance,
    ) {
        let takes_text = self.takes(sensitivity);
        let mut written = 0_u32;
        let mut warned = false;
        let mut pause = BATCH;
        loop {
            let pending =
                if written == 0 { running.log.wait(0).await } else { gather(&running, written, pause).await };
            if !allowance.take(pending.closed) {
                // The last batch is left for the end.
                running.log.closed().await;
                continue;
            }
            pause = allowance.pause(pause);
            let lease = if pending.closed { Duration::ZERO } else { LEASE.max(pause * 5 / 2) };
            let frames: Vec<&Frame> = pending.frames.iter().map(AsRef::as_ref).collect();
            let shown = if takes_text { frames.as_slice() } else { &[] };
            match self.write(key, shown, lease).await {
                Ok(cancelled) => {
                    written += u32::try_from(frames.len()).unwrap_or_default();
                    if cancelled {
                        running.stop(Stop::Cancelled);
                    }
                }
                Err(error) if !warned => {
                    tracing::warn!(%error, "the journal cannot be written; turns go on without it");
                    warned = true;
                }
                Err(_) => {}
            }
            if pending.closed {
                return;
            }
            if written == 0 {
                platform::sleep(BATCH).await;
            }
        }
    }

    async fn write(&self, key: Key, frames: &[&Frame], lease: Duration) -> Result<bool, RedisError> {
        let json =
            if frames.is_empty() { String::new() } else { serde_json::to_string(frames).unwrap_or_default() };
        let lease = lease.as_millis().to_string();
        let answer = self.eval(WRITE, key, &[&json, KEEP_MS, &lease]).await?;
        Ok(answer.as_i64() == Some(1))
    }

    /// Reads the frames after `cursor`.
    pub async fn read(&self, key: Key, cursor: &str) -> Result<Batch, RedisError> {
        let from = if cursor == START { START.to_owned() } else { format!("({cursor}") };
        let answer = self.eval(READ, key, &[&from]).await?;
        let alive = answer.get(1).and_then(Value::as_i64) == Some(1);
        let mut batch = Batch { frames: Vec::new(), cursor: cursor.to_owned(), alive };
        for entry in answer.get(0).and_then(Value::as_array).into_iter().flatten() {
            if let Some(id) = entry.get(0).and_then(Value::as_str) {
                id.clone_into(&mut batch.cursor);
            }
            let text = entry.get(1).and_then(|fields| fields.get(1)).and_then(Value::as_str).unwrap_or("[]");
            batch.frames.extend(serde_json::from_str::<Vec<Frame>>(text).unwrap_or_default());
        }
        Ok(batch)
    }

    /// Asks whichever instance makes the turn to stop. Tells whether there is one.
    pub async fn cancel(&self, key: Key) -> Result<bool, RedisError> {
        let answer = self.eval(CANCEL, key, &[KEEP_MS]).await?;
        Ok(answer.as_i64() == Some(1))
    }

    async fn eval(&self, script: &str, (workspace, turn): Key, args: &[&str]) -> Result<Value, RedisError> {
        let keys =
            ["frames", "lease", "cancel"].map(|name| format!("hearth:turn:{{{workspace}:{turn}}}:{name}"));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.redis.eval(script, &keys, args).await
    }
}

/// What has come by the time of the next batch: when the pause is over, much has come, or nothing more will.
async fn gather(running: &Running, written: u32, pause: Duration) -> super::log::Read {
    let clock = std::pin::pin!(platform::sleep(pause));
    let enough = std::pin::pin!(async {
        let (mut seen, mut bytes) = (written, 0);
        loop {
            let read = running.log.wait(seen).await;
            bytes += read.frames.iter().map(|frame| frame.data.len()).sum::<usize>();
            if read.closed || bytes >= BATCH_BYTES {
                return;
            }
            seen += u32::try_from(read.frames.len()).unwrap_or_default();
        }
    });
    match select(clock, enough).await {
        Either::Left(_) | Either::Right(_) => running.log.read(written),
    }
}
