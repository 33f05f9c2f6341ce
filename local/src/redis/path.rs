//! Commands written as a path: `/set/key/value?EX=100`; a body is the word after the path's last.

use axum::http::Uri;
use percent_encoding::percent_decode_str;

use super::command::{Command, Refusal};

/// The token, where the query carries it.
pub(super) fn token(uri: &Uri) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(name, _)| name == "_token").map(|(_, value)| value.into_owned())
}

/// The path is the one below the mount.
pub(super) fn command(uri: &Uri, body: &[u8]) -> Result<Command, Refusal> {
    let path = uri.path().trim_start_matches('/');
    let mut words: Vec<Vec<u8>> = match path {
        "" => Vec::new(),
        path => path.split('/').map(|word| percent_decode_str(word).collect()).collect(),
    };
    if !body.is_empty() {
        words.push(body.to_vec());
    }
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if name != "_token" {
            words.push(name.into_owned().into_bytes());
            if !value.is_empty() {
                words.push(value.into_owned().into_bytes());
            }
        }
    }
    Command::from_words(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_its_body_and_its_query_are_one_command() {
        let uri: Uri = "/set/a%20key?EX=100&_token=secret".parse().unwrap();
        let words = command(&uri, b"value").unwrap().words;
        let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        assert_eq!(words, ["set", "a key", "value", "EX", "100"]);
        assert_eq!(token(&uri).as_deref(), Some("secret"));
    }
}
