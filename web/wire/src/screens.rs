//! What screens show, as plain data.

use serde::{Deserialize, Serialize};

use crate::ask::Place;
use crate::tiles::TilesOf;

/// What a page needs first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Who is at this browser.
    pub who: Who,
    /// The workspaces that this browser holds or is joining.
    pub workspaces: Vec<WorkspaceCard>,
    /// Whether the browser promised not to evict what is stored.
    pub persistent: bool,
}

/// Who is at this browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Nobody yet: a printed name is needed.
    #[default]
    Nobody,
    /// Somebody whose keys are under a passphrase.
    Locked,
    /// A person with keys at hand.
    Person {
        /// Their id.
        person: String,
        /// Their printed name.
        name: String,
        /// Their organisation.
        organisation: String,
        /// Whether signing asks for a passphrase.
        passphrase: bool,
    },
}

/// A workspace in the list of workspaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceCard {
    /// Its id.
    pub id: String,
    /// Its name; empty until it has arrived.
    pub name: String,
    /// One's role there: a role's word, `joining`, `removed` or `stranger`.
    pub role: String,
    /// The state of the exchange.
    pub badge: Badge,
}

/// How a workspace is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// No relay is reachable: work goes on and is kept here.
    #[default]
    Offline,
    /// A connection is being made.
    Connecting,
    /// Connected and exchanging.
    Exchanging,
    /// Connected; both sides have everything.
    InSync,
    /// The relay refuses; see the badge's text.
    Refused,
}

/// What the sync badge shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Badge {
    /// How it is connected.
    pub link: Link,
    /// Entries that wait to be sent.
    pub waiting: u64,
    /// Files that are not here yet.
    pub files_missing: u64,
    /// Files of this browser that the relay lacks.
    pub files_waiting: u64,
    /// When both sides last had everything, in milliseconds since 1970; 0 for never.
    pub synced_at: u64,
    /// Why the relay refuses, or what failed last.
    pub text: String,
    /// Whether it refuses because the person was removed: its word, until the membership log says so here.
    pub removed: bool,
}

/// A workspace at a glance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// The workspace.
    pub workspace: WorkspaceCard,
    /// Its members.
    pub members: Vec<MemberCard>,
    /// Its requests.
    pub requests: Vec<RequestCard>,
    /// Its assets.
    pub assets: Vec<AssetCard>,
    /// Whether the person at this browser may add files.
    pub may_add: bool,
}

/// A member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberCard {
    /// The person.
    pub person: String,
    /// Printed name; the short form of the key until the profile arrived.
    pub name: String,
    /// Organisation.
    pub organisation: String,
    /// Role now, or the last one.
    pub role: String,
    /// Whether they were removed.
    pub removed: bool,
    /// Whether it is the person at this browser.
    pub me: bool,
    /// How many devices may write for them.
    pub devices: u32,
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestCard {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Where it is on its way.
    pub state: String,
    /// Why it is there.
    pub reason: String,
    /// Who filed it.
    pub author: String,
    /// The brief's text.
    pub brief: String,
    /// When it is due, as `YYYY-MM-DD`, or nothing.
    pub due: String,
    /// How many things it lacks before it can be accepted.
    pub missing: u32,
    /// When its author says they filed it, in milliseconds since 1970.
    pub created_at: u64,
}

/// An asset at a glance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssetCard {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// The outcome of its review.
    pub outcome: String,
    /// What people call the current version; empty before the first, several in a fork.
    pub versions: Vec<String>,
    /// How many comments somebody still has to do something about.
    pub open_comments: u32,
    /// Printed names of those whom the review waits for.
    pub waits_for: Vec<String>,
    /// Whether it waits for the person at this browser.
    pub waits_for_me: bool,
    /// Why it is not closed.
    pub blocked_by: Vec<String>,
    /// The key of the request that it answers, or nothing.
    pub request: String,
    /// The stages that run, in words; empty for none, and where the route has one stage only.
    pub stage: String,
    /// When it is due, for the person at this browser if it waits for them; 0 for never.
    pub due: u64,
    /// Since when it is where it is, in milliseconds since 1970.
    pub since: u64,
    /// The content hash of its current version's thumbnail, where somebody made one.
    pub thumbnail: Option<String>,
}

/// One asset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssetScreen {
    /// The asset at a glance.
    pub card: AssetCard,
    /// Its versions, newest first.
    pub versions: Vec<VersionCard>,
    /// All comments of all versions, those of the team included where one may read them.
    pub comments: Vec<CommentCard>,
    /// Whether the person at this browser may write for the team alone.
    pub has_team: bool,
    /// Whether the person may comment and decide.
    pub may_write: bool,
    /// Whether the person may add versions and say who reviews.
    pub may_add: bool,
}

/// A version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionCard {
    /// Its hash.
    pub hash: String,
    /// What people call it.
    pub label: String,
    /// The hash in words, for people to compare.
    pub words: String,
    /// Whether it is a current one.
    pub current: bool,
    /// Its author's printed name.
    pub author: String,
    /// When they say they made it, in milliseconds since 1970.
    pub claimed_at: u64,
    /// What changed, in their words.
    pub note: String,
    /// Its files.
    pub files: Vec<FileCard>,
    /// The outcome of its review.
    pub outcome: String,
    /// Everybody who is asked.
    pub people: Vec<PersonCard>,
    /// What people should look at.
    pub warnings: Vec<String>,
    /// Why it is not closed.
    pub blocked_by: Vec<String>,
}

/// A file of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCard {
    /// Its name.
    pub name: String,
    /// What it is, as `type/subtype`.
    pub media_type: String,
    /// Its length, in bytes.
    pub bytes: u64,
    /// The hash of its plaintext.
    pub content: String,
    /// Whether all its bytes are in this browser.
    pub here: bool,
    /// How many of its bytes are.
    pub held: u64,
    /// Whether somebody asked to keep it here, however large it is.
    pub kept: bool,
    /// The content hash of its waveform, where somebody made one.
    pub waveform: Option<String>,
    /// Its tiles, where it is a large picture and somebody made them.
    pub tiles: Option<TilesOf>,
}

/// What a film says about its picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmCard {
    /// Width and height in pixels, as it is shown.
    pub size: [u32; 2],
    /// Frames per second, as numerator and denominator; absent where they vary.
    pub rate: Option<[u32; 2]>,
    /// How many frames it has; 0 where it does not say.
    pub frames: u64,
}

/// Where one person stands in a review.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonCard {
    /// The person.
    pub person: String,
    /// Their printed name.
    pub name: String,
    /// As what they are asked.
    pub role: String,
    /// Whether the stage waits for them.
    pub must_decide: bool,
    /// Whether they commented on this version.
    pub commented: bool,
    /// How far they have come, as far as this browser knows: `waiting`, `asked`, `synced`, `opened`,
    /// `commented` or `ended`.
    pub progress: String,
    /// The stage that asks them, in words; empty where the route has one stage only.
    pub stage: String,
    /// When they are due, in milliseconds since 1970; 0 for never.
    pub due: u64,
    /// The decision that counts.
    pub decision: Option<DecisionCard>,
}

/// A decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DecisionCard {
    /// The decision, in the words of the domain.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// What must change.
    pub conditions: Vec<String>,
    /// When the signer says they signed, in milliseconds since 1970.
    pub claimed_at: u64,
    /// The entry that proves it.
    pub entry: String,
}

/// What a decision would sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCard {
    /// The sentence that the signature covers.
    pub text: String,
    /// What the signature means, in the words of the domain.
    pub meaning: String,
    /// The stage that it is given in.
    pub stage: String,
    /// What an approving person answers.
    pub checklist: Vec<ChecklistCard>,
    /// The content hash of the version's thumbnail, where somebody made one.
    pub thumbnail: Option<String>,
    /// Whether every decision gives a reason.
    pub needs_reason: bool,
    /// Whether it takes a passphrase that the keys in this browser are not under.
    pub needs_passphrase: bool,
}

/// A question of a stage's checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistCard {
    /// Its name in the stage.
    pub item: String,
    /// What is asked.
    pub text: String,
    /// Whether an approval counts only with an answer.
    pub required: bool,
}

/// A comment, or a reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommentCard {
    /// Its key.
    pub key: String,
    /// The comment that it answers.
    pub parent: Option<String>,
    /// Its author.
    pub author: String,
    /// Their printed name.
    pub author_name: String,
    /// Whether the author is the person at this browser.
    pub mine: bool,
    /// What it says.
    pub body: String,
    /// What it is for.
    pub label: String,
    /// Where it is on its way.
    pub state: String,
    /// The version that it points at.
    pub version: String,
    /// Where it points.
    pub place: Place,
    /// When its author says they wrote it, in milliseconds since 1970.
    pub created_at: u64,
    /// Whether only the team reads it.
    pub team: bool,
}
