//! Why an entry of the authority log has no effect, and why one is not taken at all.

use proofroom_entry::EntryKind;
use proofroom_ident::{EntryHash, InviteId, KeyId, PersonId, SignError, SignerKey, WorkspaceId};

use crate::Role;
use crate::op::OpDecodeError;

/// Why an operation that is in the log has no effect. It is kept: people see it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The author was not a member, as far as they knew themselves.
    #[error("device {0:?} does not belong to a member")]
    NotMember(SignerKey),
    /// The author's rank is too low.
    #[error("the role {role} may not do this, the lowest that may is {least}")]
    Rank {
        /// The author's role.
        role: Role,
        /// The lowest role that may.
        least: Role,
    },
    /// The entry does not stand on its own log's previous entry.
    #[error("the entry does not stand on {0:?}, the one before it in its own log")]
    OwnLog(EntryHash),
    /// The person is not a member, or not any more.
    #[error("person {0:?} is not a member")]
    NoSuchMember(PersonId),
    /// The device is not known, or was removed already.
    #[error("device {0:?} is not known or was removed already")]
    NoSuchDevice(SignerKey),
    /// The invite is not known.
    #[error("invite {0:?} is not known")]
    NoSuchInvite(InviteId),
    /// The removal is not known, or does not stand.
    #[error("entry {0:?} is not a removal or a change of role that stands")]
    NoSuchRemoval(EntryHash),
    /// The epoch key is not known for that audience.
    #[error("epoch key {0:?} is not known for that audience")]
    NoSuchKey(KeyId),
    /// The invite, the key or the device is there already.
    #[error("{0} is there already")]
    Exists(&'static str),
    /// The last owner stays.
    #[error("a workspace keeps at least one owner")]
    LastOwner,
    /// The invite was closed.
    #[error("invite {0:?} was closed")]
    InviteClosed(InviteId),
    /// The invite was used as often as it may.
    #[error("invite {0:?} was used up")]
    InviteUsedUp(InviteId),
    /// The acceptance claims a time after the invite's expiry.
    #[error("invite {0:?} had expired")]
    InviteExpired(InviteId),
    /// Who was removed, or given less, needs an invite that was made after that to come back or to be more again.
    #[error("the removal or change of role {0:?} bars this; an invite made after it is needed")]
    Barred(EntryHash),
    /// Nobody who may vouches for the device.
    #[error("nobody who may vouches for device {0:?}")]
    Voucher(SignerKey),
    /// The person has as many devices as one may.
    #[error("a person has at most {0} devices")]
    TooManyDevices(usize),
    /// A concurrent removal, which stands, ended the author's membership, device or rank.
    #[error("struck by {0:?}: its author was removed or lowered before anybody knew of it")]
    Struck(EntryHash),
    /// A concurrent change by somebody of higher priority wins.
    #[error("{0:?}, which is concurrent and of higher priority, wins")]
    Outranked(EntryHash),
    /// What admitted or raised the author turned out to have no effect.
    #[error("what admitted or raised the author of device {0:?} has no effect")]
    Ungrounded(SignerKey),
}

/// An entry is not taken into the authority log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// It belongs to another workspace.
    #[error("entry {entry:?} belongs to workspace {found:?}")]
    Workspace {
        /// The entry.
        entry: EntryHash,
        /// The workspace it belongs to.
        found: WorkspaceId,
    },
    /// It is no authority entry.
    #[error("entry {entry:?} is a {kind:?}, not an authority entry")]
    Kind {
        /// The entry.
        entry: EntryHash,
        /// What it is.
        kind: EntryKind,
    },
    /// Its payload is no operation.
    #[error("entry {entry:?}: {error}")]
    Decode {
        /// The entry.
        entry: EntryHash,
        /// What failed.
        error: OpDecodeError,
    },
    /// Its header and its payload disagree.
    #[error("entry {entry:?}: {rule}")]
    Form {
        /// The entry.
        entry: EntryHash,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A device record or an invite's proof inside it is not signed as it claims.
    #[error("entry {entry:?}: {error}")]
    Signature {
        /// The entry.
        entry: EntryHash,
        /// What failed.
        error: SignError,
    },
    /// Too many entries wait for their parents. Offer it again when they came.
    #[error("entry {entry:?}: too many entries wait for earlier ones already")]
    TooManyWaiting {
        /// The entry.
        entry: EntryHash,
    },
}
