//! A workspace in use: its membership and its counters, while somebody is connected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofroom_authority::{Authority, AuthorityError};
use proofroom_blobs::{Fetch, Input as FetchInput};
use proofroom_entry::Verified;
use proofroom_ident::{BlobHash, DocId, EntryHash, Millis, SignerKey, WorkspaceId};
use proofroom_store::{Store, StoreError, entries_at, evidence};

use crate::config::Quotas;
use crate::io::ConnId;
use crate::rate::Bucket;
use crate::relay::snapshot_bytes;
use crate::usage::blobs_bytes;

const READ_BYTES_MAX: usize = 1 << 20;

/// How fast one device brings entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub entries: Bucket,
    pub bytes: Bucket,
}

/// A workspace that somebody is connected to.
#[derive(Debug)]
pub(crate) struct Room {
    pub workspace: WorkspaceId,
    pub authority: Authority,
    pub conns: BTreeSet<ConnId>,
    pub bytes: u64,
    pub authority_bytes: u64,
    pub blob_bytes: u64,
    /// What is being brought.
    pub fetch: Fetch<ConnId>,
    /// Sizes of what was offered and is not durable yet: they count against the quota.
    pub coming: BTreeMap<BlobHash, u64>,
    /// Entries and blobs that were erased, and are forgotten here.
    pub forgotten: (BTreeSet<EntryHash>, BTreeSet<BlobHash>),
    paces: BTreeMap<SignerKey, Pace>,
}

impl Room {
    /// Reads the membership log and the counters; documents are not touched.
    pub fn open(store: &dyn Store, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let mut room = Self {
            workspace,
            authority: Authority::new(workspace),
            conns: BTreeSet::new(),
            bytes: store.docs(workspace)?.iter().map(|d| d.bytes).sum::<u64>()
                + snapshot_bytes(store, workspace)?,
            authority_bytes: 0,
            blob_bytes: blobs_bytes(store, workspace)?,
            fetch: Fetch::of_offers(),
            coming: BTreeMap::new(),
            forgotten: <(BTreeSet<EntryHash>, BTreeSet<BlobHash>)>::default(),
            paces: BTreeMap::new(),
        };
        room.reload_authority(store)?;
        Ok(room)
    }

    /// Goes back to the membership log as stored: what was tried in memory is forgotten.
    pub fn reload_authority(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let entries = authority_entries(store, self.workspace)?;
        self.authority_bytes = entries.iter().map(|e| e.bytes().len() as u64).sum();
        self.authority = evaluate(self.workspace, entries);
        Ok(())
    }

    /// Whether the genesis entry is here: before, there is nothing to be a member of.
    pub fn is_founded(&self) -> bool {
        self.authority.contains(EntryHash::from_bytes(*self.workspace.as_bytes()))
    }

    /// What shows a device that it was removed. Whoever comes for it again and again is sent away with a word.
    pub fn parting(
        &mut self,
        device: SignerKey,
        quotas: &Quotas,
        now: Millis,
        store: &dyn Store,
    ) -> Result<Vec<Arc<[u8]>>, StoreError> {
        let places = self.authority.parting(device);
        if self.pace(device, quotas, now).entries.take(places.len() as u64, now).is_err() {
            return Ok(Vec::new());
        }
        entries_at(store, self.workspace, DocId::AUTHORITY, places)
    }

    /// The device's pace; it outlives its connections as long as the room is open.
    pub fn pace(&mut self, device: SignerKey, quotas: &Quotas, now: Millis) -> &mut Pace {
        self.paces.entry(device).or_insert_with(|| Pace {
            entries: Bucket::new(quotas.burst_entries, quotas.entries_per_s, now),
            bytes: Bucket::new(quotas.burst_bytes, quotas.bytes_per_s, now),
        })
    }

    /// A connection is gone: what nobody else offered is not fetched any more.
    pub fn bring_no_more(&mut self, now: Millis, conn: ConnId) -> Vec<BlobHash> {
        self.fetch.handle(now, FetchInput::Left(conn));
        let orphans = self.fetch.orphans();
        for blob in &orphans {
            self.fetch.handle(now, FetchInput::Forget(*blob));
            self.coming.remove(blob);
        }
        orphans
    }

    /// Forgets the paces of devices that have rested.
    pub fn sweep(&mut self, now: Millis) {
        self.paces.retain(|_, pace| !pace.entries.is_full(now) || !pace.bytes.is_full(now));
    }

    /// Whether anybody still needs the room: connections, or a pace that must not be forgotten.
    pub fn is_idle(&self) -> bool {
        self.conns.is_empty() && self.paces.is_empty()
    }
}

/// Entries that wait for too many others are offered again until none helps.
fn evaluate(workspace: WorkspaceId, mut left: Vec<Verified>) -> Authority {
    let mut authority = Authority::new(workspace);
    loop {
        let before = left.len();
        left.retain(|entry| matches!(authority.insert(entry), Err(AuthorityError::TooManyWaiting { .. })));
        if left.is_empty() || left.len() == before {
            return authority;
        }
    }
}

fn authority_entries(store: &dyn Store, workspace: WorkspaceId) -> Result<Vec<Verified>, StoreError> {
    let mut out = Vec::new();
    for tip in store.tips(workspace, DocId::AUTHORITY)? {
        let mut from = 1;
        while from <= tip.seq {
            let run = store.entries(workspace, DocId::AUTHORITY, tip.log, from, READ_BYTES_MAX)?;
            let Some(last) = run.last() else { break };
            from = last.header().seq + 1;
            out.extend(run);
        }
    }
    // Second histories are weighed as the first ones are, and were verified when they came.
    let branches = evidence(store, workspace)?.into_iter().filter(|e| e.claims().doc == DocId::AUTHORITY);
    out.extend(branches.filter_map(|entry| entry.verify(workspace).ok()));
    Ok(out)
}
