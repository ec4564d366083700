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
mod screens;

pub use ask::{Ask, Asked, Draft, Fault, Notice, Place, Reply, Told};
pub use screens::{
    AssetCard, AssetScreen, Badge, Board, CommentCard, DecisionCard, FileCard, Link, MemberCard, PersonCard,
    RequestCard, Start, VersionCard, Who, WorkspaceCard,
};
