//! Who has taken note of which comment. It decides nothing, so it is data of the
//! document and no signed statement; each note is written once, by the person
//! themselves.

use std::fmt;
use std::str::FromStr;

use proofroom_ident::{CommentId, PersonId};

use crate::owned::OwnedKeyError;

/// Who has taken note of what: `PERSON.COMMENT`. Ids are random, so the comment's owner need not be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AcknowledgedKey {
    /// Who.
    pub by: PersonId,
    /// Of which comment.
    pub comment: CommentId,
}

impl fmt::Display for AcknowledgedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.by, self.comment)
    }
}

impl FromStr for AcknowledgedKey {
    type Err = OwnedKeyError;
    fn from_str(text: &str) -> Result<Self, OwnedKeyError> {
        let (by, comment) =
            text.split_once('.').ok_or_else(|| OwnedKeyError::NoDot(text.chars().take(80).collect()))?;
        Ok(Self { by: by.parse()?, comment: comment.parse()? })
    }
}

impl serde::Serialize for AcknowledgedKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AcknowledgedKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
