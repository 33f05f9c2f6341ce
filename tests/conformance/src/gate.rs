//! What every answer must have, whatever it says.

use anyhow::ensure;
use http::HeaderMap;

/// The correlation id; an answer without a sane one fails the case that it was given to.
pub fn correlation_id<'a>(to: &str, headers: &'a HeaderMap) -> anyhow::Result<&'a str> {
    let mut values = headers.get_all("x-correlation-id").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        anyhow::bail!("{to}: the answer has no x-correlation-id, or more than one")
    };
    let id = value.to_str().unwrap_or_default();
    let sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    ensure!(!id.is_empty() && id.len() <= 128 && id.chars().all(sane), "{to}: x-correlation-id is `{id}`");
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::correlation_id;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn one_sane_id_passes_and_nothing_else() {
        let of = |ids: &[&'static str]| -> bool {
            let mut all = HeaderMap::new();
            for id in ids {
                all.append("x-correlation-id", HeaderValue::from_static(id));
            }
            correlation_id("GET /", &all).is_ok()
        };
        assert!(of(&["0191-a.b:c_d"]));
        for wrong in [&[][..], &[""], &["a b"], &["a", "b"], &["<a>"]] {
            assert!(!of(wrong), "{wrong:?}");
        }
    }
}
