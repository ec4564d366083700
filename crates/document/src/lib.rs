//! Automerge documents: record, vet, merge, view.

mod batch;
mod document;
mod error;
mod hash;
mod vet;
mod writer;

pub use batch::{ChangeMeta, changes_of};
pub use document::{DocKind, Document, Incoming, Merged, Recorded, ReplayLog};
pub use error::{LoadError, RecordError};
pub use hash::ChangeHash;
pub use vet::VetError;
pub use writer::{Actor, Writer, WriterRole, actor_for};
