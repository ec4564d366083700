//! Edits of a review document.

use automerge::ObjId;
use automerge::ReadDoc as _;
use automerge::transaction::Transactable as _;
use proofroom_ident::VersionHash;
use proofroom_review::{
    AcknowledgedKey, Anchor, BlobRef, CommentKey, CommentLabel, CommentState, EditError, Manifest, Pick,
    Rendition, ReviewEdit, canonical_json,
};

use super::Pen;
use crate::RecordError;
use crate::schema::{self, Collection};
use crate::vet::CommentStateNote;

impl Pen<'_, '_> {
    pub(super) fn review(&mut self, edit: &ReviewEdit) -> Result<(), RecordError> {
        match edit {
            ReviewEdit::AddVersion { manifest, blobs } => self.add_version(manifest, blobs),
            ReviewEdit::AddRendition { rendition, blob } => self.add_rendition(rendition, blob),
            ReviewEdit::PickVersion { pick } => self.pick(pick),
            ReviewEdit::AddComment { id, body, anchor, label, parent } => {
                let key = CommentKey::new(self.writer.person, *id);
                self.add_comment(&key, body, anchor, *label, parent.as_ref())
            }
            ReviewEdit::EditComment { comment, at, delete, insert } => {
                if comment.owner != self.writer.person {
                    return Err(RecordError::NotAllowed("nobody but its author changes a comment's words"));
                }
                let record = self.comment(comment)?;
                self.splice(&record, schema::BODY, (*at, *delete), insert)
            }
            ReviewEdit::SetCommentState { comment, state } => self.set_comment_state(comment, *state),
            ReviewEdit::ClaimAddressed { comment, version } => {
                self.version(version)?;
                self.put_comment_state(comment, CommentState::Addressed, Some(*version))
            }
            ReviewEdit::Acknowledge { comment } => self.acknowledge(comment),
            ReviewEdit::SetCommentLabel { comment, label } => {
                self.owner_or_producer(comment.owner, "this comment is somebody else's")?;
                let record = self.comment(comment)?;
                self.set(&record, schema::LABEL, label.word())
            }
        }
    }

    fn comment(&self, key: &CommentKey) -> Result<ObjId, RecordError> {
        self.find(Collection::Comments, &key.to_string())?.ok_or(RecordError::NoComment(*key))
    }

    fn version(&self, version: &VersionHash) -> Result<(), RecordError> {
        let versions = self.collection(Collection::Versions)?;
        match self.tx.get(&versions, version.to_hex())? {
            Some(_) => Ok(()),
            None => Err(RecordError::NoVersion(*version)),
        }
    }

    fn add_version(&mut self, manifest: &Manifest, blobs: &[BlobRef]) -> Result<(), RecordError> {
        self.producer("only owners and producers add versions")?;
        if manifest.author != self.writer.person {
            return Err(RecordError::NotAllowed("a version names its own author"));
        }
        manifest.parents.iter().try_for_each(|parent| self.version(parent))?;
        let json = manifest.to_json().map_err(EditError::from)?;
        let version = manifest.hash().map_err(EditError::from)?;
        if !self.fix(Collection::Versions, &version.to_hex(), &json)? {
            return Err(RecordError::Exists(format!("version {version}")));
        }
        for blob in blobs {
            let json = blob.to_json().map_err(EditError::from)?;
            self.fix(Collection::Blobs, &blob.content.to_hex(), &json)?;
        }
        Ok(())
    }

    fn add_rendition(&mut self, rendition: &Rendition, blob: &BlobRef) -> Result<(), RecordError> {
        self.producer("only owners and producers add renditions")?;
        if rendition.by != self.writer.person {
            return Err(RecordError::NotAllowed("a rendition names its own author"));
        }
        let json = rendition.to_json().map_err(EditError::from)?;
        let key = blake3::hash(json.as_bytes()).to_hex();
        self.fix(Collection::Renditions, &key, &json)?;
        let json = blob.to_json().map_err(EditError::from)?;
        self.fix(Collection::Blobs, &blob.content.to_hex(), &json).map(drop)
    }

    fn pick(&mut self, pick: &Pick) -> Result<(), RecordError> {
        self.producer("only owners and producers pick versions")?;
        if pick.by != self.writer.person {
            return Err(RecordError::NotAllowed("a pick names its own author"));
        }
        pick.over.iter().chain([&pick.version]).try_for_each(|version| self.version(version))?;
        let json = pick.to_json().map_err(EditError::from)?;
        let key = blake3::hash(json.as_bytes()).to_hex();
        self.fix(Collection::Picks, &key, &json).map(drop)
    }

    fn add_comment(
        &mut self,
        key: &CommentKey,
        body: &str,
        anchor: &Anchor,
        label: CommentLabel,
        parent: Option<&CommentKey>,
    ) -> Result<(), RecordError> {
        if let Some(parent) = parent {
            self.comment(parent)?;
        }
        let record = self.make(Collection::Comments, &key.to_string())?;
        let json = anchor.to_json().map_err(EditError::from)?;
        self.tx.put(&record, schema::ANCHOR, json)?;
        self.tx.put(&record, schema::LABEL, label.word())?;
        if let Some(parent) = parent {
            self.tx.put(&record, schema::PARENT, parent.to_string())?;
        }
        self.write_text(&record, schema::BODY, body)
    }

    fn set_comment_state(&mut self, comment: &CommentKey, state: CommentState) -> Result<(), RecordError> {
        self.put_comment_state(comment, state, None)
    }

    fn acknowledge(&mut self, comment: &CommentKey) -> Result<(), RecordError> {
        self.comment(comment)?;
        let key = AcknowledgedKey { by: self.writer.person, comment: comment.id }.to_string();
        let notes = self.collection(Collection::Acknowledged)?;
        match self.tx.get(&notes, &key)? {
            Some(_) => Ok(()),
            None => Ok(self.tx.put(&notes, &key, self.at.0)?),
        }
    }

    fn put_comment_state(
        &mut self,
        comment: &CommentKey,
        state: CommentState,
        version: Option<VersionHash>,
    ) -> Result<(), RecordError> {
        self.owner_or_producer(comment.owner, "this comment is somebody else's")?;
        let record = self.comment(comment)?;
        let note =
            CommentStateNote { by: self.writer.person, questions: Vec::new(), reason: None, state, version };
        let json = canonical_json(&note).map_err(EditError::from)?;
        self.set(&record, schema::STATE, &json)
    }
}
