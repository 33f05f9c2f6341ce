//! A person who has signed up, and calls the API with their token.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::Up;

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    pub client: Client,
    /// Where the API is: the house, or another instance before it.
    pub api: String,
    pub token: String,
    pub user_id: String,
    pub email: String,
    pub up: Up,
}

/// A client that goes straight to loopback.
pub fn client() -> Client {
    hearth_clients::platform::http_client().expect("an HTTP client")
}

impl Person {
    /// Signs up with a new address.
    pub async fn new(up: &Up) -> Self {
        let client = client();
        let email = format!("{}@example.test", Uuid::new_v4().simple());
        let session: Value = client
            .post(format!("{}/auth/v1/signup", up.url))
            .header("apikey", &up.publishable_key)
            .json(&json!({ "email": email, "password": format!("pw-{email}") }))
            .send()
            .await
            .expect("a sign-up")
            .json()
            .await
            .expect("a session");
        let text =
            |value: &Value| value.as_str().unwrap_or_else(|| panic!("no session: {session}")).to_owned();
        let token = text(&session["access_token"]);
        let user_id = text(&session["user"]["id"]);
        Self { client, api: up.url.clone(), token, user_id, email, up: up.clone() }
    }

    /// The same person, calling another instance.
    #[must_use]
    pub fn at(&self, api: &str) -> Self {
        Self { api: api.to_owned(), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.api)).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        read(self.request(method, path).json(&body).send().await.expect("an answer")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    /// Calls a database function through PostgREST, as supabase-js does.
    pub async fn rpc(&self, function: &str, body: Value) -> (u16, Value) {
        let request = self
            .client
            .post(format!("{}/rest/v1/rpc/{function}", self.up.url))
            .header("apikey", &self.up.publishable_key)
            .bearer_auth(&self.token)
            .json(&body);
        read(request.send().await.expect("an answer")).await
    }

    /// A new conversation's id.
    pub async fn conversation(&self) -> String {
        let (status, made) = self.post("/v1/conversations", json!({})).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Asks, and gives the whole answer as a message.
    pub async fn ask(&self, conversation: &str, content: &str) -> Value {
        let body = json!({ "content": content, "stream": false, "max_tokens": 24 });
        let (status, message) = self.post(&format!("/v1/conversations/{conversation}/messages"), body).await;
        assert_eq!(status, 200, "{message}");
        message
    }

    /// Asks for a stream.
    pub async fn stream(&self, conversation: &str, body: Value) -> Response {
        let path = format!("/v1/conversations/{conversation}/messages");
        self.request(Method::POST, &path).json(&body).send().await.expect("an answer")
    }

    /// A turn's events from after `last` on.
    pub async fn events(&self, turn: &str, last: Option<&str>) -> Response {
        let mut request = self.request(Method::GET, &format!("/v1/turns/{turn}/events"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.send().await.expect("an answer")
    }

    /// The id of the workspace that came with the account.
    pub async fn personal_workspace(&self) -> String {
        let (status, me) = self.get("/v1/me").await;
        assert_eq!(status, 200, "{me}");
        me["personal_workspace_id"].as_str().expect("an id").to_owned()
    }

    /// A workspace of several, with this person as its owner.
    pub async fn workspace(&self) -> String {
        let (status, made) = self.post("/v1/workspaces", json!({ "name": "Team" })).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }
}

/// An answer's status and JSON body; null where it has none.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
