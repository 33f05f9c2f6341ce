//! The hosts, and what is stated to differ between them.

use std::{fmt, str::FromStr};

use http::HeaderMap;

/// Where the Router runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A process of one's own: one machine, a container, a virtual machine.
    Local,
    Vercel,
    Cloudflare,
    Lambda,
}

/// What a host does otherwise, and why.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    pub host: Host,
    /// The case that shows it.
    pub case: &'static str,
    pub what: &'static str,
}

/// Every stated difference. Another one is a fault.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        host: Host::Cloudflare,
        case: "leaving/left_for_long",
        what: "A turn whose client left is closed as `interrupted` after 25 s: the runtime ends it 5 s later.",
    },
    Difference {
        host: Host::Cloudflare,
        case: "leaving/followed_for_long",
        what: "A resumed stream ends after 40 subrequests with `retry: 1000`: the client goes on by `Last-Event-ID`.",
    },
    Difference {
        host: Host::Lambda,
        case: "websocket/a_plain_get",
        what: "No WebSocket: `GET /v1/ws` is 501 `websocket_unsupported`, and names the event stream.",
    },
];

impl Host {
    pub const ALL: [Self; 4] = [Self::Local, Self::Vercel, Self::Cloudflare, Self::Lambda];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Vercel => "vercel",
            Self::Cloudflare => "cloudflare",
            Self::Lambda => "lambda",
        }
    }

    /// Which host wrote these headers, where its front says so.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let has = |name: &str| headers.contains_key(name);
        match () {
            () if has("x-vercel-id") => Some(Self::Vercel),
            () if has("x-amzn-requestid") || has("x-amzn-trace-id") => Some(Self::Lambda),
            () if has("cf-ray") => Some(Self::Cloudflare),
            () => None,
        }
    }

    /// Whether the case shows a stated difference here.
    pub fn differs_in(self, case: &str) -> bool {
        DIFFERENCES.iter().any(|difference| difference.host == self && difference.case == case)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownHost;

impl fmt::Display for UnknownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the hosts are local, vercel, cloudflare and lambda")
    }
}

impl std::error::Error for UnknownHost {}

impl FromStr for Host {
    type Err = UnknownHost;

    fn from_str(text: &str) -> Result<Self, UnknownHost> {
        Self::ALL.into_iter().find(|host| host.as_str() == text).ok_or(UnknownHost)
    }
}

#[cfg(test)]
mod tests {
    use super::Host;
    use http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn a_host_is_known_by_the_headers_of_its_front() {
        let of = |name: &'static str| {
            let header = (HeaderName::from_static(name), HeaderValue::from_static("1"));
            Host::of(&HeaderMap::from_iter([header]))
        };
        assert_eq!(of("x-vercel-id"), Some(Host::Vercel));
        assert_eq!(of("x-amzn-requestid"), Some(Host::Lambda));
        assert_eq!(of("cf-ray"), Some(Host::Cloudflare));
        assert_eq!(of("date"), None);
    }

    #[test]
    fn names_read_back() {
        for host in Host::ALL {
            assert_eq!(host.as_str().parse(), Ok(host));
        }
        assert!("heroku".parse::<Host>().is_err());
    }
}
