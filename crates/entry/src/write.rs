//! Writing: one log, one writer, one entry after another.

use proofroom_ident::{
    Audience, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, SignerKey, SigningSecret, WorkspaceId,
};

use crate::chain::LogTip;
use crate::header::{EntryKind, Header, PAYLOAD_BYTES_MAX};
use crate::signed::{DOMAIN, SignedHeader, Verified};

/// An entry cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The payload is larger than the limit.
    #[error("a payload of {0} bytes is over the limit of {PAYLOAD_BYTES_MAX}")]
    TooLarge(usize),
    /// The secret is not the one of the log's author.
    #[error("the log belongs to {author:?}, the secret is that of {secret:?}")]
    NotTheAuthor {
        /// Whose log it is.
        author: SignerKey,
        /// Whose secret was given.
        secret: SignerKey,
    },
    /// The header would not be canonical.
    #[error("the entry cannot be written: {0}")]
    Form(#[from] crate::DecodeError),
}

/// What the caller chooses of an entry; the log adds the rest.
///
/// The draft's header exists before its payload, because sealing authenticates
/// it: call [`LogWriter::header`], seal, then [`LogWriter::append`].
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    /// What the entry carries.
    pub kind: EntryKind,
    /// The authority entry that the author stands on; zero in a genesis entry.
    pub auth_head: EntryHash,
    /// The author's clock.
    pub claimed_at: Millis,
    /// The epoch key; zero where the payload is plain.
    pub key: KeyId,
    /// A fresh random nonce; zero where the payload is plain.
    pub nonce: Nonce,
    /// Keyed hash of the last change inside; zero where there is none.
    pub tip_commit: [u8; 32],
}

/// Appends to one log. The position moves only in [`LogWriter::append`]; the
/// caller stores the entry durably before it sends it, and drops the writer if
/// the store refuses.
#[derive(Clone, Debug)]
pub struct LogWriter {
    workspace: WorkspaceId,
    doc: DocId,
    audience: Audience,
    author: SignerKey,
    log: LogId,
    seq: u64,
    head: EntryHash,
    prev_log_head: EntryHash,
}

impl LogWriter {
    /// A new log. `seed` is random: the log's id is made from it, the class, the author
    /// and the document ([`LogId::of_author`]). `workspace` is zero only to write a genesis
    /// entry; `prev_log_head` is the head of the author's previous log of this class in this document.
    pub fn begin(
        workspace: WorkspaceId,
        doc: DocId,
        class: LogClass,
        author: SignerKey,
        seed: LogId,
        prev_log_head: EntryHash,
    ) -> Self {
        let log = LogId::of_author(author, doc, class, seed);
        let audience = doc.audience();
        Self { workspace, doc, audience, author, log, seq: 0, head: EntryHash::ZERO, prev_log_head }
    }

    /// Continues a log after its tip. Only where the store proves that no copy
    /// of this device can have continued it elsewhere.
    pub fn resume(workspace: WorkspaceId, tip: &LogTip) -> Self {
        Self {
            workspace,
            doc: tip.doc,
            audience: tip.audience,
            author: tip.author,
            log: tip.log,
            seq: tip.seq,
            head: tip.hash,
            prev_log_head: EntryHash::ZERO,
        }
    }

    /// The log.
    pub fn log(&self) -> LogId {
        self.log
    }
    /// Position of the last entry written; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }
    /// Hash of the last entry written; zero before the first.
    pub fn head(&self) -> EntryHash {
        self.head
    }

    /// The next entry's header, its payload fields still empty: what sealing authenticates.
    pub fn header(&self, draft: &Draft) -> Header {
        Header {
            kind: draft.kind,
            audience: self.audience,
            workspace: self.workspace,
            doc: self.doc,
            author: self.author,
            log: self.log,
            seq: self.seq + 1,
            prev: self.head,
            prev_log_head: if self.seq == 0 { self.prev_log_head } else { EntryHash::ZERO },
            auth_head: draft.auth_head,
            claimed_at: draft.claimed_at,
            key: draft.key,
            nonce: draft.nonce,
            tip_commit: draft.tip_commit,
            payload_len: 0,
            payload_hash: [0; 32],
        }
    }

    /// Signs the next entry.
    ///
    /// # Errors
    /// When the payload is too large, the secret is not the author's, or the header
    /// would not be canonical; the log is unchanged.
    pub fn append(
        &mut self,
        draft: &Draft,
        payload: &[u8],
        secret: &SigningSecret,
    ) -> Result<Verified, WriteError> {
        let payload_len = u32::try_from(payload.len()).map_err(|_| WriteError::TooLarge(payload.len()))?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(WriteError::TooLarge(payload.len()));
        }
        if secret.public() != self.author {
            return Err(WriteError::NotTheAuthor { author: self.author, secret: secret.public() });
        }
        let mut header = self.header(draft);
        header.payload_len = payload_len;
        header.payload_hash = *blake3::hash(payload).as_bytes();
        header.check_form()?;
        let encoded = header.encode();
        let signature = secret.sign(DOMAIN, &encoded);
        let bytes = [encoded.as_slice(), signature.as_bytes(), payload].concat();
        let signed = SignedHeader::decode(&bytes)?;
        self.seq = header.seq;
        self.head = signed.hash();
        Ok(Verified::just_written(signed, bytes.into()))
    }
}
