//! Who made a certificate: the one part in which two makers of the same certificate differ.

use proofroom_ident::{ContentHash, HashWords as _, Millis, PersonId, SignerKey};
use proofroom_review::{canonical_json, from_canonical_json};
use serde::{Deserialize, Serialize};

use crate::archive::is_member_name;
use crate::{CERTIFICATE_NAME, CertificateError, MEMBERS_MAX};

const MAKER_BYTES_MAX: usize = 4 << 20;

/// Who made it, when, and what lies beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// The device that signs.
    pub device: SignerKey,
    /// Whose it is.
    pub person: PersonId,
    /// Their name, in their own words.
    pub printed_name: String,
    /// For whom they work.
    pub organisation: String,
    /// When they say they made it.
    pub made_at: Millis,
    /// What lies beside the certificate, in ascending order of name.
    pub attachments: Vec<Attachment>,
}

/// A file beside the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its name in the archive.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// The BLAKE3 hash of its bytes.
    pub hash: ContentHash,
}

impl Attachment {
    /// The attachment of these bytes.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.len() as u64, hash: ContentHash::of(bytes) }
    }
}

impl Maker {
    pub(crate) fn to_json(&self) -> Result<String, CertificateError> {
        self.check()?;
        canonical_json(self).map_err(maker)
    }

    pub(crate) fn from_json(json: &str) -> Result<Self, CertificateError> {
        let read: Self = from_canonical_json(json, MAKER_BYTES_MAX).map_err(maker)?;
        read.check()?;
        Ok(read)
    }

    fn check(&self) -> Result<(), CertificateError> {
        let names = self.attachments.iter().map(|a| a.name.as_str());
        let rules = [
            (self.attachments.len() < MEMBERS_MAX, "it has too many attachments"),
            (self.attachments.is_sorted_by(|a, b| a.name < b.name), "attachments are in order, each once"),
            (names.clone().all(is_member_name), "an attachment's name stays in its folder"),
            (names.clone().all(|n| n != CERTIFICATE_NAME), "a certificate is not attached to itself"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(CertificateError::Rule(rule)),
            None => Ok(()),
        }
    }
}

fn maker(error: proofroom_review::CanonicalError) -> CertificateError {
    CertificateError::Json { part: "its maker", error }
}
