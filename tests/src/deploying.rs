//! An environment file of one's own, and what `./hearth deploy check` says of it.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use crate::house::{House, program};

/// The settings of a house as a function in the cloud would have them, to be changed one at a time.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<String, String>,
    /// What no output may ever hold.
    secrets: Vec<String>,
}

/// How a check ended.
#[derive(Debug)]
pub struct Checked {
    pub code: i32,
    pub output: String,
}

impl Settings {
    pub fn of(house: &House) -> Self {
        let keys = std::fs::read(house.home().join("secrets/keys.json")).expect("the house's keys");
        let keys: Value = serde_json::from_slice(&keys).expect("JSON");
        let key = |name: &str| keys[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
        let settings = Self { values: BTreeMap::new(), secrets: Vec::new() };
        let model = house.up.model.clone().expect("a model");
        settings
            .with("SUPABASE_URL", &house.up.url)
            .with("SUPABASE_PUBLISHABLE_KEY", &key("publishable_key"))
            .with("HEARTH_SIGNING_KEY", &key("signing_key"))
            .with("UPSTASH_REDIS_REST_URL", &format!("{}/redis", house.up.url))
            .with("UPSTASH_REDIS_REST_TOKEN", &key("redis_token"))
            .with("HEARTH_EDGE_URL", &house.up.edge_url)
            .with("HEARTH_EDGE_MODEL", &model)
            .with("CRON_SECRET", "0123456789abcdef0123456789abcdef")
    }

    /// Another value, or none.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let kept = ["_KEY", "_TOKEN", "_SECRET"].iter().any(|end| name.ends_with(end));
        if kept && value.len() > 8 {
            self.secrets.push(value.to_owned());
        }
        self.values.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.values.remove(name);
        self
    }

    /// Runs the check, beside the tests' own work, and makes sure that it shows no secret.
    pub async fn check(&self, arguments: &[&str]) -> Checked {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file: PathBuf = folder.path().join("settings.env");
        let lines: Vec<_> = self.values.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
        std::fs::write(&file, lines.concat()).expect("to write a file");
        let run = tokio::process::Command::new(program("hearth"))
            .args(["deploy", "check"])
            .arg(&file)
            .args(arguments)
            .env_clear()
            .env("HOME", folder.path())
            .output();
        let run = run.await.expect("target/release/hearth, built");
        let output =
            [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        for secret in &self.secrets {
            assert!(!output.contains(secret), "a secret is shown: {output}");
        }
        // Sentences are broken to the width of the screen; claims about them need not be.
        let output = output.split_whitespace().collect::<Vec<_>>().join(" ");
        Checked { code: run.status.code().expect("an exit status"), output }
    }
}

impl Checked {
    /// It ended so, and said all of these.
    pub fn expect(&self, code: i32, said: &[&str]) {
        for words in said {
            assert!(self.output.contains(words), "«{words}» is not in: {}", self.output);
        }
        assert_eq!(self.code, code, "{}", self.output);
    }
}
