//! The steps that need the document: the graph, then references and policy, operation by operation.

use std::sync::Arc;

use super::alone::Change;
use super::policy::{Policy, Put};
use crate::VetError;
use crate::chunk::{Action, RawChange, RawId, RawKey, RawOp, RawValue};
use crate::ledger::{Fact, Ledger, OpRef};
use crate::schema::Place;

/// An operation refers to something that its author cannot have seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No change in its causal past makes the object.
    #[error("the object is not in the change's past")]
    Object,
    /// No change in its causal past inserts the element into this text.
    #[error("the element is not in the change's past")]
    Element,
    /// A predecessor is not in its causal past, or acts on another slot.
    #[error("a predecessor is not in the change's past, or acts on another slot")]
    Predecessor,
    /// A predecessor was replaced before, and the change has seen that.
    #[error("a predecessor was replaced before")]
    Replaced,
    /// Its author's own value would stay beside it: conflicts come from concurrency alone.
    #[error("its author's own value would stay beside it")]
    OwnValue,
    /// Predecessors are out of order, or twice there.
    #[error("predecessors are not sorted and unique")]
    PredecessorOrder,
    /// The operation does not suit the object: a map key in a text, an element in a map.
    #[error("the operation does not suit its object")]
    Shape,
}

/// A step's refusal, before it is tied to its operation.
enum OpError {
    Reference(ReferenceError),
    Policy(super::PolicyError),
}

impl From<ReferenceError> for OpError {
    fn from(error: ReferenceError) -> Self {
        Self::Reference(error)
    }
}

impl From<super::PolicyError> for OpError {
    fn from(error: super::PolicyError) -> Self {
        Self::Policy(error)
    }
}

/// Takes a change into the ledger, or leaves the ledger as it was. Its dependencies
/// must be there.
pub(crate) fn vet_in_context(
    ledger: &mut Ledger,
    policy: &Policy<'_>,
    change: &Change,
) -> Result<(), VetError> {
    let raw = &change.raw;
    let chunk = change.parsed.raw_bytes();
    let own = ledger.begin(raw, change.hash, chunk).map_err(|error| VetError::graph(error, change.hash))?;
    let actors = ledger.translate(raw, own);
    let mut context = Context { policy, raw, actors, object: None };
    for (op, row) in raw.ops.iter().enumerate() {
        match context.vet(ledger, row) {
            Ok(learned) => {
                ledger.touch(learned.object, put_key(learned.fact));
                ledger.push_fact(learned.fact, learned.replaces, learned.made);
            }
            Err(error) => {
                ledger.abandon_last();
                return Err(match error {
                    OpError::Reference(error) => VetError::Reference { op, error },
                    OpError::Policy(error) => VetError::Policy { op, error },
                });
            }
        }
    }
    Ok(())
}

/// Takes a change that was vetted before: this device's own cache, or the schema's own.
pub(crate) fn learn_trusted(
    ledger: &mut Ledger,
    kind: crate::DocKind,
    raw: &RawChange,
    hash: crate::ChangeHash,
    chunk: &[u8],
) -> Result<(), VetError> {
    let own = ledger.begin(raw, hash, chunk).map_err(|error| VetError::graph(error, hash))?;
    let actors = ledger.translate(raw, own);
    for (op, row) in raw.ops.iter().enumerate() {
        let lost = |error| VetError::Reference { op, error };
        let object = match row.object {
            None => OpRef::ROOT,
            Some(id) => ledger.seen(&actors, id).ok_or(lost(ReferenceError::Object))?,
        };
        let replaces = row.pred.iter().map(|id| ledger.seen(&actors, *id));
        let replaces = replaces.collect::<Option<_>>().ok_or(lost(ReferenceError::Predecessor))?;
        let (fact, made) = match &row.key {
            RawKey::Map(key) => {
                let place = *ledger.place(object).ok_or(lost(ReferenceError::Object))?;
                (put_fact(ledger, object, key), place.child(kind, row.action, key))
            }
            _ if row.insert => (Fact::Insert { object }, None),
            _ => (Fact::Delete, None),
        };
        ledger.push_fact(fact, replaces, made);
    }
    Ok(())
}

fn put_fact(ledger: &mut Ledger, object: OpRef, key: &Arc<str>) -> Fact {
    let key = ledger.key(key);
    let earlier = ledger.own_latest(object, key).map_or(0, |own| own.counter);
    Fact::Put { object, key, earlier }
}

fn put_key(fact: Fact) -> Option<u32> {
    match fact {
        Fact::Put { key, .. } => Some(key),
        Fact::Insert { .. } | Fact::Delete => None,
    }
}

/// What the ledger learns of an operation.
struct Learned {
    object: OpRef,
    fact: Fact,
    replaces: Vec<OpRef>,
    made: Option<Place>,
}

struct Context<'a> {
    policy: &'a Policy<'a>,
    raw: &'a RawChange,
    actors: Vec<Option<u32>>,
    /// The object of the operation before: it is mostly the same one.
    object: Option<(RawId, OpRef, Place)>,
}

impl Context<'_> {
    fn object(&mut self, ledger: &Ledger, op: &RawOp) -> Result<(OpRef, Place), ReferenceError> {
        let Some(id) = op.object else { return Ok((OpRef::ROOT, Place::Root)) };
        if let Some((last, object, place)) = self.object
            && last == id
        {
            return Ok((object, place));
        }
        let object = ledger.seen(&self.actors, id).ok_or(ReferenceError::Object)?;
        let place = *ledger.place(object).ok_or(ReferenceError::Object)?;
        self.object = Some((id, object, place));
        Ok((object, place))
    }

    fn vet(&mut self, ledger: &mut Ledger, op: &RawOp) -> Result<Learned, OpError> {
        let (object, place) = self.object(ledger, op)?;
        let is_text = matches!(place, Place::Brief(_) | Place::Body(_));
        let replaces = self.replaced(ledger, op)?;
        match &op.key {
            RawKey::Map(key) if !is_text && !op.insert => {
                let fact = put_fact(ledger, object, key);
                vet_put(ledger, fact, &replaces)?;
                let fresh = op.object.is_some_and(|id| id.actor == 0 && id.counter >= self.raw.start_op);
                let replaced = !replaces.is_empty();
                let put = Put {
                    place: &place,
                    key,
                    action: op.action,
                    value: &op.value,
                    fresh,
                    replaces: replaced,
                };
                let made = self.policy.may_put(&put)?;
                Ok(Learned { object, fact, replaces, made })
            }
            RawKey::Head | RawKey::Element(_) if is_text => {
                self.policy.may_write_text(&place)?;
                let fact = self.vet_text(ledger, op, object)?;
                Ok(Learned { object, fact, replaces, made: None })
            }
            _ => Err(ReferenceError::Shape.into()),
        }
    }

    /// The predecessors: seen, not replaced yet, sorted and unique.
    fn replaced(&self, ledger: &Ledger, op: &RawOp) -> Result<Vec<OpRef>, ReferenceError> {
        if !op.pred.is_sorted_by(|a, b| self.order(a) < self.order(b)) {
            return Err(ReferenceError::PredecessorOrder);
        }
        let known = |id: &RawId| {
            let id = ledger.seen(&self.actors, *id).ok_or(ReferenceError::Predecessor)?;
            if ledger.is_visible(id) { Ok(id) } else { Err(ReferenceError::Replaced) }
        };
        op.pred.iter().map(known).collect()
    }

    /// The order of ids in automerge: counter, then the actor's bytes.
    fn order(&self, id: &RawId) -> (u32, Option<crate::Actor>) {
        let actor = match id.actor.checked_sub(1) {
            None => Some(self.raw.actor),
            Some(other) => self.raw.others.get(other as usize).copied(),
        };
        (id.counter, actor)
    }

    /// A character comes after another, or one goes.
    fn vet_text(&self, ledger: &Ledger, op: &RawOp, object: OpRef) -> Result<Fact, ReferenceError> {
        if let RawKey::Element(element) = op.key {
            let id = ledger.seen(&self.actors, element).ok_or(ReferenceError::Element)?;
            if ledger.fact(id) != Some(Fact::Insert { object }) {
                return Err(ReferenceError::Element);
            }
        }
        let (fact, pred) = match (op.action, op.insert, &op.value, &op.key) {
            (Action::Set, true, RawValue::Text(text), _) if text.chars().count() == 1 => {
                (Fact::Insert { object }, None)
            }
            (Action::Delete, false, RawValue::Nothing, RawKey::Element(element)) => {
                (Fact::Delete, Some(*element))
            }
            _ => return Err(ReferenceError::Shape),
        };
        if op.pred.iter().copied().eq(pred) { Ok(fact) } else { Err(ReferenceError::Predecessor) }
    }
}

/// A put replaces what its author saw in the slot, their own value at any rate.
fn vet_put(ledger: &Ledger, put: Fact, replaces: &[OpRef]) -> Result<(), ReferenceError> {
    let Fact::Put { object, key, .. } = put else { return Err(ReferenceError::Shape) };
    let same_slot = |id: &OpRef| matches!(ledger.fact(*id), Some(Fact::Put { object: o, key: k, .. }) if (o, k) == (object, key));
    if !replaces.iter().all(same_slot) {
        return Err(ReferenceError::Predecessor);
    }
    match ledger.own_latest(object, key) {
        Some(own) if !replaces.contains(&own) && ledger.is_visible(own) => Err(ReferenceError::OwnValue),
        _ => Ok(()),
    }
}
