//! An answer that was read whole, and what it is held against.

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// An answer, and to what.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Such as `GET /v1/me`.
    pub to: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{} is not JSON: {}", self.to, self.begin()))
    }

    /// The JSON body of an answer with this status.
    pub fn is(&self, status: u16) -> anyhow::Result<Value> {
        self.has_status(status)?;
        let kind = self.header("content-type");
        ensure!(kind.starts_with("application/json"), "{}: content-type is `{kind}`", self.to);
        self.json()
    }

    /// An answer with this status and no body.
    pub fn is_empty(&self, status: u16) -> anyhow::Result<()> {
        self.has_status(status)?;
        ensure!(self.body.is_empty(), "{}: a body where none was expected: {}", self.to, self.begin());
        Ok(())
    }

    /// A problem (RFC 9457) with this status and code, in its full shape.
    pub fn is_problem(&self, status: u16, code: &str) -> anyhow::Result<Value> {
        self.has_status(status)?;
        let kind = self.header("content-type");
        ensure!(kind == "application/problem+json", "{}: content-type is `{kind}`", self.to);
        let problem = self.json()?;
        ensure!(problem["code"] == code, "{}: code is {}, expected {code}", self.to, problem["code"]);
        self.is_well_formed(&problem)?;
        Ok(problem)
    }

    /// A problem of one of these codes; gives the code.
    pub fn is_problem_of(&self, codes: &[(u16, &'static str)]) -> anyhow::Result<&'static str> {
        let code = self.json()?["code"].as_str().unwrap_or_default().to_owned();
        let known = codes.iter().find(|(_, known)| *known == code);
        let Some((status, code)) = known else {
            bail!("{}: {} `{code}`, expected one of {codes:?}", self.to, self.status)
        };
        self.is_problem(*status, code).map(|_| *code)
    }

    fn is_well_formed(&self, problem: &Value) -> anyhow::Result<()> {
        let to = &self.to;
        ensure!(problem["type"] == "about:blank", "{to}: type is {}", problem["type"]);
        ensure!(problem["status"] == self.status, "{to}: status in the body is {}", problem["status"]);
        for name in ["title", "detail"] {
            let text = problem[name].as_str().unwrap_or_default();
            ensure!(text.len() > 3, "{to}: the problem has no {name}");
        }
        ensure!(
            problem["correlation_id"] == self.header("x-correlation-id"),
            "{to}: correlation_id is {}, the header says `{}`",
            problem["correlation_id"],
            self.header("x-correlation-id")
        );
        ensure!(self.header("cache-control") == "no-store", "{to}: a problem that may be cached");
        if let Some(seconds) = problem["retry_after"].as_u64() {
            ensure!(self.header("retry-after") == seconds.to_string(), "{to}: Retry-After is not {seconds}");
        }
        if self.status == 401 {
            ensure!(self.header("www-authenticate") == "Bearer", "{to}: 401 without WWW-Authenticate");
        }
        if self.status == 422 {
            let fields = problem["fields"].as_array().map_or(0, Vec::len);
            ensure!(fields > 0, "{to}: 422 names no field");
        }
        Ok(())
    }

    /// OpenAI's error envelope with this status and code.
    pub fn is_envelope(&self, status: u16, code: &str) -> anyhow::Result<Value> {
        let body = self.is(status)?;
        let error = &body["error"];
        ensure!(error["code"] == code, "{}: code is {}, expected {code}", self.to, error["code"]);
        for name in ["message", "type"] {
            ensure!(error[name].is_string(), "{}: the error has no {name}", self.to);
        }
        Ok(body)
    }

    /// Whether it has this status; if not, says what it says instead.
    pub fn has_status(&self, status: u16) -> anyhow::Result<()> {
        ensure!(self.status == status, "{}: {} instead of {status}: {}", self.to, self.status, self.begin());
        Ok(())
    }

    /// The beginning of the body: what tests send and are told is theirs.
    fn begin(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(300).collect()
    }
}
