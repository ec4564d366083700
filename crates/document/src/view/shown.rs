//! The view that a document keeps, and how it is patched.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use automerge::{Automerge, ObjId, ReadDoc as _, Value};
use proofroom_ident::Millis;
use proofroom_review::{PlanView, ReviewView};

use super::{
    Record, asset, asset_order, blob, comment, comment_order, library, map_of, picks, renditions, request,
    request_order, version, workspace_name,
};
use crate::schema::Collection;
use crate::{DocKind, Document, Touched};

/// Up to so many records are put into a list one by one; more are sorted in.
const SINGLE_MAX: usize = 8;

/// The last view, and what changed since. Of the two views the one that is not of the
/// document's kind stays empty.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    plan: Arc<PlanView>,
    review: Arc<ReviewView>,
    stale: Touched,
}

impl Default for Shown {
    fn default() -> Self {
        Self { plan: Arc::default(), review: Arc::default(), stale: Touched::whole() }
    }
}

impl Document {
    /// The plan, as screens see it; empty for a review document. Costs what changed since the
    /// last call, unless somebody still holds what that one gave.
    pub fn plan(&mut self) -> Arc<PlanView> {
        if self.kind != DocKind::Plan {
            return Arc::default();
        }
        let stale = std::mem::take(&mut self.shown.stale);
        if stale.is_whole() {
            self.shown.plan = Arc::new(self.view_plan());
        } else if !stale.is_empty() {
            patch_plan(Arc::make_mut(&mut self.shown.plan), &self.am, &stale);
        }
        self.shown.plan.clone()
    }

    /// The review, as screens see it; empty for a plan document. Costs what changed since the
    /// last call, unless somebody still holds what that one gave.
    pub fn review(&mut self) -> Arc<ReviewView> {
        if self.kind != DocKind::Review {
            return Arc::default();
        }
        let stale = std::mem::take(&mut self.shown.stale);
        if stale.is_whole() {
            self.shown.review = Arc::new(self.view_review());
        } else if !stale.is_empty() {
            patch_review(Arc::make_mut(&mut self.shown.review), &self.am, &stale);
        }
        self.shown.review.clone()
    }

    /// What the ledger saw change: for the view, and for whoever asked for the change.
    pub(crate) fn note_touched(&mut self) -> Touched {
        let touched = self.ledger.take_touched();
        self.shown.stale.add(touched.clone());
        touched
    }
}

fn patch_plan(view: &mut PlanView, am: &Automerge, stale: &Touched) {
    let read = Reader { am, stale };
    if stale.root() {
        view.name = workspace_name(am);
    }
    list(&mut view.requests, read.records(Collection::Requests, request), |r| r.key, request_order);
    if read.any(Collection::Library) {
        view.library = library(am);
    }
    list(&mut view.assets, read.records(Collection::Assets, asset), |a| a.id, asset_order);
}

fn patch_review(view: &mut ReviewView, am: &Automerge, stale: &Touched) {
    let read = Reader { am, stale };
    map(&mut view.versions, read.values(Collection::Versions, version));
    map(&mut view.acknowledged, read.times(Collection::Acknowledged));
    map(&mut view.blobs, read.values(Collection::Blobs, blob));
    if stale.picks() {
        view.picks = picks(am);
    }
    if read.any(Collection::Renditions) {
        view.renditions = renditions(am);
    }
    list(&mut view.comments, read.records(Collection::Comments, comment), |c| c.key, comment_order);
}

/// Reads what changed.
struct Reader<'a> {
    am: &'a Automerge,
    stale: &'a Touched,
}

impl Reader<'_> {
    fn each(&self, of: Collection) -> impl Iterator<Item = (&str, Value<'_>, ObjId)> {
        let mut keys = self.stale.keys(of).peekable();
        let map = keys.peek().and_then(|_| map_of(self.am, of));
        keys.filter_map(move |key| {
            let (value, id) = self.am.get(map.as_ref()?, &**key).ok()??;
            Some((&**key, value, id))
        })
    }

    /// The records as they read now; nothing in place of one that lacks its parts.
    fn records<K: FromStr, T>(
        &self,
        of: Collection,
        read: impl Fn(&str, &Record<'_>) -> Option<T>,
    ) -> Vec<(K, Option<T>)> {
        let objects = self.each(of).filter(|(_, value, _)| value.is_object());
        let record = |(key, _, id): (&str, Value<'_>, ObjId)| {
            Some((key.parse().ok()?, read(key, &Record::read(self.am, &id))))
        };
        objects.filter_map(record).collect()
    }

    fn any(&self, of: Collection) -> bool {
        self.stale.keys(of).next().is_some()
    }

    fn times<K: FromStr>(&self, of: Collection) -> Vec<(K, Millis)> {
        self.each(of)
            .filter_map(|(key, value, _)| Some((key.parse().ok()?, Millis(value.as_u64()?))))
            .collect()
    }

    fn values<T>(&self, of: Collection, read: impl Fn(&str, &str) -> Option<T>) -> Vec<T> {
        self.each(of).filter_map(|(key, value, _)| read(key, value.as_str()?)).collect()
    }
}

/// Nothing is ever deleted from a map, so there is only more, or something else.
fn map<K: Ord, V>(view: &mut BTreeMap<K, V>, changed: Vec<(K, V)>) {
    view.extend(changed);
}

/// Puts records into a list, in the place of what they were before.
fn list<T, K: Ord, S: Ord>(
    view: &mut Vec<T>,
    changed: Vec<(K, Option<T>)>,
    key: impl Fn(&T) -> K,
    order: impl Fn(&T) -> S + Copy,
) {
    if changed.len() > SINGLE_MAX {
        let keys: BTreeSet<&K> = changed.iter().map(|(key, _)| key).collect();
        view.retain(|shown| !keys.contains(&key(shown)));
        view.extend(changed.into_iter().filter_map(|(_, record)| record));
        // Old and new are in order each, or nearly: the standard sort finds and merges such runs.
        return view.sort_by_key(order);
    }
    for (changed, record) in changed {
        // What changes is mostly recent, and recent things are at the end.
        if let Some(at) = view.iter().rposition(|shown| key(shown) == changed) {
            view.remove(at);
        }
        if let Some(record) = record {
            let at = view.partition_point(|shown| order(shown) < order(&record));
            view.insert(at, record);
        }
    }
}
