//! Two versions of an asset, for whoever compares them: which file became which, and where comments point.

use proofroom_compare::pair;
use proofroom_ident::{AssetId, Audience, VersionHash, WorkspaceId};
use proofroom_replica::{Membership, ReplicaError};
use proofroom_review::{CommentState, FileRef, ReviewView};
use proofroom_store::Store;
use proofroom_web_wire::{AnchorCard, FileCard, FilePair, Reply};

use crate::desk::Desk;
use crate::fault::DeskError;

impl<S: Store> Desk<S> {
    pub(crate) fn pairs(
        &mut self,
        workspace: WorkspaceId,
        asset: AssetId,
        (before, after): (VersionHash, VersionHash),
    ) -> Result<Reply, DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let view = replica.review(&self.store, asset, Audience::Everyone)?;
        let manifest = |hash: &VersionHash| {
            view.versions
                .get(hash)
                .ok_or_else(|| DeskError::malformed(&hash.to_hex(), "a version of this asset"))
        };
        let card = |file: Option<&FileRef>| file.map(card);
        let pairs = pair(manifest(&before)?, manifest(&after)?);
        let pairs = pairs.iter().map(|p| FilePair { before: card(p.before), after: card(p.after) }).collect();
        let mut anchors = anchors(&view, &before);
        if matches!(replica.membership(), Membership::Member(role) if role.reads(Audience::Team)) {
            let team = replica.review(&self.store, asset, Audience::Team)?;
            anchors.extend(self::anchors(&team, &before));
        }
        Ok(Reply::Pairs { pairs, anchors })
    }
}

/// What is compared of a file; where its bytes are is told elsewhere.
fn card(file: &FileRef) -> FileCard {
    FileCard {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        bytes: file.bytes,
        content: file.content.to_hex(),
        ..FileCard::default()
    }
}

fn anchors(view: &ReviewView, version: &VersionHash) -> Vec<AnchorCard> {
    let about = view.comments.iter().filter(|c| c.anchor.version == *version && c.parent.is_none());
    let stands = about.filter(|c| c.state != CommentState::Withdrawn);
    // An anchor is plain data.
    let json = |c: &proofroom_review::CommentView| serde_json::to_string(&c.anchor).unwrap_or_default();
    stands.map(|c| AnchorCard { comment: c.key.to_string(), anchor: json(c) }).collect()
}
