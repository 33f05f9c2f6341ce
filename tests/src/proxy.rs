//! A proxy that counts what passes, and can be told to refuse it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use http::StatusCode;

use crate::person::client;

/// A proxy before one origin.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    state: Arc<Shared>,
}

struct Shared {
    origin: String,
    client: reqwest::Client,
    passed: Mutex<Vec<(String, String)>>,
    waited: Mutex<Duration>,
    down: AtomicBool,
}

impl Proxy {
    pub async fn before(origin: &str) -> Self {
        let state = Arc::new(Shared {
            origin: origin.to_owned(),
            client: client(),
            passed: Mutex::default(),
            waited: Mutex::default(),
            down: AtomicBool::new(false),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&state));
        Self { url: serve(router).await, state }
    }

    /// The paths and bodies that passed since the last look, oldest first.
    pub fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state.passed.lock().expect("no panic while counting"))
    }

    /// How long the origin took to answer all that passed since the last look.
    pub fn take_waited(&self) -> Duration {
        std::mem::take(&mut self.state.waited.lock().expect("no panic while counting"))
    }

    /// Answers 503 from now on, or passes again.
    pub fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if shared.down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "down").into_response();
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    shared
        .passed
        .lock()
        .expect("no panic while counting")
        .push((path.clone(), String::from_utf8_lossy(&body).into()));
    let mut headers = parts.headers;
    headers.remove(http::header::HOST);
    let sent =
        shared.client.request(parts.method, format!("{}{path}", shared.origin)).headers(headers).body(body);
    let began = Instant::now();
    let answer = sent.send().await;
    *shared.waited.lock().expect("no panic while counting") += began.elapsed();
    let Ok(answer) = answer else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(http::header::TRANSFER_ENCODING);
    (status, headers, Body::from_stream(answer.bytes_stream())).into_response()
}

/// Serves a router on a free loopback port; gives its URL.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let listener = listener.tap_io(|connection| connection.set_nodelay(true).expect("TCP_NODELAY"));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serving") });
    format!("http://{address}")
}
