//! Erasing: what is left of changes once the words and keys in them are gone.
//!
//! ```text
//! residue    marker ff ff ff ff   { hash:32 length:u32 change chunk }   in the place of a batch of changes
//! ```
//!
//! Every word of a text becomes [`BAR`], every key of a file becomes zeros; an anchor quotes nothing any more; of a request's
//! form what kind of work it was stays, and of what became of it that it did, without why. Operations, their ids and the changes'
//! places in the graph stay. So whatever was written on top still has its ground. `hash` is the name that the change
//! had: others depend on it by that. What is left has another, so inside a document with residues changes are
//! renamed ([`Renames`]): entries speak of changes by the names that were signed, the engine by its own.
//!
//! A residue is a function of the batch. Whoever holds the batch can tell whether a residue is its.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{BlobHash, ByteReader, ByteWriter, ContentHash};
use proofroom_review::{Anchor, BlobRef, RequestForm, canonical_json, from_canonical_json};

use crate::chunk::{Action, RawChange, RawId, RawKey, RawValue};
use crate::vet::{Change, FORM_BYTES_MAX, RequestStateNote, STATE_BYTES_MAX, read_batch, read_chunk};
use crate::{Actor, ChangeHash, VetError, schema};

/// What stands in the place of each character of an erased text.
pub const BAR: char = '\u{2588}';

const MARKER: [u8; 4] = [0xff; 4];

/// An operation, whichever change names it.
type OpId = (Actor, u32);

/// What a batch holds that would be erased with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// The keys of comments and requests of whose texts words are in it.
    pub texts: BTreeSet<String>,
    /// The files whose keys are in it: where each lies, and which it is.
    pub files: BTreeMap<BlobHash, ContentHash>,
}

/// What each of a document's batches holds, all of them given in any order. One that was erased holds nothing.
pub fn holdings(batches: &[&[u8]]) -> Vec<Holds> {
    let read = |batch: &&[u8]| {
        let changes = if is_residue(batch) { read_residue(batch, None) } else { read_batch(batch, None) };
        changes.unwrap_or_default()
    };
    let read: Vec<Vec<Change>> = batches.iter().map(read).collect();
    let (records, texts) = texts_of(&read);
    let holds = |(changes, batch): (&Vec<Change>, &&[u8])| {
        let mut out = Holds::default();
        if is_residue(batch) {
            return out;
        }
        for raw in changes.iter().map(|change| &change.raw) {
            for op in raw.ops.iter().filter(|op| op.action == Action::Set) {
                match (&op.value, op.object) {
                    (RawValue::Text(_), Some(object)) if op.insert => {
                        out.texts.extend(texts.get(&global(raw, object)).cloned());
                    }
                    (RawValue::Text(text), object) => {
                        out.files.extend(file_key(text).map(|file| (file.blob, file.content)));
                        let record = object.filter(|_| request_words(&op.key, text).is_some());
                        out.texts
                            .extend(record.and_then(|record| records.get(&global(raw, record)).cloned()));
                    }
                    _ => {}
                }
            }
        }
        out
    };
    read.iter().zip(batches).map(holds).collect()
}

/// The records by their keys, and the texts by the keys of the records that they lie in.
fn texts_of(read: &[Vec<Change>]) -> (BTreeMap<OpId, String>, BTreeMap<OpId, String>) {
    let made = |wanted: Action| {
        let changes = read.iter().flatten().map(|change| &change.raw);
        changes.flat_map(move |raw| {
            (raw.start_op..).zip(&raw.ops).filter(move |(_, op)| op.action == wanted).map(
                move |(counter, op)| {
                    let object = op.object.map(|object| global(raw, object));
                    ((raw.actor, counter), object, &op.key)
                },
            )
        })
    };
    let keyed = |(id, _, key): (OpId, Option<OpId>, &RawKey)| match key {
        RawKey::Map(key) => Some((id, key.to_string())),
        RawKey::Head | RawKey::Element(_) => None,
    };
    let records: BTreeMap<OpId, String> = made(Action::MakeMap).filter_map(keyed).collect();
    let texts =
        made(Action::MakeText).filter_map(|(id, object, _)| Some((id, records.get(&object?)?.clone())));
    let texts = texts.collect();
    (records, texts)
}

fn global(raw: &RawChange, id: RawId) -> OpId {
    let other = (id.actor as usize).checked_sub(1).and_then(|i| raw.others.get(i));
    (other.copied().unwrap_or(raw.actor), id.counter)
}

/// What is left of an anchor that quotes something.
fn quotation(key: &RawKey, text: &str) -> Option<String> {
    let anchor = match key {
        RawKey::Map(key) if **key == *schema::ANCHOR => Anchor::from_json(text).ok()?,
        _ => return None,
    };
    anchor.erased().to_json().ok().filter(|left| left != text)
}

/// What is left of a request's form, or of what became of it, where there are words in it.
fn request_words(key: &RawKey, text: &str) -> Option<String> {
    let RawKey::Map(key) = key else { return None };
    let left = match &**key {
        schema::FORM => {
            let form: RequestForm = from_canonical_json(text, FORM_BYTES_MAX).ok()?;
            canonical_json(&form.erased())
        }
        schema::STATE => {
            let note: RequestStateNote = from_canonical_json(text, STATE_BYTES_MAX).ok()?;
            canonical_json(&RequestStateNote { reason: None, questions: Vec::new(), ..note })
        }
        _ => return None,
    };
    left.ok().filter(|left| left != text)
}

fn file_key(text: &str) -> Option<BlobRef> {
    BlobRef::from_json(text).ok().filter(|file| !file.is_erased())
}

/// Whether these bytes are a residue and no batch.
pub(crate) fn is_residue(bytes: &[u8]) -> bool {
    bytes.starts_with(&MARKER)
}

/// What is left of a batch.
///
/// # Errors
/// When it is no batch of changes.
pub fn residue_of(batch: &[u8]) -> Result<Vec<u8>, VetError> {
    let mut w = ByteWriter::default();
    w.put(&MARKER);
    for mut change in read_batch(batch, None)? {
        scrub(&mut change.raw);
        w.put(change.hash.as_bytes()).run(&change.raw.to_chunk());
    }
    Ok(w.finish())
}

fn scrub(raw: &mut RawChange) {
    for op in raw.ops.iter_mut().filter(|op| op.action == Action::Set) {
        let RawValue::Text(text) = &op.value else { continue };
        let left = match file_key(text) {
            _ if op.insert => Some(BAR.to_string()),
            Some(file) => file.erased().to_json().ok(),
            None => quotation(&op.key, text).or_else(|| request_words(&op.key, text)),
        };
        if let Some(left) = left {
            op.value = RawValue::Text(left.into());
        }
    }
}

/// The name that a residue's last change had: what its entry commits to.
pub fn residue_tip(residue: &[u8]) -> Option<ChangeHash> {
    read_residue(residue, None).ok()?.last().map(|change| change.hash)
}

/// Reads a residue: each change under the name that it had.
pub(crate) fn read_residue(bytes: &[u8], actor: Option<&Actor>) -> Result<Vec<Change>, VetError> {
    let cut = |_| VetError::Batch("what is left of it is cut short");
    let mut r = ByteReader::new(bytes);
    if r.array("marker").map_err(cut)? != MARKER {
        return Err(VetError::Batch("this is not what is left of changes"));
    }
    let mut changes = Vec::new();
    while !r.is_empty() {
        let hash = ChangeHash::from_bytes(r.array("hash").map_err(cut)?);
        let chunk = r.run("a change").map_err(cut)?;
        changes.push(Change { hash, ..read_chunk(changes.len(), chunk, actor)? });
    }
    if changes.is_empty() { Err(VetError::Batch("it is empty")) } else { Ok(changes) }
}

/// The names of changes: as they were signed, and inside a document where something before them was erased.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renames {
    inside: BTreeMap<ChangeHash, ChangeHash>,
    signed: BTreeMap<ChangeHash, ChangeHash>,
}

impl Renames {
    /// The name inside.
    pub(crate) fn inside(&self, signed: &ChangeHash) -> ChangeHash {
        *self.inside.get(signed).unwrap_or(signed)
    }

    /// The name that was, or is to be, signed.
    pub(crate) fn signed(&self, inside: &ChangeHash) -> ChangeHash {
        *self.signed.get(inside).unwrap_or(inside)
    }

    fn note(&mut self, signed: ChangeHash, inside: ChangeHash) {
        if signed != inside {
            self.inside.insert(signed, inside);
            self.signed.insert(inside, signed);
        }
    }

    /// Gives a change that came the dependencies, and so the name, that it has inside. What is left of one that was
    /// `erased` always has another name than it came under.
    pub(crate) fn take_in(&mut self, change: &mut Change, erased: bool) -> Result<(), VetError> {
        let deps = self.translate(&change.raw, Self::inside);
        if deps == change.raw.deps && !erased {
            return Ok(());
        }
        let renamed = with_deps(&change.raw, deps)?;
        self.note(change.hash, renamed.hash);
        *change = renamed;
        Ok(())
    }

    /// A change that was made here, as it is to be signed.
    pub(crate) fn hand_out(&mut self, change: &Change) -> Result<Change, VetError> {
        let deps = self.translate(&change.raw, Self::signed);
        if deps == change.raw.deps {
            return Ok(change.clone());
        }
        let signed = with_deps(&change.raw, deps)?;
        self.note(signed.hash, change.hash);
        Ok(signed)
    }

    fn translate(&self, raw: &RawChange, name: impl Fn(&Self, &ChangeHash) -> ChangeHash) -> Vec<ChangeHash> {
        let mut deps: Vec<ChangeHash> = raw.deps.iter().map(|dep| name(self, dep)).collect();
        deps.sort_unstable();
        deps
    }
}

fn with_deps(raw: &RawChange, deps: Vec<ChangeHash>) -> Result<Change, VetError> {
    let chunk = RawChange { deps, ..raw.clone() }.to_chunk();
    read_chunk(0, &chunk, None)
}
