//! What can go wrong in a store, for every backend alike.

use proofroom_entry::ChainError;
use proofroom_ident::EntryHash;

/// A store refuses, or fails.
///
/// *Refusals* concern the batch and leave the store as it was. *Damage* concerns
/// what was asked for: the rest can still be read. *Failures* of the storage
/// itself poison the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Refusal: an entry does not follow its log.
    #[error("the batch was refused: {0}")]
    Chain(#[from] ChainError),
    /// Refusal: two entries that do not show one author signing two histories.
    #[error(
        "the batch was refused: entries {0:?} and {1:?} are no proof that an author signed two histories"
    )]
    NotAProof(EntryHash, EntryHash),
    /// Refusal: a log cannot begin at this entry.
    #[error("the batch was refused: entry {0:?} is no base: its log is held, or carries no changes")]
    NotABase(EntryHash),
    /// Refusal: a key or value is over its limit.
    #[error("the batch was refused: a {what} of {bytes} bytes, the limit is {bytes_max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Another process holds the store.
    #[error("the store {place} is open in another process")]
    Locked {
        /// Where the store is.
        place: String,
    },
    /// A newer version of this program wrote the store.
    #[error(
        "the store {place} has schema {found}, this program knows schema {known}: use a newer version of it"
    )]
    NewerSchema {
        /// Where the store is.
        place: String,
        /// The schema found.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// The store may not be written here.
    #[error("the store {place} cannot be written: {cause}")]
    ReadOnly {
        /// Where the store is.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// No room is left where the store is kept.
    #[error("no space is left for the store while {doing}: {cause}")]
    Full {
        /// What the store was doing.
        doing: &'static str,
        /// What the system said.
        cause: String,
    },
    /// The stored bytes are not what this store wrote.
    #[error("the store is damaged ({doing}): {what}")]
    Corrupt {
        /// What the store was doing.
        doing: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Reading or writing failed.
    #[error("the store failed while {doing}: {cause}")]
    Io {
        /// What the store was doing.
        doing: &'static str,
        /// What the system said.
        cause: String,
    },
    /// An earlier failure: nothing more is taken or told until the store is reopened.
    #[error("the store failed before and must be reopened: {cause}")]
    Poisoned {
        /// The first failure.
        cause: String,
    },
}

impl StoreError {
    /// Whether only the batch is at fault: the store is as it was and goes on.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Chain(_) | Self::NotAProof(..) | Self::NotABase(_) | Self::TooLarge { .. })
    }

    /// Whether the storage itself failed: nothing more is taken or told until it is reopened.
    pub fn poisons(&self) -> bool {
        !self.is_refusal() && !matches!(self, Self::Corrupt { .. })
    }
}
