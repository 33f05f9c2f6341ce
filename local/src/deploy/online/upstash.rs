//! Upstash: whether Redis answers the token, and lets it write.

use hearth_clients::Secret;
use hearth_clients::http::Http;
use hearth_clients::upstash::{RedisError, Upstash, UpstashConfig};

use super::super::env_file::EnvFile;
use super::super::finding::Finding;
use super::{Asked, address, silence};

const URL: &str = "UPSTASH_REDIS_REST_URL";
const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN";
/// A key that says itself what it is, gone after ten seconds.
const WRITE: [&str; 5] = ["SET", "hearth:deploy-check", "1", "EX", "10"];

pub async fn ask(http: &Http, file: &EnvFile) -> Asked {
    let mut asked = Asked::default();
    let (Some(url), Some(token)) = (address(file, URL), file.get(TOKEN)) else { return asked };
    let redis = Upstash::new(http.clone(), UpstashConfig { url: url.to_owned(), token: Secret::new(token) });
    let outcome = match redis.command(&["PING"]).await {
        Ok(pong) if pong == "PONG" => redis.command(&WRITE).await.map(|_| ()),
        Ok(_) => Err(RedisError::Unreadable(200)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => asked.saw("Redis answers, and lets the token write"),
        Err(error) => asked.found(why(&error)),
    }
    asked
}

fn why(error: &RedisError) -> Finding {
    match error {
        RedisError::Refused(words) if words.contains("NOPERM") => {
            Finding::stop(TOKEN, "may only read. Take the standard token, not the read-only one")
        }
        RedisError::Refused(_) | RedisError::Unreadable(401 | 403) => Finding::stop(
            TOKEN,
            "is not taken by the Redis that UPSTASH_REDIS_REST_URL names. Take both from the same database",
        ),
        RedisError::Http(error) => {
            let text = format!(
                "does not answer: {}. Is it spelt right, and is the database still there? See the console",
                silence(error)
            );
            Finding::stop(URL, text)
        }
        RedisError::Unreadable(status) => Finding::stop(
            URL,
            format!("answers {status} where Upstash should. Is it the address below REST API?"),
        ),
    }
}
