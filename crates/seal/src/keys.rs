//! Keys and what follows from them.

use std::collections::BTreeMap;
use std::fmt;

use proofroom_ident::{DocId, KeyId, Nonce};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// 32 secret bytes that are wiped when dropped.
type Secret = Zeroizing<[u8; 32]>;

fn derive(context: &'static str, parts: &[&[u8]]) -> Secret {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    Zeroizing::new(*hasher.finalize().as_bytes())
}

/// An audience's key for one epoch. All else is derived from it.
#[derive(Clone)]
pub struct EpochKey(Secret);

impl EpochKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self(bytes)
    }

    /// The key of 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Names the key without revealing it.
    pub fn id(&self) -> KeyId {
        let hash = derive("proofroom 1 key id", &[self.0.as_ref()]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        KeyId::from_bytes(id)
    }

    /// The key under which this epoch seals the one before.
    pub(crate) fn link_key(&self) -> Secret {
        derive("proofroom 1 key link", &[self.0.as_ref()])
    }
}

impl PartialEq for EpochKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}
impl Eq for EpochKey {}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey({})", self.id().short())
    }
}

/// A document's key under one epoch.
#[derive(Clone)]
pub struct SealKey(Secret);

impl SealKey {
    /// The key of `doc` under `epoch`.
    pub fn for_doc(epoch: &EpochKey, doc: DocId) -> Self {
        Self(derive("proofroom 1 document key", &[epoch.0.as_ref(), doc.as_bytes()]))
    }

    /// The key of the entry with this nonce.
    pub fn entry_key(&self, nonce: &Nonce) -> EntryKey {
        EntryKey(derive("proofroom 1 entry key", &[self.0.as_ref(), nonce.as_bytes()]))
    }

    /// The key of the snapshot with this nonce: no entry's, even of the same nonce.
    pub(crate) fn snapshot_key(&self, nonce: &Nonce) -> EntryKey {
        EntryKey(derive("proofroom 1 snapshot key", &[self.0.as_ref(), nonce.as_bytes()]))
    }

    /// A keyed hash of a change's hash: who holds the key can check it, others learn nothing.
    pub fn tip_commit(&self, change_hash: &[u8; 32]) -> [u8; 32] {
        *derive("proofroom 1 tip commit", &[self.0.as_ref(), change_hash])
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(secret)")
    }
}

/// One entry's key: opens that entry and no other, so it can be shown to a stranger.
#[derive(Clone)]
pub struct EntryKey(Secret);

impl EntryKey {
    /// The key of 32 disclosed bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes to disclose.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn cipher_key(&self) -> Secret {
        derive("proofroom 1 entry cipher", &[self.0.as_ref()])
    }

    pub(crate) fn commitment(&self) -> [u8; 32] {
        *derive("proofroom 1 entry commitment", &[self.0.as_ref()])
    }
}

impl fmt::Debug for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryKey(secret)")
    }
}

/// The commitment that a change's entry carries: see [`SealKey::tip_commit`].
pub fn tip_commit(epoch: &EpochKey, doc: DocId, change_hash: &[u8; 32]) -> [u8; 32] {
    SealKey::for_doc(epoch, doc).tip_commit(change_hash)
}

/// The epoch keys that a device holds.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: BTreeMap<KeyId, EpochKey>,
}

impl Keyring {
    /// Keeps a key; returns its id.
    pub fn insert(&mut self, key: EpochKey) -> KeyId {
        let id = key.id();
        self.keys.insert(id, key);
        id
    }

    /// The key of an id.
    pub fn get(&self, id: &KeyId) -> Option<&EpochKey> {
        self.keys.get(id)
    }

    /// The ids held, in ascending order.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.keys.keys().copied()
    }
}
