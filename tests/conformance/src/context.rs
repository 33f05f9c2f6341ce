//! What a run's cases share: the target, one HTTP client, two people, and which routes were called.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use http::HeaderValue;
use reqwest::{Client, Method, RequestBuilder, Response};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{
    answer::Answer,
    gate,
    person::{Person, Session},
    target::Target,
};

/// The longest that one answer may take until its last byte. Streams have their own limit.
const LIMIT: Duration = Duration::from_secs(30);

/// A run.
pub struct Context {
    pub target: Target,
    pub client: Client,
    sessions: [OnceCell<Session>; 2],
    called: Mutex<BTreeSet<String>>,
}

impl Context {
    pub fn new(target: Target) -> anyhow::Result<Arc<Self>> {
        let client = hearth_clients::platform::http_client()?;
        Ok(Arc::new(Self { target, client, sessions: Default::default(), called: Mutex::default() }))
    }

    /// The person that most cases are about.
    pub async fn ada(self: &Arc<Self>) -> anyhow::Result<Person> {
        self.person(0).await
    }

    /// Somebody else, who has no part in the first one's things.
    pub async fn eve(self: &Arc<Self>) -> anyhow::Result<Person> {
        self.person(1).await
    }

    async fn person(self: &Arc<Self>, number: usize) -> anyhow::Result<Person> {
        let session = self.sessions[number].get_or_try_init(|| Session::open(self, number)).await?;
        Ok(Person { context: Arc::clone(self), session: session.clone() })
    }

    /// A request without a credential.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.target.at(path))
    }

    /// Gets a path without a credential.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends, and reads the answer whole. Every answer must carry a correlation id.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let (to, response) = self.open(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = tokio::time::timeout(LIMIT, response.bytes()).await;
        let body = body.with_context(|| format!("{to}: the body did not end"))?;
        let body = body.with_context(|| format!("{to}: the body broke off"))?;
        Ok(Answer { to, status, headers, body })
    }

    /// Sends, and gives the answer as soon as its headers are there.
    pub async fn open(&self, request: RequestBuilder) -> anyhow::Result<(String, Response)> {
        let mut request = request.build()?;
        // Who says nothing takes any encoding (RFC 9110, 12.5.3), and this client reads none.
        request.headers_mut().entry("accept-encoding").or_insert(HeaderValue::from_static("identity"));
        let path = request.url().path();
        let path = path.strip_prefix(self.target.prefix()).unwrap_or(path).to_owned();
        let to = format!("{} {path}", request.method());
        self.note(request.method().as_str(), &path);
        let sent = tokio::time::timeout(LIMIT, self.client.execute(request)).await;
        let sent = sent.with_context(|| format!("{to}: no answer within {} s", LIMIT.as_secs()))?;
        let response = sent.with_context(|| format!("{to}: no answer"))?;
        gate::correlation_id(&to, response.headers())?;
        Ok((to, response))
    }

    /// Writes down that a route was called.
    pub fn note(&self, method: &str, path: &str) {
        let route = format!("{method} {}", template(path));
        self.called.lock().unwrap_or_else(PoisonError::into_inner).insert(route);
    }

    /// The routes that were called, as `GET /v1/turns/{}/events`.
    pub fn called(&self) -> BTreeSet<String> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A path with `{}` for each id, be it a UUID or a parameter's name.
pub fn template(path: &str) -> String {
    let segment = |text: &str| {
        let is_id = text.starts_with('{') || Uuid::try_parse(text).is_ok();
        if is_id { "{}".to_owned() } else { text.to_owned() }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn a_path_and_its_route_have_the_same_template() {
        let path = "/v1/workspaces/018f0000-0000-7000-8000-000000000000/members";
        assert_eq!(template(path), template("/v1/workspaces/{id}/members"));
        assert_ne!(template(path), template("/v1/workspaces/members"));
    }
}
