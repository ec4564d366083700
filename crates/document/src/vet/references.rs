//! The steps that need the document: the graph, then references and policy, operation by operation.

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
    let own = ledger.begin(raw, change.hash).map_err(|error| VetError::graph(error, change.hash))?;
    let actors = ledger.translate(raw, own);
    let context = Context { policy, raw, actors };
    for (op, row) in raw.ops.iter().enumerate() {
        match context.vet(ledger, row) {
            Ok((fact, made)) => ledger.push_fact(fact, made),
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
) -> Result<(), VetError> {
    let own = ledger.begin(raw, hash).map_err(|error| VetError::graph(error, hash))?;
    let actors = ledger.translate(raw, own);
    for (op, row) in raw.ops.iter().enumerate() {
        let lost = |error| VetError::Reference { op, error };
        let object = match row.object {
            None => OpRef::ROOT,
            Some(id) => ledger.seen(&actors, id).ok_or(lost(ReferenceError::Object))?,
        };
        let (fact, made) = match &row.key {
            RawKey::Map(key) => {
                let place = *ledger.place(object).ok_or(lost(ReferenceError::Object))?;
                (Fact::Put { object, key: ledger.key(key) }, place.child(kind, row.action, key))
            }
            _ if row.insert => (Fact::Insert { object }, None),
            _ => (Fact::Delete, None),
        };
        ledger.push_fact(fact, made);
    }
    Ok(())
}

struct Context<'a> {
    policy: &'a Policy<'a>,
    raw: &'a RawChange,
    actors: Vec<Option<u32>>,
}

impl Context<'_> {
    fn vet(&self, ledger: &mut Ledger, op: &RawOp) -> Result<(Fact, Option<Place>), OpError> {
        let object = match op.object {
            None => OpRef::ROOT,
            Some(id) => ledger.seen(&self.actors, id).ok_or(ReferenceError::Object)?,
        };
        let place = *ledger.place(object).ok_or(ReferenceError::Object)?;
        if !op.pred.is_sorted_by(|a, b| self.order(a) < self.order(b)) {
            return Err(ReferenceError::PredecessorOrder.into());
        }
        match (&place, &op.key) {
            (Place::Brief(_) | Place::Body(_), RawKey::Head | RawKey::Element(_)) => {
                self.policy.may_write_text(&place)?;
                Ok((self.vet_text(ledger, op, object)?, None))
            }
            (Place::Brief(_) | Place::Body(_), RawKey::Map(_)) | (_, RawKey::Head | RawKey::Element(_)) => {
                Err(ReferenceError::Shape.into())
            }
            (_, RawKey::Map(_)) if op.insert => Err(ReferenceError::Shape.into()),
            (_, RawKey::Map(key)) => {
                let slot = Fact::Put { object, key: ledger.key(key) };
                for pred in &op.pred {
                    let id = ledger.seen(&self.actors, *pred).ok_or(ReferenceError::Predecessor)?;
                    if ledger.fact(id) != Some(slot) {
                        return Err(ReferenceError::Predecessor.into());
                    }
                }
                let fresh = op.object.is_some_and(|id| id.actor == 0 && id.counter >= self.raw.start_op);
                let replaces = !op.pred.is_empty();
                let put = Put { place: &place, key, action: op.action, value: &op.value, fresh, replaces };
                Ok((slot, self.policy.may_put(&put)?))
            }
        }
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
        let inserted = Some(Fact::Insert { object });
        let known = |id: RawId| {
            let id = ledger.seen(&self.actors, id).ok_or(ReferenceError::Element)?;
            if ledger.fact(id) == inserted { Ok(()) } else { Err(ReferenceError::Element) }
        };
        if let RawKey::Element(element) = op.key {
            known(element)?;
        }
        match (op.action, op.insert, &op.value, &op.key) {
            (Action::Set, true, RawValue::Text(text), _) if text.chars().count() == 1 => {
                match op.pred.is_empty() {
                    true => Ok(Fact::Insert { object }),
                    false => Err(ReferenceError::Predecessor),
                }
            }
            (Action::Delete, false, RawValue::Nothing, RawKey::Element(element)) => {
                if op.pred == [*element] {
                    Ok(Fact::Delete)
                } else {
                    Err(ReferenceError::Predecessor)
                }
            }
            _ => Err(ReferenceError::Shape),
        }
    }
}
