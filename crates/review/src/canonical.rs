//! Canonical JSON: the one spelling of a value, so that it can be hashed and signed.
//!
//! RFC 8785 (JCS), restricted to integers of at most 53 bits, which every JSON
//! library reads exactly: keys sorted by UTF-16 code units, no white space,
//! shortest escapes. An absent option is an absent key, never `null`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Largest magnitude of an integer that JavaScript reads exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// A value has no canonical form, or a text is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// The value does not serialise, or the text does not parse.
    #[error("canonical JSON: {0}")]
    Json(String),
    /// A fraction, or an integer beyond 53 bits.
    #[error("canonical JSON: the number {0} is not an integer of 53 bits")]
    Number(String),
    /// The text is JSON, but not in its one spelling.
    #[error("canonical JSON: the text differs from its canonical form at byte {at}")]
    Spelling {
        /// The first byte that differs.
        at: usize,
    },
    /// The text is over its limit.
    #[error("canonical JSON: {bytes} bytes, the limit is {bytes_max}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
}

/// The canonical form of `value`.
pub fn canonical_json<T: Serialize>(value: &T) -> Result<String, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|e| CanonicalError::Json(e.to_string()))?;
    let mut out = String::new();
    write(&value, &mut out)?;
    Ok(out)
}

/// Reads a value from its canonical form, and from nothing else.
pub fn from_canonical_json<T: Serialize + DeserializeOwned>(
    text: &str,
    bytes_max: usize,
) -> Result<T, CanonicalError> {
    if text.len() > bytes_max {
        return Err(CanonicalError::TooLarge { bytes: text.len(), bytes_max });
    }
    let value: T = serde_json::from_str(text).map_err(|e| CanonicalError::Json(e.to_string()))?;
    let canonical = canonical_json(&value)?;
    if canonical == text {
        return Ok(value);
    }
    let same = canonical.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    Err(CanonicalError::Spelling { at: same })
}

fn write(value: &Value, out: &mut String) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(v) => out.push_str(if *v { "true" } else { "false" }),
        Value::Number(n) => {
            let exact = n.as_i64().map(i64::unsigned_abs).or_else(|| n.as_u64());
            if exact.is_none_or(|magnitude| magnitude > INTEGER_MAX) {
                return Err(CanonicalError::Number(n.to_string()));
            }
            out.push_str(&n.to_string());
        }
        Value::String(s) => write_string(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, out)?,
    }
    Ok(())
}

fn write_object(map: &serde_json::Map<String, Value>, out: &mut String) -> Result<(), CanonicalError> {
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (i, (key, value)) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Ok(())
}

/// serde_json escapes as RFC 8785 wants: short forms, lower-case `\u00xx`, nothing else.
fn write_string(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

/// Gives a type that has a `check` its two ways between value and canonical form: what fails the check
/// is neither written nor read.
macro_rules! canonical_form {
    ($type:ty, $error:ty, $bytes_max:expr) => {
        impl $type {
            /// The canonical form, which is what is signed.
            pub fn to_json(&self) -> Result<String, $error> {
                self.check()?;
                Ok($crate::canonical::canonical_json(self)?)
            }

            /// Reads the canonical form, and nothing else.
            pub fn from_json(json: &str) -> Result<Self, $error> {
                let value: Self = $crate::canonical::from_canonical_json(json, $bytes_max)?;
                value.check()?;
                Ok(value)
            }
        }
    };
}
pub(crate) use canonical_form;
