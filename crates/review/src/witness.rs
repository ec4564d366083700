//! Witnessing: somebody, or an authority for time, saw how far a review went by a moment.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use proofroom_ident::{DocId, LogId, Millis, Signature, SignerKey};
use serde::{Deserialize, Serialize};

use crate::canonical::canonical_form;
use crate::statement::{STATEMENT_BYTES_MAX, SeenHead, StatementError};
use crate::text;

const HEADS_MAX: usize = 100_000;
const TOKEN_CHARS_MAX: usize = 96 << 10;

/// What a member's machine had in front of it at a moment, by its own clock: a receipt for what others signed.
///
/// With a token, an authority for time says so as well; with a relay's word, a relay that holds the entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessStatement {
    /// The review document.
    pub review: DocId,
    /// How much of each log was there, and the hash of its last entry.
    pub seen_heads: BTreeMap<LogId, SeenHead>,
    /// When, by the witness's clock.
    pub claimed_at: Millis,
    /// The word of a relay that it held all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<RelayWord>,
    /// A time stamp (RFC 3161) over the SHA-256 of this statement without it, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A relay's word that it held what a receipt names, at a moment of its own clock. What is signed is told by
/// `proofroom_entry::Held`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayWord {
    /// The relay's key.
    pub key: SignerKey,
    /// When, by its clock.
    pub at: Millis,
    /// Its signature.
    pub signature: Signature,
}

canonical_form!(WitnessStatement, StatementError, STATEMENT_BYTES_MAX);

impl WitnessStatement {
    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        text::count("logs", self.seen_heads.len(), HEADS_MAX)?;
        text::count(
            "characters of a time stamp",
            self.token.as_ref().map_or(0, String::len),
            TOKEN_CHARS_MAX,
        )?;
        Ok(())
    }

    /// What an authority stamps: the statement without a token, in canonical form.
    pub fn stamped(&self) -> Result<String, StatementError> {
        Self { token: None, ..self.clone() }.to_json()
    }

    /// The statement with a relay's word.
    #[must_use]
    pub fn with_relay(self, word: RelayWord) -> Self {
        Self { relay: Some(word), ..self }
    }

    /// The statement with a token.
    #[must_use]
    pub fn with_token(self, token: &[u8]) -> Self {
        Self { token: Some(BASE64.encode(token)), ..self }
    }

    /// The token's bytes; empty where it is spelled in no way that gives bytes.
    pub fn token_bytes(&self) -> Option<Vec<u8>> {
        self.token.as_ref().map(|token| BASE64.decode(token.as_bytes()).unwrap_or_default())
    }
}
