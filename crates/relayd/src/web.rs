//! The review app's files, from the relay's own port.
//!
//! The relay serves them and stays blind: the app opens what it fetches with keys
//! that never leave the browser. What a page may do is said in its headers: code
//! and style from here only, no inline script, nothing framed.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use proofroom_web_assets::{File, file};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self' blob: ws: wss:; \
    worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The verifier's page has its script inside; its own policy allows that one by its hash.
const POLICY_VERIFIER: &str = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; \
    style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const VERIFIER: &str = "verify.html";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";
const NOT_BUILT: &str = "This relay carries Proofroom's encrypted entries. It was built without the review app: \
    run `cargo xtask web`, then build the program again.\n";

/// Answers with a file of the app.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let name = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        "verify" => VERIFIER,
        name => name,
    };
    match file(name) {
        Some(file) => answer(file, takes_brotli(&headers)),
        None if name == "index.html" => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
        None => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
    }
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| coding.split(';').next().is_some_and(|name| name.trim() == "br"))
}

fn answer(file: &'static File, brotli: bool) -> Response {
    let body = if brotli { file.brotli } else { file.bytes };
    let mut response = body.into_response();
    let cache = if file.is_immutable() { FOR_EVER } else { ASK_AGAIN };
    let policy = if file.name == VERIFIER { POLICY_VERIFIER } else { POLICY };
    let fixed = [
        (header::CONTENT_TYPE, file.media_type()),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if brotli {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}
