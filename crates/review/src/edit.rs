//! What a member can do to a document, as plain data.
//!
//! Positions in collaborative text count UTF-16 code units. Identifiers are
//! random and handed in by the caller; author and time are the entry's.

use proofroom_ident::{AssetId, CommentId, PersonId, RequestId, VersionHash};

use crate::anchor::{Anchor, AnchorError};
use crate::brief::RequestForm;
use crate::canonical::CanonicalError;
use crate::library::{LibraryError, LibraryItem, LibraryKey};
use crate::manifest::{BlobRef, Manifest, ManifestError};
use crate::owned::{CommentKey, RequestKey};
use crate::rendition::{Rendition, RenditionError};
use crate::text::{self, TextError};
use crate::versions::Pick;
use crate::words::{Category, CommentLabel, CommentState, RequestState, ReviewerRole};

const QUESTIONS_MAX: usize = 200;

/// An edit cannot be recorded, whoever makes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A text breaks its limit.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The version's manifest does not hold.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The anchor does not hold.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The pick does not serialise.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The item does not hold.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The rendition does not hold.
    #[error(transparent)]
    Rendition(#[from] RenditionError),
    /// Returning or declining a request needs a reason.
    #[error("a request is {0} with a reason")]
    NoReason(RequestState),
    /// A file of the version has no blob, or one of another length.
    #[error("the file `{0}` has no blob of its content and length")]
    NoBlob(String),
    /// A pick names at least one other version that it wins over.
    #[error("version {0:?} is picked over at least one other version")]
    EmptyPick(VersionHash),
}

/// An edit of the plan document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanEdit {
    /// Names the workspace.
    SetName {
        /// The name.
        name: String,
    },
    /// Files a request under its author's keys.
    AddRequest {
        /// Which of the author's.
        id: RequestId,
        /// The form.
        form: Box<RequestForm>,
        /// The brief's first text; see [`RequestForm::brief_text`].
        brief: String,
    },
    /// Replaces a request's form.
    SetForm {
        /// Which request.
        request: RequestKey,
        /// The form.
        form: Box<RequestForm>,
    },
    /// Edits a brief's text.
    SpliceBrief {
        /// Which request's.
        request: RequestKey,
        /// Where.
        at: usize,
        /// How much goes.
        delete: usize,
        /// What comes.
        insert: String,
    },
    /// Accepts, returns or declines a request, or submits it again.
    SetRequestState {
        /// Which request.
        request: RequestKey,
        /// The new state.
        state: RequestState,
        /// Why; needed to return or decline.
        reason: Option<String>,
    },
    /// Sends a request back with questions.
    ReturnRequest {
        /// Which request.
        request: RequestKey,
        /// What its author is to answer, at least one question.
        questions: Vec<String>,
        /// What else there is to say.
        reason: Option<String>,
    },
    /// Puts a form or the like into the library, in the place of the one of the same key.
    Shelve {
        /// The item.
        item: Box<LibraryItem>,
    },
    /// Takes an item out of the library.
    Unshelve {
        /// Which item.
        key: LibraryKey,
    },
    /// Adds an asset.
    AddAsset {
        /// Its id.
        id: AssetId,
        /// Its name.
        name: String,
        /// Its category.
        category: Category,
        /// The request that it answers.
        request: Option<RequestKey>,
    },
    /// Says which deliverable of its request an asset is; `None` says it is none.
    FillSlot {
        /// Which asset.
        asset: AssetId,
        /// The deliverable's name.
        slot: Option<String>,
    },
    /// Renames an asset.
    RenameAsset {
        /// Which asset.
        asset: AssetId,
        /// The name.
        name: String,
    },
    /// Says what a person is to an asset's review; `None` takes them off.
    SetAssignment {
        /// Which asset.
        asset: AssetId,
        /// Who.
        person: PersonId,
        /// As what.
        role: Option<ReviewerRole>,
    },
}

impl PlanEdit {
    /// Whether it keeps every limit.
    pub fn check(&self) -> Result<(), EditError> {
        match self {
            Self::SetName { name } => text::line("the workspace's name", name)?,
            Self::AddRequest { form, brief, .. } => {
                form.check()?;
                text::body("the brief", brief)?;
            }
            Self::SetForm { form, .. } => form.check()?,
            Self::SpliceBrief { insert, .. } => text::body("the brief", insert)?,
            Self::SetRequestState { state, reason, .. } => {
                let reason = reason.as_deref().unwrap_or_default();
                text::body("the reason", reason)?;
                if state.needs_reason() && reason.trim().is_empty() {
                    return Err(EditError::NoReason(*state));
                }
            }
            Self::ReturnRequest { questions, reason, .. } => {
                text::body("the reason", reason.as_deref().unwrap_or_default())?;
                text::count("questions", questions.len(), QUESTIONS_MAX)?;
                if questions.iter().all(|q| q.trim().is_empty()) {
                    return Err(EditError::NoReason(RequestState::Returned));
                }
                questions.iter().try_for_each(|q| text::body("a question", q))?;
            }
            Self::Shelve { item } => item.check()?,
            Self::FillSlot { slot, .. } => {
                slot.iter().try_for_each(|slot| text::line("the deliverable's name", slot))?;
            }
            Self::AddAsset { name, .. } | Self::RenameAsset { name, .. } => {
                text::line("the asset's name", name)?
            }
            Self::SetAssignment { .. } | Self::Unshelve { .. } => {}
        }
        Ok(())
    }
}

/// An edit of an asset's review document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewEdit {
    /// Adds a version and says where its files' bytes are.
    AddVersion {
        /// The version.
        manifest: Box<Manifest>,
        /// A blob for each file.
        blobs: Vec<BlobRef>,
    },
    /// Adds a rendition of a file, and says where its bytes are.
    AddRendition {
        /// The rendition.
        rendition: Box<Rendition>,
        /// Its blob.
        blob: BlobRef,
    },
    /// Settles a fork.
    PickVersion {
        /// The choice; see [`Pick::among`].
        pick: Pick,
    },
    /// Adds a comment, or a reply, under its author's keys.
    AddComment {
        /// Which of the author's.
        id: CommentId,
        /// What it says.
        body: String,
        /// Where it points; it names the version.
        anchor: Box<Anchor>,
        /// What it is for.
        label: CommentLabel,
        /// The comment that it answers.
        parent: Option<CommentKey>,
    },
    /// Edits a comment's text; its author only.
    EditComment {
        /// Which comment.
        comment: CommentKey,
        /// Where.
        at: usize,
        /// How much goes.
        delete: usize,
        /// What comes.
        insert: String,
    },
    /// Moves a comment on its way.
    SetCommentState {
        /// Which comment.
        comment: CommentKey,
        /// The new state.
        state: CommentState,
    },
    /// Claims that a version does what a comment asks for.
    ClaimAddressed {
        /// Which comment.
        comment: CommentKey,
        /// The version that is said to do it.
        version: VersionHash,
    },
    /// Takes note of a comment; a second time changes nothing.
    Acknowledge {
        /// Which comment.
        comment: CommentKey,
    },
    /// Says what a comment is for.
    SetCommentLabel {
        /// Which comment.
        comment: CommentKey,
        /// The new label.
        label: CommentLabel,
    },
}

impl ReviewEdit {
    /// Whether it keeps every limit.
    pub fn check(&self) -> Result<(), EditError> {
        match self {
            Self::AddVersion { manifest, blobs } => check_version(manifest, blobs)?,
            Self::AddRendition { rendition, blob } => {
                rendition.check()?;
                if (blob.content, blob.bytes) != (rendition.content, rendition.bytes) {
                    return Err(EditError::NoBlob(rendition.kind.to_string()));
                }
            }
            Self::PickVersion { pick } if !pick.over.iter().any(|v| *v != pick.version) => {
                return Err(EditError::EmptyPick(pick.version));
            }
            Self::AddComment { body, anchor, .. } => {
                if body.trim().is_empty() {
                    return Err(TextError::Empty { field: "the comment" }.into());
                }
                text::body("the comment", body)?;
                anchor.check()?;
            }
            Self::EditComment { insert, .. } => text::body("the comment", insert)?,
            Self::PickVersion { .. }
            | Self::SetCommentState { .. }
            | Self::ClaimAddressed { .. }
            | Self::Acknowledge { .. }
            | Self::SetCommentLabel { .. } => {}
        }
        Ok(())
    }
}

fn check_version(manifest: &Manifest, blobs: &[BlobRef]) -> Result<(), EditError> {
    manifest.check()?;
    let held =
        |file: &&crate::FileRef| blobs.iter().any(|b| b.content == file.content && b.bytes == file.bytes);
    match manifest.files.iter().find(|file| !held(file)) {
        Some(file) => Err(EditError::NoBlob(file.name.clone())),
        None => Ok(()),
    }
}
