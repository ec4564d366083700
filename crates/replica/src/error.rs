//! What can go wrong in a replica, and whose move it is.

use proofroom_authority::{AuthorityError, Refusal, Role};
use proofroom_document::RecordError;
use proofroom_entry::{DecodeError, VerifyError, WriteError};
use proofroom_ident::{AssetId, Audience, CommentId, RequestId, WorkspaceId};
use proofroom_seal::SealError;
use proofroom_store::StoreError;

use crate::link::LinkError;

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The person asked for something that cannot be done.
    User,
    /// The machine's storage or set-up is in the way.
    Config,
    /// A bug, or damage.
    Internal,
}

/// An operation on a replica failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// No such asset.
    #[error("there is no asset {0} in this workspace")]
    UnknownAsset(AssetId),
    /// No such request.
    #[error("there is no request {0} in this workspace")]
    UnknownRequest(RequestId),
    /// No such comment.
    #[error("there is no comment {0} on this asset")]
    UnknownComment(CommentId),
    /// The workspace is not held here.
    #[error("workspace {0:?} is not on this machine")]
    UnknownWorkspace(WorkspaceId),
    /// No such member.
    #[error("{0} is not a member of this workspace")]
    UnknownMember(String),
    /// The role does not allow it.
    #[error("a {role} may not {act}; {allowed} may")]
    NotAllowed {
        /// The role of the person.
        role: Role,
        /// What they tried.
        act: String,
        /// Who may.
        allowed: String,
    },
    /// Not a member, or not any more.
    #[error("you are not a member of this workspace: what you write would count nowhere")]
    NotMember,
    /// A link was taken up but the workspace has not arrived.
    #[error("joining is not complete: the workspace has not arrived yet")]
    StillJoining,
    /// The invite is over.
    #[error("the invite link has expired")]
    InviteExpired,
    /// The invite was used up.
    #[error("the invite link was used up: it admits no one else")]
    InviteUsedUp,
    /// The invite is not known or was revoked.
    #[error("the invite link is not valid in this workspace: it was revoked, or it was never made")]
    InviteUnknown,
    /// The keys for this audience have not arrived.
    #[error("the keys for {0:?} have not reached this device yet")]
    NoKey(Audience),
    /// Concurrent versions block the act.
    #[error("{0} has concurrent versions: pick one first")]
    Fork(String),
    /// Nothing to decide on.
    #[error("{0} has no version yet")]
    NoVersion(String),
    /// The workspace has no such route.
    #[error("there is no route `{route}`: there are built-in, {}", .routes.join(", "))]
    UnknownRoute {
        /// The route that was named.
        route: String,
        /// Those that there are.
        routes: Vec<String>,
    },
    /// A route cannot be bound to the workspace's people.
    #[error("route {route} cannot be used here:\n{}", .problems.join("\n"))]
    Unbound {
        /// The route.
        route: String,
        /// What is in the way.
        problems: Vec<String>,
    },
    /// The route has no such stage.
    #[error("the route has no stage `{stage}`: it has {}", .stages.join(", "))]
    NoStage {
        /// The stage that was named.
        stage: String,
        /// Those that there are.
        stages: Vec<String>,
    },
    /// Several stages ask the person at once.
    #[error("several stages ask you: {}", .0.join(", "))]
    WhichStage(Vec<String>),
    /// No stage asks the person.
    #[error("no stage of the route asks you to decide")]
    NotAsked,
    /// A statement would count nowhere, so it was not signed.
    #[error("it would have no effect: {why}{}", items(.missing))]
    WouldNotCount {
        /// Why.
        why: String,
        /// The items of the checklist that want an answer.
        missing: Vec<String>,
    },
    /// A statement or value is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// What is to be erased is under a hold, or is to be kept.
    #[error("{what}, by {entry}: {reason}; nothing of it is erased before")]
    Kept {
        /// That it is held, or kept as what and until when.
        what: String,
        /// The entry that says so.
        entry: String,
        /// Why.
        reason: String,
    },
    /// The membership log does not allow the act.
    #[error("the membership log does not allow this: {0}")]
    Refused(#[from] Refusal),
    /// An entry is not one of the membership log's.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The document refuses.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The entry cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Bytes are not an entry.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An entry does not prove what it claims.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Sealing or opening failed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What a document rests on here cannot be read.
    #[error("the snapshot that document {doc:?} rests on here is damaged: {why}")]
    Rest {
        /// The document.
        doc: proofroom_ident::DocId,
        /// What is wrong.
        why: String,
    },
    /// What a document rested on does not hold any more, and its entries are not here yet.
    #[error("part of this document's history no longer counts, and the rest of it has not arrived yet")]
    Fallen,
    /// A certificate needs every entry, and here a snapshot stands for some.
    #[error("earlier entries of this review are not here: a snapshot stands for them")]
    HistoryElsewhere(proofroom_ident::DocId),
    /// A certificate cannot be written.
    #[error(transparent)]
    Certificate(#[from] proofroom_certificate::CertificateError),
    /// The link is not one.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn items(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!(" ({})", missing.join(", ")) }
}

impl ReplicaError {
    /// Whose move it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(_) => ErrorKind::Config,
            Self::Write(_) | Self::Decode(_) | Self::Verify(_) | Self::Seal(_) | Self::Rest { .. } => {
                ErrorKind::Internal
            }
            _ => ErrorKind::User,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownAsset(_) => "`proofroom status` lists the assets",
            Self::UnknownRequest(_) => "`proofroom request list` lists the requests",
            Self::UnknownComment(_) => "`proofroom comment list ASSET` lists the comments",
            Self::UnknownWorkspace(_) => "`proofroom workspace list` lists the workspaces",
            Self::UnknownMember(_) => "`proofroom members list` lists the members",
            Self::NotMember => "ask an owner or producer for an invite",
            Self::StillJoining => "run `proofroom sync` while a relay or peer is up, or import a bundle",
            Self::InviteExpired | Self::InviteUsedUp | Self::InviteUnknown => "ask for a new link",
            Self::Rest { .. } | Self::HistoryElsewhere(_) => {
                "`proofroom sync --full-history` fetches every entry"
            }
            Self::Kept { .. } => "`proofroom hold list` tells all; `proofroom hold release` ends one",
            Self::Fallen => "run `proofroom sync` first",
            Self::NoKey(_) => "run `proofroom sync` once another member was online",
            Self::Fork(_) => "`proofroom version pick ASSET v3a` picks one",
            Self::UnknownRoute { .. } => "`proofroom route list` lists the routes",
            Self::Unbound { .. } => "cast the roles: proofroom cast set ROLE PERSON ...",
            Self::NoStage { .. } | Self::WhichStage(_) => "name one with --stage",
            Self::NotAsked => "`proofroom status ASSET` shows whom each stage asks",
            Self::WouldNotCount { missing, .. } if !missing.is_empty() => {
                "answer them: --answer \"ITEM=...\""
            }
            Self::WouldNotCount { .. } => "`proofroom status ASSET` shows where each stage stands",
            Self::NoVersion(_) => "`proofroom version add ASSET FILE` adds one",
            _ => "",
        }
    }
}
