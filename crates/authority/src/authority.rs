//! The authority log of one workspace: takes entries in any order, answers who may do what.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proofroom_entry::{EntryKind, Header, Verified};
use proofroom_ident::{DocId, EntryHash, LogId, Millis, PersonId, SignError, SignerKey, WorkspaceId};

use crate::evaluate::Log;
use crate::graph::Ix;
use crate::mandate::Act;
use crate::op::{Op, PARENTS_MAX, verify_accept};
use crate::standing::{Place, standing, steady};
use crate::waiting::{Pending, Waiting};
use crate::{AuthorityError, Refusal, Role, Standing, State};

/// Entries by which somebody is shown that they were removed.
pub const PARTING_MAX: usize = 1_024;

/// What became of an entry that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is in the log now, and so are those that waited for it.
    New,
    /// It was in the log or waiting already.
    Known,
    /// Some of its parents are missing; it is kept until they come.
    Waiting,
}

/// The authority log of one workspace.
///
/// What it answers depends on the set of its entries only, never on the order
/// in which they came.
#[derive(Clone, Debug)]
pub struct Authority {
    workspace: WorkspaceId,
    pub(crate) log: Log,
    waiting: Waiting,
    /// The state at all heads, evaluated when first asked for.
    state: OnceLock<State>,
}

impl Authority {
    /// An empty log: its genesis entry is yet to come.
    pub fn new(workspace: WorkspaceId) -> Self {
        Self { workspace, log: Log::default(), waiting: Waiting::default(), state: OnceLock::new() }
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Takes an entry, in any order.
    ///
    /// An operation that its author may not do is taken all the same: it has no
    /// effect, and [`State::refusal`] says why.
    ///
    /// # Errors
    /// When the entry by itself is no authority entry of this workspace; the log is unchanged.
    pub fn insert(&mut self, entry: &Verified) -> Result<Inserted, AuthorityError> {
        let hash = entry.hash();
        if self.contains(hash) || self.waiting.contains(hash) {
            return Ok(Inserted::Known);
        }
        let pending = self.check(entry)?;
        if let Some(missing) = self.missing_parent(&pending) {
            let kept = self.waiting.keep(hash, missing, pending);
            return if kept {
                Ok(Inserted::Waiting)
            } else {
                Err(AuthorityError::TooManyWaiting { entry: hash })
            };
        }
        self.state = OnceLock::new();
        self.take(hash, pending);
        Ok(Inserted::New)
    }

    /// Everything that an entry can break by itself.
    fn check(&self, entry: &Verified) -> Result<Pending, AuthorityError> {
        let (hash, header) = (entry.hash(), entry.header());
        if entry.workspace() != self.workspace {
            return Err(AuthorityError::Workspace { entry: hash, found: entry.workspace() });
        }
        if header.kind != EntryKind::Authority {
            return Err(AuthorityError::Kind { entry: hash, kind: header.kind });
        }
        let (parents, op) =
            Op::decode(entry.payload()).map_err(|error| AuthorityError::Decode { entry: hash, error })?;
        let genesis = header.is_genesis();
        let rules = [
            (genesis != matches!(op, Op::Genesis { .. }), "only the first entry is a genesis"),
            (genesis != parents.is_empty(), "every entry but the genesis has parents"),
            (!genesis && !parents.contains(&header.auth_head), "auth_head is one of the parents"),
        ];
        if let Some((_, rule)) = rules.iter().find(|(broken, _)| *broken) {
            return Err(AuthorityError::Form { entry: hash, rule });
        }
        let act = Act::new(header, op);
        if genesis && !act.introduces_itself() {
            let rule = "the genesis is written by the device that it introduces";
            return Err(AuthorityError::Form { entry: hash, rule });
        }
        self.check_signatures(&act.op).map_err(|error| AuthorityError::Signature { entry: hash, error })?;
        Ok(Pending { act, parents, payload_bytes: entry.payload().len() })
    }

    fn check_signatures(&self, op: &Op) -> Result<(), SignError> {
        if let Some(device) = op.introduces() {
            device.verify()?;
        }
        match op {
            Op::Accept { invite, device, proof, .. } => verify_accept(self.workspace, *invite, device, proof),
            _ => Ok(()),
        }
    }

    fn missing_parent(&self, pending: &Pending) -> Option<EntryHash> {
        pending.parents.iter().copied().find(|parent| !self.contains(*parent))
    }

    /// Adds an entry whose parents are there, and those that waited for it.
    fn take(&mut self, hash: EntryHash, pending: Pending) {
        let mut ready = vec![(hash, pending)];
        while let Some((hash, pending)) = ready.pop() {
            let parents: Vec<Ix> = pending.parents.iter().filter_map(|p| self.log.graph.find(*p)).collect();
            self.log.add(hash, pending.act, parents);
            for (entry, pending) in self.waiting.release(hash) {
                match self.missing_parent(&pending) {
                    None => ready.push((entry, pending)),
                    // There was room for it a moment ago.
                    Some(missing) => drop(self.waiting.keep(entry, missing, pending)),
                }
            }
        }
    }

    /// Entries that nothing stands on yet, ascending. Several: append an
    /// [`Op::Merge`] on [`Authority::parents`].
    pub fn heads(&self) -> Vec<EntryHash> {
        self.log.graph.heads().collect()
    }

    /// What the next entry stands on: all heads, as far as one entry may name them.
    pub fn parents(&self) -> Vec<EntryHash> {
        self.log.graph.heads().take(PARENTS_MAX).collect()
    }

    /// Whether the entry is in the log; waiting ones are not.
    pub fn contains(&self, entry: EntryHash) -> bool {
        self.log.graph.find(entry).is_some()
    }

    /// The operation of an entry of the log.
    pub fn op(&self, entry: EntryHash) -> Option<&Op> {
        self.log.graph.find(entry).map(|ix| &self.log.fact(ix).act.op)
    }

    /// How many entries wait for others.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Entries that others wait for.
    pub fn missing(&self) -> impl Iterator<Item = EntryHash> {
        self.waiting.missing()
    }

    /// Whether somebody who stands on `of` knows `ancestor`: it is `of` itself or in its past.
    pub fn is_past(&self, ancestor: EntryHash, of: EntryHash) -> bool {
        self.log.graph.find(of).is_some_and(|of| self.log.graph.knows(of, ancestor))
    }

    /// The membership as all entries make it.
    pub fn state(&self) -> &State {
        self.state.get_or_init(|| {
            let heads: Vec<Ix> = self.log.graph.heads().filter_map(|h| self.log.graph.find(h)).collect();
            self.log.evaluate(&heads)
        })
    }

    /// The membership as an entry and its past make it.
    pub fn state_at(&self, entry: EntryHash) -> Option<&State> {
        self.log.graph.find(entry).map(|ix| &self.log.fact(ix).after)
    }

    /// What ended the membership of a removed device, and what that stands on, as far as whoever was
    /// introduced with it may not know: places in the membership log, parents first. Nothing where
    /// the device was never there or still is, or where it would be more than [`PARTING_MAX`].
    pub fn parting(&self, device: SignerKey) -> Vec<(LogId, u64, EntryHash)> {
        let Some(device) = self.state().device(device) else { return Vec::new() };
        let graph = &self.log.graph;
        let (removal, known) = (device.removed.and_then(|by| graph.find(by)), graph.find(device.added_by));
        let (Some(removal), Some(known)) = (removal, known) else { return Vec::new() };
        let mut seen = BTreeSet::from([removal]);
        let mut todo = vec![removal];
        while let Some(ix) = todo.pop() {
            let news = graph.parents(ix).iter().filter(|parent| !graph.is_past(**parent, known));
            todo.extend(news.copied().filter(|parent| seen.insert(*parent)));
            if seen.len() > PARTING_MAX {
                return Vec::new();
            }
        }
        // Positions here are given out parents first.
        let place = |ix: Ix| {
            let act = &self.log.fact(ix).act;
            (act.log, act.seq, graph.hash(ix))
        };
        seen.into_iter().map(place).collect()
    }

    /// The role that an author had as far as they knew who stood on `auth_head`, whatever has come of it
    /// since. It follows from that entry's past alone, so it is the same on every machine at any time.
    pub fn knew_role(&self, author: SignerKey, auth_head: EntryHash) -> Option<Role> {
        self.state_at(auth_head)?.actor(author).map(|(_, role)| role)
    }

    /// Whether `author`, who knows everything known here, may do `op` at `at`;
    /// asked before writing it. The refusal says which role may.
    pub fn may(&self, author: SignerKey, op: &Op, at: Millis) -> Result<(), Refusal> {
        let (log, prev) = (LogId::ZERO, EntryHash::ZERO);
        let act = Act { author, log, seq: 1, prev, at, op: op.clone() };
        self.log.preview(&act, self.state())
    }

    /// How the author of an entry at a place in a document's log stands, who
    /// wrote it standing on `auth_head`.
    pub fn standing(
        &self,
        author: SignerKey,
        doc: DocId,
        log: LogId,
        seq: u64,
        auth_head: EntryHash,
    ) -> Standing {
        match self.log.graph.find(auth_head) {
            None => Standing::AwaitsAuthority,
            Some(at) => standing(self.state(), &self.log.graph, at, &Place { author, doc, log, seq }),
        }
    }

    /// Who wrote a log up to the entry `last` and in which role, if they stood alike for
    /// all of it, so that headers alone tell every entry's role. `first` is the log's
    /// first entry; without it an author qualifies who had one role ever, as far as they knew.
    pub fn steady(&self, first: Option<&Header>, last: &Header) -> Option<(PersonId, Role)> {
        let find = |header: &Header| self.log.graph.find(header.auth_head);
        let first = match first {
            Some(first) => Some(find(first)?),
            None => None,
        };
        let place = Place { author: last.author, doc: last.doc, log: last.log, seq: last.seq };
        steady(self.state(), &self.log.graph, (first, find(last)?), &place)
    }

    /// The role that `person` held when a removal, of them or of their device,
    /// or a change of role took effect: what held-back work counts with once others build on it.
    pub fn role_before(&self, removal: EntryHash, person: PersonId) -> Option<Role> {
        self.state().bars.get(&removal).filter(|bar| bar.person == person).map(|bar| bar.held)
    }

    /// The entry's reason for having no effect, if it has none.
    pub fn refusal(&self, entry: EntryHash) -> Option<&Refusal> {
        self.state().refusal(entry)
    }

    /// Entries that have no effect, with their reasons.
    pub fn refused(&self) -> impl Iterator<Item = (EntryHash, &Refusal)> {
        self.state().refused()
    }
}
