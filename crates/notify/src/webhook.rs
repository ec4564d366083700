//! Webhooks, by the Standard Webhooks specification: a JSON body, and three headers.
//!
//! ```text
//! webhook-id          the message's id: the same on every attempt
//! webhook-timestamp   seconds since 1970, of this attempt
//! webhook-signature   v1,BASE64(HMAC-SHA256(key, "{id}.{timestamp}.{body}"))
//! ```

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::courier::Verdict;
use crate::message::Message;
use crate::secret::Secret;
use crate::settings::WebhookSettings;

const PREFIX: &str = "whsec_";
const KEY_BYTES_MIN: usize = 24;
const KEY_BYTES_MAX: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(20);
/// How far a receiver's clock and a sender's may differ.
const TOLERANCE_S: u64 = 5 * 60;

/// What a webhook's messages are signed with.
#[derive(Clone)]
pub struct Key(zeroize::Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(hidden)")
    }
}

impl Key {
    /// The key of a secret.
    ///
    /// # Errors
    /// What is wrong with it, without the secret.
    pub fn read(secret: &Secret) -> Result<Self, String> {
        let text = secret.reveal().trim();
        let encoded = text.strip_prefix(PREFIX).ok_or(format!("a secret begins with `{PREFIX}`"))?;
        let key = BASE64.decode(encoded.as_bytes()).map_err(|_| format!("after `{PREFIX}` comes base64"))?;
        match key.len() {
            KEY_BYTES_MIN..=KEY_BYTES_MAX => Ok(Self(key.into())),
            n => Err(format!("the secret has {n} bytes: {KEY_BYTES_MIN} to {KEY_BYTES_MAX} are wanted")),
        }
    }

    /// The secret of these random bytes, as it is written in settings.
    pub fn secret(random: &[u8; 32]) -> Secret {
        Secret::new(format!("{PREFIX}{}", BASE64.encode(random)))
    }

    fn mac(&self, id: &str, timestamp: u64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }

    /// The signature header of a message.
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        format!("v1,{}", BASE64.encode(&self.mac(id, timestamp, body).finalize().into_bytes()))
    }

    /// Whether a signature header holds, as a receiver asks at `now` (seconds since 1970): one of its
    /// signatures is right, and it is not old.
    pub fn verify(&self, id: &str, timestamp: u64, body: &[u8], signatures: &str, now: u64) -> bool {
        let fresh = timestamp.abs_diff(now) <= TOLERANCE_S;
        let right = |signature: &str| {
            let encoded = signature.strip_prefix("v1,").unwrap_or_default();
            let bytes = BASE64.decode(encoded.as_bytes()).unwrap_or_default();
            self.mac(id, timestamp, body).verify_slice(&bytes).is_ok()
        };
        fresh && signatures.split(' ').any(right)
    }
}

/// The body of a message.
pub fn body(message: &Message, now_ms: u64) -> Vec<u8> {
    let body = json!({
        "type": "proofroom.reminder",
        "timestamp": now_ms,
        "data": {
            "workspace": message.workspace,
            "to": message.to,
            "subject": message.subject(),
            "items": message.items,
        },
    });
    body.to_string().into_bytes()
}

/// The client of all webhooks: TLS by the roots that are built in, no redirects, no proxies.
pub(crate) fn client() -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .user_agent(concat!("proofroom/", env!("CARGO_PKG_VERSION")));
    client.build().map_err(|e| e.to_string())
}

/// Posts a message once.
pub(crate) async fn post(
    client: &reqwest::Client,
    hook: &WebhookSettings,
    id: &str,
    message: &Message,
    now_ms: u64,
) -> Verdict {
    let key = match Key::read(&hook.secret) {
        Ok(key) => key,
        Err(e) => return Verdict::Never(e),
    };
    let (body, timestamp) = (body(message, now_ms), now_ms / 1000);
    let request = client
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", key.sign(id, timestamp, &body))
        .body(body);
    match request.send().await {
        Ok(answer) => verdict(answer.status()),
        // The address may carry a token in its path or query: it is not repeated.
        Err(e) => Verdict::Later(reason(&e.without_url())),
    }
}

fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn verdict(status: reqwest::StatusCode) -> Verdict {
    let said = format!("the receiver said {status}");
    match status.as_u16() {
        200..300 => Verdict::Delivered,
        408 | 425 | 429 => Verdict::Later(said),
        300..500 => Verdict::Never(said),
        _ => Verdict::Later(said),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, verdict};
    use crate::courier::Verdict;
    use crate::secret::Secret;

    fn key() -> Key {
        Key::read(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).expect("a key")
    }

    #[test]
    fn a_signature_is_what_any_hmac_says() {
        // printf '%s' 'msg_1.1614265330.{"test": 1}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
        let signature = key().sign("msg_1", 1_614_265_330, br#"{"test": 1}"#);
        assert_eq!(signature, "v1,pAJ+2CQ3+N6E7H+Tf1Lee1V3d/TMhYQ2KqhOSemiwqA=");
    }

    #[test]
    fn a_receiver_takes_what_is_signed_and_fresh_and_nothing_else() {
        let (id, at, body) = ("msg_1", 1_614_265_330, b"{}");
        let signature = key().sign(id, at, body);
        let both = format!("v1,AAAA {signature}");
        assert!(key().verify(id, at, body, &both, at + 60), "of several one must be right");
        for (id, at, body, now) in [
            ("msg_2", at, b"{}", at),
            (id, at + 1, b"{}", at),
            (id, at, b"[]", at),
            (id, at, b"{}", at + 301),
        ] {
            assert!(!key().verify(id, at, body, &signature, now));
        }
        assert!(!key().verify(id, at, body, "v1,", at));
    }

    #[test]
    fn a_secret_that_is_none_is_refused_without_being_shown() {
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_short", "whsec_c2hvcnQ="] {
            let told = Key::read(&Secret::new(bad)).expect_err(bad);
            assert!(bad.is_empty() || !told.contains(bad), "{told}");
        }
        assert!(Key::read(&Key::secret(&[7; 32])).is_ok());
    }

    #[test]
    fn an_answer_says_whether_to_try_again() {
        for (status, later) in
            [(500, true), (503, true), (429, true), (408, true), (400, false), (410, false), (302, false)]
        {
            let verdict = verdict(reqwest::StatusCode::from_u16(status).expect("a status"));
            assert_eq!(matches!(verdict, Verdict::Later(_)), later, "{status}");
        }
    }
}
