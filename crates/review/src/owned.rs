//! Keys of things that a member owns: `PERSONHEX.IDHEX`.
//!
//! The owner is part of the key, so that "a reviewer writes only under their own
//! keys" can be read off a change, and nobody can squat another's id.

use std::fmt;
use std::str::FromStr;

use proofroom_ident::{CommentId, IdParseError, PersonId, RequestId};

/// A text is not the key of something that a member owns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnedKeyError {
    /// There is no dot between owner and id.
    #[error("`{0}` is not a key: PERSON.ID is wanted")]
    NoDot(String),
    /// One half is not an identifier.
    #[error(transparent)]
    Id(#[from] IdParseError),
}

/// An id within what one person owns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owned<I> {
    /// Whose it is.
    pub owner: PersonId,
    /// Which of theirs.
    pub id: I,
}

/// The key of a comment.
pub type CommentKey = Owned<CommentId>;
/// The key of a request.
pub type RequestKey = Owned<RequestId>;

impl<I> Owned<I> {
    /// The key of `owner`'s `id`.
    pub const fn new(owner: PersonId, id: I) -> Self {
        Self { owner, id }
    }
}

impl<I: fmt::Display> fmt::Display for Owned<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.owner, self.id)
    }
}

impl<I: fmt::Debug> fmt::Debug for Owned<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{:?}", self.owner, self.id)
    }
}

impl<I: FromStr<Err = IdParseError>> FromStr for Owned<I> {
    type Err = OwnedKeyError;
    fn from_str(text: &str) -> Result<Self, OwnedKeyError> {
        let (owner, id) =
            text.split_once('.').ok_or_else(|| OwnedKeyError::NoDot(text.chars().take(80).collect()))?;
        Ok(Self { owner: owner.parse()?, id: id.parse()? })
    }
}

impl<I: fmt::Display> serde::Serialize for Owned<I> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de, I: FromStr<Err = IdParseError>> serde::Deserialize<'de> for Owned<I> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
