//! The model hub's own protocol: what a file is (its size and SHA-256), and where its bytes are.
//!
//! The hub answers `HEAD /OWNER/NAME/resolve/REVISION/FILE` for a large file with a redirect to its content network and
//! the headers `X-Linked-ETag` (the file's SHA-256) and `X-Linked-Size`. Those are read from the hub itself, so
//! redirects are followed by hand; and the token is shown to the hub alone, never to the network behind it.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use url::Url;

const REDIRECTS: usize = 5;

/// Where models come from.
pub struct Hub {
    endpoint: Url,
    token: Option<HeaderValue>,
    client: Client,
}

/// What the hub says of one file.
#[derive(Debug, Clone)]
pub struct RemoteFile {
    /// Where its bytes are; a signed address that lives for minutes.
    pub address: Url,
    /// Bytes.
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum HubError {
    #[error("HF_ENDPOINT is not an address: {0}")]
    Endpoint(url::ParseError),
    #[error("HF_TOKEN holds characters that a token can't have")]
    Token,
    #[error("no connection to {host}: {source}. Check the network, then run the same command again.")]
    Unreachable { host: String, source: reqwest::Error },
    #[error(
        "{repository} is gated: accept its licence at {page}, then set HF_TOKEN to a token of that account."
    )]
    Gated { repository: String, page: String },
    #[error("the account of HF_TOKEN has no access to {repository}: ask for it at {page}.")]
    Forbidden { repository: String, page: String },
    #[error("{host} has no {file} in {repository}, or it is private (then set HF_TOKEN).")]
    NotFound { host: String, repository: String, file: String },
    #[error("{host} answered {status}. Try again later.")]
    Refused { host: String, status: StatusCode },
    #[error("{host} names no SHA-256 for {file}, so it could not be verified. Nothing was fetched.")]
    NoDigest { host: String, file: String },
}

impl Hub {
    /// `endpoint` is `https://huggingface.co` or a mirror of it; `token` is for gated repositories.
    pub fn new(endpoint: &str, token: Option<&str>) -> Result<Self, HubError> {
        let endpoint = Url::parse(endpoint).map_err(HubError::Endpoint)?;
        let token = token
            .filter(|token| !token.trim().is_empty())
            .map(|token| HeaderValue::from_str(&format!("Bearer {}", token.trim())))
            .transpose()
            .map_err(|_| HubError::Token)?;
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(std::time::Duration::from_secs(15))
            .read_timeout(std::time::Duration::from_secs(60))
            .user_agent(concat!("hearth/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| HubError::Unreachable { host: host_of(&endpoint), source })?;
        Ok(Self { endpoint, token, client })
    }

    /// Asks the hub what `file` of `repository` is.
    pub async fn describe(&self, repository: &str, file: &str) -> Result<RemoteFile, HubError> {
        let mut address = self.address_of(repository, file);
        for _ in 0..REDIRECTS {
            let answer = self.send(self.request(Method::HEAD, &address)).await?;
            let status = answer.status();
            let next = location(&answer);
            if let (Some(sha256), Some(size)) = (linked_digest(answer.headers()), linked_size(&answer)) {
                return Ok(RemoteFile { address: next.unwrap_or(address), size, sha256 });
            }
            match next {
                // A renamed repository: still the hub, which has the headers.
                Some(next) if status.is_redirection() && self.is_hub(&next) => address = next,
                _ => return Err(self.refusal(&answer, repository, file)),
            }
        }
        Err(HubError::NoDigest { host: host_of(&self.endpoint), file: file.into() })
    }

    /// Asks for a file's bytes with `headers`, redirects followed.
    pub async fn bytes(&self, from: &Url, headers: HeaderMap) -> Result<Response, HubError> {
        let mut address = from.clone();
        for _ in 0..REDIRECTS {
            let answer = self.send(self.request(Method::GET, &address).headers(headers.clone())).await?;
            match location(&answer) {
                Some(next) if answer.status().is_redirection() => address = next,
                _ => return Ok(answer),
            }
        }
        Err(HubError::Refused { host: host_of(&address), status: StatusCode::LOOP_DETECTED })
    }

    fn address_of(&self, repository: &str, file: &str) -> Url {
        let mut address = self.endpoint.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty()
                .extend(repository.split('/'))
                .extend(["resolve", "main"])
                .extend(file.split('/'));
        }
        address
    }

    fn request(&self, method: Method, address: &Url) -> RequestBuilder {
        let request = self.client.request(method, address.clone());
        match &self.token {
            Some(token) if self.is_hub(address) => request.header(AUTHORIZATION, token),
            _ => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, HubError> {
        request.send().await.map_err(|source| {
            let host = source.url().map_or_else(|| host_of(&self.endpoint), host_of);
            HubError::Unreachable { host, source: source.without_url() }
        })
    }

    fn is_hub(&self, address: &Url) -> bool {
        address.origin() == self.endpoint.origin()
    }

    fn refusal(&self, answer: &Response, repository: &str, file: &str) -> HubError {
        let host = host_of(&self.endpoint);
        let page = format!("{}/{repository}", self.endpoint.as_str().trim_end_matches('/'));
        let repository = repository.to_owned();
        let code = answer.headers().get("x-error-code").and_then(|code| code.to_str().ok());
        match (answer.status(), code) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some("GatedRepo")) if self.token.is_none() => {
                HubError::Gated { repository, page }
            }
            (StatusCode::FORBIDDEN, _) if self.token.is_some() => HubError::Forbidden { repository, page },
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some("GatedRepo")) => {
                HubError::Forbidden { repository, page }
            }
            (StatusCode::FORBIDDEN, _) => HubError::Gated { repository, page },
            // The hub answers 401 for what does not exist, so as not to say what does.
            (StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND, _) => {
                HubError::NotFound { host, repository, file: file.into() }
            }
            (status, _) if status.is_success() || status.is_redirection() => {
                HubError::NoDigest { host, file: file.into() }
            }
            (status, _) => HubError::Refused { host, status },
        }
    }
}

fn host_of(address: &Url) -> String {
    address.host_str().unwrap_or("the hub").to_owned()
}

fn location(answer: &Response) -> Option<Url> {
    answer.url().join(answer.headers().get(LOCATION)?.to_str().ok()?).ok()
}

/// An LFS entity tag is the SHA-256 in quotes; a small file's is a git digest of 40 digits, which proves nothing here.
fn linked_digest(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get("x-linked-etag")?.to_str().ok()?;
    let digest = tag.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
    (digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digest)
}

fn linked_size(answer: &Response) -> Option<u64> {
    answer.headers().get("x-linked-size")?.to_str().ok()?.parse().ok()
}
