//! The path policy: who may put what where. A pure function of the writer's role,
//! the operation and the place that it acts on.

use proofroom_ident::{BlobHash, ContentHash, DocId, HashWords as _, PersonId, VersionHash, WorkspaceId};
use proofroom_review::{
    AcknowledgedKey, Anchor, BlobRef, Category, CommentKey, CommentLabel, CommentState, LibraryItem,
    LibraryKey, Manifest, Pick, Rendition, RequestForm, RequestKey, RequestState, ReviewerRole,
    from_canonical_json,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chunk::{Action, RawValue};
use crate::schema::{self, Collection, Place, canonical};
use crate::{DocKind, Writer, WriterRole};

const LINE_BYTES_MAX: usize = 400;
pub(crate) const FORM_BYTES_MAX: usize = 1 << 20;
pub(crate) const STATE_BYTES_MAX: usize = 1 << 19;
/// Milliseconds that every JSON library reads exactly.
const CREATED_MAX: u64 = 1 << 53;

/// An operation is not its author's to make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The schema has no such place, or no such operation there.
    #[error("the schema has no place for this at `{0}`")]
    NoPlace(String),
    /// Only owners and producers write here.
    #[error("only owners and producers write `{0}`")]
    ProducersOnly(String),
    /// It belongs to somebody else.
    #[error("`{0}` belongs to somebody else")]
    NotTheirs(String),
    /// A comment's words are its author's alone.
    #[error("nobody but its author changes a comment's words")]
    OthersWords,
    /// It is written once, with what it belongs to, and never again.
    #[error("`{0}` is written once")]
    Immutable(String),
    /// The key is not the hash of the value.
    #[error("the key `{0}` is not the hash of its value")]
    KeyNotHash(String),
    /// The value names another person than its writer.
    #[error("`{0}` names somebody else as its author")]
    OtherAuthor(String),
    /// The value is not of the kind that belongs here.
    #[error("`{key}`: {why}")]
    Value {
        /// Where.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// A state, why, and who says so: one value, so that concurrent moves never mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateNote<S> {
    pub by: PersonId,
    /// Of a returned request: what its author is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub state: S,
    /// Of an addressed comment: the version that is said to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionHash>,
}

pub(crate) type RequestStateNote = StateNote<RequestState>;
pub(crate) type CommentStateNote = StateNote<CommentState>;

/// What an operation puts at a map's key.
pub(super) struct Put<'a> {
    pub place: &'a Place,
    pub key: &'a str,
    pub action: Action,
    pub value: &'a RawValue,
    /// The map was made by the same change.
    pub fresh: bool,
    /// There are predecessors.
    pub replaces: bool,
}

impl Put<'_> {
    fn no_place(&self) -> PolicyError {
        PolicyError::NoPlace(self.key.to_owned())
    }

    fn bad(&self, why: impl ToString) -> PolicyError {
        PolicyError::Value { key: self.key.to_owned(), why: why.to_string() }
    }

    fn text(&self) -> Result<&str, PolicyError> {
        match self.value {
            RawValue::Text(text) if self.action == Action::Set => Ok(text),
            _ => Err(self.bad("a text belongs here")),
        }
    }

    fn line(&self) -> Result<(), PolicyError> {
        let text = self.text()?;
        let fits =
            !text.trim().is_empty() && text.len() <= LINE_BYTES_MAX && !text.contains(char::is_control);
        if fits { Ok(()) } else { Err(self.bad("one line that is not blank belongs here")) }
    }

    fn parsed<T: std::str::FromStr + std::fmt::Display>(&self) -> Result<T, PolicyError> {
        canonical(self.text()?).ok_or_else(|| self.bad("a value of another kind belongs here"))
    }

    fn json<T: Serialize + DeserializeOwned>(&self, bytes_max: usize) -> Result<T, PolicyError> {
        from_canonical_json(self.text()?, bytes_max).map_err(|e| self.bad(e))
    }

    fn time(&self) -> Result<(), PolicyError> {
        match self.value {
            RawValue::Uint(ms) if self.action == Action::Set && *ms <= CREATED_MAX => Ok(()),
            _ => Err(self.bad("a time in milliseconds belongs here")),
        }
    }

    /// Made once: in a collection, so that a key keeps its object.
    fn once(&self) -> Result<(), PolicyError> {
        if self.replaces { Err(PolicyError::Immutable(self.key.to_owned())) } else { Ok(()) }
    }

    /// Written with the object that it belongs to.
    fn with_its_object(&self) -> Result<(), PolicyError> {
        if self.fresh { self.once() } else { Err(PolicyError::Immutable(self.key.to_owned())) }
    }

    fn is_empty_object(&self) -> bool {
        matches!(self.action, Action::MakeMap | Action::MakeText) && *self.value == RawValue::Nothing
    }
}

/// Who writes, and into which document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'a> {
    pub kind: DocKind,
    pub workspace: WorkspaceId,
    pub doc: DocId,
    pub writer: &'a Writer,
}

impl Policy<'_> {
    fn producer(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        match self.writer.role {
            WriterRole::Producer => Ok(()),
            WriterRole::Contributor => Err(PolicyError::ProducersOnly(put.key.to_owned())),
        }
    }

    fn owner(&self, put: &Put<'_>, owner: PersonId) -> Result<(), PolicyError> {
        if owner == self.writer.person { Ok(()) } else { Err(PolicyError::NotTheirs(put.key.to_owned())) }
    }

    fn owner_or_producer(&self, put: &Put<'_>, owner: PersonId) -> Result<(), PolicyError> {
        if self.writer.role == WriterRole::Producer { Ok(()) } else { self.owner(put, owner) }
    }

    fn author(&self, put: &Put<'_>, author: PersonId) -> Result<(), PolicyError> {
        if author == self.writer.person { Ok(()) } else { Err(PolicyError::OtherAuthor(put.key.to_owned())) }
    }

    /// Whether characters may come and go in a text.
    pub(super) fn may_write_text(&self, place: &Place) -> Result<(), PolicyError> {
        match place {
            Place::Body(owner) if *owner == self.writer.person => Ok(()),
            Place::Body(_) => Err(PolicyError::OthersWords),
            Place::Brief(owner) if *owner == self.writer.person => Ok(()),
            Place::Brief(_) if self.writer.role == WriterRole::Producer => Ok(()),
            _ => Err(PolicyError::NotTheirs(schema::BRIEF.to_owned())),
        }
    }

    /// Whether a map's key may be put, and the place of the object that this makes.
    pub(super) fn may_put(&self, put: &Put<'_>) -> Result<Option<Place>, PolicyError> {
        let made = match put.is_empty_object() {
            true => Some(put.place.child(self.kind, put.action, put.key).ok_or_else(|| put.no_place())?),
            false if put.action == Action::Set => None,
            false => return Err(put.no_place()),
        };
        match (*put.place, made) {
            (Place::Root, None) => self.root(put)?,
            (Place::Collection(_), Some(Place::Owned(_, owner))) => {
                self.owner(put, owner)?;
                put.once()?;
            }
            (Place::Collection(_), Some(_)) => {
                self.producer(put)?;
                put.once()?;
            }
            (Place::Collection(Collection::Library), None) => self.library(put)?,
            (Place::Collection(Collection::Acknowledged), None) => self.acknowledged(put)?,
            (Place::Collection(collection), None) => self.fixed(put, collection)?,
            (Place::Owned(..) | Place::Asset, Some(_)) => put.with_its_object()?,
            (Place::Owned(Collection::Requests, owner), None) => self.request(put, owner)?,
            (Place::Owned(Collection::Comments, owner), None) => self.comment(put, owner)?,
            (Place::Asset, None) => self.asset(put)?,
            (Place::Assignments, None) => self.assignment(put)?,
            _ => return Err(put.no_place()),
        }
        Ok(made)
    }

    fn root(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        if self.kind != DocKind::Plan || put.key != schema::NAME {
            return Err(put.no_place());
        }
        self.producer(put)?;
        put.line()
    }

    /// Values that are named by what they are: never replaced, and no two by one key.
    fn fixed(&self, put: &Put<'_>, collection: Collection) -> Result<(), PolicyError> {
        self.producer(put)?;
        put.once()?;
        let not_hash = || PolicyError::KeyNotHash(put.key.to_owned());
        let text = put.text()?;
        match collection {
            Collection::Versions => {
                let named: VersionHash = canonical(put.key).ok_or_else(not_hash)?;
                if VersionHash::of(text.as_bytes()) != named {
                    return Err(not_hash());
                }
                let manifest = Manifest::from_json(text).map_err(|e| put.bad(e))?;
                self.author(put, manifest.author)?;
                let doc = self.workspace.review_doc(manifest.asset, self.doc.audience());
                if doc == self.doc { Ok(()) } else { Err(put.bad("a version of another asset")) }
            }
            Collection::Blobs => {
                let named: ContentHash = canonical(put.key).ok_or_else(not_hash)?;
                let blob = BlobRef::from_json(text).map_err(|e| put.bad(e))?;
                let whole = blob.blob != BlobHash::ZERO;
                if blob.content == named && whole { Ok(()) } else { Err(not_hash()) }
            }
            Collection::Picks => {
                let pick = Pick::from_json(text).map_err(|e| put.bad(e))?;
                if blake3::hash(text.as_bytes()).to_hex().as_str() != put.key {
                    return Err(not_hash());
                }
                self.author(put, pick.by)
            }
            Collection::Renditions => {
                let rendition = Rendition::from_json(text).map_err(|e| put.bad(e))?;
                if blake3::hash(text.as_bytes()).to_hex().as_str() != put.key {
                    return Err(not_hash());
                }
                self.author(put, rendition.by)
            }
            _ => Err(put.no_place()),
        }
    }

    fn library(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        let key: LibraryKey = canonical(put.key).ok_or_else(|| put.no_place())?;
        match key {
            LibraryKey::Peace(person) => self.owner(put, person)?,
            _ => self.producer(put)?,
        }
        match put.text()? {
            schema::UNSHELVED => Ok(()),
            json => LibraryItem::from_json(&key, json).map(drop).map_err(|e| put.bad(e)),
        }
    }

    /// What somebody has taken note of they say themselves, once.
    fn acknowledged(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        let key: AcknowledgedKey = canonical(put.key).ok_or_else(|| put.no_place())?;
        self.owner(put, key.by)?;
        put.once()?;
        put.time()
    }

    fn request(&self, put: &Put<'_>, owner: PersonId) -> Result<(), PolicyError> {
        match put.key {
            schema::CREATED => put.with_its_object().and_then(|()| put.time()),
            schema::FORM => {
                self.owner_or_producer(put, owner)?;
                let form: RequestForm = put.json(FORM_BYTES_MAX)?;
                form.check().map_err(|e| put.bad(e))
            }
            schema::STATE => {
                self.owner_or_producer(put, owner)?;
                let note: RequestStateNote = put.json(STATE_BYTES_MAX)?;
                if note.version.is_some()
                    || (!note.questions.is_empty() && note.state != RequestState::Returned)
                {
                    return Err(put.bad("questions go with a returned request, versions with no request"));
                }
                // Its author may submit it again; what becomes of it others say.
                if note.state != RequestState::Submitted {
                    self.producer(put)?;
                }
                self.author(put, note.by)
            }
            _ => Err(put.no_place()),
        }
    }

    fn comment(&self, put: &Put<'_>, owner: PersonId) -> Result<(), PolicyError> {
        match put.key {
            schema::CREATED => put.with_its_object().and_then(|()| put.time()),
            schema::PARENT => put.with_its_object().and_then(|()| put.parsed::<CommentKey>()).map(drop),
            schema::ANCHOR => {
                put.with_its_object()?;
                Anchor::from_json(put.text()?).map(drop).map_err(|e| put.bad(e))
            }
            schema::LABEL => {
                self.owner_or_producer(put, owner)?;
                put.parsed::<CommentLabel>().map(drop)
            }
            schema::STATE => {
                self.owner_or_producer(put, owner)?;
                let note: CommentStateNote = put.json(STATE_BYTES_MAX)?;
                if !note.questions.is_empty()
                    || (note.version.is_some() && note.state != CommentState::Addressed)
                {
                    return Err(
                        put.bad("a version goes with an addressed comment, questions with no comment")
                    );
                }
                self.author(put, note.by)
            }
            _ => Err(put.no_place()),
        }
    }

    fn asset(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        self.producer(put)?;
        match put.key {
            schema::NAME => put.line(),
            schema::SLOT if put.text()?.is_empty() => Ok(()),
            schema::SLOT => put.line(),
            schema::CREATED => put.with_its_object().and_then(|()| put.time()),
            schema::CATEGORY => put.with_its_object().and_then(|()| put.parsed::<Category>()).map(drop),
            schema::REQUEST => put.with_its_object().and_then(|()| put.parsed::<RequestKey>()).map(drop),
            schema::AUTHOR => {
                put.with_its_object()?;
                self.author(put, put.parsed()?)
            }
            _ => Err(put.no_place()),
        }
    }

    fn assignment(&self, put: &Put<'_>) -> Result<(), PolicyError> {
        self.producer(put)?;
        canonical::<PersonId>(put.key).ok_or_else(|| put.no_place())?;
        if put.text()? == schema::UNASSIGNED { Ok(()) } else { put.parsed::<ReviewerRole>().map(drop) }
    }
}
