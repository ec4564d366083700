//! Merging: vet what can be vetted, apply it in large pieces, let the rest wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automerge::{Automerge, ReadDoc as _};
use proofroom_ident::EntryHash;

use crate::erase::read_residue;
use crate::guard::guard;
use crate::vet::{Change, Policy, read_batch, vet_in_context};
use crate::{Actor, ChangeHash, Document, Touched, VetError, Writer, actor_for, schema};

/// What is read before it is vetted and applied, in bytes of payloads: some hundred comments. What is read of a change, and
/// the engine's working copy, are many times as large, so a long history goes in piece by piece and stays in the
/// processor's caches. Each piece costs a walk over the maps that it writes to.
const READ_BYTES: usize = 128 << 10;

/// The opened payload of a change entry, and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The entry.
    pub entry: EntryHash,
    /// Who wrote it, as the authority log says.
    pub writer: Writer,
    /// The batch of changes: what [`crate::Recorded::payload`] was.
    pub payload: Vec<u8>,
}

/// What became of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Entries whose changes are in the document: just applied, earlier waiting ones
    /// included, or known before.
    pub applied: Vec<EntryHash>,
    /// Entries that do not count, here and on every other replica.
    pub refused: Vec<(EntryHash, VetError)>,
    /// Entries that were given now and wait for changes that are not here yet.
    pub waiting: Vec<EntryHash>,
    /// The records that changed.
    pub touched: Touched,
}

/// An entry that passed what needs no document.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub entry: EntryHash,
    pub writer: Writer,
    pub changes: Vec<Change>,
}

/// One log's entries that are not applied yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogQueue {
    pub entries: VecDeque<Pending>,
    /// The first entry that was refused: nothing after it counts.
    pub frozen: Option<EntryHash>,
}

/// All logs' queues, and which log waits for which change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    pub logs: BTreeMap<Actor, LogQueue>,
    /// All entries that are in a queue.
    pub held: BTreeSet<EntryHash>,
    waits: BTreeMap<ChangeHash, BTreeSet<Actor>>,
}

/// Whether the first entry of a queue can be vetted.
enum Front {
    Empty,
    Blocked(ChangeHash),
    Ready,
}

impl Document {
    /// Vets entries and applies those that hold, many in one go. Entries of one log
    /// come in their order; those whose dependencies are missing wait inside.
    ///
    /// The first entry of a log that is refused freezes it: what was accepted before
    /// stays, nothing after it counts. An entry is taken whole or not at all.
    pub fn merge(&mut self, batch: Vec<Incoming>) -> Merged {
        let mut out = Merged::default();
        let mut given = Vec::with_capacity(batch.len());
        let mut touched = VecDeque::new();
        let mut bytes = 0;
        for incoming in batch {
            bytes += incoming.payload.len();
            let actor = actor_for(incoming.writer.author, self.id(), incoming.writer.log);
            given.push(incoming.entry);
            match self.read(incoming, &actor) {
                Ok(Some(pending)) => {
                    if self.queues.held.insert(pending.entry) {
                        self.queues.logs.entry(actor).or_default().entries.push_back(pending);
                    }
                    touched.push_back(actor);
                }
                Ok(None) => out.applied.extend(given.last()),
                Err((entry, error)) => {
                    self.freeze(actor, entry);
                    out.refused.push((entry, error));
                }
            }
            if bytes >= READ_BYTES {
                bytes = 0;
                self.run(std::mem::take(&mut touched), &mut out);
            }
        }
        self.run(touched, &mut out);
        out.touched = self.note_touched();
        let settled: BTreeSet<_> = out.applied.iter().chain(out.refused.iter().map(|(e, _)| e)).collect();
        out.waiting = given.into_iter().filter(|entry| !settled.contains(entry)).collect();
        out
    }

    /// Reads an entry's changes; `None` where all of them are in the document already.
    fn read(&self, incoming: Incoming, actor: &Actor) -> Result<Option<Pending>, (EntryHash, VetError)> {
        let Incoming { entry, writer, payload } = incoming;
        let queue = self.queues.logs.get(actor);
        let changes = match self.erased.contains(&entry) {
            true => read_residue(&payload, Some(actor)),
            false => read_batch(&payload, Some(actor)),
        };
        if let Ok(changes) = &changes
            && changes.iter().all(|change| self.contains(&change.hash))
        {
            return Ok(None);
        }
        if let Some(since) = queue.and_then(|queue| queue.frozen) {
            return Err((entry, VetError::Frozen(since)));
        }
        changes.map(|changes| Some(Pending { entry, writer, changes })).map_err(|error| (entry, error))
    }

    /// Applies whatever is ready in the touched logs and, through them, in others.
    pub(crate) fn run(&mut self, mut touched: VecDeque<Actor>, out: &mut Merged) {
        let mut at_once = usize::MAX;
        loop {
            let before = self.ledger.len();
            let staged = self.stage(&mut touched, at_once, out);
            if staged.is_empty() {
                return;
            }
            match self.apply(&staged) {
                Ok(()) => {
                    at_once = at_once.saturating_mul(2);
                    out.applied.extend(staged.iter().map(|(_, pending)| pending.entry));
                }
                Err(reason) => {
                    self.ledger.abandon_to(before);
                    if !self.recover() {
                        return self.give_up(staged, &reason, out);
                    }
                    // Vetting let something through: narrow it down to one entry, and drop that.
                    at_once = (staged.len() / 2).max(1);
                    self.unstage(staged, reason, &mut touched, out);
                }
            }
        }
    }

    /// Vets entries whose dependencies are there, in an order that respects them, and
    /// takes them into the ledger.
    fn stage(
        &mut self,
        touched: &mut VecDeque<Actor>,
        at_most: usize,
        out: &mut Merged,
    ) -> Vec<(Actor, Pending)> {
        let mut staged = Vec::new();
        while let Some(actor) = touched.front().copied() {
            match self.front(&actor) {
                _ if staged.len() >= at_most => break,
                Front::Ready => {
                    let Some(mut pending) = self.pop(&actor) else { continue };
                    let names: Vec<ChangeHash> = pending.changes.iter().map(|change| change.hash).collect();
                    match self.vet(&mut pending) {
                        Ok(()) => {
                            self.wake(&names, touched);
                            staged.push((actor, pending));
                        }
                        Err(error) => self.refuse(actor, pending.entry, error, out),
                    }
                }
                Front::Blocked(dep) => {
                    self.queues.waits.entry(dep).or_default().insert(actor);
                    touched.pop_front();
                }
                Front::Empty => {
                    touched.pop_front();
                }
            }
        }
        staged
    }

    fn front(&self, actor: &Actor) -> Front {
        let Some(first) = self.queues.logs.get(actor).and_then(|queue| queue.entries.front()) else {
            return Front::Empty;
        };
        let own: BTreeSet<_> = first.changes.iter().map(|change| change.hash).collect();
        let deps = first.changes.iter().flat_map(|change| &change.raw.deps);
        match deps.into_iter().find(|dep| !own.contains(dep) && !self.contains(dep)) {
            Some(dep) => Front::Blocked(*dep),
            None => Front::Ready,
        }
    }

    fn pop(&mut self, actor: &Actor) -> Option<Pending> {
        let pending = self.queues.logs.get_mut(actor)?.entries.pop_front()?;
        self.queues.held.remove(&pending.entry);
        Some(pending)
    }

    /// Vets an entry's changes in order; the ledger takes all of them or none.
    fn vet(&mut self, pending: &mut Pending) -> Result<(), VetError> {
        let before = self.ledger.len();
        let Pending { entry, writer, changes } = pending;
        let erased = self.erased.contains(entry);
        let policy = Policy { kind: self.kind, workspace: self.workspace, doc: self.doc, writer };
        for change in changes {
            if self.ledger.contains(&self.renames.inside(&change.hash)) {
                continue;
            }
            let named = self.renames.take_in(change, erased);
            if let Err(error) = named.and_then(|()| vet_in_context(&mut self.ledger, &policy, change)) {
                self.ledger.abandon_to(before);
                return Err(error);
            }
        }
        Ok(())
    }

    fn wake(&mut self, names: &[ChangeHash], touched: &mut VecDeque<Actor>) {
        for name in names {
            touched.extend(self.queues.waits.remove(name).into_iter().flatten());
        }
    }

    /// One apply for all of them. A copy of the document costs more than to apply a
    /// change, so there is none until the engine failed once: what it leaves behind then is
    /// thrown away by [`Document::recover`].
    fn apply(&mut self, staged: &[(Actor, Pending)]) -> Result<(), String> {
        let changes: Vec<_> =
            staged.iter().flat_map(|(_, p)| p.changes.iter().map(|c| c.parsed.clone())).collect();
        let am = &mut self.am;
        if !self.wary {
            return guard(|| take(am, changes)).flatten();
        }
        *am = guard(|| {
            let mut scratch = am.clone();
            take(&mut scratch, changes).map(|()| scratch)
        })
        .flatten()?;
        Ok(())
    }

    /// Makes the engine's document again from the changes that are in the ledger. Whether
    /// that went well: the engine took all of them before.
    fn recover(&mut self) -> bool {
        if std::mem::replace(&mut self.wary, true) {
            return true; // It was tried on a copy.
        }
        let again = guard(|| {
            let mut am = schema::genesis(self.kind);
            let parsed = self.ledger.chunks().map(automerge::Change::try_from);
            let changes = parsed.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
            take(&mut am, changes).map(|()| am)
        });
        again.flatten().map(|am| self.am = am).is_ok()
    }

    /// The engine does not take again what it took before. Nothing is shown rather than
    /// something else than others see: the document is empty, and every log ends.
    fn give_up(&mut self, staged: Vec<(Actor, Pending)>, reason: &str, out: &mut Merged) {
        let actors: Vec<Actor> = self.ledger.actors().chain(self.queues.logs.keys()).copied().collect();
        let Some(culprit) = staged.first().map(|(_, pending)| pending.entry) else { return };
        let engine = |(_, pending): (Actor, Pending)| (pending.entry, VetError::Engine(reason.to_owned()));
        out.refused.extend(staged.into_iter().map(engine));
        for actor in actors {
            self.freeze(actor, culprit);
            while let Some(rest) = self.pop(&actor) {
                out.refused.push((rest.entry, VetError::Frozen(culprit)));
            }
        }
        let empty = Self::new(self.kind, self.workspace, self.doc);
        (self.am, self.ledger, self.shown) = (empty.am, empty.ledger, empty.shown);
    }

    /// Gives staged entries back; a single one is the culprit and freezes its log.
    fn unstage(
        &mut self,
        mut staged: Vec<(Actor, Pending)>,
        reason: String,
        touched: &mut VecDeque<Actor>,
        out: &mut Merged,
    ) {
        if staged.len() == 1
            && let Some((actor, pending)) = staged.pop()
        {
            return self.refuse(actor, pending.entry, VetError::Engine(reason), out);
        }
        for (actor, pending) in staged.into_iter().rev() {
            self.queues.held.insert(pending.entry);
            self.queues.logs.entry(actor).or_default().entries.push_front(pending);
            touched.push_front(actor);
        }
    }

    /// Refuses an entry and everything that its log holds after it.
    fn refuse(&mut self, actor: Actor, entry: EntryHash, error: VetError, out: &mut Merged) {
        self.freeze(actor, entry);
        out.refused.push((entry, error));
        while let Some(rest) = self.pop(&actor) {
            out.refused.push((rest.entry, VetError::Frozen(entry)));
        }
    }

    fn freeze(&mut self, actor: Actor, entry: EntryHash) {
        self.queues.logs.entry(actor).or_default().frozen.get_or_insert(entry);
    }
}

/// Applies changes whose dependencies are all there.
fn take(am: &mut Automerge, changes: Vec<automerge::Change>) -> Result<(), String> {
    am.apply_changes(changes).map_err(|error| error.to_string())?;
    if am.get_missing_deps(&[]).is_empty() { Ok(()) } else { Err("it holds changes back".to_owned()) }
}

#[cfg(test)]
mod tests;
