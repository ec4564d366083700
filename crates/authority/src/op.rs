//! Operations on the membership: the payloads of authority entries.

mod codec;

use std::collections::BTreeMap;
use std::sync::Arc;

use proofroom_ident::{
    Audience, BlobHash, DeviceRecord, DocId, EntryHash, InviteId, KexPublic, KeyId, LogId, Millis, Nonce,
    PersonId, SignError, Signature, SignerKey, WorkspaceId,
};

use crate::Role;

pub use codec::OpDecodeError;

/// Most parents of one entry. A device that sees more heads merges in steps.
pub const PARENTS_MAX: usize = 64;
/// Most logs that one cut names.
pub const CUT_LOGS_MAX: usize = 100_000;
/// Most recipients of one rotation or sharing of a key.
pub const WRAPS_MAX: usize = 20_000;
/// Most earlier keys that a rotation links.
pub const LINKS_MAX: usize = 64;
/// Most entries, and most files, that one operation erases.
pub const ERASED_MAX: usize = 20_000;
/// Most uses of one invite.
pub const USES_MAX: u32 = 10_000;

const ACCEPT_DOMAIN: &str = "proofroom 1 invite accept";

/// Where somebody's word ends: per log the last entry that counts. A log that
/// the cut does not name does not count at all.
pub type Cut = BTreeMap<(DocId, LogId), (u64, EntryHash)>;

/// An epoch key, wrapped to one recipient by HPKE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The recipient: a device's, a person's recovery or an invite's key.
    pub to: KexPublic,
    /// The encapsulated key.
    pub enc: [u8; 32],
    /// The sealed epoch key and its tag.
    pub sealed: [u8; 48],
}

/// An earlier epoch key, sealed under a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The earlier key.
    pub key: KeyId,
    /// The nonce it is sealed with.
    pub nonce: Nonce,
    /// The sealed earlier key and its tag.
    pub sealed: [u8; 48],
}

/// An entry whose payload is erased, by its place and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Erased {
    /// Its document.
    pub doc: DocId,
    /// Its log.
    pub log: LogId,
    /// Its position.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// One operation. Its author is the entry's; its causal past is the entry's parents'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Makes the workspace; its author is the first owner.
    Genesis {
        /// The owner's first device, which is the entry's author.
        device: DeviceRecord,
        /// The owner's recovery key.
        recovery: Option<KexPublic>,
        /// Makes the workspace's id unique.
        nonce: [u8; 32],
    },
    /// Adds a device to its person: by another device of that person, or by
    /// itself when the person's key vouches.
    AddDevice {
        /// The new device.
        device: DeviceRecord,
        /// The person's recovery key.
        recovery: Option<KexPublic>,
    },
    /// Ends a device.
    RemoveDevice {
        /// The device.
        signer: SignerKey,
        /// What of it still counts.
        cut: Arc<Cut>,
    },
    /// Opens the workspace to whoever holds the invite's secret.
    Invite {
        /// The public half of the capability key.
        id: InviteId,
        /// Epoch keys are wrapped to it, so that a joiner reads at once.
        kex: KexPublic,
        /// What joiners become.
        role: Role,
        /// How many may join.
        uses: u32,
        /// Later acceptances do not count.
        expires: Option<Millis>,
    },
    /// Closes an invite.
    RevokeInvite {
        /// The invite.
        id: InviteId,
    },
    /// Joins by an invite; written by the new device itself.
    Accept {
        /// The invite.
        invite: InviteId,
        /// The joining device, vouched for by its person's key.
        device: DeviceRecord,
        /// The person's recovery key.
        recovery: Option<KexPublic>,
        /// The invite key's signature, see [`sign_accept`].
        proof: Signature,
    },
    /// Raises or lowers a member.
    SetRole {
        /// The member.
        person: PersonId,
        /// What they become.
        role: Role,
        /// When it lowers: what still counts with the higher role. Empty when it raises.
        cut: Arc<Cut>,
    },
    /// Ends a membership and all its devices, and closes the invites that they made or came by.
    Remove {
        /// The member.
        person: PersonId,
        /// What of theirs still counts.
        cut: Arc<Cut>,
    },
    /// Adopts held-back work: lets an earlier cut reach further.
    ExtendCut {
        /// The `Remove`, `RemoveDevice` or `SetRole` entry.
        removal: EntryHash,
        /// How far, for the logs that it names.
        cut: Arc<Cut>,
    },
    /// A new epoch key for an audience.
    RotateKey {
        /// Who reads under it.
        audience: Audience,
        /// The key's name.
        key: KeyId,
        /// One wrap per recipient.
        wraps: Arc<[Wrapped]>,
        /// Earlier keys, for the history.
        previous: Arc<[Linked]>,
    },
    /// Wraps a known epoch key to further recipients.
    ShareKey {
        /// Who reads under it.
        audience: Audience,
        /// The key's name.
        key: KeyId,
        /// One wrap per recipient.
        wraps: Arc<[Wrapped]>,
    },
    /// Joins several heads into one; no effect of its own.
    Merge,
    /// Erases payloads of entries, and files. Whoever holds them forgets them; what was signed stays in the logs.
    Erase {
        /// The statement that says why; sealed, so that a relay does not read it.
        statement: EntryHash,
        /// The entries.
        entries: Arc<[Erased]>,
        /// The files, by their ciphertext's names.
        blobs: Arc<[BlobHash]>,
    },
}

impl Op {
    /// Its name, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Genesis { .. } => "genesis",
            Self::AddDevice { .. } => "add device",
            Self::RemoveDevice { .. } => "remove device",
            Self::Invite { .. } => "invite",
            Self::RevokeInvite { .. } => "revoke invite",
            Self::Accept { .. } => "accept",
            Self::SetRole { .. } => "set role",
            Self::Remove { .. } => "remove",
            Self::ExtendCut { .. } => "extend cut",
            Self::RotateKey { .. } => "rotate key",
            Self::ShareKey { .. } => "share key",
            Self::Merge => "merge",
            Self::Erase { .. } => "erase",
        }
    }

    /// The device that this operation introduces.
    pub fn introduces(&self) -> Option<&DeviceRecord> {
        match self {
            Self::Genesis { device, .. } | Self::AddDevice { device, .. } | Self::Accept { device, .. } => {
                Some(device)
            }
            _ => None,
        }
    }
}

/// Signs, as an invite's key, that `device` of `person` may use it.
///
/// `sign` is handed the domain and the message, so that the secret can live in another crate.
pub fn sign_accept(
    workspace: WorkspaceId,
    device: SignerKey,
    person: PersonId,
    sign: impl FnOnce(&str, &[u8]) -> Signature,
) -> Signature {
    sign(ACCEPT_DOMAIN, &accept_message(workspace, device, person))
}

/// What an invite's key signs: the workspace, the joining device, its person.
fn accept_message(workspace: WorkspaceId, device: SignerKey, person: PersonId) -> [u8; 96] {
    let mut out = [0; 96];
    out[..32].copy_from_slice(workspace.as_bytes());
    out[32..64].copy_from_slice(device.as_bytes());
    out[64..].copy_from_slice(person.as_bytes());
    out
}

/// Checks the signature that [`sign_accept`] makes.
pub fn verify_accept(
    workspace: WorkspaceId,
    invite: InviteId,
    device: &DeviceRecord,
    proof: &Signature,
) -> Result<(), SignError> {
    invite.verify(ACCEPT_DOMAIN, &accept_message(workspace, device.signing, device.person), proof)
}
