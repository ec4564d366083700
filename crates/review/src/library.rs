//! What a workspace keeps beside its work: forms, routes, calendars, rules, who plays
//! which role, when people want to be left in peace, packages.
//!
//! Each item has a key, `form/visual`, and a canonical form. Putting an item replaces
//! the one of the same key; what was decided under an earlier one carries it or names
//! its hash. Items hold by themselves; whether a rule's route is there, or a role is
//! cast, is told when they are saved and when they are used, because either may change.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use proofroom_ident::{ContentHash, PersonId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarSpec, Peace};
use crate::canonical::{CanonicalError, canonical_json, from_canonical_json};
use crate::intake::{IntakeError, IntakeForm};
use crate::names::{CalendarName, RoleName, RouteName};
use crate::package::Package;
use crate::route::{RouteTemplate, RoutingRules};
use crate::text::TextError;
use crate::words::Category;

/// Largest canonical item, in bytes.
pub const ITEM_BYTES_MAX: usize = 1 << 18;
const CAST_MAX: usize = 500;
const RULES: &str = "routing";

/// An item cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// It is not in canonical form.
    #[error("library: {0}")]
    Canonical(#[from] CanonicalError),
    /// The form does not hold.
    #[error("form: {0}")]
    Form(#[from] IntakeError),
    /// A text breaks its limit.
    #[error("library: {0}")]
    Text(#[from] TextError),
    /// A route or calendar does not hold.
    #[error("{0}")]
    Problem(String),
    /// The key names another kind or item.
    #[error("library: `{0}` is not the key of such an item")]
    Key(String),
}

/// Who plays a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Casting {
    /// The role.
    pub role: RoleName,
    /// The people, sorted.
    pub people: Vec<PersonId>,
}

/// How somebody wants to be reminded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeaceOf {
    /// Who.
    pub person: PersonId,
    /// How.
    pub peace: Peace,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryItem {
    /// The request form of a category.
    Form(IntakeForm),
    /// A route template.
    Route(RouteTemplate),
    /// A business calendar.
    Calendar(CalendarSpec),
    /// The routing rules.
    Rules(RoutingRules),
    /// Who plays a role.
    Cast(Casting),
    /// When somebody wants to be left in peace.
    Peace(PeaceOf),
    /// Versions that are approved together.
    Package(Package),
}

/// What an item is called: `form/visual`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LibraryKey {
    /// The request form of a category.
    Form(Category),
    /// A route template.
    Route(RouteName),
    /// A business calendar.
    Calendar(CalendarName),
    /// The routing rules.
    Rules,
    /// Who plays a role.
    Cast(RoleName),
    /// When somebody wants to be left in peace. They say so themselves.
    Peace(PersonId),
    /// Versions that are approved together, by the hash of the package.
    Package(ContentHash),
}

impl fmt::Display for LibraryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(category) => write!(f, "form/{category}"),
            Self::Route(name) => write!(f, "route/{name}"),
            Self::Calendar(name) => write!(f, "calendar/{name}"),
            Self::Rules => write!(f, "rules/{RULES}"),
            Self::Cast(role) => write!(f, "cast/{role}"),
            Self::Peace(person) => write!(f, "peace/{person}"),
            Self::Package(hash) => write!(f, "package/{hash}"),
        }
    }
}

impl FromStr for LibraryKey {
    type Err = LibraryError;
    fn from_str(text: &str) -> Result<Self, LibraryError> {
        fn read<T: FromStr>(name: &str) -> Option<T> {
            name.parse().ok()
        }
        let key = text.split_once('/').and_then(|(kind, name)| match kind {
            "form" => read(name).map(Self::Form),
            "route" => read(name).map(Self::Route),
            "calendar" => read(name).map(Self::Calendar),
            "rules" if name == RULES => Some(Self::Rules),
            "cast" => read(name).map(Self::Cast),
            "peace" => read(name).map(Self::Peace),
            "package" => read(name).map(Self::Package),
            _ => None,
        });
        key.ok_or_else(|| LibraryError::Key(text.chars().take(80).collect()))
    }
}

impl LibraryItem {
    /// What it is called.
    ///
    /// # Errors
    /// Never for an item that passed [`LibraryItem::check`].
    pub fn key(&self) -> Result<LibraryKey, LibraryError> {
        Ok(match self {
            Self::Form(form) => LibraryKey::Form(form.category),
            Self::Route(route) => LibraryKey::Route(route.name.clone()),
            Self::Calendar(calendar) => LibraryKey::Calendar(calendar.name.clone()),
            Self::Rules(_) => LibraryKey::Rules,
            Self::Cast(casting) => LibraryKey::Cast(casting.role.clone()),
            Self::Peace(of) => LibraryKey::Peace(of.person),
            Self::Package(package) => {
                LibraryKey::Package(ContentHash::from_bytes(*package.hash()?.as_bytes()))
            }
        })
    }

    /// Whether it holds by itself.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self) -> Result<(), LibraryError> {
        match self {
            Self::Form(form) => Ok(form.check()?),
            Self::Route(route) => route.check().map_err(|p| LibraryError::Problem(format!("route: {p}"))),
            Self::Calendar(calendar) => match calendar.problems().into_iter().next() {
                Some(problem) => Err(LibraryError::Problem(format!("calendar: {problem}"))),
                None => Ok(()),
            },
            Self::Cast(Casting { people, .. }) => {
                crate::text::count("people in one role", people.len(), CAST_MAX)?;
                let sorted = people.is_sorted_by(|a, b| a < b);
                sorted.then_some(()).ok_or(LibraryError::Problem("cast: people are sorted and unique".into()))
            }
            Self::Package(package) => Ok(package.check()?),
            Self::Rules(_) | Self::Peace(_) => Ok(()),
        }
    }

    /// The canonical form.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn to_json(&self) -> Result<String, LibraryError> {
        self.check()?;
        Ok(match self {
            Self::Form(item) => canonical_json(item)?,
            Self::Route(item) => canonical_json(item)?,
            Self::Calendar(item) => canonical_json(item)?,
            Self::Rules(item) => canonical_json(item)?,
            Self::Cast(item) => canonical_json(item)?,
            Self::Peace(item) => canonical_json(item)?,
            Self::Package(item) => canonical_json(item)?,
        })
    }

    /// Reads the canonical form of the item of a key, and nothing else.
    ///
    /// # Errors
    /// When it is none, does not hold, or is another item's.
    pub fn from_json(key: &LibraryKey, json: &str) -> Result<Self, LibraryError> {
        fn read<T: Serialize + DeserializeOwned>(json: &str) -> Result<T, CanonicalError> {
            from_canonical_json(json, ITEM_BYTES_MAX)
        }
        let item = match key {
            LibraryKey::Form(_) => Self::Form(read(json)?),
            LibraryKey::Route(_) => Self::Route(read(json)?),
            LibraryKey::Calendar(_) => Self::Calendar(read(json)?),
            LibraryKey::Rules => Self::Rules(read(json)?),
            LibraryKey::Cast(_) => Self::Cast(read(json)?),
            LibraryKey::Peace(_) => Self::Peace(read(json)?),
            LibraryKey::Package(_) => Self::Package(read(json)?),
        };
        item.check()?;
        if item.key()? == *key { Ok(item) } else { Err(LibraryError::Key(key.to_string())) }
    }
}

/// All items of a workspace, each kind in order of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The workspace's own request forms.
    pub forms: Vec<IntakeForm>,
    /// The workspace's own route templates.
    pub routes: Vec<RouteTemplate>,
    /// Business calendars.
    pub calendars: Vec<CalendarSpec>,
    /// Routing rules.
    pub rules: Option<RoutingRules>,
    /// Who plays which role.
    pub cast: BTreeMap<RoleName, Vec<PersonId>>,
    /// When people want to be left in peace.
    pub peace: BTreeMap<PersonId, Peace>,
    /// Versions that are approved together.
    pub packages: Vec<Package>,
}

impl Library {
    /// Adds an item.
    pub fn put(&mut self, item: LibraryItem) {
        match item {
            LibraryItem::Form(form) => self.forms.push(form),
            LibraryItem::Route(route) => self.routes.push(route),
            LibraryItem::Calendar(calendar) => self.calendars.push(calendar),
            LibraryItem::Rules(rules) => self.rules = Some(rules),
            LibraryItem::Cast(casting) => drop(self.cast.insert(casting.role, casting.people)),
            LibraryItem::Peace(of) => drop(self.peace.insert(of.person, of.peace)),
            LibraryItem::Package(package) => self.packages.push(package),
        }
    }
}
