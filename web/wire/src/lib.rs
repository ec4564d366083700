//! What the page and the engine in its worker say to each other.
//!
//! ```text
//! page --Ask--> worker --Reply--> page        one reply per ask, by its number
//!               worker --Notice--> pages      whenever something changed
//! ```
//!
//! Plain text and numbers only: the page is built without automerge, keys or
//! entries, so it stays small and can do nothing that the engine does not offer.

mod ask;
mod lens;
mod own;
mod people;
mod plan;
mod prose;
mod screens;
pub mod splice;
mod tiles;
mod trail;
mod upload;

pub use ask::{Ask, Asked, Draft, Fault, Notice, PIECE_BYTES_MAX, Place, Reply, Told};
pub use lens::{
    AnchorCard, ChangesCard, DesignCard, Fate, FileChangesCard, FilePair, LayerCard, Look, Looked, Passage,
};
pub use own::{Library, OwnAct, OwnReply, RouteCard, StoredCard};
pub use people::{DeviceCard, HeldCard, InviteCard, MemberRow, PeopleAct, PeopleReply, PeopleScreen};
pub use plan::{
    AnswerDraft, DeliverableDraft, FieldCard, FormCheck, FormDraft, PlanAct, PlanReply, RequestScreen,
    SlotCard,
};
pub use prose::{Block, BlockKind, Run};
pub use screens::{
    AssetCard, AssetScreen, Badge, Board, ChecklistCard, CommentCard, DecisionCard, FileCard, FilmCard, Link,
    MemberCard, PersonCard, RequestCard, Start, StatementCard, VersionCard, Who, WorkspaceCard,
};
pub use tiles::{Tile, TilesCard, TilesOf};
pub use trail::{TrailLine, TrailScreen};
pub use upload::{Target, UploadAct, UploadCard, UploadState};
