//! What a relay's word in a receipt is over.

use proofroom_entry::Held;
use proofroom_ident::{SignError, WorkspaceId};
use proofroom_review::WitnessStatement;

/// What whoever gives its word for a receipt says that it holds.
pub fn held(workspace: WorkspaceId, receipt: &WitnessStatement) -> Held {
    let heads = receipt.seen_heads.iter().map(|(log, head)| (*log, (head.seq, head.hash)));
    Held { workspace, doc: receipt.review, heads: heads.collect() }
}

/// Whether the relay that a receipt names gave its word; `None` where it names none.
pub fn relay_word(workspace: WorkspaceId, receipt: &WitnessStatement) -> Option<Result<(), SignError>> {
    let word = receipt.relay?;
    Some(held(workspace, receipt).verify(word.at, word.key, &word.signature))
}
