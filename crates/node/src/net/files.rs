//! Files follow entries: fetched because a version names them, offered because the relay may lack them.
//!
//! A document whose files are all here and at the relay is noted down with its
//! digest and the relay's key; until the document changes, or another relay
//! carries it, it is not looked at again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proofroom_blobs::Rank;
use proofroom_ident::{Audience, BlobHash, DocId, SignerKey, WorkspaceId};
use proofroom_store::Batch;
use proofroom_sync::Input;

use super::fetching::Word;
use super::line::Line;
use super::news::News;
use crate::blobs::policy::Policy;
use crate::failure::Failure;
use crate::peer::Peer;

/// Half of the first pause before a file that the relay lacked is asked for again.
const MISSING_PAUSE_MIN: Duration = Duration::from_millis(250);

/// A blob that is to come: its size, and how urgent it is.
type Coming = (BlobHash, u64, Rank);

/// A blob that the other end may lack, and its size.
type Offer = (BlobHash, u64);

/// What is noted down: as of which entries, at which relay.
fn done(digest: &[u8; 32], relay: Option<SignerKey>) -> Vec<u8> {
    [digest.as_slice(), relay.unwrap_or(SignerKey::ZERO).as_bytes()].concat()
}

fn done_key(workspace: WorkspaceId, doc: DocId) -> Vec<u8> {
    [b"node/files/".as_slice(), workspace.as_bytes(), doc.as_bytes()].concat()
}

/// Beside a relay, where members are the other end: all files of a document are here, as of which entries.
fn here_key(workspace: WorkspaceId, doc: DocId) -> Vec<u8> {
    [b"node/files-here/".as_slice(), workspace.as_bytes(), doc.as_bytes()].concat()
}

/// Where the files of one exchange stand.
pub(super) struct Files {
    /// Something changed that may concern files.
    pub(super) due: bool,
    /// Not to be looked at before.
    pub(super) after: Instant,
    /// Blobs that are to come.
    pub(super) wanted: BTreeSet<BlobHash>,
    /// Blobs that were offered and not answered.
    pub(super) offered: BTreeSet<BlobHash>,
    /// Blobs that the relay asked for.
    pub(super) sending: BTreeSet<BlobHash>,
    /// Blobs that are durable at the relay.
    pub(super) held_there: BTreeSet<BlobHash>,
    /// Blobs that the relay does not hold: whoever added them is still sending.
    pub(super) missing: BTreeSet<BlobHash>,
    /// How often they were asked for in vain.
    missing_rounds: u32,
    /// Documents whose files are being exchanged: as of which digest, and whether all of them can be.
    checking: BTreeMap<DocId, ([u8; 32], bool)>,
}

impl Files {
    pub(super) fn new() -> Self {
        Self {
            due: true,
            after: Instant::now(),
            wanted: BTreeSet::new(),
            offered: BTreeSet::new(),
            sending: BTreeSet::new(),
            held_there: BTreeSet::new(),
            missing: BTreeSet::new(),
            missing_rounds: 0,
            checking: BTreeMap::new(),
        }
    }

    /// Whether nothing is under way. What the relay does not hold is no reason to wait.
    pub(super) fn settled(&self) -> bool {
        !self.due && self.wanted.is_empty() && self.offered.is_empty()
    }

    /// Whether they are to be looked at, sooner or later.
    pub(super) fn to_be_looked_at(&self) -> bool {
        self.due || (!self.missing.is_empty() && self.wanted.is_empty())
    }

    /// A blob is durable here. Tells whether it was waited for.
    pub(super) fn arrived(&mut self, blob: BlobHash) -> bool {
        let waited = self.wanted.remove(&blob);
        self.missing.remove(&blob);
        self.missing_rounds = 0;
        // Another line brought it: then this one may lack it.
        self.due |= !self.held_there.contains(&blob);
        waited
    }

    /// A blob cannot be kept here.
    pub(super) fn lost(&mut self, blob: BlobHash) {
        self.wanted.remove(&blob);
        self.incomplete();
    }

    /// What is to come may have changed.
    pub(super) fn look_again(&mut self) {
        self.due = true;
        self.incomplete();
    }

    /// The relay does not hold a blob.
    pub(super) fn lacking(&mut self, blob: BlobHash) {
        self.wanted.remove(&blob);
        self.missing.insert(blob);
        self.incomplete();
    }

    /// The documents at hand are to be looked at again in the next exchange.
    pub(super) fn incomplete(&mut self) {
        self.checking.values_mut().for_each(|(_, complete)| *complete = false);
    }
}

impl Line {
    /// Fetches and offers what is due, and notes down what is done.
    pub(super) fn tend_files(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let mut news = Vec::new();
        if !self.entries_settled() {
            return Ok(news);
        }
        if self.files.to_be_looked_at() && Instant::now() >= self.files.after {
            self.files.due = false;
            let began = Instant::now();
            let (wanted, offered) = self.files_to_move(peer)?;
            self.files.after = Instant::now() + self.pause(began.elapsed());
            let expected = wanted.iter().map(|(_, total, _)| total).sum();
            news.push(News::Progress { bytes: 0, expected });
            for (blob, total, rank) in wanted {
                self.files.wanted.insert(blob);
                self.words.push(Word::Want { blob, total, rank });
            }
            if !offered.is_empty() {
                self.files.offered.extend(offered.iter().map(|(blob, _)| *blob));
                news.extend(self.feed(peer, Input::OfferBlobs(offered)));
            }
        }
        if self.files.settled() && !self.is_down() {
            self.note_done(peer)?;
        }
        Ok(news)
    }

    /// Under a stream of small edits, looking for files takes a fifth of the time
    /// at most; what the relay does not hold yet is asked for less and less often.
    fn pause(&mut self, took: Duration) -> Duration {
        if self.files.missing.is_empty() {
            return took * 4;
        }
        self.files.missing_rounds = self.files.missing_rounds.saturating_add(1);
        MISSING_PAUSE_MIN * (1 << self.files.missing_rounds.min(6))
    }

    /// Files that are to come, and files that the relay may lack.
    fn files_to_move(&mut self, peer: &mut Peer) -> Result<(Vec<Coming>, Vec<Offer>), Failure> {
        let workspace = self.workspace;
        let (mut wanted, mut offered) = (Vec::new(), Vec::new());
        let policy = Policy::load(peer.store(), workspace)?;
        if policy.paused {
            return Ok((wanted, offered));
        }
        let seat = peer.seat(workspace)?;
        let digests: BTreeMap<DocId, [u8; 32]> =
            seat.step.store.docs(workspace)?.into_iter().map(|d| (d.doc, d.digest)).collect();
        for asset in seat.replica.plan(seat.step.store)?.assets.clone() {
            let doc = workspace.review_doc(asset.id, Audience::Everyone);
            let Some(digest) = digests.get(&doc).copied() else { continue };
            let noted = match self.far.is_relay() {
                true => seat.step.store.get(&done_key(workspace, doc))? == Some(done(&digest, self.there)),
                false => seat.step.store.get(&here_key(workspace, doc))?.as_deref() == Some(&digest[..]),
            };
            if noted {
                continue;
            }
            let mut complete = true;
            let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
            let wants = policy.wants(asset.id, &view);
            for reference in view.blobs.values().filter(|reference| !reference.is_erased()) {
                let (blob, bytes) = (reference.blob, reference.bytes);
                // Members fetch what they want; a relay must be given what it may lack.
                let told = self.files.offered.contains(&blob) || self.files.held_there.contains(&blob);
                match seat.blobs.held(workspace, blob) {
                    Some(held) if held == bytes && told => {}
                    Some(held) if held == bytes => offered.push((blob, bytes)),
                    Some(_) => complete = false,
                    // What the policy leaves out is not done: the policy may change.
                    None => complete &= wants.contains_key(&blob),
                }
            }
            for (blob, (total, rank)) in wants {
                if seat.blobs.held(workspace, blob).is_none() && !self.files.wanted.contains(&blob) {
                    wanted.push((blob, total, rank));
                }
            }
            self.files.checking.insert(doc, (digest, complete));
        }
        Ok((wanted, offered))
    }

    fn note_done(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        let mut batch = Batch::new();
        for (doc, (digest, complete)) in std::mem::take(&mut self.files.checking) {
            match self.far.is_relay() {
                _ if !complete => {}
                true => _ = batch.put(done_key(self.workspace, doc), done(&digest, self.there)),
                false => _ = batch.put(here_key(self.workspace, doc), digest),
            }
        }
        if !batch.is_empty() {
            peer.seat(self.workspace)?.step.store.commit(batch)?;
        }
        Ok(())
    }
}
