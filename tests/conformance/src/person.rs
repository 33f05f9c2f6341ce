//! A signed-in person, and what they send.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use hearth_clients::Secret;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{answer::Answer, context::Context, target::SignIn};

/// Who somebody is.
#[derive(Clone, Debug)]
pub struct Session {
    pub token: Secret,
    pub user_id: String,
    pub email: String,
    /// The workspace that came with the account.
    pub personal: String,
}

/// Somebody, calling the target.
#[derive(Clone)]
pub struct Person {
    pub context: Arc<Context>,
    pub session: Session,
}

impl Session {
    /// Signs the run's first or second person up, or takes the token that was given for them.
    pub async fn open(context: &Context, number: usize) -> anyhow::Result<Self> {
        let token = match &context.target.sign_in {
            SignIn::Tokens(tokens) => tokens[number].clone(),
            SignIn::SignUp { supabase, publishable_key } => {
                sign_up(&context.client, supabase, publishable_key).await?
            }
        };
        let request = context.request(Method::GET, "/v1/me").bearer_auth(token.expose());
        let me = context.send(request).await?.is(200).context("whose token it is")?;
        let text = |name: &str| me[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Self {
            user_id: text("user_id")?,
            email: text("email")?,
            personal: text("personal_workspace_id")?,
            token,
        })
    }
}

async fn sign_up(client: &reqwest::Client, supabase: &str, key: &Secret) -> anyhow::Result<Secret> {
    let name = Uuid::new_v4().simple();
    let account = json!({ "email": format!("{name}@example.test"), "password": format!("pw-{name}") });
    let url = format!("{}/auth/v1/signup", supabase.trim_end_matches('/'));
    let answer = client.post(url).header("apikey", key.expose()).json(&account).send().await;
    let answer = answer.context("Supabase does not answer")?;
    let status = answer.status();
    let session: Value = answer.json().await.context("Supabase's answer to a sign-up is not JSON")?;
    match session["access_token"].as_str() {
        Some(token) => Ok(Secret::new(token)),
        None if status.is_success() => bail!(
            "the project wants new addresses confirmed by mail: give the access tokens of two people instead"
        ),
        None => bail!("nobody can sign up (status {status}): give the access tokens of two people instead"),
    }
}

impl Person {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.context.request(method, path).bearer_auth(self.session.token.expose())
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.context.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.context.send(self.request(Method::DELETE, path)).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.context.send(self.request(method, path).json(&body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.send(Method::POST, path, body).await
    }

    /// Sends a body as it is, as JSON.
    pub async fn post_raw(&self, path: &str, body: impl Into<reqwest::Body>) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.context.send(request.body(body)).await
    }

    /// Sends a change that names the revision it was made from.
    pub async fn send_if_match(
        &self,
        method: Method,
        path: &str,
        revision: &Value,
        body: Value,
    ) -> anyhow::Result<Answer> {
        let request = self.request(method, path).header("if-match", revision.to_string());
        self.context.send(request.json(&body)).await
    }

    /// A new conversation's id.
    pub async fn conversation(&self) -> anyhow::Result<String> {
        let made = self.post("/v1/conversations", json!({})).await?.is(201)?;
        id(&made)
    }

    /// A new workspace of several people, with this one as its owner.
    pub async fn workspace(&self) -> anyhow::Result<String> {
        let made = self.post("/v1/workspaces", json!({ "name": "Conformance" })).await?.is(201)?;
        id(&made)
    }

    /// A conversation's messages, oldest first.
    pub async fn messages(&self, conversation: &str) -> anyhow::Result<Vec<Value>> {
        let page = self.get(&format!("/v1/conversations/{conversation}/messages")).await?.is(200)?;
        page["data"].as_array().cloned().context("a page has `data`")
    }

    /// A turn's events from after `last` on, once the answer has begun.
    pub async fn events(&self, turn: &str, last: Option<&str>) -> anyhow::Result<Response> {
        let mut request = self.request(Method::GET, &format!("/v1/turns/{turn}/events"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Ok(self.context.open(request).await?.1)
    }
}

/// An object's id.
pub fn id(object: &Value) -> anyhow::Result<String> {
    object["id"].as_str().map(str::to_owned).with_context(|| format!("an object has an id: {object}"))
}
