//! Files on their way into a workspace.

use serde::{Deserialize, Serialize};

/// What a page asks about uploads. Files travel beside the ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadAct {
    /// All uploads that are not done.
    List,
    /// Begins one; the files come beside the ask.
    Begin {
        /// A fresh random id.
        id: String,
        /// What becomes of the files.
        target: Target,
        /// What to say about the version.
        note: String,
    },
    /// Goes on with an upload that was interrupted; the same files come beside the ask.
    Again {
        /// Which upload.
        id: String,
    },
    /// Stops for now.
    Pause {
        /// Which upload.
        id: String,
    },
    /// Goes on.
    Resume {
        /// Which upload.
        id: String,
    },
    /// Gives it up, as long as it is not a version yet.
    Cancel {
        /// Which upload.
        id: String,
    },
}

/// What becomes of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A new asset with its first version.
    Asset {
        /// What people call it.
        name: String,
        /// Its category.
        category: String,
        /// The request that it answers.
        request: Option<String>,
        /// The deliverable of the request that it is.
        slot: Option<String>,
    },
    /// A new version of an asset.
    Version {
        /// The asset.
        asset: String,
    },
}

/// Where an upload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// It is read, encrypted and kept in this browser.
    #[default]
    Preparing,
    /// Somebody stopped it.
    Paused,
    /// The browser closed while it was read: the files have to be chosen again.
    Interrupted,
    /// It is a version; its bytes go to the relay.
    Sending,
    /// The relay does not take it.
    Refused,
    /// It could not be read or kept.
    Failed,
}

/// An upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadCard {
    /// Its id.
    pub id: String,
    /// The workspace.
    pub workspace: String,
    /// The asset, once there is one.
    pub asset: String,
    /// What people call it.
    pub name: String,
    /// Its files' names.
    pub files: Vec<String>,
    /// Where it is.
    pub state: UploadState,
    /// Bytes that are done, of this state.
    pub done: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// What went wrong.
    pub text: String,
}
