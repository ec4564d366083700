//! Automerge documents: record, vet, merge, view.

mod batch;
mod cache;
mod chunk;
mod document;
mod error;
mod guard;
mod hash;
mod ledger;
mod merge;
mod record;
mod replay;
mod schema;
mod vet;
mod view;
mod writer;

pub use batch::{ChangeMeta, changes_of};
pub use chunk::{CHANGE_OPS_MAX, ChunkError};
pub use document::{DocKind, Document};
pub use error::{LoadError, RecordError};
pub use hash::ChangeHash;
pub use merge::{Incoming, Merged};
pub use record::Recorded;
pub use replay::ReplayLog;
pub use vet::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX, PolicyError, ReferenceError, VetError};
pub use writer::{Actor, Writer, WriterRole, actor_for};
