//! The credential of a connection. Browsers can't set headers on a WebSocket, and a token in a URL ends up in logs: it
//! comes as a subprotocol, or in the first message.

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

/// The subprotocol that the server speaks.
pub const PROTOCOL: &str = "hearth.v1";
const BEARER: &str = "bearer.";

/// What a client offers in `Sec-WebSocket-Protocol`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Whether it speaks [`PROTOCOL`].
    pub speaks: bool,
    /// The access token, from `bearer.<token>`.
    pub token: Option<String>,
}

/// Reads the offer.
pub fn offered(headers: &HeaderMap) -> Offered {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).map(str::trim);
    let mut found = Offered::default();
    for name in names {
        found.speaks |= name == PROTOCOL;
        if let Some(token) = name.strip_prefix(BEARER) {
            found.token = Some(token.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Offered, offered};
    use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};

    #[test]
    fn a_token_comes_beside_the_protocol() {
        let read = |text: &'static str| {
            offered(&HeaderMap::from_iter([(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(text))]))
        };
        let both = Offered { speaks: true, token: Some("a.b.c".into()) };
        assert_eq!(read("hearth.v1, bearer.a.b.c"), both);
        assert_eq!(read("bearer.a.b.c,hearth.v1"), both);
        assert_eq!(read("graphql-ws"), Offered::default());
        assert_eq!(offered(&HeaderMap::new()), Offered::default());
    }
}
