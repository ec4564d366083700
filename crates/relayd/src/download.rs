//! Blobs over plain HTTP, for those who cannot open a session for every byte: a browser that
//! seeks in a film.
//!
//! ```text
//! GET /v1/blobs/WORKSPACE/BLOB          ciphertext; Range is honoured
//! GET /v1/blobs/WORKSPACE/BLOB/slice?offset=N&bytes=N   one slice with its hash pairs, to be verified
//!
//! Authorization: Bearer TOKEN           or ?token=TOKEN, where a player sets no headers
//! TOKEN = hex( device:32 until:u64 signature:64 )
//! ```
//!
//! The device of a member signs workspace, end and the relay's key; the token opens nothing
//! else, and only for an hour. Nothing is remembered, and there are no cookies.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use proofroom_blob_files::ReadError;
use proofroom_blobs::{SLICE_BYTES, Span};
use proofroom_ident::{BlobHash, Millis, Signature, SignerKey, WorkspaceId};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Event, now};
use crate::server::Shared;

/// What a token's signature is about.
pub const TOKEN_DOMAIN: &str = "proofroom 1 blob download";
/// The longest that a token may hold.
pub const TOKEN_MS_MAX: u64 = 3_600_000;
const TOKEN_BYTES: usize = 32 + 8 + 64;

/// What a device signs for a token.
pub fn token_message(workspace: WorkspaceId, relay: SignerKey, until: Millis) -> Vec<u8> {
    [workspace.as_bytes().as_slice(), relay.as_bytes(), &until.0.to_le_bytes()].concat()
}

/// The token of a device that signed [`token_message`].
pub fn token(device: SignerKey, until: Millis, signature: &Signature) -> String {
    let bytes = [device.as_bytes().as_slice(), &until.0.to_le_bytes(), signature.as_bytes()].concat();
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    token: Option<String>,
    offset: Option<u64>,
    bytes: Option<u64>,
}

type Refusal = (StatusCode, &'static str);

/// Whether the token is a member device's, for this workspace and this relay, and holds now.
async fn admit(
    shared: &Shared,
    workspace: WorkspaceId,
    headers: &HeaderMap,
    asked: &Asked,
) -> Result<(), Refusal> {
    let forbidden = |why| (StatusCode::FORBIDDEN, why);
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    let token = bearer.or(asked.token.as_deref());
    let token = token.ok_or((StatusCode::UNAUTHORIZED, "a token is needed\n"))?;
    let (device, until, signature) = parsed(token).ok_or(forbidden("this is no token\n"))?;
    let now = now();
    if until < now {
        return Err(forbidden("the token has expired\n"));
    }
    if until.0 > now.0.saturating_add(TOKEN_MS_MAX) {
        return Err(forbidden("a token holds for an hour at most\n"));
    }
    let message = token_message(workspace, shared.device, until);
    device
        .verify(TOKEN_DOMAIN, &message, &signature)
        .map_err(|_| forbidden("the token's signature is wrong\n"))?;
    let (answer, answered) = oneshot::channel();
    let gone = (StatusCode::SERVICE_UNAVAILABLE, "the store failed\n");
    shared.events.send(Event::IsMember(workspace, device, answer)).await.map_err(|_| gone)?;
    match answered.await.map_err(|_| gone)? {
        true => Ok(()),
        false => Err(forbidden("the device is no member's\n")),
    }
}

fn parsed(token: &str) -> Option<(SignerKey, Millis, Signature)> {
    let digit = |at: usize| token.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes: Vec<u8> = (0..TOKEN_BYTES).map(digit).collect::<Option<_>>()?;
    if token.len() != TOKEN_BYTES * 2 {
        return None;
    }
    let device = SignerKey::from_bytes(bytes[..32].try_into().ok()?);
    let until = Millis(u64::from_le_bytes(bytes[32..40].try_into().ok()?));
    Some((device, until, Signature::from_bytes(bytes[40..].try_into().ok()?)))
}

/// The ciphertext, or a part of it.
pub(crate) async fn blob(
    State(shared): State<Shared>,
    Path((workspace, blob)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let (Ok(workspace), Ok(blob)) = (workspace.parse::<WorkspaceId>(), blob.parse::<BlobHash>()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Err(refusal) = admit(&shared, workspace, &headers, &asked).await {
        return refusal.into_response();
    }
    let Ok(file) = File::open(shared.folder.path(workspace, blob)) else {
        return (StatusCode::NOT_FOUND, "the file is not here\n").into_response();
    };
    let total = file.metadata().map_or(0, |m| m.len());
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let part = match range.map(|text| range_of(text, total)) {
        None | Some(Range::Ignored) => None,
        Some(Range::Part(part)) => Some(part),
        Some(Range::Beyond) => {
            let all = format!("bytes */{total}");
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all)]).into_response();
        }
    };
    let span = part.unwrap_or(Span { offset: 0, bytes: total });
    shared.metrics.blob_bytes_out.inc_by(span.bytes);
    let mut response = Response::new(Body::from_stream(stream(file, span)));
    let set = response.headers_mut();
    let text = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    set.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    set.insert(header::CONTENT_LENGTH, HeaderValue::from(span.bytes));
    set.insert(header::ETAG, text(format!("\"{}\"", blob.to_hex())));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    if part.is_some() {
        let last = span.end().saturating_sub(1);
        set.insert(header::CONTENT_RANGE, text(format!("bytes {}-{last}/{total}", span.offset)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// One slice with its hash pairs.
pub(crate) async fn slice(
    State(shared): State<Shared>,
    Path((workspace, blob)): Path<(String, String)>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let (Ok(workspace), Ok(blob)) = (workspace.parse::<WorkspaceId>(), blob.parse::<BlobHash>()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Err(refusal) = admit(&shared, workspace, &headers, &asked).await {
        return refusal.into_response();
    }
    let span = Span { offset: asked.offset.unwrap_or(0), bytes: asked.bytes.unwrap_or(SLICE_BYTES) };
    if span.bytes > SLICE_BYTES {
        return (StatusCode::BAD_REQUEST, "a slice has 256 KiB at most\n").into_response();
    }
    let folder = shared.folder.clone();
    let read = tokio::task::spawn_blocking(move || folder.read(workspace, blob, span)).await;
    match read {
        Ok(Ok((_, encoded))) if encoded.is_empty() => {
            (StatusCode::RANGE_NOT_SATISFIABLE, "the blob has no such slice\n").into_response()
        }
        Ok(Ok((total, encoded))) => {
            shared.metrics.blob_bytes_out.inc_by(span.bytes);
            ([("x-blob-bytes", total.to_string())], encoded).into_response()
        }
        Ok(Err(ReadError::Absent)) => (StatusCode::NOT_FOUND, "the file is not here\n").into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, %blob, "a blob cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads ahead of the socket by two pieces, no more.
fn stream(file: File, span: Span) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    let (pieces, taken) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut at = span.offset;
        while at < span.end() {
            let length = (span.end() - at).min(SLICE_BYTES);
            let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
            let read = file.read_exact_at(&mut piece, at).map(|()| Bytes::from(piece));
            let failed = read.is_err();
            if pieces.blocking_send(read).is_err() || failed {
                return;
            }
            at += length;
        }
    });
    futures_util::stream::unfold(taken, |mut taken| async { taken.recv().await.map(|piece| (piece, taken)) })
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    Part(Span),
    Beyond,
    /// Not of one part, or not understood: all is sent.
    Ignored,
}

fn range_of(text: &str, total: u64) -> Range {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|t| t.split_once('-')) else {
        return Range::Ignored;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (offset, end) = match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Some(n) => (total.saturating_sub(n), total),
            None => return Range::Ignored,
        },
        (first, "") => match number(first) {
            Some(first) => (first, total),
            None => return Range::Ignored,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(total)),
            _ => return Range::Ignored,
        },
    };
    match offset < end {
        true => Range::Part(Span { offset, bytes: end - offset }),
        false => Range::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, range_of};
    use proofroom_blobs::Span;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        let part = |offset, bytes| Range::Part(Span { offset, bytes });
        let cases = [
            ("bytes=0-99", part(0, 100)),
            ("bytes=900-", part(900, 100)),
            ("bytes=-1", part(999, 1)),
            ("bytes=-5000", part(0, 1000)),
            ("bytes=990-5000", part(990, 10)),
            ("bytes=1000-", Range::Beyond),
            ("bytes=-0", Range::Beyond),
            ("bytes=5-1", Range::Ignored),
            ("bytes=0-1,5-6", Range::Ignored),
            ("lines=0-1", Range::Ignored),
            ("bytes=x-", Range::Ignored),
        ];
        for (text, range) in cases {
            assert_eq!(range_of(text, 1000), range, "{text}");
        }
    }
}
