//! Documents in memory: loaded when first asked for, fed with what is new.

use std::collections::BTreeMap;

use proofroom_authority::Standing;
use proofroom_document::{DocKind, Document, Incoming, Writer};
use proofroom_entry::{EntryKind, LogTip, Verified};
use proofroom_ident::{DocId, EntryHash, LogClass, LogId, PersonId, WorkspaceId};
use proofroom_review::ProfileStatement;
use proofroom_store::Store;
use zeroize::Zeroizing;

use crate::access::{role_writes, writer_role};
use crate::error::ReplicaError;
use crate::held::HeldEntry;
use crate::open::Replica;
use crate::shred::Residues;
use crate::statements::Statements;
use crate::view::Changed;

const READ_BYTES: usize = 4 << 20;
/// Largest plaintext of one entry, in bytes: a 64 KB batch of edits has room to spare.
pub(crate) const PLAIN_BYTES_MAX: usize = proofroom_document::BATCH_BYTES_MAX;

/// A document in memory, and how much of each log is in it.
pub(crate) struct OpenDoc {
    pub(crate) document: Document,
    pub(crate) clock: BTreeMap<LogId, u64>,
    pub(crate) statements: Statements,
    pub(crate) profiles: BTreeMap<PersonId, (EntryHash, u64, ProfileStatement)>,
    pub(crate) held: Vec<HeldEntry>,
    pub(crate) unreadable: BTreeMap<LogId, u64>,
    pub(crate) refused: BTreeMap<EntryHash, String>,
    /// What is left of entries that were erased, as those who erased them say.
    pub(crate) residues: Residues,
    /// What it rested on does not hold: what rests on it is left out.
    pub(crate) fallen: bool,
    /// Since somebody asked.
    pub(crate) changed: Changed,
}

/// An entry that was opened and may count.
pub(crate) struct Opened {
    pub(crate) entry: Verified,
    pub(crate) person: PersonId,
    pub(crate) role: proofroom_authority::Role,
    pub(crate) plain: Zeroizing<Vec<u8>>,
}

/// Where a proof of two histories freezes a log.
pub(crate) fn frozen_at(proofs: &[(Verified, Verified)], tip: &LogTip) -> Option<u64> {
    let of_log = proofs.iter().filter(|(a, _)| a.header().log == tip.log && a.header().doc == tip.doc);
    of_log.map(|(a, _)| a.header().seq).min()
}

/// All entries of a log after `seq`, in order.
pub(crate) fn entries_after(
    store: &dyn Store,
    workspace: WorkspaceId,
    tip: &LogTip,
    seq: u64,
) -> Result<Vec<Verified>, ReplicaError> {
    let mut out: Vec<Verified> = Vec::new();
    let mut next = seq + 1;
    while next <= tip.seq {
        let run = store.entries(workspace, tip.doc, tip.log, next, READ_BYTES)?;
        let Some(last) = run.last() else { break };
        next = last.header().seq + 1;
        out.extend(run);
    }
    Ok(out)
}

impl Replica {
    /// Loads a document, or feeds it what came since.
    pub(crate) fn load_doc(
        &mut self,
        store: &dyn Store,
        kind: DocKind,
        doc: DocId,
    ) -> Result<&mut OpenDoc, ReplicaError> {
        let mut open = match self.docs.remove(&doc) {
            Some(open) => open,
            None => self.fresh_doc(store, kind, doc)?,
        };
        let held = open.held.len();
        let news = self.open_news(store, &mut open, doc)?;
        // What was merged before may stand on what is held back only now, and the other way round.
        let settled = open.held.is_empty() || (news.is_empty() && open.held.len() == held);
        if settled {
            self.take_news(&mut open, news);
        } else {
            open = self.rebuild_with_held(store, kind, doc)?;
        }
        Ok(self.docs.entry(doc).or_insert(open))
    }

    pub(crate) fn blank_doc(&self, kind: DocKind, doc: DocId) -> OpenDoc {
        OpenDoc {
            document: Document::new(kind, self.workspace, doc),
            clock: BTreeMap::new(),
            statements: Statements::default(),
            profiles: BTreeMap::new(),
            held: Vec::new(),
            unreadable: BTreeMap::new(),
            refused: BTreeMap::new(),
            residues: Residues::default(),
            fallen: false,
            changed: Changed::whole(),
        }
    }

    /// Reads and opens what the document does not have yet. Held-back entries go
    /// to `open.held`; a log stops at the first entry whose key is missing.
    pub(crate) fn open_news(
        &self,
        store: &dyn Store,
        open: &mut OpenDoc,
        doc: DocId,
    ) -> Result<Vec<Opened>, ReplicaError> {
        let mut news = Vec::new();
        open.unreadable.clear();
        let proofs = store.proofs(self.workspace)?;
        let mut tips = store.tips(self.workspace, doc)?;
        // Statements first: they tell what is left of changes that were erased.
        tips.sort_by_key(|tip| tip.log.class() == Some(LogClass::Changes));
        for tip in tips {
            let from = open.clock.get(&tip.log).copied().unwrap_or(0);
            if from >= tip.seq {
                continue;
            }
            if open.fallen && store.base(self.workspace, doc, tip.log)?.is_some() {
                continue;
            }
            let frozen = frozen_at(&proofs, &tip);
            for entry in entries_after(store, self.workspace, &tip, from)? {
                let seq = entry.header().seq;
                if frozen.is_some_and(|f| seq >= f) {
                    break;
                }
                let Some(plain) = self.open_payload(&entry, open) else {
                    open.unreadable.insert(tip.log, tip.seq + 1 - seq);
                    break;
                };
                open.clock.insert(tip.log, seq);
                self.sort_out(open, &mut news, entry, plain);
            }
        }
        Ok(news)
    }

    fn open_payload(&self, entry: &Verified, open: &mut OpenDoc) -> Option<Zeroizing<Vec<u8>>> {
        let h = entry.header();
        if entry.is_erased() {
            return self.left_of(entry, &open.residues);
        }
        let epoch = self.keyring.get(&h.key)?;
        match proofroom_seal::open(epoch, h, entry.payload(), PLAIN_BYTES_MAX) {
            Ok(plain) => Some(plain),
            Err(e) => {
                open.refused.insert(entry.hash(), e.to_string());
                Some(Zeroizing::new(Vec::new()))
            }
        }
    }

    fn sort_out(
        &self,
        open: &mut OpenDoc,
        news: &mut Vec<Opened>,
        entry: Verified,
        plain: Zeroizing<Vec<u8>>,
    ) {
        match self.standing(entry.header()) {
            Standing::Member { role, .. }
                if !role_writes(role, entry.header().kind, entry.header().audience) =>
            {
                open.refused.insert(entry.hash(), format!("a {role} may not write this kind of entry"));
            }
            Standing::Member { person, role } => {
                if entry.header().kind == EntryKind::Record {
                    open.residues.take(&plain);
                }
                news.push(Opened { entry, person, role, plain });
            }
            Standing::HeldBack { person, removal } => {
                open.held.push(HeldEntry { entry, person, removal, plain, admitted: false });
            }
            Standing::NotMember | Standing::AwaitsAuthority => {
                open.refused.insert(entry.hash(), "its author was not a member there".into());
            }
        }
    }

    /// Merges opened entries: all changes in one batch, then the statements.
    pub(crate) fn take_news(&self, open: &mut OpenDoc, news: Vec<Opened>) {
        let mut changes = Vec::new();
        for item in news {
            match item.entry.header().kind {
                EntryKind::Change => {
                    if item.entry.is_erased() {
                        open.document.admit_residue(item.entry.hash());
                    }
                    changes.push(incoming(&item));
                }
                EntryKind::Approval | EntryKind::Act | EntryKind::Delegation | EntryKind::Record => {
                    Statements::take(open, &item, self.workspace.plan_doc());
                }
                EntryKind::Profile => take_profile(open, &item),
                EntryKind::Receipt | EntryKind::Authority => {}
            }
        }
        if changes.is_empty() {
            return;
        }
        let merged = open.document.merge(changes);
        open.changed.touched.add(merged.touched);
        for (entry, error) in merged.refused {
            open.refused.insert(entry, error.to_string());
        }
    }
}

pub(crate) fn incoming(item: &Opened) -> Incoming {
    let h = item.entry.header();
    Incoming {
        entry: item.entry.hash(),
        writer: Writer { author: h.author, log: h.log, person: item.person, role: writer_role(item.role) },
        payload: item.plain.to_vec(),
    }
}

/// The latest profile of a person by (claimed time, hash): deterministic whatever the order of arrival.
fn take_profile(open: &mut OpenDoc, item: &Opened) {
    let text = String::from_utf8_lossy(&item.plain);
    let profile = match ProfileStatement::from_json(&text) {
        Ok(profile) => profile,
        Err(e) => {
            open.refused.insert(item.entry.hash(), format!("profile: {e}"));
            return;
        }
    };
    let key = (item.entry.header().claimed_at.0, item.entry.hash());
    let newer = open.profiles.get(&item.person).is_none_or(|(hash, at, _)| (*at, *hash) < key);
    if newer {
        open.changed.profiles = true;
        open.profiles.insert(item.person, (key.1, key.0, profile));
    }
}
