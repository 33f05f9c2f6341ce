//! The project's database, as anybody sees it who has the publishable key: whether every function of our migrations is
//! there, whether every table is closed, and whether the signing key is the database's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use hearth_clients::Secret;
use hearth_clients::http::{Http, HttpError, Request};
use hearth_clients::supabase::{RpcError, Signed, SigningKey, Supabase, SupabaseConfig};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::env_file::EnvFile;
use super::super::finding::Finding;
use super::Asked;
use crate::migrate;

const URL: &str = "SUPABASE_URL";
const KEY: &str = "HEARTH_SIGNING_KEY";
const LIMIT: Duration = Duration::from_secs(10);
/// Questions at the same moment.
const AT_ONCE: usize = 6;
/// More missing names than this are counted, not listed.
const LISTED: usize = 5;

/// What our migrations make in the schema that PostgREST serves.
#[derive(Debug, Default)]
struct Schema {
    /// Each function that can be asked for without doing anything, with the body to ask with.
    functions: BTreeMap<&'static str, Value>,
    tables: BTreeSet<&'static str>,
}

pub async fn ask(http: &Http, url: &str, key: &str, file: &EnvFile) -> Asked {
    let schema = Schema::of(migrate::embedded());
    let mut asked = Asked::default();
    if !functions(http, url, key, &schema, &mut asked).await {
        return asked;
    }
    tables(http, url, key, &schema, &mut asked).await;
    if let Some(signing_key) = file.get(KEY).and_then(SigningKey::from_hex) {
        signature(http, url, key, &signing_key, &mut asked).await;
    }
    asked
}

impl Schema {
    /// Reads what the migrations say; later ones have the last word.
    fn of(migrations: &'static [migrate::Migration]) -> Self {
        let mut schema = Self::default();
        for line in migrations.iter().flat_map(|(_, sql)| sql.lines()) {
            let made = |what: &str| {
                let rest = line.strip_prefix("create ")?;
                rest.strip_prefix("or replace ")
                    .unwrap_or(rest)
                    .strip_prefix(what)?
                    .strip_prefix(" public.")?
                    .split_once('(')
            };
            if let Some((name, arguments)) = made("function") {
                // A function of people: the key alone may not run it. Signed ones are asked for in their own way.
                let body = if arguments.starts_with("p jsonb") { json!({ "p": {} }) } else { json!({}) };
                if arguments.starts_with("p jsonb") || arguments.starts_with(')') {
                    schema.functions.insert(name.trim(), body);
                }
            } else if let Some((name, _)) = made("table") {
                schema.tables.insert(name.trim());
            }
        }
        schema
    }
}

/// Whether the functions are there, all of them.
async fn functions(http: &Http, url: &str, key: &str, schema: &Schema, asked: &mut Asked) -> bool {
    let answers: Vec<_> = stream::iter(&schema.functions)
        .map(|(name, body)| async move {
            let request = Request::new(Method::POST, format!("{url}/rest/v1/rpc/{name}"));
            (*name, send(http, request.json(body), key).await)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut missing = Vec::new();
    for (name, answer) in answers {
        match answer {
            Ok(404) => missing.push(name),
            Ok(status @ 500..) => {
                let text = format!("answers {status} where PostgREST should. Look into the project's logs");
                asked.found(Finding::stop(URL, text));
                return false;
            }
            Ok(_) => {}
            Err(error) => {
                asked.found(Finding::stop(URL, format!("stops answering: {error}. Try again")));
                return false;
            }
        }
    }
    let all = schema.functions.len();
    if missing.is_empty() {
        asked.saw(format!("the migrations are there ({all} functions)"));
        return true;
    }
    let names = if missing.len() > LISTED {
        format!("{} of {all} functions", missing.len())
    } else {
        missing.join(", ")
    };
    let text = format!(
        "names a project whose database is not up to date: {names} missing. Push the migrations: supabase db push \
         (docs/deploy/supabase.md)"
    );
    asked.found(Finding::stop(URL, text));
    false
}

/// Whether any table can be read by whoever has the publishable key, which is everybody.
async fn tables(http: &Http, url: &str, key: &str, schema: &Schema, asked: &mut Asked) {
    let open: Vec<_> = stream::iter(&schema.tables)
        .map(|name| async move {
            let request = Request::new(Method::GET, format!("{url}/rest/v1/{name}?select=*&limit=1"));
            (*name, send(http, request, key).await)
        })
        .buffered(AT_ONCE)
        .filter_map(async |(name, answer)| answer.is_ok_and(|status| status < 300).then_some(name))
        .collect()
        .await;
    if open.is_empty() {
        asked.saw(format!("no table is open to strangers ({} tried)", schema.tables.len()));
        return;
    }
    let text = format!(
        "NAMES A PROJECT WHOSE TABLES ARE OPEN: anybody may read {}. Take the grant from the role anon (revoke all on … from \
         anon), and look into docs/deploy/supabase.md",
        open.join(", ")
    );
    asked.found(Finding::stop(URL, text));
}

/// The status of PostgREST's answer. A function that says 404 in words of its own is there, and counts as 400.
async fn send(http: &Http, request: Request, key: &str) -> Result<u16, HttpError> {
    let answer = http.call(request.header("apikey", key)?, LIMIT).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let ours = body["code"].as_str().is_some_and(|code| code.starts_with("PT"));
    Ok(if ours { 400 } else { answer.status.as_u16() })
}

/// Signs something about a workspace that does not exist: the right key learns just that, another one is refused before.
async fn signature(http: &Http, url: &str, key: &str, signing_key: &SigningKey, asked: &mut Asked) {
    let config = SupabaseConfig { url: url.to_owned(), publishable_key: Secret::new(key) };
    let call = Signed {
        workspace: Uuid::new_v4(),
        id: Uuid::new_v4(),
        user: Uuid::new_v4(),
        payload: "{}".to_owned(),
    };
    let answer = Supabase::new(http.clone(), config)
        .call_signed::<Value>(signing_key, "record_completion", &call)
        .await;
    match answer {
        Err(RpcError::Refused { code, .. }) if code == "workspace_not_found" => {
            asked.saw("the signing key is the database's");
        }
        Err(RpcError::Refused { code, .. }) if code == "signature_invalid" => asked.found(Finding::stop(
            KEY,
            "is not the database's, so that no answer could be stored (or this machine's clock is minutes off). Put the same \
             into both: docs/deploy/supabase.md",
        )),
        Err(error) => asked.found(Finding::stop(KEY, format!("could not be tried: {error}. Try again"))),
        Ok(_) => asked.found(Finding::stop(KEY, "was tried, and the database took what it should not know. Push the migrations anew")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_read_from_the_migrations() {
        let schema = Schema::of(migrate::embedded());
        for name in ["get_me", "begin_turn", "trim_audit_log", "touch"] {
            assert!(schema.functions.contains_key(name), "{name}: {:?}", schema.functions.keys());
        }
        assert!(!schema.functions.contains_key("complete_turn"), "a signed one");
        assert_eq!(schema.functions["touch"], json!({}));
        assert!(
            schema.tables.contains("messages") && schema.tables.contains("audit_log"),
            "{:?}",
            schema.tables
        );
    }
}
