//! The person at this browser: keys, devices, storage.

use serde::{Deserialize, Serialize};

use crate::screens::Start;

/// What a page asks about the person and this browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnAct {
    /// Puts the keys under another passphrase; an empty one takes it off.
    Passphrase {
        /// The passphrase until now; empty for none.
        old: String,
        /// The new one.
        new: String,
    },
    /// The recovery phrase, while it is still here.
    Phrase {
        /// The passphrase, where the keys are under one.
        passphrase: String,
    },
    /// The recovery phrase is written down: forget it.
    PhraseKept {
        /// The passphrase, where the keys are under one.
        passphrase: String,
    },
    /// A new browser asks for a code that another device of the person approves.
    AskLink,
    /// What a code says, before it is approved.
    ReadLink {
        /// The code of the new device.
        code: String,
    },
    /// Approves the new device of a code: lets it into every workspace.
    ApproveLink {
        /// The code of the new device.
        code: String,
    },
    /// Takes up an approval: this browser becomes a device of the person.
    TakeLink {
        /// The approval's code.
        code: String,
    },
    /// Restores a person from their recovery phrase on a new browser.
    Recover {
        /// The 24 words.
        words: String,
        /// The printed name.
        name: String,
        /// The organisation.
        organisation: String,
        /// Where one of their workspaces is found.
        locator: String,
    },
    /// What this browser holds, by workspace and asset.
    Storage,
    /// Whether an asset's files are kept in this browser, all of them and however large.
    Keep {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// Kept, or given up here; the others have them still.
        keep: bool,
    },
    /// Routes and calendars of a workspace.
    Library {
        /// Which workspace.
        workspace: String,
    },
    /// Everything of a workspace as one file, which comes beside the reply.
    Export {
        /// Which workspace.
        workspace: String,
    },
}

/// Answers an [`OwnAct`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnReply {
    /// Who is here now.
    Start(Box<Start>),
    /// The recovery phrase, word by word; none once it was written down.
    Phrase {
        /// The words.
        words: Vec<String>,
    },
    /// A code to carry to another device.
    Code {
        /// The code.
        code: String,
        /// The short form of the new device's id, to compare on both screens.
        device: String,
    },
    /// What is stored.
    Storage(Vec<StoredCard>),
    /// Routes and calendars.
    Library(Library),
    /// A bundle, which comes beside the reply.
    Bundle {
        /// What to call the file.
        name: String,
        /// How many entries it holds.
        entries: u64,
        /// How many files it holds.
        files: u64,
    },
}

/// What is stored of one asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCard {
    /// Its workspace.
    pub workspace: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// The asset.
    pub asset: String,
    /// Its name.
    pub name: String,
    /// Bytes of its files that are here.
    pub bytes_here: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Whether its files are kept here: asked for, or small enough to come by themselves.
    pub kept: bool,
}

/// Routes and calendars, to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Routes.
    pub routes: Vec<RouteCard>,
    /// Calendars: name, time zone, working hours in words.
    pub calendars: Vec<(String, String, String)>,
    /// Roles, and who plays them.
    pub cast: Vec<(String, Vec<String>)>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteCard {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Its calendar, if it has one.
    pub calendar: String,
    /// Its stages: name, and whom they ask.
    pub stages: Vec<(String, String)>,
}
