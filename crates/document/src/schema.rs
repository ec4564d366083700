//! The schema: which maps a document has, and the change that makes them.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId, Automerge, ObjType, ROOT, TextEncoding};
use proofroom_ident::PersonId;
use proofroom_review::{CommentKey, RequestKey};

use crate::DocKind;
use crate::chunk::Action;

/// Version of the schema, in every document's root.
const SCHEMA: u64 = 3;

pub(crate) const NAME: &str = "name";
pub(crate) const FORM: &str = "form";
pub(crate) const BRIEF: &str = "brief";
pub(crate) const STATE: &str = "state";
pub(crate) const CREATED: &str = "created";
pub(crate) const CATEGORY: &str = "category";
pub(crate) const REQUEST: &str = "request";
pub(crate) const SLOT: &str = "slot";
pub(crate) const AUTHOR: &str = "author";
pub(crate) const ASSIGNMENTS: &str = "assignments";
pub(crate) const BODY: &str = "body";
pub(crate) const ANCHOR: &str = "anchor";
pub(crate) const LABEL: &str = "label";
pub(crate) const PARENT: &str = "parent";
/// The assignment of somebody who was taken off.
pub(crate) const UNASSIGNED: &str = "none";
/// What stands for an item that was taken out of the library: nothing is deleted from a map.
pub(crate) const UNSHELVED: &str = "none";

/// A map of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Collection {
    Requests,
    Assets,
    Library,
    Versions,
    Blobs,
    Picks,
    Comments,
    Acknowledged,
    Renditions,
}

impl Collection {
    const PLAN: [Self; 3] = [Self::Requests, Self::Assets, Self::Library];
    const REVIEW: [Self; 6] =
        [Self::Versions, Self::Blobs, Self::Picks, Self::Comments, Self::Acknowledged, Self::Renditions];

    /// The collections of a kind of document.
    pub(crate) fn of(kind: DocKind) -> &'static [Self] {
        match kind {
            DocKind::Plan => &Self::PLAN,
            DocKind::Review => &Self::REVIEW,
        }
    }

    /// Its key in the root.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Assets => "assets",
            Self::Versions => "versions",
            Self::Blobs => "blobs",
            Self::Picks => "picks",
            Self::Comments => "comments",
            Self::Library => "library",
            Self::Acknowledged => "acknowledged",
            Self::Renditions => "renditions",
        }
    }
}

/// What an object is. Objects never move in automerge, so an object's place is a
/// pure function of the change that made it and that change's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Root,
    Collection(Collection),
    /// A request or comment, under its owner's key.
    Owned(Collection, PersonId),
    Asset,
    Assignments,
    /// A brief: its owner and producers write.
    Brief(PersonId),
    /// A comment's words: nobody but its owner writes.
    Body(PersonId),
}

impl Place {
    /// The place of an object that `action` makes at `key`; `None` where the schema has none.
    pub(crate) fn child(&self, kind: DocKind, action: Action, key: &str) -> Option<Self> {
        match (self, action) {
            (Self::Root, Action::MakeMap) => {
                Collection::of(kind).iter().find(|c| c.key() == key).map(|c| Self::Collection(*c))
            }
            (Self::Collection(c @ Collection::Requests), Action::MakeMap) => {
                let owned: RequestKey = canonical(key)?;
                Some(Self::Owned(*c, owned.owner))
            }
            (Self::Collection(c @ Collection::Comments), Action::MakeMap) => {
                let owned: CommentKey = canonical(key)?;
                Some(Self::Owned(*c, owned.owner))
            }
            (Self::Collection(Collection::Assets), Action::MakeMap) => {
                canonical::<proofroom_ident::AssetId>(key).map(|_| Self::Asset)
            }
            (Self::Asset, Action::MakeMap) if key == ASSIGNMENTS => Some(Self::Assignments),
            (Self::Owned(Collection::Requests, owner), Action::MakeText) if key == BRIEF => {
                Some(Self::Brief(*owner))
            }
            (Self::Owned(Collection::Comments, owner), Action::MakeText) if key == BODY => {
                Some(Self::Body(*owner))
            }
            _ => None,
        }
    }
}

/// Reads a key from its one spelling: upper-case digits would make a second key of the same id.
pub(crate) fn canonical<T: std::str::FromStr + std::fmt::Display>(key: &str) -> Option<T> {
    key.parse::<T>().ok().filter(|id| id.to_string() == key)
}

/// An automerge document that holds the schema's maps and nothing else.
///
/// Every replica makes the same change by itself; it is never transmitted. All other
/// changes descend from it, so the maps exist once and nobody else can make them.
pub(crate) fn genesis(kind: DocKind) -> Automerge {
    let actor = blake3::derive_key("proofroom 1 automerge genesis", &[kind as u8]);
    let mut am = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from(actor));
    let mut tx = am.transaction();
    let mut make = || -> Result<(), automerge::AutomergeError> {
        tx.put(ROOT, "kind", kind.to_string())?;
        tx.put(ROOT, "schema", SCHEMA)?;
        for collection in Collection::of(kind) {
            tx.put_object(ROOT, collection.key(), ObjType::Map)?;
        }
        Ok(())
    };
    make().expect("an empty root takes these keys");
    tx.commit_with(CommitOptions::default().with_time(0));
    am
}
