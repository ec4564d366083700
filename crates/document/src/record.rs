//! Recording: edits become one change, vetted like anybody else's.

mod plan;
mod review;

use automerge::transaction::{CommitOptions, Transactable as _, Transaction};
use automerge::{ActorId, AutomergeError, ObjId, ObjType, ROOT, ReadDoc as _, Value};
use proofroom_ident::{Millis, PersonId};
use proofroom_review::{PlanEdit, ReviewEdit};

use crate::batch::write_batch;
use crate::schema::{self, Collection};
use crate::vet::{Policy, vet_in_context, vet_made};
use crate::{ChangeHash, DocKind, Document, RecordError, Touched, VetError, Writer, WriterRole, actor_for};

/// A local change, ready to be sealed into an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The batch.
    pub payload: Vec<u8>,
    /// The hash of its last change: what the entry's `tip_commit` commits to.
    pub tip: ChangeHash,
    /// The records that changed.
    pub touched: Touched,
}

impl From<AutomergeError> for RecordError {
    fn from(error: AutomergeError) -> Self {
        Self::Engine(error.to_string())
    }
}

impl Document {
    /// Records edits of a plan document as one change. The caller makes the entry
    /// durable; if that fails, this document is ahead of its store and must be dropped.
    ///
    /// # Errors
    /// Nothing was recorded: all edits are taken, or none.
    pub fn record_plan(
        &mut self,
        writer: &Writer,
        at: Millis,
        edits: &[PlanEdit],
    ) -> Result<Recorded, RecordError> {
        self.record(DocKind::Plan, writer, at, |pen| {
            edits.iter().try_for_each(|edit| {
                edit.check()?;
                pen.plan(edit)
            })
        })
    }

    /// Records edits of a review document as one change; see [`Document::record_plan`].
    ///
    /// # Errors
    /// Nothing was recorded: all edits are taken, or none.
    pub fn record_review(
        &mut self,
        writer: &Writer,
        at: Millis,
        edits: &[ReviewEdit],
    ) -> Result<Recorded, RecordError> {
        self.record(DocKind::Review, writer, at, |pen| {
            edits.iter().try_for_each(|edit| {
                edit.check()?;
                pen.review(edit)
            })
        })
    }

    fn record(
        &mut self,
        kind: DocKind,
        writer: &Writer,
        at: Millis,
        write: impl FnOnce(&mut Pen<'_, '_>) -> Result<(), RecordError>,
    ) -> Result<Recorded, RecordError> {
        if kind != self.kind {
            return Err(RecordError::Kind(self.kind));
        }
        let actor = actor_for(writer.author, self.doc, writer.log);
        let queue = self.queues.logs.get(&actor);
        if queue.is_some_and(|queue| queue.frozen.is_some() || !queue.entries.is_empty()) {
            return Err(RecordError::Frozen);
        }
        let before = self.am.get_heads();
        self.am.set_actor(ActorId::from(*actor.as_bytes()));
        let mut tx = self.am.transaction();
        if let Err(error) = write(&mut Pen { tx: &mut tx, writer, at }) {
            tx.rollback();
            return Err(error);
        }
        let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX);
        if tx.commit_with(CommitOptions::default().with_time(seconds)).0.is_none() {
            return Err(RecordError::Nothing);
        }
        self.vet_own(writer).inspect_err(|_| {
            // The edits are checked before they are written, so this is a bug or a
            // limit: slow, but the document is as it was.
            if let Ok(am) = self.am.fork_at(&before) {
                self.am = am;
            }
        })
    }

    /// Puts the change that was just made through the same vetting as everybody's.
    fn vet_own(&mut self, writer: &Writer) -> Result<Recorded, RecordError> {
        let made = self.am.get_last_local_change().ok_or(RecordError::Nothing)?;
        let actor = actor_for(writer.author, self.doc, writer.log);
        let refused = |error: VetError| RecordError::Refused(Box::new(error));
        let change = vet_made(made, &actor).map_err(refused)?;
        let policy = Policy { kind: self.kind, workspace: self.workspace, doc: self.doc, writer };
        vet_in_context(&mut self.ledger, &policy, &change).map_err(refused)?;
        let signed = self.renames.hand_out(&change).map_err(refused)?;
        let payload = write_batch([signed.parsed.raw_bytes()]);
        Ok(Recorded { payload, tip: signed.hash, touched: self.note_touched() })
    }
}

/// Writes edits into an open transaction.
struct Pen<'a, 'doc> {
    tx: &'a mut Transaction<'doc>,
    writer: &'a Writer,
    at: Millis,
}

impl Pen<'_, '_> {
    fn producer(&self, what: &'static str) -> Result<(), RecordError> {
        match self.writer.role {
            WriterRole::Producer => Ok(()),
            WriterRole::Contributor => Err(RecordError::NotAllowed(what)),
        }
    }

    fn owner_or_producer(&self, owner: PersonId, what: &'static str) -> Result<(), RecordError> {
        if owner == self.writer.person { Ok(()) } else { self.producer(what) }
    }

    /// The object at a key, if there is one.
    fn object(&self, parent: &ObjId, key: &str) -> Result<Option<ObjId>, RecordError> {
        Ok(match self.tx.get(parent, key)? {
            Some((Value::Object(_), id)) => Some(id),
            _ => None,
        })
    }

    fn collection(&self, collection: Collection) -> Result<ObjId, RecordError> {
        let missing = || RecordError::Engine(format!("the document has no {}", collection.key()));
        self.object(&ROOT, collection.key())?.ok_or_else(missing)
    }

    /// A record of a collection.
    fn find(&self, collection: Collection, key: &str) -> Result<Option<ObjId>, RecordError> {
        self.object(&self.collection(collection)?, key)
    }

    /// Puts a text, unless it is there already: putting the winner of a conflict again
    /// would make automerge delete the others, and nothing is ever deleted from a map.
    fn set(&mut self, object: &ObjId, key: &str, text: &str) -> Result<(), RecordError> {
        let held = self.tx.get(object, key)?;
        if held.is_some_and(|(value, _)| value.as_str() == Some(text)) {
            return Ok(());
        }
        Ok(self.tx.put(object, key, text)?)
    }

    /// Makes a record where there is none yet.
    fn make(&mut self, collection: Collection, key: &str) -> Result<ObjId, RecordError> {
        let parent = self.collection(collection)?;
        if self.tx.get(&parent, key)?.is_some() {
            return Err(RecordError::Exists(format!("{} {key}", collection.key())));
        }
        let record = self.tx.put_object(&parent, key, ObjType::Map)?;
        self.tx.put(&record, schema::CREATED, self.at.0)?;
        Ok(record)
    }

    /// Puts a value that is named by what it is; an equal one may be there already.
    fn fix(&mut self, collection: Collection, key: &str, value: &str) -> Result<bool, RecordError> {
        let parent = self.collection(collection)?;
        let new = self.tx.get(&parent, key)?.is_none();
        if new {
            self.tx.put(&parent, key, value)?;
        }
        Ok(new)
    }

    fn write_text(&mut self, record: &ObjId, key: &str, text: &str) -> Result<(), RecordError> {
        let object = self.tx.put_object(record, key, ObjType::Text)?;
        Ok(self.tx.splice_text(&object, 0, 0, text)?)
    }

    /// Splices a text, at positions that do not cut a character in two.
    fn splice(
        &mut self,
        record: &ObjId,
        key: &str,
        (at, delete): (usize, usize),
        insert: &str,
    ) -> Result<(), RecordError> {
        let object = self.object(record, key)?;
        let object = object.ok_or_else(|| RecordError::Engine(format!("the record has no {key}")))?;
        let length = self.tx.length(&object);
        let error = RecordError::Position { at, delete, length };
        let end = at.checked_add(delete).filter(|end| *end <= length).ok_or_else(|| error.clone())?;
        let units: Vec<u16> = self.tx.text(&object)?.encode_utf16().collect();
        let cuts = |at: usize| units.get(at).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
        if cuts(at) || cuts(end) {
            return Err(error);
        }
        let delete = isize::try_from(delete).map_err(|_| error)?;
        Ok(self.tx.splice_text(&object, at, delete, insert)?)
    }
}
