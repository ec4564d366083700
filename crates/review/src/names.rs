//! Short names that people give to parts of a route: lower-case words that a
//! file, a command line and a signed statement spell alike.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

const NAME_BYTES_MAX: usize = 40;

/// A text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not {what}: lower-case letters, digits, `-` and `_` are wanted, beginning with a letter, \
     at most {NAME_BYTES_MAX} of them"
)]
pub struct NameError {
    /// Which kind of name.
    pub what: &'static str,
    /// The text as given, at most 80 characters of it.
    pub text: String,
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    text.len() <= NAME_BYTES_MAX
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(plain)
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident $what:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                if is_name(text) {
                    return Ok(Self(text.into()));
                }
                Err(NameError { what: $what, text: text.chars().take(80).collect() })
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

names! {
    /// A stage within its route.
    StageName "a stage's name";
    /// What somebody is in the workspace, such as `legal` or `brand`: routes ask roles, the
    /// workspace casts them with people.
    RoleName "a role's name";
    /// A route template within its workspace.
    RouteName "a route's name";
    /// A calendar within its workspace.
    CalendarName "a calendar's name";
}

impl StageName {
    /// The one stage of the built-in route.
    pub fn review() -> Self {
        Self("review".into())
    }
}

impl RouteName {
    /// The built-in route: one stage that waits for all mandatory assignees.
    pub fn built_in() -> Self {
        Self("built-in".into())
    }
}
