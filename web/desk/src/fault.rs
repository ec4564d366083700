//! What a desk cannot do, and what the person can do about it.

use proofroom_replica::{LinkError, ReplicaError};
use proofroom_store::StoreError;
use proofroom_web_wire::Fault;

use crate::identity::IdentityError;

/// An ask that cannot be answered; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Nobody has introduced themselves in this browser.
    #[error("nobody has introduced themselves in this browser yet")]
    Nobody,
    /// The keys are under a passphrase.
    #[error("your keys are locked")]
    Locked,
    /// There is a person already.
    #[error("this browser holds a person's keys already")]
    Exists,
    /// A text that is not what it should be.
    #[error("`{text}` is not {what}")]
    Malformed {
        /// The text, shortened.
        text: String,
        /// What is wanted.
        what: &'static str,
    },
    /// The file is not in this browser.
    #[error("the file is not in this browser yet")]
    FileMissing,
    /// A regulated route takes no signature without a passphrase.
    #[error(
        "route {0} asks for your passphrase at each signing, and your keys in this browser are under none"
    )]
    NoPassphrase(String),
    /// Files can be added by those who run the work.
    #[error("only owners and producers add files to this workspace")]
    MayNotUpload,
    /// Names of assets are unique.
    #[error("there is an asset `{0}` already")]
    NameTaken(String),
    /// The upload is over.
    #[error("there is no such upload: it is done, or was given up")]
    NoUpload,
    /// An upload goes on with the same files only.
    #[error("these are other files: the upload goes on with {0}")]
    OtherFiles(String),
    /// A file is longer than a blob can be.
    #[error(transparent)]
    TooLong(#[from] proofroom_seal::BlobTooLong),
    /// No link was asked for here.
    #[error("this browser did not ask to be linked")]
    NothingPending,
    /// A code of device linking.
    #[error(transparent)]
    Code(#[from] proofroom_replica::device_link::CodeError),
    /// A recovery phrase.
    #[error(transparent)]
    Phrase(#[from] proofroom_ident::PhraseError),
    /// Keys.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// An invite link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The workspace's machine.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeskError {
    pub(crate) fn malformed(text: &str, what: &'static str) -> Self {
        Self::Malformed { text: text.chars().take(80).collect(), what }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Nobody => "give your printed name first",
            Self::Locked => "unlock them with your passphrase",
            Self::Exists => "reload the page to use it",
            Self::FileMissing => "it arrives when a relay that holds it is reachable",
            Self::NoPassphrase(_) => "put them under one in the settings, then sign",
            Self::MayNotUpload => "ask one of them to add it, or to give you the role",
            Self::NameTaken(_) => "choose another name, or add a new version to that asset",
            Self::OtherFiles(_) => "choose the very same files again, or give the upload up and begin anew",
            Self::TooLong(_) => "split the file",
            Self::NothingPending => "begin here: ask for a code, and have it approved in your other browser",
            Self::Code(_) => "copy the code again, whole, from the other screen",
            Self::Phrase(_) => "type the 24 words in their order",
            Self::NoUpload => "",
            Self::Identity(error) => error.hint(),
            Self::Link(_) => "ask for a new link, and copy it whole",
            Self::Store(_) => {
                "nothing that was shown as kept is lost; free some space or close other tabs, then reload"
            }
            Self::Replica(error) => browser_hint(error),
            Self::Malformed { .. } => "",
        }
    }
}

/// Hints for people at a browser: the replica's own name commands.
fn browser_hint(error: &ReplicaError) -> &'static str {
    match error {
        ReplicaError::NotMember | ReplicaError::InviteExpired | ReplicaError::InviteUsedUp => {
            "ask an owner or producer of the workspace for a new link"
        }
        ReplicaError::InviteUnknown => "ask an owner or producer of the workspace for a new link",
        ReplicaError::StillJoining | ReplicaError::NoKey(_) => {
            "it goes on by itself once a relay is reachable"
        }
        ReplicaError::Fork(_) => "somebody has to pick one of the concurrent versions first",
        ReplicaError::NoVersion(_) => "it can be reviewed once somebody adds a version",
        _ => "",
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        Self { what: error.to_string(), hint: error.hint().to_owned() }
    }
}
