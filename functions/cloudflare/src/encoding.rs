//! Compression. Every Worker is told `Accept-Encoding: br, gzip`; what the client itself accepts stands in `request.cf`
//! (<https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties>).

use http::{HeaderMap, HeaderValue, header::ACCEPT_ENCODING};
use js_sys::Reflect;
use wasm_bindgen::JsValue;
use worker::Request;

/// The client's own header, where the runtime has put another in its place.
pub fn of_client(request: &Request) -> Option<String> {
    let cf = Reflect::get(request.inner(), &JsValue::from_str("cf")).ok()?;
    Reflect::get(&cf, &JsValue::from_str("clientAcceptEncoding")).ok()?.as_string()
}

/// Puts it back.
pub fn restore(headers: &mut HeaderMap, of_client: Option<String>) {
    let Some(text) = of_client else { return };
    headers.remove(ACCEPT_ENCODING);
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(ACCEPT_ENCODING, value);
    }
}
