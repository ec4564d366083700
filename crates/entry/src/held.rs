//! A relay's word: by this moment of its clock it held these entries.
//!
//! ```text
//! signed   workspace:32 doc:16 at:u64 n:u32 n*(log:16 seq:u64 hash:32)   logs ascending; under a domain of its own
//! ```
//!
//! Whoever signs it can read nothing of the entries: it is a witness from outside, believed by those
//! who believe its clock.

use std::collections::BTreeMap;

use proofroom_ident::{
    ByteWriter, DocId, EntryHash, LogId, Millis, SignError, Signature, SignerKey, SigningSecret, WorkspaceId,
};

const DOMAIN: &str = "proofroom 1 held";

/// How far logs of a document go: the position and hash of the last entry of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The document.
    pub doc: DocId,
    /// Its logs.
    pub heads: BTreeMap<LogId, (u64, EntryHash)>,
}

impl Held {
    fn message(&self, at: Millis) -> Vec<u8> {
        let mut w = ByteWriter::with_capacity(60 + 56 * self.heads.len());
        w.put(self.workspace.as_bytes()).put(self.doc.as_bytes()).u64(at.0);
        w.u32(u32::try_from(self.heads.len()).expect("logs count in 32 bits"));
        for (log, (seq, hash)) in &self.heads {
            w.put(log.as_bytes()).u64(*seq).put(hash.as_bytes());
        }
        w.finish()
    }

    /// The word of whoever holds all of it at `at`.
    pub fn sign(&self, at: Millis, holder: &SigningSecret) -> Signature {
        holder.sign(DOMAIN, &self.message(at))
    }

    /// Whether `holder` gave its word.
    ///
    /// # Errors
    /// When the signature is another's, or over something else.
    pub fn verify(&self, at: Millis, holder: SignerKey, word: &Signature) -> Result<(), SignError> {
        holder.verify(DOMAIN, &self.message(at), word)
    }
}
