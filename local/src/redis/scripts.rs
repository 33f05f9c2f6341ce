//! Lua scripts as Upstash takes them. Its own libraries begin theirs with a flag that Redis does not
//! know; without the flag a script has another digest, so the digests are translated too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ::redis::{RedisError, Value};

use super::Redis;
use super::command::Command;

const FLAG: &str = "allow-key-locking";
/// Programs have a handful of scripts; more than this are someone's experiment.
const MOST: usize = 256;

/// From the digest that a caller knows to the one that Redis knows.
#[derive(Default)]
pub(super) struct Scripts {
    digests: Mutex<HashMap<String, String>>,
}

impl Scripts {
    fn learn(&self, theirs: String, ours: String) {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() >= MOST {
            digests.clear();
        }
        digests.insert(theirs, ours);
    }

    fn ours(&self, theirs: &[u8]) -> Option<String> {
        let theirs = String::from_utf8_lossy(theirs).to_ascii_lowercase();
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).get(&theirs).cloned()
    }
}

impl Redis {
    /// Takes the flag off a script, and gives a digest the meaning that its sender has for it.
    pub(super) async fn translate(&self, command: &mut Command) -> Result<(), RedisError> {
        let script = match command.name().as_str() {
            "EVAL" | "EVAL_RO" => 1,
            "SCRIPT" if command.words.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"LOAD")) => 2,
            "EVALSHA" | "EVALSHA_RO" => {
                if let Some(word) = command.words.get_mut(1)
                    && let Some(ours) = self.scripts.ours(word)
                {
                    *word = ours.into_bytes();
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some(word) = command.words.get_mut(script) else { return Ok(()) };
        let Some(plain) = without_flag(word) else { return Ok(()) };
        let theirs = self.digest(word).await?;
        let ours = self.digest(&plain).await?;
        self.scripts.learn(theirs, ours);
        *word = plain;
        Ok(())
    }

    /// The SHA-1 of a script, as the server computes it.
    async fn digest(&self, script: &[u8]) -> Result<String, RedisError> {
        let words = [&b"EVAL"[..], b"return redis.sha1hex(ARGV[1])", b"0", script];
        let command = Command { words: words.map(<[u8]>::to_vec).to_vec() };
        let mut replies = self.run(&[command]).await?;
        match replies.pop() {
            Some(Value::BulkString(digest)) => Ok(String::from_utf8_lossy(&digest).into_owned()),
            other => ::redis::from_redis_value(other.unwrap_or_default()).map_err(RedisError::from),
        }
    }
}

/// The script without the flag, if it has it. Its lines keep their numbers.
fn without_flag(script: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(script).ok()?;
    let first = text.lines().next()?;
    let flags = first.strip_prefix("#!lua")?.trim().strip_prefix("flags=")?;
    let kept: Vec<&str> = flags.split(',').map(str::trim).filter(|flag| *flag != FLAG).collect();
    if kept.len() == flags.split(',').count() {
        return None;
    }
    let rest = text.get(first.len()..).unwrap_or_default();
    // Without flags there is no first line at all: with one, a script may not touch undeclared keys.
    let head = if kept.is_empty() { String::new() } else { format!("#!lua flags={}", kept.join(",")) };
    Some(format!("{head}{rest}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(script: &str) -> Option<String> {
        without_flag(script.as_bytes()).map(|plain| String::from_utf8(plain).unwrap())
    }

    #[test]
    fn only_upstashs_own_flag_goes() {
        assert_eq!(stripped("#!lua flags=allow-key-locking\nreturn 1").unwrap(), "\nreturn 1");
        assert_eq!(
            stripped("#!lua flags=no-writes,allow-key-locking\nreturn 1").unwrap(),
            "#!lua flags=no-writes\nreturn 1"
        );
        assert_eq!(stripped("#!lua flags=no-writes\nreturn 1"), None);
        assert_eq!(stripped("return 1"), None);
    }
}
