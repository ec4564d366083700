//! The forger's workshop: a member's own keys, used by hand.
//!
//! Whoever is a member can sign and seal what they like under their own name. What
//! comes out of here has a valid signature, chain and seal; only its content, its
//! place or its claims are wrong.

use proofroom_authority::Authority;
use proofroom_entry::{Draft, EntryKind, LogWriter, Signed, Verified};
use proofroom_ident::{
    Audience, DeviceSecrets, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, WorkspaceId,
};
use proofroom_seal::{EpochKey, Keyring, WrapInfo};
use proofroom_store::{Store, StoreError};
use rand_core::CryptoRng;

/// Largest plaintext that the forger opens, in bytes.
const PLAIN_BYTES_MAX: usize = 16 << 20;

/// What a member knows, read from a store with the member's secrets.
pub struct Workshop {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The membership, as the store has it.
    pub authority: Authority,
    secrets: DeviceSecrets,
    keys: Keyring,
}

impl Workshop {
    /// Opens all that these secrets open.
    pub fn open(
        store: &dyn Store,
        workspace: WorkspaceId,
        secrets: &DeviceSecrets,
    ) -> Result<Self, StoreError> {
        let mut authority = Authority::new(workspace);
        for tip in store.tips(workspace, DocId::AUTHORITY)? {
            for entry in store.entries(workspace, DocId::AUTHORITY, tip.log, 1, usize::MAX)? {
                // What the membership log does not take, the forger does not need.
                let _taken = authority.insert(&entry);
            }
        }
        let mut keys = Keyring::default();
        for audience in Audience::ALL {
            for epoch in authority.state().epochs(audience) {
                let info = WrapInfo { workspace, audience, key: epoch.key };
                let opened = epoch
                    .wraps_for(secrets.kex.public())
                    .find_map(|w| proofroom_seal::unwrap(&secrets.kex, &w.enc, &w.sealed, &info).ok());
                opened.map(|key| keys.insert(key));
            }
        }
        Ok(Self { workspace, authority, secrets: secrets.clone(), keys })
    }

    /// The newest key of an audience that is known.
    pub fn newest_key(&self, audience: Audience) -> Option<&EpochKey> {
        self.authority.state().epochs(audience).rev().find_map(|epoch| self.keys.get(&epoch.key))
    }

    /// The plaintext of an entry, where its key is known.
    pub fn plain(&self, entry: &Verified) -> Option<Vec<u8>> {
        let key = self.keys.get(&entry.header().key)?;
        let plain = proofroom_seal::open(key, entry.header(), entry.payload(), PLAIN_BYTES_MAX).ok()?;
        Some(plain.to_vec())
    }

    /// A new log of this member's in a document.
    pub fn begin(&self, doc: DocId, class: LogClass, rng: &mut impl CryptoRng) -> LogWriter {
        let mut seed = [0; 16];
        rng.fill_bytes(&mut seed);
        let (author, seed) = (self.secrets.signing.public(), LogId::from_bytes(seed));
        LogWriter::begin(self.workspace, doc, class, author, seed, EntryHash::ZERO)
    }

    /// Seals and signs any plaintext, standing on any membership entry.
    pub fn append(
        &self,
        writer: &mut LogWriter,
        (kind, doc): (EntryKind, DocId),
        plain: &[u8],
        (auth_head, claimed_at): (EntryHash, Millis),
        rng: &mut impl CryptoRng,
    ) -> Option<Verified> {
        let key = self.newest_key(doc.audience())?;
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let draft = Draft {
            kind,
            auth_head,
            claimed_at,
            key: key.id(),
            nonce: Nonce::from_bytes(nonce),
            tip_commit: if kind == EntryKind::Change { nonce32(&nonce) } else { [0; 32] },
        };
        let sealed = proofroom_seal::seal(key, &writer.header(&draft), plain).ok()?;
        writer.append(&draft, &sealed, &self.secrets.signing).ok()
    }

    /// Signs a membership operation's bytes, whatever they say.
    pub fn append_op(
        &self,
        writer: &mut LogWriter,
        payload: &[u8],
        (auth_head, claimed_at): (EntryHash, Millis),
    ) -> Option<Verified> {
        let draft = Draft {
            kind: EntryKind::Authority,
            auth_head,
            claimed_at,
            key: KeyId::ZERO,
            nonce: Nonce::ZERO,
            tip_commit: [0; 32],
        };
        writer.append(&draft, payload, &self.secrets.signing).ok()
    }
}

/// An entry as it travels.
pub fn as_signed(entry: &Verified) -> Signed {
    Signed::decode(entry.bytes().clone()).expect("a verified entry decodes")
}

fn nonce32(nonce: &[u8; 24]) -> [u8; 32] {
    *blake3::hash(nonce).as_bytes()
}
