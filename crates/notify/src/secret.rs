//! What is never printed.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A password or key. Neither `Debug` nor a serialiser shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself, to use it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // The usual error would quote what is there.
        let wanted = || D::Error::custom("a text in quotes is wanted here");
        String::deserialize(d).map(Self::new).map_err(|_| wanted())
    }
}
