//! What the desk keeps for itself, as JSON.

use serde::de::{DeserializeOwned, Error as _};

/// Reads a value. Everywhere as text: a second way to read the same types would be compiled once more.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_str(std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?)
}
