//! What an author may count on, entry by entry.

use proofroom_ident::{EntryHash, PersonId};

use crate::Role;

/// How an entry's author stands, as all that is known now says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The entry counts, with this role.
    Member {
        /// The author.
        person: PersonId,
        /// The role that the author had.
        role: Role,
    },
    /// The entry lies beyond a removal's cut: it does not count unless adopted.
    HeldBack {
        /// The author.
        person: PersonId,
        /// The `Remove` or `RemoveDevice` entry whose cut is to be extended.
        removal: EntryHash,
    },
    /// The author was no member there.
    NotMember,
    /// The authority entry that the author stood on is not known yet.
    AwaitsAuthority,
}
