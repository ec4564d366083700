//! Who writes a change, and the automerge actor that follows from it.

use proofroom_ident::{DocId, LogId, PersonId, SignerKey};

/// Bytes of an actor id.
pub(crate) const ACTOR_BYTES: usize = 32;

/// What the path policy needs to know of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WriterRole {
    /// Owners and producers: they write everything but other people's words.
    Producer,
    /// Reviewers and guests: they write under their own keys only.
    Contributor,
}

/// Who wrote an entry, as the authority log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The person behind the device.
    pub person: PersonId,
    /// Their role at the entry's authority head.
    pub role: WriterRole,
    /// The device that signed.
    pub author: SignerKey,
    /// The writer session.
    pub log: LogId,
}

/// An automerge actor. Derived, never chosen: a random id could be squatted,
/// and a stable one wedges a document after a clone or a restore.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor([u8; ACTOR_BYTES]);

impl Actor {
    pub(crate) const fn from_bytes(bytes: [u8; ACTOR_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; ACTOR_BYTES] {
        &self.0
    }
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Actor({:02x}{:02x}{:02x}{:02x})", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// The actor of one writer session in one document: the one under which its
/// changes must come.
pub fn actor_for(author: SignerKey, doc: DocId, log: LogId) -> Actor {
    let mut hasher = blake3::Hasher::new_derive_key("proofroom 1 automerge actor");
    hasher.update(author.as_bytes()).update(doc.as_bytes()).update(log.as_bytes());
    Actor(*hasher.finalize().as_bytes())
}
