//! Files follow entries: fetched because a version names them, offered because the relay may lack them.
//!
//! A document whose files are all here and at the relay is noted down with its
//! digest and the relay's key; until the document changes, or another relay
//! carries it, it is not looked at again.

use std::time::{Duration, Instant};

use proofroom_ident::{Audience, BlobHash, DocId, SignerKey, WorkspaceId};
use proofroom_store::Batch;
use proofroom_sync::Input;

use super::line::Line;
use super::news::News;
use crate::failure::Failure;
use crate::peer::Peer;

/// Half of the first pause before a file that the relay lacked is asked for again.
const MISSING_PAUSE_MIN: Duration = Duration::from_millis(250);

/// What is noted down: as of which entries, at which relay.
fn done(digest: &[u8; 32], relay: Option<SignerKey>) -> Vec<u8> {
    [digest.as_slice(), relay.unwrap_or(SignerKey::ZERO).as_bytes()].concat()
}

fn done_key(workspace: WorkspaceId, doc: DocId) -> Vec<u8> {
    [b"node/files/".as_slice(), workspace.as_bytes(), doc.as_bytes()].concat()
}

impl Line {
    /// Fetches and offers what is due, and notes down what is done.
    pub(super) fn tend_files(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let mut news = Vec::new();
        if !self.entries_settled() {
            return Ok(news);
        }
        if self.looks_for_files() && Instant::now() >= self.files_after {
            self.files_due = false;
            let began = Instant::now();
            let (wanted, offered) = self.files_to_move(peer)?;
            self.files_after = Instant::now() + self.pause(began.elapsed());
            let expected = wanted.iter().map(|(_, bytes)| bytes).sum();
            news.push(News::Progress { bytes: 0, expected });
            for (blob, bytes) in wanted {
                self.wanted.insert(blob);
                news.extend(self.feed(peer, Input::WantBlob { blob, bytes }));
            }
            if !offered.is_empty() {
                self.offered.extend(offered.iter().map(|(blob, _)| *blob));
                news.extend(self.feed(peer, Input::OfferBlobs(offered)));
            }
        }
        if self.wanted.is_empty() && self.offered.is_empty() && !self.files_due && !self.is_down() {
            self.note_done(peer)?;
        }
        Ok(news)
    }

    /// Under a stream of small edits, looking for files takes a fifth of the time
    /// at most; what the relay does not hold yet is asked for less and less often.
    fn pause(&mut self, took: Duration) -> Duration {
        if self.missing.is_empty() {
            return took * 4;
        }
        self.missing_rounds = self.missing_rounds.saturating_add(1);
        MISSING_PAUSE_MIN * (1 << self.missing_rounds.min(6))
    }

    /// Files that are to come, and files that the relay may lack.
    #[expect(clippy::type_complexity, reason = "two lists of one shape, used once")]
    fn files_to_move(
        &mut self,
        peer: &mut Peer,
    ) -> Result<(Vec<(BlobHash, u64)>, Vec<(BlobHash, u64)>), Failure> {
        let workspace = self.workspace;
        let (mut wanted, mut offered) = (Vec::new(), Vec::new());
        let seat = peer.seat(workspace)?;
        let digests: std::collections::BTreeMap<DocId, [u8; 32]> =
            seat.step.store.docs(workspace)?.into_iter().map(|d| (d.doc, d.digest)).collect();
        for asset in seat.replica.plan(seat.step.store)?.assets.clone() {
            let doc = workspace.review_doc(asset.id, Audience::Everyone);
            let Some(digest) = digests.get(&doc).copied() else { continue };
            if seat.step.store.get(&done_key(workspace, doc))? == Some(done(&digest, self.there)) {
                continue;
            }
            let mut complete = true;
            let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
            for reference in view.blobs.values() {
                let (blob, bytes) = (reference.blob, reference.bytes);
                let moving = self.wanted.contains(&blob) || self.offered.contains(&blob);
                let there = self.held_there.contains(&blob);
                match seat.blobs.held(workspace, blob) {
                    _ if moving => {}
                    Some(held) if held == bytes && there => {}
                    Some(held) if held == bytes => offered.push((blob, bytes)),
                    Some(_) => complete = false,
                    None => wanted.push((blob, bytes)),
                }
            }
            self.checking.insert(doc, (digest, complete));
        }
        Ok((wanted, offered))
    }

    fn note_done(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        let mut batch = Batch::new();
        for (doc, (digest, complete)) in std::mem::take(&mut self.checking) {
            if complete {
                batch.put(done_key(self.workspace, doc), done(&digest, self.there));
            }
        }
        if !batch.is_empty() {
            peer.seat(self.workspace)?.step.store.commit(batch)?;
        }
        Ok(())
    }
}
