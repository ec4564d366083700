//! Asks, replies and notices.

use serde::{Deserialize, Serialize};

use crate::lens::{AnchorCard, FilePair};
use crate::own::{OwnAct, OwnReply};
use crate::people::{PeopleAct, PeopleReply};
use crate::plan::{PlanAct, PlanReply};
use crate::screens::{AssetScreen, Badge, Board, FilmCard, Start, StatementCard};
use crate::tiles::TilesCard;
use crate::trail::TrailScreen;
use crate::upload::{UploadAct, UploadCard};

/// The most bytes of a file that travel at a time.
pub const PIECE_BYTES_MAX: u64 = 1 << 20;

/// An ask with its number: the reply carries it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Unique within the page.
    pub number: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What a page asks of the engine. Identifiers are hexadecimal texts, as the engine gave them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Who is here, and which workspaces are known.
    Start,
    /// Makes a person and this device's keys.
    SetUp {
        /// The printed name, as it stands on a certificate.
        name: String,
        /// The organisation the person acts for.
        organisation: String,
        /// Seals the keys at rest; empty for none.
        passphrase: String,
    },
    /// Opens keys that are under a passphrase.
    Unlock {
        /// The passphrase.
        passphrase: String,
    },
    /// Takes up an invite link.
    Join {
        /// The link.
        link: String,
    },
    /// A workspace's members, requests and assets with their outcomes.
    Board {
        /// Which workspace.
        workspace: String,
    },
    /// One asset's versions, comments and people.
    Asset {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
    },
    /// The person looks at an asset's current version: those who wait for them are told, once.
    Opened {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
    },
    /// Some bytes of a file, decrypted; they travel beside [`Reply::Piece`]. What is not in this
    /// browser is fetched first.
    Piece {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The file's content hash.
        content: String,
        /// Where they begin.
        offset: u64,
        /// How many are wanted; fewer come at the file's end, and never more than [`PIECE_BYTES_MAX`].
        bytes: u64,
    },
    /// What a film says about its picture; answered by [`Reply::Film`].
    Film {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The file's content hash.
        content: String,
    },
    /// How a large picture is cut into tiles; answered by [`Reply::Tiles`].
    Tiles {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The content hash of the rendition that holds them.
        content: String,
    },
    /// Which file became which, and where the earlier version's comments point; answered by
    /// [`Reply::Pairs`].
    Pairs {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The earlier version.
        before: String,
        /// The later one.
        after: String,
    },
    /// Writes a comment or a reply.
    Comment {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// What it says and where it points.
        draft: Draft,
    },
    /// Moves a comment on its way.
    CommentState {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The comment's key.
        comment: String,
        /// Whether it is the team's.
        team: bool,
        /// The new state, in the words of the domain.
        state: String,
    },
    /// Says what a comment is for.
    CommentLabel {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The comment's key.
        comment: String,
        /// Whether it is the team's.
        team: bool,
        /// The new label, in the words of the domain.
        label: String,
    },
    /// Signs a decision on the version that is shown.
    Decide {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The version that the person looked at.
        version: String,
        /// The decision, in the words of the domain.
        decision: String,
        /// Why.
        reason: String,
        /// What must change, with `approved_with_changes`.
        conditions: Vec<String>,
        /// Answers to the stage's checklist: item and answer.
        answers: Vec<(String, String)>,
        /// The passphrase, where the keys are under one.
        passphrase: String,
    },
    /// What a decision would sign; answered by [`Reply::Statement`].
    Statement {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
        /// The version that the person looks at.
        version: String,
        /// The decision, in the words of the domain.
        decision: String,
    },
    /// Connects again now rather than after the pause.
    Reconnect {
        /// Which workspace.
        workspace: String,
    },
    /// Requests, briefs, who reviews what.
    Plan {
        /// Which workspace.
        workspace: String,
        /// What about them.
        act: PlanAct,
    },
    /// Members, devices, invites.
    People {
        /// Which workspace.
        workspace: String,
        /// What about them.
        act: PeopleAct,
    },
    /// Files on their way into a workspace; they travel beside the ask.
    Upload {
        /// Which workspace.
        workspace: String,
        /// What about them.
        act: UploadAct,
    },
    /// Who did what to an asset.
    Trail {
        /// Which workspace.
        workspace: String,
        /// Which asset.
        asset: String,
    },
    /// The person at this browser: keys, devices, storage.
    Own(OwnAct),
}

impl Ask {
    /// The workspace that an ask is about.
    pub fn workspace(&self) -> Option<&str> {
        match self {
            Self::Board { workspace }
            | Self::Asset { workspace, .. }
            | Self::Opened { workspace, .. }
            | Self::Piece { workspace, .. }
            | Self::Film { workspace, .. }
            | Self::Tiles { workspace, .. }
            | Self::Pairs { workspace, .. }
            | Self::CommentLabel { workspace, .. }
            | Self::Comment { workspace, .. }
            | Self::CommentState { workspace, .. }
            | Self::Decide { workspace, .. }
            | Self::Statement { workspace, .. }
            | Self::Plan { workspace, .. }
            | Self::People { workspace, .. }
            | Self::Upload { workspace, .. }
            | Self::Trail { workspace, .. }
            | Self::Reconnect { workspace } => Some(workspace),
            Self::Start | Self::SetUp { .. } | Self::Unlock { .. } | Self::Join { .. } | Self::Own(_) => None,
        }
    }
}

/// A comment that is being written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// A fresh random id, so that an ask sent twice writes once.
    pub id: String,
    /// What it says.
    pub body: String,
    /// The version that its author looked at.
    pub version: String,
    /// Where it points.
    pub place: Place,
    /// What it is for, in the words of the domain.
    pub label: String,
    /// The comment that it answers.
    pub parent: Option<String>,
    /// Whether only the team may read it.
    pub team: bool,
}

/// Where a comment points, as a screen draws it. Geometry in parts per million of
/// the oriented width and height, origin at the top left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// A rectangle: x, y, width, height.
    pub region: Option<[u32; 4]>,
    /// A drawing: SVG path data in a view box of a million by a million.
    pub path: Option<String>,
    /// First frame, and how many.
    pub frames: Option<[u64; 2]>,
    /// Frames per second of those frames, as numerator and denominator.
    pub rate: Option<[u32; 2]>,
    /// A page, from 0.
    pub page: Option<u32>,
    /// A text with what stands before and after it.
    pub quote: Option<[String; 3]>,
    /// The names that lead to a layer.
    pub layer: Option<Vec<String>>,
    /// The layer's id in its file; its names stand for it where it has none.
    pub layer_id: Option<String>,
}

/// Answers one ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Answers [`Ask::Start`], [`Ask::SetUp`], [`Ask::Unlock`].
    Start(Start),
    /// Answers [`Ask::Join`]: the workspace, which may still be on its way.
    Joining {
        /// The workspace.
        workspace: String,
    },
    /// Answers [`Ask::Board`].
    Board(Box<Board>),
    /// Answers [`Ask::Asset`].
    Asset(Box<AssetScreen>),
    /// Answers [`Ask::Piece`]; the bytes travel beside it.
    Piece {
        /// What the file is, as `type/subtype`.
        media_type: String,
        /// The file's length, in bytes.
        total: u64,
    },
    /// Answers [`Ask::Statement`].
    Statement(StatementCard),
    /// Answers [`Ask::Pairs`].
    Pairs {
        /// The files of both versions.
        pairs: Vec<FilePair>,
        /// Where the comments on the earlier version point, those of the team included where one may read them.
        anchors: Vec<AnchorCard>,
    },
    /// Answers [`Ask::Film`]; nothing where the file does not say.
    Film(Option<FilmCard>),
    /// Answers [`Ask::Tiles`].
    Tiles(TilesCard),
    /// The act is durable on this device; it is sent when a relay is reachable.
    Kept {
        /// The entry that holds it.
        entry: String,
    },
    /// Answers [`Ask::Plan`].
    Plan(PlanReply),
    /// Answers [`Ask::People`].
    People(PeopleReply),
    /// Answers [`Ask::Upload`]: all uploads of the workspace that are not done.
    Uploads(Vec<UploadCard>),
    /// Answers [`Ask::Trail`].
    Trail(Box<TrailScreen>),
    /// Answers [`Ask::Own`].
    Own(OwnReply),
    /// Nothing to say but that it was done.
    Done,
    /// It cannot be done.
    Fault(Fault),
}

/// Why an ask cannot be answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub what: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// What a worker tells its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Answers the ask of that number.
    Reply {
        /// The ask's number.
        number: u64,
        /// The answer.
        reply: Reply,
    },
    /// Something changed.
    Notice(Notice),
}

/// Something changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The engine is ready to be asked, or cannot start.
    Ready {
        /// Why it cannot.
        fault: Option<Fault>,
    },
    /// A workspace has news: ask again for what is shown.
    Changed {
        /// Which workspace.
        workspace: String,
        /// The assets concerned; empty for the plan and the members.
        assets: Vec<String>,
    },
    /// The state of the exchange.
    Badge {
        /// Which workspace.
        workspace: String,
        /// What the badge shows.
        badge: Badge,
    },
    /// A file arrived.
    File {
        /// Which workspace.
        workspace: String,
    },
    /// An upload went on, or is done.
    Upload {
        /// Which workspace.
        workspace: String,
        /// All of its uploads that are not done.
        uploads: Vec<UploadCard>,
    },
}
