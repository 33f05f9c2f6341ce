//! The edge daemon: whether it is reached, asks for the key, and serves the model that is named.

use std::time::Duration;

use hearth_clients::http::{Answer, Http, HttpError, Request};
use hearth_clients::llm::Credential;
use hearth_clients::platform;
use hearth_wire::ErrorEnvelope;
use http::Method;
use serde::Deserialize;

use super::super::env_file::EnvFile;
use super::super::finding::Finding;
use super::{Asked, address, silence};

const URL: &str = "HEARTH_EDGE_URL";
const KEY: &str = "HEARTH_EDGE_API_KEY";
const ID: &str = "HEARTH_EDGE_ID";
const SERVICE_KEY: &str = "HEARTH_EDGE_SERVICE_KEY";
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
    // Half a pairing, or a damaged one, has been told already.
    let shown = Credential::of_daemon(file.get(ID), file.get(SERVICE_KEY), file.get(KEY));
    let Some(credential) = shown else { return asked };
    let models = match models(http, url, &credential).await {
        Ok(models) => models,
        Err(finding) => {
            asked.found(finding);
            return asked;
        }
    };
    let names: Vec<_> = models.data.iter().map(|model| model.id.as_str()).collect();
    asked.saw(format!("the daemon answers, and serves {}", names.join(", ")));
    let shown = match &credential {
        Credential::None => None,
        Credential::ApiKey(_) => Some(KEY),
        Credential::Service(_) => Some(SERVICE_KEY),
    };
    if let Some(shown) = shown
        && list(http, url, &Credential::None).await.is_ok_and(|answer| answer.status.is_success())
    {
        let text = "is set, and the daemon answers without it as well: whoever knows its address can use it. See docs/deploy/edge.md";
        asked.found(Finding::heed(shown, text));
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

async fn models(http: &Http, url: &str, credential: &Credential) -> Result<Models, Finding> {
    let answer = list(http, url, credential).await.map_err(|error| {
        let text = format!(
            "does not answer: {}. Does the daemon run, and the tunnel? See docs/deploy/edge.md",
            silence(&error)
        );
        Finding::stop(URL, text)
    })?;
    match answer.status.as_u16() {
        401 | 403 => Err(not_let_in(credential, &answer)),
        200..300 => serde_json::from_slice(&answer.body).map_err(|_| {
            let text = "answers with something else than a list of models, such as a tunnel's own page. See docs/deploy/edge.md";
            Finding::stop(URL, text)
        }),
        status => {
            let text = format!("answers {status} where the daemon should. Does the daemon run behind the tunnel?");
            Err(Finding::stop(URL, text))
        }
    }
}

fn not_let_in(credential: &Credential, answer: &Answer) -> Finding {
    let error = serde_json::from_slice::<ErrorEnvelope>(&answer.body).map(|envelope| envelope.error);
    match credential {
        Credential::None => Finding::stop(
            KEY,
            "is missing: the daemon, or its proxy, asks for a key. Or pair the two: docs/deploy/edge.md",
        ),
        Credential::ApiKey(_) => {
            Finding::stop(KEY, "is not what the daemon's proxy asks for. Put the same into both")
        }
        Credential::Service(_) if error.is_ok_and(|error| error.code.as_deref() == Some("token_expired")) => {
            Finding::stop(
                SERVICE_KEY,
                "signs for a time that is long past at the daemon. Set the clocks of both machines",
            )
        }
        Credential::Service(_) => Finding::stop(
            SERVICE_KEY,
            "is not taken by the daemon. Does it know the pairing still, and is HEARTH_EDGE_ID its own? `hearth-edge pair list` shows both",
        ),
    }
}

async fn list(http: &Http, url: &str, credential: &Credential) -> Result<Answer, HttpError> {
    let mut request = Request::new(Method::GET, format!("{url}/v1/models"));
    if let Some(shown) = credential.bearer(None, platform::unix_seconds()) {
        request = request.header("authorization", &format!("Bearer {}", shown.expose()))?;
    }
    http.call(request, LIMIT).await
}
