//! Safety: what holds at every moment, whatever goes wrong.

use std::collections::BTreeSet;

use bytes::Bytes;
use proofroom_entry::Signed;
use proofroom_ident::{Audience, DocId, EntryHash, SignerKey};
use proofroom_replica::Receipt;
use proofroom_store::Store as _;
use proofroom_sync::Message;

use crate::cast::{self, SECRET_WORD};
use crate::conn::Node;
use crate::disk::Disk;
use crate::forger::as_signed;
use crate::machine::holds;
use crate::world::World;

/// What was promised, and what was truly signed.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Every entry that its author's own device signed and made durable.
    signed: BTreeSet<EntryHash>,
    /// What a machine told its person is done.
    pub promises: Vec<Promise>,
}

/// A receipt, and whose.
#[derive(Clone, Copy)]
pub(crate) struct Promise {
    pub place: usize,
    pub receipt: Receipt,
    /// Whether the machine's own disk still has it: an old image may lack it.
    pub at_home: bool,
}

impl Ledger {
    pub fn acknowledged(&mut self, place: usize, receipt: Receipt) {
        self.promises.push(Promise { place, receipt, at_home: true });
    }

    /// An entry that its author's device signed by hand.
    pub fn signed(&mut self, entry: EntryHash) {
        self.signed.insert(entry);
    }
}

impl World<'_> {
    /// Looks at everything that became durable since the last look.
    pub fn look_at_disks(&mut self) {
        let mut found: Option<(&'static str, String)> = None;
        for (place, machine) in &mut self.machines {
            let device = machine.me.device();
            for entry in machine.disk.take_written() {
                self.report.stored += 1;
                let h = entry.header();
                // A device's own entries: believed for their signature, not for their place on its disk.
                if h.author == device && as_signed(&entry).verify(self.workspace).is_ok() {
                    self.ledger.signed.insert(entry.hash());
                } else if !self.ledger.signed.contains(&entry.hash()) {
                    let text = format!("{} holds {:?} of {:?}", cast::name(*place), entry.hash(), h.author);
                    found.get_or_insert(("every stored entry was signed by its author", text));
                }
                if h.audience == Audience::Team && !machine.team {
                    let text = format!("{} holds {:?} of the team", cast::name(*place), entry.hash());
                    found.get_or_insert(("guests hold nothing of the team's", text));
                }
            }
        }
        for (place, machine) in &mut self.machines {
            let mut bases = machine.disk.take_bases().into_iter();
            if let Some(base) = bases.find(|base| !self.ledger.signed.contains(&base.hash())) {
                let text = format!("{} rests on {:?}", cast::name(*place), base.hash());
                found.get_or_insert(("every stored entry was signed by its author", text));
            }
        }
        for (place, station) in self.stations.iter_mut().enumerate() {
            for entry in station.disk.take_written() {
                self.report.stored += 1;
                if !self.ledger.signed.contains(&entry.hash()) {
                    let text = format!("relay{} holds {:?}", place + 1, entry.hash());
                    found.get_or_insert(("every stored entry was signed by its author", text));
                }
                if contains(entry.bytes(), SECRET_WORD.as_bytes()) {
                    let text = format!("relay{} holds {:?} in the clear", place + 1, entry.hash());
                    found.get_or_insert(("a relay holds no words", text));
                }
            }
        }
        for (place, station) in self.stations.iter_mut().enumerate() {
            for snapshot in station.disk.take_snapshots() {
                self.report.snapshots_kept += 1;
                if contains(snapshot.bytes(), SECRET_WORD.as_bytes()) {
                    let text = format!("relay{} holds snapshot {:?} in the clear", place + 1, snapshot.id());
                    found.get_or_insert(("a relay holds no words", text));
                }
            }
        }
        if let Some((rule, text)) = found {
            self.broke(rule, text);
        }
    }

    pub fn disk(&self, node: Node) -> Option<&Disk> {
        match node {
            Node::Machine(m) => self.machines.get(&m).map(|m| &m.disk),
            Node::Relay(r) => self.stations.get(r).map(|s| &s.disk),
        }
    }

    /// The device whose entries a node writes.
    fn author_of(&self, node: Node) -> Option<SignerKey> {
        match node {
            Node::Machine(m) => self.machines.get(&m).map(|m| m.me.device()),
            Node::Relay(_) => None,
        }
    }

    /// Nothing is sent before it is durable at the sender or, where others' entries are passed on, with their author.
    pub fn check_durable(&mut self, node: Node, frame: &Bytes) {
        // Entries, and parts of a snapshot.
        if !matches!(frame.get(1), Some(8 | 51)) {
            return;
        }
        let Some(disk) = self.disk(node) else { return };
        let entries = match Message::decode(frame) {
            Ok(Message::Entries(entries)) => entries,
            Ok(Message::SnapshotPart { id, .. }) => {
                let kept = disk.durable().snapshot_index(self.workspace).unwrap_or_default();
                if kept.iter().all(|row| row.id != id) {
                    let text = format!("{node:?} sent a part of {id:?}, which is not on its disk");
                    self.broke("nothing is sent before it is durable", text);
                }
                return;
            }
            _ => return,
        };
        let missing = entries.iter().filter_map(|bytes| Signed::decode(bytes.as_ref()).ok()).find(|entry| {
            let c = entry.claims();
            let passed_on =
                self.author_of(node) != Some(c.author) && self.ledger.signed.contains(&entry.hash());
            !passed_on && !holds(disk, self.workspace, (c.doc, c.log, c.seq, entry.hash()))
        });
        if let Some(entry) = missing {
            let text = format!("{node:?} sent {:?}, which is not on its disk", entry.hash());
            self.broke("nothing is sent before it is durable", text);
        }
    }

    /// What a machine acknowledged is on its disk.
    pub fn check_kept(&mut self) {
        let lost = self.ledger.promises.iter().find(|promise| {
            promise.at_home && self.machines.get(&promise.place).is_some_and(|m| !m.holds(&promise.receipt))
        });
        if let Some(promise) = lost {
            let text = format!("{} lost {:?}", cast::name(promise.place), promise.receipt);
            self.broke("nothing acknowledged is lost", text);
        }
    }

    /// After an old image was put back: what no disk of the world holds is nobody's promise any more.
    pub fn forget_what_is_lost(&mut self) {
        let mut promises = std::mem::take(&mut self.ledger.promises);
        for promise in &mut promises {
            promise.at_home = self.machines.get(&promise.place).is_some_and(|m| m.holds(&promise.receipt));
        }
        promises.retain(|promise| promise.at_home || self.somebody_holds(&promise.receipt));
        self.ledger.promises = promises;
    }

    fn somebody_holds(&self, receipt: &Receipt) -> bool {
        let place = (receipt.doc, receipt.log, receipt.seq, receipt.entry);
        let machines =
            self.machines.iter().filter(|(place, _)| self.is_honest(**place)).map(|(_, m)| &m.disk);
        let relays = self.stations.iter().map(|s| &s.disk);
        machines.chain(relays).any(|disk| holds(disk, self.workspace, place))
    }

    /// The digest of what a disk holds for an audience, logs with two histories left out.
    pub fn holdings(
        &self,
        disk: &Disk,
        audience: Audience,
        forked: &BTreeSet<proofroom_ident::LogId>,
    ) -> Vec<(DocId, proofroom_ident::LogId, u64, EntryHash)> {
        let store = disk.durable();
        let docs = store.docs(self.workspace).unwrap_or_default();
        let mut out = Vec::new();
        for doc in docs.iter().filter(|d| d.audience == audience) {
            let tips = store.tips(self.workspace, doc.doc).unwrap_or_default();
            out.extend(
                tips.iter().filter(|t| !forked.contains(&t.log)).map(|t| (t.doc, t.log, t.seq, t.hash)),
            );
        }
        out
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
