//! From redb's errors to the contract's.

use std::any::Any;
use std::io::ErrorKind;

use proofroom_store::StoreError;

/// Why an operation inside a transaction stopped.
pub(crate) enum Failure {
    /// The contract's own words: a refusal, or an error already named.
    Store(StoreError),
    /// redb's.
    Redb(Box<redb::Error>),
    /// Stored bytes that this crate did not write.
    Damage(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

macro_rules! from_redb {
    ($($error:ty)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Redb(Box::new(error.into()))
            }
        }
    )*};
}
from_redb!(redb::StorageError redb::TableError redb::TransactionError redb::CommitError);
from_redb!(redb::DatabaseError redb::SetDurabilityError std::io::Error);

impl Failure {
    /// What a panic inside redb means: it met a page that it never wrote.
    pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Self::Damage(format!("the database stopped over it: {said}"))
    }

    /// The contract's error for a failure while `doing` something at `place`.
    pub(crate) fn into_store_error(self, doing: &'static str, place: &str) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Damage(what) => return StoreError::Corrupt { doing, what },
            Self::Redb(error) => *error,
        };
        let cause = error.to_string();
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                StoreError::Locked { place: place.into() }
            }
            redb::Error::Io(io) => of_io(io.kind(), cause, doing, place),
            redb::Error::Corrupted(_)
            | redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableIsNotMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableDoesNotExist(_) => StoreError::Corrupt { doing, what: cause },
            _ => StoreError::Io { doing, cause },
        }
    }
}

fn of_io(kind: ErrorKind, cause: String, doing: &'static str, place: &str) -> StoreError {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::Full { doing, cause }
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { place: place.into(), cause }
        }
        // redb says so of a file that is not one of its databases.
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => StoreError::Corrupt { doing, what: cause },
        _ => StoreError::Io { doing, cause },
    }
}
