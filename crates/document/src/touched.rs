//! What a merge or an edit changed: the keys of the records that it wrote to, so that
//! views and screens patch these and leave the rest alone.
//!
//! The ledger notes every operation of a change under the record of a root's map that it
//! lies in, however deep. A record may be named that reads the same as before (its new
//! value lost against a concurrent one); a record that reads differently is always named.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use proofroom_ident::{AssetId, VersionHash};
use proofroom_review::{AcknowledgedKey, CommentKey, RequestKey};

use crate::schema::Collection;

/// The records that changed, by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    whole: bool,
    root: bool,
    records: BTreeSet<(Collection, Arc<str>)>,
}

impl Touched {
    /// Anything may have changed: look at all of it.
    pub fn whole() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Whether anything may have changed.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether values beside the maps have changed: the workspace's name.
    pub fn root(&self) -> bool {
        self.root
    }

    /// Requests that changed: their form, brief or state.
    pub fn requests(&self) -> impl Iterator<Item = RequestKey> {
        self.ids(Collection::Requests)
    }

    /// Assets that changed: their name or assignments.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> {
        self.ids(Collection::Assets)
    }

    /// Versions that came.
    pub fn versions(&self) -> impl Iterator<Item = VersionHash> {
        self.ids(Collection::Versions)
    }

    /// Whether versions were picked.
    pub fn picks(&self) -> bool {
        self.keys(Collection::Picks).next().is_some()
    }

    /// Whether renditions came.
    pub fn renditions(&self) -> bool {
        self.keys(Collection::Renditions).next().is_some()
    }

    /// Comments that changed: their words, label or state.
    pub fn comments(&self) -> impl Iterator<Item = CommentKey> {
        self.ids(Collection::Comments)
    }

    /// Whether forms, routes or the like were put into the library or taken out.
    pub fn library(&self) -> bool {
        self.keys(Collection::Library).next().is_some()
    }

    /// Comments of which somebody has taken note.
    pub fn acknowledged(&self) -> impl Iterator<Item = AcknowledgedKey> {
        self.ids(Collection::Acknowledged)
    }

    /// Adds what changed later.
    pub fn add(&mut self, later: Self) {
        self.whole |= later.whole;
        self.root |= later.root;
        if self.whole {
            self.records.clear();
        } else if self.records.is_empty() {
            self.records = later.records;
        } else {
            self.records.extend(later.records);
        }
    }

    pub(crate) fn note_root(&mut self) {
        self.root = true;
    }

    pub(crate) fn note(&mut self, collection: Collection, key: &Arc<str>) {
        self.records.insert((collection, key.clone()));
    }

    /// The keys of a collection's records that changed.
    pub(crate) fn keys(&self, of: Collection) -> impl Iterator<Item = &Arc<str>> {
        let from = self.records.range((of, Arc::from(""))..);
        from.take_while(move |(collection, _)| *collection == of).map(|(_, key)| key)
    }

    fn ids<T: FromStr>(&self, of: Collection) -> impl Iterator<Item = T> {
        self.keys(of).filter_map(|key| key.parse().ok())
    }
}
