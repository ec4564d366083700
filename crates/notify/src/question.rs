//! One question to a web service, and its answer.

use crate::webhook::client;

/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Posts bytes of this type, and gives what comes back.
///
/// # Errors
/// When nobody answers in time, the answer is a refusal, or too long.
pub async fn ask(url: &str, content_type: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
    let request = client()?.post(url).header("content-type", content_type).body(body);
    let mut answer = request.send().await.map_err(|e| e.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}", answer.status()));
    }
    let mut out = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|e| e.to_string())? {
        out.extend_from_slice(&piece);
        if out.len() > ANSWER_BYTES_MAX {
            return Err(format!("it answers with more than {ANSWER_BYTES_MAX} bytes"));
        }
    }
    Ok(out)
}
