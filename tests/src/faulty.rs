//! A Supabase that fails, in the ways in which one does: before the house's own, and only where it is told to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::{person::client, proxy::serve};

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500, and a gateway's page.
    ServerError,
    /// 429, with so many seconds in `Retry-After`.
    TooMany(u64),
    /// 200, and a page where JSON belongs.
    Html,
    /// Takes the request, and says nothing for longer than anybody waits.
    Silent,
    /// Does what was asked, and breaks off in the middle of saying so.
    Truncated,
    /// Hangs up at once.
    HungUp,
}

const PAGE: &str = "<!doctype html><title>Internal Server Error</title><p>upstream";
/// Longer than anybody waits.
const SILENCE: Duration = Duration::from_secs(120);

/// A failing Supabase.
#[derive(Clone)]
pub struct Faulty {
    pub url: String,
    state: Arc<Shared>,
}

struct Shared {
    origin: String,
    client: reqwest::Client,
    /// Where it fails, how, and how often still.
    fault: Mutex<Option<(&'static str, Fault, u32)>>,
    asked: Mutex<Vec<String>>,
}

impl Faulty {
    pub async fn before(origin: &str) -> Self {
        let state = Arc::new(Shared {
            origin: origin.to_owned(),
            client: client(),
            fault: Mutex::default(),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        Self { url: serve(router).await, state }
    }

    /// Fails from now on, on paths that hold this.
    pub fn fail(&self, path: &'static str, fault: Fault) {
        self.fail_times(path, fault, u32::MAX);
    }

    /// Fails so many times, on paths that hold this, and works again.
    pub fn fail_times(&self, path: &'static str, fault: Fault, times: u32) {
        self.state.asked.lock().expect("no panic while asking").clear();
        *self.state.fault.lock().expect("no panic while failing") = Some((path, fault, times));
    }

    /// Works again.
    pub fn mend(&self) {
        *self.state.fault.lock().expect("no panic while failing") = None;
    }

    /// The paths that were asked for since it was last told to fail.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().expect("no panic while asking").clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    shared.asked.lock().expect("no panic while asking").push(path.clone());
    let fault = take(&shared, &path);
    match fault {
        Some(Fault::ServerError) => return (StatusCode::INTERNAL_SERVER_ERROR, page()).into_response(),
        Some(Fault::TooMany(seconds)) => {
            let wait = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, wait, r#"{"message":"slow down"}"#).into_response();
        }
        Some(Fault::Html) => return page().into_response(),
        Some(Fault::HungUp) => return broken(Bytes::new()).into_response(),
        Some(Fault::Silent) => tokio::time::sleep(SILENCE).await,
        Some(Fault::Truncated) | None => {}
    }
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let sent = shared.client.request(parts.method, format!("{}{path}", shared.origin)).headers(headers);
    let Ok(answer) = sent.body(body).send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::TRANSFER_ENCODING);
    if fault == Some(Fault::Truncated) {
        let whole = answer.bytes().await.unwrap_or_default();
        headers.remove(header::CONTENT_LENGTH);
        return (status, headers, broken(whole.slice(..whole.len() / 2))).into_response();
    }
    (status, headers, Body::from_stream(answer.bytes_stream())).into_response()
}

/// The fault of this request, if it has one.
fn take(shared: &Shared, path: &str) -> Option<Fault> {
    let mut told = shared.fault.lock().expect("no panic while failing");
    let (_, fault, left) = told.as_mut().filter(|(where_it_fails, ..)| path.contains(*where_it_fails))?;
    let fault = *fault;
    *left = left.checked_sub(1)?;
    Some(fault)
}

fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html")], PAGE)
}

/// A body that begins so, and then breaks off.
fn broken(begin: Bytes) -> Body {
    let pieces = async_stream::stream! {
        yield Ok(begin);
        yield Err(std::io::Error::other("broke off"));
    };
    Body::from_stream(pieces)
}
