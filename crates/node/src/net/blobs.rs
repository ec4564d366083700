//! Files follow entries: fetched because a version names them, offered because the relay may lack them.
//!
//! A document whose files are all here and at the relay is noted down with its
//! digest; until the document changes it is not looked at again.

use std::time::Instant;

use proofroom_ident::{Audience, BlobHash, DocId, WorkspaceId};
use proofroom_store::Batch;
use proofroom_sync::Input;

use super::line::Line;
use super::news::News;
use crate::failure::Failure;
use crate::peer::Peer;

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
        if self.files_due && Instant::now() >= self.files_after {
            self.files_due = false;
            let began = Instant::now();
            let (wanted, offered) = self.files_to_move(peer)?;
            // Under a stream of small edits, looking for files takes a fifth of the time at most.
            self.files_after = Instant::now() + began.elapsed() * 4;
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
            if seat.step.store.get(&done_key(workspace, doc))?.as_deref() == Some(digest.as_slice()) {
                continue;
            }
            let mut complete = true;
            let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
            for reference in view.blobs.values() {
                let (blob, bytes) = (reference.blob, reference.bytes);
                let moving = self.wanted.contains(&blob) || self.offered.contains(&blob);
                match seat.blobs.held(workspace, blob) {
                    _ if moving => {}
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
                batch.put(done_key(self.workspace, doc), digest.to_vec());
            }
        }
        if !batch.is_empty() {
            peer.seat(self.workspace)?.step.store.commit(batch)?;
        }
        Ok(())
    }
}
