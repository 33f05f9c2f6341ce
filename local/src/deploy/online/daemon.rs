//! The edge daemon: whether it is reached, asks for the key, and serves the model that is named.

use std::time::Duration;

use hearth_clients::http::{Answer, Http, HttpError, Request};
use http::Method;
use serde::Deserialize;

use super::super::env_file::EnvFile;
use super::super::finding::Finding;
use super::{Asked, address, silence};

const URL: &str = "HEARTH_EDGE_URL";
const KEY: &str = "HEARTH_EDGE_API_KEY";
const MODEL: &str = "HEARTH_EDGE_MODEL";
const CONTEXT: &str = "HEARTH_EDGE_CONTEXT";
const LIMIT: Duration = Duration::from_secs(10);

/// `GET /v1/models`, as OpenAI and llama.cpp have it.
#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    n_ctx: Option<u32>,
}

pub async fn ask(http: &Http, file: &EnvFile) -> Asked {
    let mut asked = Asked::default();
    let Some(url) = address(file, URL) else { return asked };
    let key = file.get(KEY);
    let models = match models(http, url, key).await {
        Ok(models) => models,
        Err(finding) => {
            asked.found(finding);
            return asked;
        }
    };
    let names: Vec<_> = models.data.iter().map(|model| model.id.as_str()).collect();
    asked.saw(format!("the daemon answers, and serves {}", names.join(", ")));
    if key.is_some() && list(http, url, None).await.is_ok_and(|answer| answer.status.is_success()) {
        let text = "is set, and the daemon answers without it as well: whoever knows its address can use it. See docs/deploy/edge.md";
        asked.found(Finding::heed(KEY, text));
    }
    if let Some(named) = file.get(MODEL) {
        match models.data.iter().find(|model| model.id == named) {
            None => {
                let text =
                    format!("is not what the daemon serves, which is {}. Take that name", names.join(", "));
                asked.found(Finding::stop(MODEL, text));
            }
            Some(model) => asked.findings.extend(context(file, model)),
        }
    }
    asked
}

fn context(file: &EnvFile, model: &Model) -> Option<Finding> {
    let said: u32 = file.get(CONTEXT)?.parse().ok()?;
    let held = model.meta.as_ref()?.n_ctx?;
    (said > held).then(|| {
        Finding::stop(
            CONTEXT,
            format!(
                "is more than the daemon holds, {held} tokens: long prompts would be refused. Set {held}"
            ),
        )
    })
}

async fn models(http: &Http, url: &str, key: Option<&str>) -> Result<Models, Finding> {
    let answer = list(http, url, key).await.map_err(|error| {
        let text = format!(
            "does not answer: {}. Does the daemon run, and the tunnel? See docs/deploy/edge.md",
            silence(&error)
        );
        Finding::stop(URL, text)
    })?;
    match (answer.status.as_u16(), key) {
        (401 | 403, Some(_)) => Err(Finding::stop(KEY, "is not what the daemon's proxy asks for. Put the same into both")),
        (401 | 403, None) => Err(Finding::stop(KEY, "is missing: the daemon's proxy asks for a key")),
        (200..300, _) => serde_json::from_slice(&answer.body).map_err(|_| {
            let text = "answers with something else than a list of models, such as a tunnel's own page. See docs/deploy/edge.md";
            Finding::stop(URL, text)
        }),
        (status, _) => {
            let text = format!("answers {status} where the daemon should. Does the daemon run behind the tunnel?");
            Err(Finding::stop(URL, text))
        }
    }
}

async fn list(http: &Http, url: &str, key: Option<&str>) -> Result<Answer, HttpError> {
    let mut request = Request::new(Method::GET, format!("{url}/v1/models"));
    if let Some(key) = key {
        request = request.header("authorization", &format!("Bearer {key}"))?;
    }
    http.call(request, LIMIT).await
}
