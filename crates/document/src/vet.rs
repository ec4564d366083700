//! Vetting: nothing reaches automerge that did not pass here.
//!
//! The order is binding. Without a document: size limits, the raw scan, automerge's
//! own parse, the canonical form, the actor. With one: the place in the graph (R1,
//! R2), then for every operation its references and the path policy. Each step may
//! rely on the ones before it, and no step's answer depends on the order in which
//! changes arrived: it looks at the change and its causal past, nothing else.

mod alone;
mod policy;
mod references;

use proofroom_ident::EntryHash;

use crate::chunk::ChunkError;
use crate::ledger::GraphError;
use crate::{Actor, ChangeHash};

pub use alone::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX};
pub(crate) use alone::{Change, read_batch, read_chunk, vet_made};
pub use policy::PolicyError;
pub(crate) use policy::{CommentStateNote, FORM_BYTES_MAX, Policy, RequestStateNote, STATE_BYTES_MAX};
pub use references::ReferenceError;
pub(crate) use references::{learn_trusted, vet_in_context};

/// Why an entry's changes are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VetError {
    /// The batch is over a limit.
    #[error("a batch of {found} {what}, the limit is {limit}")]
    BatchTooLarge {
        /// Bytes or changes.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The batch is not a list of length-prefixed changes, or an empty one.
    #[error("the batch is not a list of changes: {0}")]
    Batch(&'static str),
    /// The raw scan refuses a change.
    #[error("change {index} of the batch: {error}")]
    Chunk {
        /// Its place in the batch, from 0.
        index: usize,
        /// Why.
        error: ChunkError,
    },
    /// Automerge does not parse a change.
    #[error("automerge does not parse the change: {0}")]
    Parse(String),
    /// The bytes are not what automerge would write for this change.
    #[error("the change {0:?} is not in its canonical form")]
    NotCanonical(ChangeHash),
    /// The actor is not the one derived from author, document and log.
    #[error("the change is by {found:?}, this log writes as {wanted:?}")]
    ForeignActor {
        /// The derived actor.
        wanted: Actor,
        /// The change's actor.
        found: Actor,
    },
    /// The change depends on nothing: only the schema's own change may.
    #[error("the change {0:?} depends on nothing")]
    Rootless(ChangeHash),
    /// The actor's changes are not numbered one after another.
    #[error("change number {found} came, {wanted} is next")]
    SeqGap {
        /// The next number.
        wanted: u32,
        /// The change's number.
        found: u32,
    },
    /// R1: the actor's own previous change is not among the dependencies.
    #[error("the change does not depend on its author's previous one, {0:?}")]
    MissingOwnPrevious(ChangeHash),
    /// A dependency lies in the past of another, or of the author's previous change.
    #[error("the dependency {0:?} is in the past of another one")]
    RedundantDependency(ChangeHash),
    /// R2: operations are not numbered right after those of the dependencies.
    #[error("operations start from {found}, after the dependencies comes {wanted}")]
    StartOp {
        /// One more than the highest counter of the dependencies.
        wanted: u32,
        /// The change's first counter.
        found: u32,
    },
    /// An operation refers to something that its author cannot have seen there.
    #[error("operation {op}: {error}")]
    Reference {
        /// Its place in the change, from 0.
        op: usize,
        /// Why.
        error: ReferenceError,
    },
    /// An operation is not its author's to make.
    #[error("operation {op}: {error}")]
    Policy {
        /// Its place in the change, from 0.
        op: usize,
        /// Why.
        error: PolicyError,
    },
    /// Automerge refused the change or panicked on it. The change is not tried again.
    #[error("the document engine does not take the change: {0}")]
    Engine(String),
    /// An earlier entry of the log was refused: the log ends there.
    #[error("the log ends at the refused entry {0:?}")]
    Frozen(EntryHash),
}

impl VetError {
    fn graph(error: GraphError, hash: ChangeHash) -> Self {
        match error {
            GraphError::Rootless => Self::Rootless(hash),
            GraphError::Seq { wanted, found } => Self::SeqGap { wanted, found },
            GraphError::OwnPrevious(previous) => Self::MissingOwnPrevious(previous),
            GraphError::StartOp { wanted, found } => Self::StartOp { wanted, found },
            GraphError::Redundant(dep) => Self::RedundantDependency(dep),
            GraphError::Missing(_) => Self::Batch("a change comes before one that it depends on"),
        }
    }
}
