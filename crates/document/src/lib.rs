//! Automerge documents: record, vet, merge, view.
//!
//! The only crate that knows automerge. Heart storey: no IO, no clock. (Automerge draws
//! a random actor id for every new document; none is ever used, all are derived.)
//!
//! ```text
//! edits --record--> change --write--> payload      the caller seals it into an entry
//! payload --vet--> changes --merge--> document --view--> plain data
//! ```
//!
//! A change is untrusted until it passed [`VetError`]'s steps in their order; its
//! author's signature makes it attributable, not harmless. Vetting is a pure function of
//! a change, its author's role and its causal past: every replica refuses the same ones,
//! in any order of arrival. A refused entry ends its log.
//!
//! # Schema 3
//!
//! Every replica makes the root's maps itself, by one change that is the same everywhere
//! and is never transmitted. OWNER is a person's id; `f` marks fields that come with their
//! map and never change, `p` those that only owners and producers write, `o` those that the
//! owner writes too, and `!` the one that nobody but its owner writes.
//!
//! ```text
//! plan                                        review
//! +- kind "plan", schema 3                    +- kind "review", schema 2
//! +- name             p  text                 +- versions  VERSION  f p  canonical manifest
//! +- requests                                 +- blobs     CONTENT  f p  canonical blob reference
//! |  +- OWNER.REQUEST                         +- picks     HASH     f p  canonical pick
//! |     +- form       o  canonical JSON       +- comments
//! |     +- brief      o  collaborative text      +- OWNER.COMMENT
//! |     +- state      o  who, what, why             +- body     !  collaborative text
//! |     +- created    f  milliseconds               +- anchor   f  canonical JSON
//! +- assets                                         +- label    o  word
//!    +- ASSET                                       +- state    o  who, what
//!       +- name       p  text                       +- parent   f  OWNER.COMMENT, for a reply
//!       +- category   f p  word                     +- created  f  milliseconds
//!       +- request    f p  OWNER.REQUEST
//!       +- author     f p  person
//!       +- slot       p    name of a deliverable
//!       +- created    f p  milliseconds
//!       +- assignments
//!          +- PERSON  p  role, or "none"
//! library  KIND/NAME    p  canonical item, or "none"
//!
//! also in a review:  acknowledged  PERSON.COMMENT  f !  milliseconds
//!                    renditions    HASH            f p  canonical rendition
//! ```
//!
//! Keys that are hashes are the hashes of their values, so nothing there can be altered.
//! Nothing is deleted but characters of texts. Texts count UTF-16 code units, as
//! JavaScript does. An owner may submit a request again; what else becomes of it,
//! producers say.
//!
//! # If the process dies
//!
//! A document holds no state of its own: it is made again from the entries, or from its
//! cache and the entries since. A document that recorded a change whose entry could not be
//! stored is ahead of its store and must be dropped.

mod adoption;
mod batch;
mod cache;
mod chunk;
mod document;
mod erase;
mod error;
mod guard;
mod hash;
mod ledger;
mod merge;
mod record;
mod replay;
mod schema;
mod touched;
mod vet;
mod view;
mod writer;

pub use adoption::admitted;
pub use batch::{ChangeMeta, changes_of};
pub use chunk::{CHANGE_OPS_MAX, ChunkError};
pub use document::{DocKind, Document};
pub use erase::{BAR, Holds, holdings, residue_of, residue_tip};
pub use error::{LoadError, RecordError};
pub use hash::ChangeHash;
pub use merge::{Incoming, Merged};
pub use record::Recorded;
pub use replay::{ReplayLog, SNAPSHOT_CHUNK_BYTES_MAX};
pub use touched::Touched;
pub use vet::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, PolicyError, ReferenceError, VetError};
pub use writer::{Actor, Writer, WriterRole, actor_for};
