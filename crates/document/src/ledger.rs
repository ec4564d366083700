//! What vetting needs to know of the changes that were taken: their graph, and for
//! every operation the slot that it acts on.
//!
//! Whether one change has seen another is answered by clocks. A change holds one
//! for the *other* actors only, shared with its predecessor as long as its author
//! hears nothing new: an author's own past is a prefix of their log, by rule R1.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chunk::{RawChange, RawId};
use crate::schema::Place;
use crate::{Actor, ChangeHash, Touched};

/// An operation: actor by its number in the ledger, and counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OpRef {
    pub actor: u32,
    pub counter: u32,
}

impl OpRef {
    /// The root object.
    pub(crate) const ROOT: Self = Self { actor: u32::MAX, counter: 0 };
}

/// What an operation did, as far as later ones can refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Put something at a map's key; `earlier` is the counter of the same actor's
    /// put before it in this slot, 0 for none.
    Put { object: OpRef, key: u32, earlier: u32 },
    /// Inserted a character into a text.
    Insert { object: OpRef },
    /// Deleted a character: nothing refers to it.
    Delete,
}

/// The change that makes one actor's operations `start..`.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    run: usize,
    replaced: usize,
    node: u32,
}

/// Operations of one change, from a counter on, that all did the same: a text of a
/// hundred characters is one run. Every put is a run of its own.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u32,
    fact: Fact,
}

#[derive(Clone, Debug, Default)]
struct Session {
    spans: Vec<Span>,
    runs: Vec<Run>,
    /// All predecessors that its operations name, in order.
    replaced: Vec<OpRef>,
}

/// A map's key, as one actor puts it.
type OwnSlot = (u32, OpRef, u32);

/// Latest sequence numbers by actor, sorted.
type Clock = Arc<[(u32, u32)]>;

#[derive(Clone, Debug)]
struct Node {
    hash: ChangeHash,
    actor: u32,
    seq: u32,
    max_op: u32,
    others: Clock,
    /// The change as it came, to make the document again from.
    chunk: Box<[u8]>,
}

/// A change breaks a rule of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GraphError {
    Rootless,
    Seq { wanted: u32, found: u32 },
    OwnPrevious(ChangeHash),
    StartOp { wanted: u32, found: u32 },
    Redundant(ChangeHash),
    Missing(ChangeHash),
}

/// The graph of taken changes and the index of their operations. Works as a stack:
/// the last change can be given back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    actors: BTreeMap<Actor, u32>,
    sessions: Vec<Session>,
    nodes: Vec<Node>,
    /// The counter of the last change's next operation.
    next_op: u32,
    by_hash: BTreeMap<ChangeHash, u32>,
    objects: BTreeMap<OpRef, Place>,
    keys: BTreeMap<Arc<str>, u32>,
    /// The keys by their numbers.
    key_texts: Vec<Arc<str>>,
    /// Which operations name this one as their predecessor.
    successors: BTreeMap<OpRef, Vec<OpRef>>,
    /// The counter of an actor's last put in a slot.
    latest: BTreeMap<OwnSlot, u32>,
    /// The records that were written to since somebody asked.
    touched: Touched,
    /// The object of the operation before, whose record is noted already.
    touched_last: Option<OpRef>,
}

impl Ledger {
    pub(crate) fn contains(&self, hash: &ChangeHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// How many changes an actor has, and the last one's hash.
    pub(crate) fn tip(&self, actor: &Actor) -> Option<ChangeHash> {
        let session = &self.sessions[*self.actors.get(actor)? as usize];
        session.spans.last().map(|span| self.nodes[span.node as usize].hash)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All changes as they came, in an order that respects their dependencies.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.nodes.iter().map(|node| &*node.chunk)
    }

    /// All actors.
    pub(crate) fn actors(&self) -> impl Iterator<Item = &Actor> {
        self.actors.keys()
    }

    fn number(&mut self, actor: &Actor) -> u32 {
        if let Some(number) = self.actors.get(actor) {
            return *number;
        }
        let number =
            u32::try_from(self.sessions.len()).expect("fewer actors than changes, which count in 32 bits");
        self.actors.insert(*actor, number);
        self.sessions.push(Session::default());
        number
    }

    /// Takes a change's place in the graph: contiguous sequence numbers, its own
    /// predecessor among its dependencies (R1), counters right after theirs (R2).
    pub(crate) fn begin(
        &mut self,
        change: &RawChange,
        hash: ChangeHash,
        chunk: &[u8],
    ) -> Result<u32, GraphError> {
        let deps =
            change.deps.iter().map(|dep| self.by_hash.get(dep).copied().ok_or(GraphError::Missing(*dep)));
        let deps = deps.collect::<Result<Vec<u32>, _>>()?;
        if deps.is_empty() && !self.nodes.is_empty() {
            return Err(GraphError::Rootless);
        }
        let own = self.number(&change.actor);
        let spans = &self.sessions[own as usize].spans;
        let wanted = u32::try_from(spans.len()).expect("sequence numbers count in 32 bits") + 1;
        if change.seq != wanted {
            return Err(GraphError::Seq { wanted, found: change.seq });
        }
        let previous = spans.last().map(|span| span.node);
        if let Some(previous) = previous.filter(|previous| !deps.contains(previous)) {
            return Err(GraphError::OwnPrevious(self.nodes[previous as usize].hash));
        }
        let highest = deps.iter().map(|dep| self.nodes[*dep as usize].max_op).max().unwrap_or(0);
        if change.start_op != highest + 1 {
            return Err(GraphError::StartOp { wanted: highest + 1, found: change.start_op });
        }
        let others = self.clock(own, previous, deps)?;
        let max_op = change.max_op();
        let (seq, chunk) = (change.seq, chunk.into());
        self.push_node(Node { hash, actor: own, seq, max_op, others, chunk }, change.start_op);
        Ok(own)
    }

    fn push_node(&mut self, node: Node, start: u32) {
        let number = u32::try_from(self.nodes.len()).expect("changes count in 32 bits");
        let session = &mut self.sessions[node.actor as usize];
        let (run, replaced) = (session.runs.len(), session.replaced.len());
        session.spans.push(Span { start, run, replaced, node: number });
        self.next_op = start;
        self.by_hash.insert(node.hash, number);
        self.nodes.push(node);
    }

    /// What a change with these dependencies has seen of other actors. But for its
    /// author's previous change, none of them may lie in another's past: heads never
    /// do, and so nobody makes others walk the same history over and over.
    fn clock(&self, own: u32, previous: Option<u32>, mut deps: Vec<u32>) -> Result<Clock, GraphError> {
        let node = |number: u32| &self.nodes[number as usize];
        deps.retain(|dep| Some(*dep) != previous);
        if let (Some(previous), true) = (previous, deps.is_empty()) {
            return Ok(node(previous).others.clone());
        }
        let mut seen = vec![0; self.sessions.len()];
        if let Some(previous) = previous.map(node) {
            hear(&mut seen, previous);
        }
        // A dependency comes after all that lies in its past.
        deps.sort_unstable_by_key(|dep| std::cmp::Reverse((node(*dep).max_op, *dep)));
        for dep in deps.into_iter().map(node) {
            if seen[dep.actor as usize] >= dep.seq {
                return Err(GraphError::Redundant(dep.hash));
            }
            hear(&mut seen, dep);
        }
        seen[own as usize] = 0;
        let known = (0..).zip(seen).filter(|(_, seq)| *seq > 0);
        Ok(known.collect())
    }

    /// Records what the next operation of the last change did.
    pub(crate) fn push_fact(&mut self, fact: Fact, replaces: Vec<OpRef>, made: Option<Place>) {
        let actor = self.nodes.last().expect("a change was begun").actor;
        let session = &mut self.sessions[actor as usize];
        let span = session.spans.last().expect("a change was begun");
        let id = OpRef { actor, counter: self.next_op };
        self.next_op += 1;
        let goes_on = session.runs[span.run..].last().is_some_and(|run| run.fact == fact);
        if let Fact::Put { object, key, .. } = fact {
            self.latest.insert((actor, object, key), id.counter);
            session.runs.push(Run { start: id.counter, fact });
        } else if !goes_on {
            session.runs.push(Run { start: id.counter, fact });
        }
        for replaced in replaces {
            session.replaced.push(replaced);
            self.successors.entry(replaced).or_default().push(id);
        }
        if let Some(place) = made {
            self.objects.insert(id, place);
        }
    }

    /// Gives the last change back, whole or half recorded.
    pub(crate) fn abandon_last(&mut self) {
        let Some(node) = self.nodes.pop() else { return };
        self.next_op = self.nodes.last().map_or(0, |last| last.max_op + 1);
        self.by_hash.remove(&node.hash);
        let session = &mut self.sessions[node.actor as usize];
        let span = session.spans.pop().expect("a node has a span");
        for run in session.runs.drain(span.run..).rev() {
            let Fact::Put { object, key, earlier } = run.fact else { continue };
            match earlier {
                0 => self.latest.remove(&(node.actor, object, key)),
                earlier => self.latest.insert((node.actor, object, key), earlier),
            };
        }
        for replaced in session.replaced.drain(span.replaced..) {
            let Some(successors) = self.successors.get_mut(&replaced) else { continue };
            successors.pop();
            if successors.is_empty() {
                self.successors.remove(&replaced);
            }
        }
        let from = OpRef { actor: node.actor, counter: span.start };
        let to = OpRef { actor: node.actor, counter: node.max_op };
        let gone: Vec<OpRef> = self.objects.range(from..=to).map(|(id, _)| *id).collect();
        for id in gone {
            self.objects.remove(&id);
        }
    }

    /// Gives changes back until `len` are left.
    pub(crate) fn abandon_to(&mut self, len: usize) {
        while self.nodes.len() > len {
            self.abandon_last();
        }
    }

    /// The number of a map key; later lookups of the same text give the same.
    pub(crate) fn key(&mut self, text: &Arc<str>) -> u32 {
        if let Some(number) = self.keys.get(text) {
            return *number;
        }
        let next = u32::try_from(self.key_texts.len()).expect("keys count in 32 bits");
        self.keys.insert(text.clone(), next);
        self.key_texts.push(text.clone());
        next
    }

    /// Notes the record that an operation on `object` lies in; `key` is the map's key that it puts.
    pub(crate) fn touch(&mut self, object: OpRef, key: Option<u32>) {
        if self.touched_last == Some(object) {
            return;
        }
        let (mut at, mut key) = (object, key);
        loop {
            match (self.place(at).copied(), key) {
                (Some(Place::Collection(of)), Some(key)) => {
                    // The next put in the map itself may be of another record.
                    self.touched_last = (at != object).then_some(object);
                    return self.touched.note(of, &self.key_texts[key as usize]);
                }
                (Some(Place::Root), _) | (None, _) => return self.touched.note_root(),
                _ => {}
            }
            // Objects lie in maps, and were put there by an operation that is known.
            let Some(Fact::Put { object, key: put, .. }) = self.fact(at) else { return };
            (at, key) = (object, Some(put));
        }
    }

    /// The records that were written to since the last call.
    pub(crate) fn take_touched(&mut self) -> Touched {
        self.touched_last = None;
        std::mem::take(&mut self.touched)
    }

    /// Translates a change's ids: its list of actors to ledger numbers. An actor that
    /// is not known has no operations that one could refer to.
    pub(crate) fn translate(&self, change: &RawChange, own: u32) -> Vec<Option<u32>> {
        std::iter::once(Some(own)).chain(change.others.iter().map(|a| self.actors.get(a).copied())).collect()
    }

    /// The operation that the last change means by `id`, if it has seen it.
    pub(crate) fn seen(&self, actors: &[Option<u32>], id: RawId) -> Option<OpRef> {
        let actor = (*actors.get(id.actor as usize)?)?;
        let id = OpRef { actor, counter: id.counter };
        (self.fact(id).is_some() && self.has_seen(id)).then_some(id)
    }

    /// Whether the last change, or an operation of its own before, knows an operation.
    fn has_seen(&self, id: OpRef) -> bool {
        let Some(node) = self.nodes.last() else { return false };
        if id.actor == node.actor {
            return true;
        }
        let known = node.others.binary_search_by_key(&id.actor, |(actor, _)| *actor);
        // The changes before the operation's own, and that one.
        known.is_ok_and(|i| node.others[i].1 as usize >= self.span_of(id))
    }

    /// How many of its actor's changes begin at or before an operation.
    fn span_of(&self, id: OpRef) -> usize {
        self.sessions[id.actor as usize].spans.partition_point(|span| span.start <= id.counter)
    }

    /// Whether nothing that the last change has seen replaces the operation.
    pub(crate) fn is_visible(&self, id: OpRef) -> bool {
        self.successors.get(&id).is_none_or(|by| !by.iter().any(|successor| self.has_seen(*successor)))
    }

    /// The last put of the last change's actor in a slot.
    pub(crate) fn own_latest(&self, object: OpRef, key: u32) -> Option<OpRef> {
        let actor = self.nodes.last()?.actor;
        self.latest.get(&(actor, object, key)).map(|counter| OpRef { actor, counter: *counter })
    }

    /// The place of an object.
    pub(crate) fn place(&self, object: OpRef) -> Option<&Place> {
        if object == OpRef::ROOT { Some(&Place::Root) } else { self.objects.get(&object) }
    }

    /// Makes what it keeps of the last change unreadable.
    #[cfg(test)]
    pub(crate) fn spoil(&mut self) {
        self.nodes.last_mut().expect("there is a change").chunk = Box::default();
    }

    /// A copy without the numbers of actors and keys, which stay given once they are.
    #[cfg(test)]
    pub(crate) fn clone_without_names(&self) -> Self {
        let sessions = self.sessions.iter().filter(|session| !session.spans.is_empty());
        let sessions = sessions.cloned().collect();
        let mut out = Self { actors: BTreeMap::new(), keys: BTreeMap::new(), sessions, ..self.clone() };
        out.key_texts.clear();
        out.take_touched();
        out
    }

    /// What an operation did, if it is known.
    pub(crate) fn fact(&self, id: OpRef) -> Option<Fact> {
        let session = self.sessions.get(id.actor as usize)?;
        let last = session.spans.len().checked_sub(1)?;
        // Mostly it is of the change that is being looked at.
        let at =
            if session.spans[last].start <= id.counter { last } else { self.span_of(id).checked_sub(1)? };
        let span = session.spans[at];
        let is_last = span.node as usize + 1 == self.nodes.len();
        let end = if is_last { self.next_op } else { self.nodes[span.node as usize].max_op + 1 };
        let runs = &session.runs[span.run..session.spans.get(at + 1).map_or(session.runs.len(), |s| s.run)];
        let run = runs.partition_point(|run| run.start <= id.counter).checked_sub(1)?;
        (id.counter < end).then_some(runs[run].fact)
    }
}

/// Adds a change and its past to what was seen of each actor.
fn hear(seen: &mut [u32], node: &Node) {
    for (actor, seq) in node.others.iter().copied().chain([(node.actor, node.seq)]) {
        let known = &mut seen[actor as usize];
        *known = seq.max(*known);
    }
}
