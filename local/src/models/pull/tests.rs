//! Fetching from a hub of our own on loopback, which misbehaves on request.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap as Headers, Method, Response, StatusCode as Status, Uri};
use sha2::{Digest, Sha256};

use super::*;

const LENGTH: usize = 3_000_000;

/// How the hub behaves.
#[derive(Default)]
struct Faults {
    /// The connection breaks after so many bytes, the given number of times.
    cut_after: usize,
    cuts: AtomicUsize,
    /// Names another digest than the content's.
    wrong_digest: bool,
    /// Claims this size.
    size: Option<u64>,
    /// Answers every request with this, as the hub's `x-error-code`.
    refuse: Option<(Status, &'static str)>,
    no_digest: bool,
    /// The content network's tag; a new one means new content.
    tag: Mutex<String>,
}

struct FakeHub {
    faults: Faults,
    content: Vec<u8>,
    requests: Mutex<Vec<(Method, Option<String>, bool)>>,
}

impl FakeHub {
    async fn start(faults: Faults) -> (Arc<Self>, Hub) {
        let content = (0..LENGTH).map(|i| (i * 31 % 251) as u8).collect();
        let fake = Arc::new(Self { faults, content, requests: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        (fake, Hub::new(&endpoint, None).unwrap())
    }

    fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|(method, ..)| method == Method::GET)
            .map(|(_, range, _)| range.clone())
            .collect()
    }
}

async fn answer(
    State(fake): State<Arc<FakeHub>>,
    method: Method,
    uri: Uri,
    headers: Headers,
) -> Response<Body> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let range = text("range");
    fake.requests.lock().unwrap().push((method, range.clone(), headers.contains_key("authorization")));
    if let Some((status, code)) = fake.faults.refuse {
        return Response::builder().status(status).header("x-error-code", code).body(Body::empty()).unwrap();
    }
    if uri.path() != "/cdn/blob" {
        return linked(&fake);
    }
    let tag = fake.faults.tag.lock().unwrap().clone();
    let same = text("if-range").is_none_or(|wanted| wanted == tag);
    let start = range.filter(|_| same).map_or(0, |range| {
        range.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap()
    });
    let mut answer = Response::builder().header("etag", &tag);
    if start > 0 {
        let span = format!("bytes {start}-{}/{LENGTH}", LENGTH - 1);
        answer = answer.status(Status::PARTIAL_CONTENT).header("content-range", span);
    }
    answer.body(body(&fake, start)).unwrap()
}

/// What the hub itself says of the file, with a redirect to where its bytes are.
fn linked(fake: &FakeHub) -> Response<Body> {
    let mut digest = hex::encode(Sha256::digest(&fake.content));
    if fake.faults.wrong_digest {
        digest = "0".repeat(64);
    }
    let size = fake.faults.size.unwrap_or(LENGTH as u64);
    let mut answer = Response::builder().status(Status::FOUND).header("location", "/cdn/blob");
    if !fake.faults.no_digest {
        answer = answer.header("x-linked-etag", format!("\"{digest}\"")).header("x-linked-size", size);
    }
    answer.body(Body::empty()).unwrap()
}

fn body(fake: &FakeHub, start: usize) -> Body {
    let cut =
        fake.faults.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let end = if cut { (start + fake.faults.cut_after).min(LENGTH) } else { LENGTH };
    let mut pieces: Vec<Result<Bytes, std::io::Error>> =
        fake.content[start..end].chunks(64 << 10).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    if cut {
        pieces.push(Err(std::io::Error::other("cut")));
    }
    Body::from_stream(futures_util::stream::iter(pieces))
}

#[derive(Default)]
struct Watched {
    began_at: AtomicU64,
    reached: AtomicU64,
    notes: AtomicUsize,
}

impl Progress for Watched {
    fn begin(&self, here: u64, _size: u64) {
        self.began_at.store(here, Ordering::SeqCst);
    }
    fn reached(&self, here: u64) {
        self.reached.store(here, Ordering::SeqCst);
    }
    fn note(&self, _text: &str) {
        self.notes.fetch_add(1, Ordering::SeqCst);
    }
}

fn wanted() -> Wanted {
    Wanted { repository: "owner/models".into(), file: "model.gguf".into() }
}

fn fault(change: impl FnOnce(&mut Faults)) -> Faults {
    let mut faults = Faults { tag: Mutex::new("\"v1\"".into()), ..Faults::default() };
    change(&mut faults);
    faults
}

#[tokio::test]
async fn a_file_arrives_whole_and_under_its_own_name_only() {
    let (fake, hub) = FakeHub::start(fault(|_| {})).await;
    let folder = tempfile::tempdir().unwrap();
    let path = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fake.content);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["model.gguf"]);
}

#[tokio::test]
async fn a_cut_connection_is_taken_up_where_it_broke() {
    let (fake, hub) = FakeHub::start(fault(|f| {
        f.cut_after = 1_000_000;
        f.cuts = 2.into();
    }))
    .await;
    let folder = tempfile::tempdir().unwrap();
    let watched = Watched::default();
    let path = pull(&hub, &wanted(), folder.path(), &watched).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fake.content);
    assert_eq!(watched.notes.load(Ordering::SeqCst), 2);
    let ranges = fake.ranges();
    assert_eq!(ranges.len(), 3);
    assert_eq!(ranges[0], None);
    assert!(ranges[1].is_some() && ranges[2].is_some(), "{ranges:?}");
}

#[tokio::test]
async fn a_later_run_goes_on_from_the_part_that_is_here() {
    let (fake, hub) = FakeHub::start(fault(|_| {})).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.gguf.part"), &fake.content[..2_000_000]).unwrap();
    std::fs::write(folder.path().join("model.gguf.part.etag"), "\"v1\"").unwrap();
    let watched = Watched::default();
    let path = pull(&hub, &wanted(), folder.path(), &watched).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fake.content);
    assert_eq!(watched.began_at.load(Ordering::SeqCst), 2_000_000);
    assert_eq!(fake.ranges(), [Some("bytes=2000000-".to_owned())]);
}

#[tokio::test]
async fn a_part_of_another_version_is_not_continued() {
    let (fake, hub) = FakeHub::start(fault(|_| {})).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.gguf.part"), vec![7; 1_000_000]).unwrap();
    std::fs::write(folder.path().join("model.gguf.part.etag"), "\"v0\"").unwrap();
    let path = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), fake.content);
}

#[tokio::test]
async fn a_wrong_digest_keeps_nothing() {
    let (_fake, hub) = FakeHub::start(fault(|f| f.wrong_digest = true)).await;
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err();
    assert!(matches!(error, PullError::WrongDigest { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_server_that_never_sends_the_rest_is_given_up_and_the_part_kept() {
    let (_fake, hub) = FakeHub::start(fault(|f| f.size = Some(LENGTH as u64 + 10))).await;
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err();
    assert!(matches!(error, PullError::CutOff { .. } | PullError::WrongDigest { .. }), "{error}");
    assert!(!folder.path().join("model.gguf").exists());
}

#[tokio::test]
async fn no_room_is_said_before_anything_is_fetched() {
    let (fake, hub) = FakeHub::start(fault(|f| f.size = Some(1 << 60))).await;
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err();
    assert!(matches!(error, PullError::NoRoom { .. }), "{error}");
    assert!(fake.ranges().is_empty());
}

/// `/dev/full` refuses every write as a full disk does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_is_named_as_such() {
    let (_fake, hub) = FakeHub::start(fault(|_| {})).await;
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("model.gguf.part")).unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err();
    assert!(matches!(error, PullError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("goes on from there"));
}

#[tokio::test]
async fn a_gated_model_says_where_to_ask_and_which_token() {
    let (_fake, hub) = FakeHub::start(fault(|f| f.refuse = Some((Status::UNAUTHORIZED, "GatedRepo")))).await;
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err().to_string();
    assert!(error.contains("owner/models is gated") && error.contains("HF_TOKEN"), "{error}");
}

#[tokio::test]
async fn what_the_hub_does_not_have_is_told_apart_from_a_refusal() {
    for (status, code, words) in [
        (Status::NOT_FOUND, "EntryNotFound", "has no model.gguf in owner/models"),
        (Status::UNAUTHORIZED, "RepoNotFound", "or it is private"),
        (Status::SERVICE_UNAVAILABLE, "", "answered 503"),
    ] {
        let (_fake, hub) = FakeHub::start(fault(|f| f.refuse = Some((status, code)))).await;
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_file_without_a_digest_is_not_fetched() {
    let (fake, hub) = FakeHub::start(fault(|f| f.no_digest = true)).await;
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err();
    assert!(matches!(error, PullError::Hub(HubError::NoDigest { .. })), "{error}");
    assert!(fake.ranges().is_empty());
}

#[tokio::test]
async fn without_a_network_the_host_is_named() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hub = Hub::new(&format!("http://{closed}"), None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = pull(&hub, &wanted(), folder.path(), &Watched::default()).await.unwrap_err().to_string();
    assert!(error.starts_with("no connection to 127.0.0.1"), "{error}");
}

#[test]
fn any_file_on_the_hub_can_be_named() {
    let catalogue = Catalogue::built_in().unwrap();
    let wanted = Wanted::named("owner/models/folder/x.gguf", &catalogue).unwrap();
    assert_eq!((wanted.repository.as_str(), wanted.file_name()), ("owner/models", "x.gguf"));
    assert!(matches!(Wanted::named("owner/models", &catalogue), Err(PullError::Unknown { .. })));
    assert!(matches!(
        Wanted::named("SmolLM2-135M-Instruct", &catalogue),
        Err(PullError::ComesWithHearth { .. })
    ));
}
