//! Names for people: what they call themselves, or the beginning of their id.

use std::collections::BTreeMap;

use proofroom_authority::Role;
use proofroom_ident::PersonId;
use proofroom_replica::MemberView;

use crate::failure::Failure;
use crate::peer::Seat;

/// A role with its article: `an owner`, `a reviewer`.
pub fn a(role: Role) -> String {
    let article = if role == Role::Owner { "an" } else { "a" };
    format!("{article} {role}")
}

/// The people of a workspace, by id.
#[derive(Clone, Debug, Default)]
pub struct People {
    names: BTreeMap<PersonId, String>,
}

impl People {
    /// All members, those removed included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(seat: &mut Seat<'_>) -> Result<Self, Failure> {
        Ok(Self::from_members(&seat.replica.members(seat.step.store)?))
    }

    /// The names of these members.
    pub fn from_members(members: &[MemberView]) -> Self {
        let named = members.iter().filter_map(|m| m.printed_name.clone().map(|name| (m.person, name)));
        Self { names: named.collect() }
    }

    /// The person of a name, if exactly one is called so.
    pub fn find(&self, name: &str) -> Option<PersonId> {
        let lower = name.trim().to_lowercase();
        let mut found = self.names.iter().filter(|(_, n)| n.to_lowercase() == lower);
        match (found.next(), found.next()) {
            (Some((person, _)), None) => Some(*person),
            _ => None,
        }
    }

    /// A text with names where it names people by the beginning of their ids.
    pub fn in_text(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (person, name)| text.replace(&person.short(), name))
    }

    /// A refusal with names where it names people by the beginning of their ids.
    pub fn in_failure(&self, failure: impl Into<Failure>) -> Failure {
        let failure = failure.into();
        let what = self.in_text(&failure.what);
        Failure { what, ..failure }
    }

    /// The name to print.
    pub fn name(&self, person: PersonId) -> String {
        self.names.get(&person).cloned().unwrap_or_else(|| person.short())
    }
}
