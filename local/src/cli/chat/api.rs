//! The few calls of the HTTP API that a chat makes.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::super::running::Running;
use super::super::session::Session;
use super::stream::Turn;

/// How the turns of this chat are asked.
#[derive(Debug, Clone, Default)]
pub struct NewTurn {
    pub model: Option<String>,
    pub private: bool,
}

pub struct Api {
    client: Client,
    base: Url,
    session: Session,
}

/// RFC 9457, the parts that a reader is shown.
#[derive(Default, Deserialize)]
pub struct Problem {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

impl Problem {
    pub fn sentence(self) -> String {
        match (self.detail, self.code) {
            (Some(detail), _) if !detail.is_empty() => detail,
            (_, Some(code)) if self.title.is_empty() => code,
            _ => self.title,
        }
    }
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

impl Api {
    pub fn new(running: &Running, session: Session) -> anyhow::Result<Self> {
        // A stream says something every 15 seconds; twice that in silence is a dead connection.
        let client = Client::builder().read_timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, base: running.url.clone(), session })
    }

    /// Makes a conversation titled with the beginning of its first question.
    pub async fn new_conversation(&mut self, question: &str, style: &NewTurn) -> anyhow::Result<String> {
        let sensitivity = if style.private { "private" } else { "normal" };
        let body = json!({ "id": Uuid::now_v7(), "title": title(question), "sensitivity": sensitivity });
        let request = self.request(Method::POST, "/v1/conversations").await?.json(&body);
        let made: Made = accepted(request.send().await?).await?.json().await?;
        Ok(made.id)
    }

    /// Sends a question, and gives the stream of its answer.
    pub async fn ask(&mut self, conversation: &str, question: &str, style: &NewTurn) -> anyhow::Result<Turn> {
        let id = Uuid::now_v7();
        let mut body = json!({ "id": id, "message_id": Uuid::now_v7(), "content": question });
        if let Some(model) = &style.model {
            body["model"] = json!(model);
        }
        if style.private {
            body["sensitivity"] = json!("private");
        }
        let path = format!("/v1/conversations/{conversation}/messages");
        let request =
            self.request(Method::POST, &path).await?.header("accept", "text/event-stream").json(&body);
        Ok(Turn::new(id, accepted(request.send().await?).await?))
    }

    /// The stream of a turn again, from after `last_event` on.
    pub async fn resume(&mut self, turn: Uuid, last_event: Option<&str>) -> anyhow::Result<Response> {
        let mut request = self.request(Method::GET, &format!("/v1/turns/{turn}/events")).await?;
        if let Some(last_event) = last_event {
            request = request.header("last-event-id", last_event);
        }
        accepted(request.send().await?).await
    }

    pub async fn cancel(&mut self, turn: Uuid) -> anyhow::Result<()> {
        let request = self.request(Method::POST, &format!("/v1/turns/{turn}/cancel")).await?;
        accepted(request.send().await?).await.map(drop)
    }

    async fn request(&mut self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        let token = self.session.token().await?;
        Ok(self.client.request(method, self.base.join(path)?).bearer_auth(token))
    }
}

async fn accepted(answer: Response) -> anyhow::Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.with_context(|| format!("the answer broke off ({status})"))?;
    let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
    match problem.sentence() {
        sentence if sentence.is_empty() => bail!("{status}. See ./hearth logs hearth"),
        sentence => bail!(sentence),
    }
}

/// The question's first line, cut at a word to what a list can show.
fn title(question: &str) -> String {
    const LONGEST: usize = 60;
    let line = question.trim().lines().next().unwrap_or_default().trim();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let cut: String = line.chars().take(LONGEST - 1).collect();
    let whole_words = cut.rfind(' ').filter(|end| *end > LONGEST / 2).map_or(cut.as_str(), |end| &cut[..end]);
    format!("{whole_words}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_the_question() {
        assert_eq!(title("  Hello\nthere"), "Hello");
        let long = title(&"many words ".repeat(20));
        assert!(long.ends_with("words…") || long.ends_with("many…"), "{long}");
        assert!(title(&"ü".repeat(200)).chars().count() <= 60);
    }

    #[test]
    fn a_problem_is_told_in_its_own_words() {
        let problem: Problem =
            serde_json::from_str(r#"{"title":"Conflict","detail":"Send it again.","code":"x","status":409}"#)
                .unwrap();
        assert_eq!(problem.sentence(), "Send it again.");
        assert_eq!(
            serde_json::from_str::<Problem>(r#"{"title":"Conflict"}"#).unwrap().sentence(),
            "Conflict"
        );
    }
}
