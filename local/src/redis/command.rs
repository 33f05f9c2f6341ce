//! One command: its words, made from JSON, and whether it may be sent on a shared connection.

use serde_json::Value;

/// What changes the connection for everyone, waits on it, or belongs to the one who runs the server.
const REFUSED: &[&str] = &[
    "ACL",
    "ASKING",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT",
    "CLUSTER",
    "CONFIG",
    "DEBUG",
    "DISCARD",
    "EXEC",
    "FAILOVER",
    "HELLO",
    "LATENCY",
    "MIGRATE",
    "MODULE",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "READONLY",
    "READWRITE",
    "REPLCONF",
    "REPLICAOF",
    "RESET",
    "SAVE",
    "SELECT",
    "SHUTDOWN",
    "SLAVEOF",
    "SLOWLOG",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SWAPDB",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WAITAOF",
    "WATCH",
];

/// The words of a command, the first being its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub words: Vec<Vec<u8>>,
}

/// Why a command is not sent, in Redis's manner of speaking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("ERR failed to parse command")]
    NoCommand,
    #[error("ERR empty command")]
    Empty,
    #[error("ERR Command is not available: '{0}'. One connection serves every caller of this endpoint")]
    NotAvailable(String),
}

impl Command {
    pub(super) fn from_words(words: Vec<Vec<u8>>) -> Result<Self, Refusal> {
        if words.first().is_none_or(Vec::is_empty) {
            return Err(Refusal::Empty);
        }
        let command = Self { words };
        let name = command.name();
        // XREAD and XREADGROUP wait when told to, and may be told before the word STREAMS only.
        let waits = name.starts_with("XREAD")
            && command
                .words
                .iter()
                .take_while(|word| !word.eq_ignore_ascii_case(b"STREAMS"))
                .any(|word| word.eq_ignore_ascii_case(b"BLOCK"));
        if REFUSED.contains(&name.as_str()) || waits {
            return Err(Refusal::NotAvailable(if waits { format!("{name} BLOCK") } else { name }));
        }
        Ok(command)
    }

    /// A JSON array of the words; numbers and truth values count as their text.
    pub(super) fn from_json(value: &Value) -> Result<Self, Refusal> {
        let words = value.as_array().ok_or(Refusal::NoCommand)?;
        Self::from_words(words.iter().map(word).collect::<Result<_, _>>()?)
    }

    /// The command's name in capitals.
    pub(super) fn name(&self) -> String {
        let name = self.words.first().map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(name).to_ascii_uppercase()
    }

    pub(super) fn to_redis(&self) -> ::redis::Cmd {
        let mut command = ::redis::Cmd::new();
        for word in &self.words {
            command.arg(word.as_slice());
        }
        command
    }
}

fn word(value: &Value) -> Result<Vec<u8>, Refusal> {
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Null => Err(Refusal::NoCommand),
        other => Ok(other.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_words_too() {
        let command = Command::from_json(&json!(["set", "a", 1, true])).unwrap();
        assert_eq!(command.words, [b"set".to_vec(), b"a".to_vec(), b"1".to_vec(), b"true".to_vec()]);
    }

    #[test]
    fn what_disturbs_others_is_refused() {
        for refused in [
            json!(["multi"]),
            json!(["SELECT", 1]),
            json!(["Subscribe", "a"]),
            json!(["BLPOP", "a", 0]),
            json!(["XREAD", "BLOCK", 0, "STREAMS", "a", "$"]),
        ] {
            assert!(Command::from_json(&refused).is_err(), "{refused}");
        }
        assert!(Command::from_json(&json!(["XREAD", "STREAMS", "block", "0"])).is_ok());
        assert_eq!(Command::from_json(&json!([])), Err(Refusal::Empty));
        assert_eq!(Command::from_json(&json!({})), Err(Refusal::NoCommand));
    }
}
