//! Views: the document as plain data, in a fixed order.
//!
//! Every value was vetted before it was taken, so nothing here needs to explain a
//! bad one: a record without its parts is left out.
//!
//! [`Document::view_plan`] and [`Document::view_review`] read all of it and say what a view
//! *is*. [`Document::plan`] and [`Document::review`] keep the last one and patch the records
//! that changed since (`view/shown.rs`); they show the same at any time.
//!
//! # A new map in the schema
//!
//! 1. A variant of `Collection`, so that the ledger notes its records (`schema.rs`).
//! 2. A function beside `comment` below that reads one record, and its line in the whole view.
//! 3. Its line in `Shown::patch_plan` or `patch_review`: `list` for lists in order of creation, `map`
//!    for values by key, or read all of it again, where there are few.
//! 4. If screens follow it, its keys in `touched.rs`.
//!
//! A new field in a record needs none of this: the record is read anew as a whole. The test
//! `a_patched_view_equals_one_made_from_scratch` writes into every map; add the new one there.

mod shown;

use std::collections::BTreeMap;
use std::str::FromStr;

use automerge::iter::MapRangeItem;
use automerge::{Automerge, ObjId, ROOT, ReadDoc as _, ScalarValueRef, Value, ValueRef};
use proofroom_ident::{AssetId, ContentHash, Millis, VersionHash};
use proofroom_review::{
    Anchor, AssetView, BlobRef, CommentKey, CommentState, CommentView, ERASED_TEXT, Library, LibraryItem,
    Manifest, Pick, PlanView, Rendition, RenditionKind, RequestKey, RequestState, RequestView, ReviewView,
    from_canonical_json,
};

use crate::schema::{self, Collection};
use crate::vet::{CommentStateNote, FORM_BYTES_MAX, RequestStateNote, STATE_BYTES_MAX};
use crate::{BAR, DocKind, Document};
pub(crate) use shown::Shown;

impl Document {
    /// The plan, read from scratch; empty for a review document. Screens take [`Document::plan`].
    pub fn view_plan(&self) -> PlanView {
        if self.kind != DocKind::Plan {
            return PlanView::default();
        }
        let am = &self.am;
        let mut requests: Vec<_> =
            records(am, Collection::Requests).filter_map(|(key, record)| request(&key, &record)).collect();
        let mut assets: Vec<_> =
            records(am, Collection::Assets).filter_map(|(key, record)| asset(&key, &record)).collect();
        requests.sort_by_key(request_order);
        assets.sort_by_key(asset_order);
        PlanView { name: workspace_name(am), requests, assets, library: library(am) }
    }

    /// Whether the review holds a version: one look-up, whatever the document's size.
    pub fn has_version(&self, version: &VersionHash) -> bool {
        let versions = map_of(&self.am, Collection::Versions);
        let held = |map| matches!(self.am.get(&map, version.to_hex()), Ok(Some(_)));
        self.kind == DocKind::Review && versions.is_some_and(held)
    }

    /// The review, read from scratch; empty for a plan document. Screens take [`Document::review`].
    pub fn view_review(&self) -> ReviewView {
        if self.kind != DocKind::Review {
            return ReviewView::default();
        }
        let am = &self.am;
        let mut comments: Vec<_> =
            records(am, Collection::Comments).filter_map(|(key, record)| comment(&key, &record)).collect();
        comments.sort_by_key(comment_order);
        ReviewView {
            versions: values(am, Collection::Versions).filter_map(|(k, json)| version(&k, &json)).collect(),
            picks: picks(am),
            renditions: renditions(am),
            comments,
            acknowledged: times(am, Collection::Acknowledged).collect(),
            blobs: values(am, Collection::Blobs).filter_map(|(key, json)| blob(&key, &json)).collect(),
        }
    }
}

fn request_order(request: &RequestView) -> (Millis, RequestKey) {
    (request.created_at, request.key)
}

fn asset_order(asset: &AssetView) -> (Millis, AssetId) {
    (asset.created_at, asset.id)
}

fn comment_order(comment: &CommentView) -> (Millis, CommentKey) {
    (comment.created_at, comment.key)
}

fn workspace_name(am: &Automerge) -> String {
    let name = am.get(ROOT, schema::NAME).ok().flatten();
    name.and_then(|(value, _)| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn version(key: &str, json: &str) -> Option<(VersionHash, Manifest)> {
    Some((key.parse().ok()?, Manifest::from_json(json).ok()?))
}

fn blob(key: &str, json: &str) -> Option<(ContentHash, BlobRef)> {
    Some((key.parse().ok()?, BlobRef::from_json(json).ok()?))
}

fn picks(am: &Automerge) -> Vec<Pick> {
    values(am, Collection::Picks).filter_map(|(_, json)| Pick::from_json(&json).ok()).collect()
}

/// A handful for each file: read together, as picks are.
fn renditions(am: &Automerge) -> Vec<Rendition> {
    let all = values(am, Collection::Renditions);
    let mut all: Vec<_> = all.filter_map(|(_, json)| Rendition::from_json(&json).ok()).collect();
    all.sort_by_key(rendition_order);
    all
}

fn rendition_order(r: &Rendition) -> (ContentHash, RenditionKind, Millis, ContentHash) {
    (r.of, r.kind, r.claimed_at, r.content)
}

/// Forms and the like: few, so they are always read together.
fn library(am: &Automerge) -> Library {
    let mut library = Library::default();
    for (key, json) in values(am, Collection::Library) {
        let item = key.parse().ok().and_then(|key| LibraryItem::from_json(&key, &json).ok());
        item.into_iter().for_each(|item| library.put(item));
    }
    library
}

fn request(key: &str, record: &Record<'_>) -> Option<RequestView> {
    let note: Option<RequestStateNote> =
        record.text(schema::STATE).and_then(|json| from_canonical_json(json, STATE_BYTES_MAX).ok());
    let (state, reason, questions) = note.map_or((RequestState::Submitted, None, Vec::new()), |note| {
        (note.state, note.reason, note.questions)
    });
    Some(RequestView {
        key: key.parse::<RequestKey>().ok()?,
        form: from_canonical_json(record.text(schema::FORM)?, FORM_BYTES_MAX).ok()?,
        brief: record.long_text(schema::BRIEF)?,
        state,
        reason,
        questions,
        created_at: record.time(schema::CREATED)?,
    })
}

fn asset(key: &str, record: &Record<'_>) -> Option<AssetView> {
    let assigned = |(person, value): (&String, &(Field, ObjId))| match &value.0 {
        Field::Text(word) => Some((person.parse().ok()?, word.parse().ok()?)),
        _ => None,
    };
    Some(AssetView {
        id: key.parse().ok()?,
        name: record.text(schema::NAME)?.to_owned(),
        category: record.text(schema::CATEGORY)?.parse().ok()?,
        request: record.text(schema::REQUEST).and_then(|key| key.parse().ok()),
        slot: record.text(schema::SLOT).filter(|slot| !slot.is_empty()).map(str::to_owned),
        author: record.text(schema::AUTHOR)?.parse().ok()?,
        created_at: record.time(schema::CREATED)?,
        assignments: record.record(schema::ASSIGNMENTS)?.fields.iter().filter_map(assigned).collect(),
    })
}

fn comment(key: &str, record: &Record<'_>) -> Option<CommentView> {
    let note: Option<CommentStateNote> =
        record.text(schema::STATE).and_then(|json| from_canonical_json(json, STATE_BYTES_MAX).ok());
    Some(CommentView {
        key: key.parse::<CommentKey>().ok()?,
        body: record.long_text(schema::BODY)?,
        anchor: Anchor::from_json(record.text(schema::ANCHOR)?).ok()?,
        label: record.text(schema::LABEL)?.parse().ok()?,
        state: note.as_ref().map_or(CommentState::Open, |note| note.state),
        addressed_in: note.as_ref().and_then(|note| note.version),
        state_by: note.map(|note| note.by),
        parent: record.text(schema::PARENT).and_then(|key| key.parse().ok()),
        created_at: record.time(schema::CREATED)?,
    })
}

/// A text as it reads: of one that was erased nothing is left but bars.
fn readable(text: String) -> String {
    let erased = !text.is_empty() && text.chars().all(|c| c == BAR);
    if erased { ERASED_TEXT.to_owned() } else { text }
}

/// A field of a record, as far as the schema knows kinds.
enum Field {
    Text(String),
    Uint(u64),
    Object,
    Other,
}

/// A map, read in one pass.
struct Record<'a> {
    am: &'a Automerge,
    fields: BTreeMap<String, (Field, ObjId)>,
}

impl<'a> Record<'a> {
    fn read(am: &'a Automerge, object: &ObjId) -> Self {
        let field = |item: MapRangeItem<'_>| {
            let id = item.id();
            let field = match item.value {
                ValueRef::Object(_) => Field::Object,
                ValueRef::Scalar(ScalarValueRef::Str(text)) => Field::Text(text.into_owned()),
                ValueRef::Scalar(ScalarValueRef::Uint(value)) => Field::Uint(value),
                ValueRef::Scalar(_) => Field::Other,
            };
            (item.key.into_owned(), (field, id))
        };
        Self { am, fields: am.map_range(object, ..).map(field).collect() }
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.fields.get(key) {
            Some((Field::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    fn time(&self, key: &str) -> Option<Millis> {
        match self.fields.get(key) {
            Some((Field::Uint(value), _)) => Some(Millis(*value)),
            _ => None,
        }
    }

    fn long_text(&self, key: &str) -> Option<String> {
        match self.fields.get(key) {
            Some((Field::Object, id)) => self.am.text(id).ok().map(readable),
            _ => None,
        }
    }

    fn record(&self, key: &str) -> Option<Record<'a>> {
        match self.fields.get(key) {
            Some((Field::Object, id)) => Some(Record::read(self.am, id)),
            _ => None,
        }
    }
}

/// The map of a collection.
fn map_of(am: &Automerge, collection: Collection) -> Option<ObjId> {
    match am.get(ROOT, collection.key()) {
        Ok(Some((Value::Object(_), id))) => Some(id),
        _ => None,
    }
}

fn collection(am: &Automerge, of: Collection) -> Option<Record<'_>> {
    map_of(am, of).map(|id| Record::read(am, &id))
}

/// The records of a collection.
fn records(am: &Automerge, of: Collection) -> impl Iterator<Item = (String, Record<'_>)> {
    let fields = collection(am, of).into_iter().flat_map(|map| map.fields);
    fields.filter_map(move |(key, (field, id))| match field {
        Field::Object => Some((key, Record::read(am, &id))),
        _ => None,
    })
}

/// The texts of a collection.
fn values(am: &Automerge, of: Collection) -> impl Iterator<Item = (String, String)> {
    let fields = collection(am, of).into_iter().flat_map(|map| map.fields);
    fields.filter_map(|(key, (field, _))| match field {
        Field::Text(text) => Some((key, text)),
        _ => None,
    })
}

/// The times of a collection.
fn times<K: FromStr>(am: &Automerge, of: Collection) -> impl Iterator<Item = (K, Millis)> {
    let fields = collection(am, of).into_iter().flat_map(|map| map.fields);
    fields.filter_map(|(key, (field, _))| match field {
        Field::Uint(at) => Some((key.parse().ok()?, Millis(at))),
        _ => None,
    })
}
