//! Vetting: nothing reaches automerge that did not pass here.

/// A batch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VetError {
    /// placeholder
    #[error("?")]
    Todo,
}
