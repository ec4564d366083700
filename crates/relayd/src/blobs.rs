//! The machine's words for blobs, in those of the thread that keeps them as files.

use std::path::Path;
use std::time::Duration;

use proofroom_blob_files::{Answer, Folder, Task, Worker};
use proofroom_ident::WorkspaceId;
use proofroom_relay::{BlobInput, BlobOp, ConnId};

use crate::RelayError;

/// How long a half-brought blob waits for somebody to bring the rest.
const HALF_KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Makes the folder, and removes what nobody will bring the rest of.
pub(crate) fn open(data: &Path) -> Result<Folder, RelayError> {
    let path = data.join("blobs");
    let fail = |cause| RelayError::Data { doing: "open", path: path.clone(), cause };
    std::fs::create_dir_all(&path).map_err(fail)?;
    let folder = Folder::new(&path);
    folder.sweep(HALF_KEPT_FOR).map_err(fail)?;
    Ok(folder)
}

/// Starts the thread. `answer` is called from it and must not wait for the engine.
pub(crate) fn spawn(
    folder: Folder,
    answer: impl Fn(BlobInput) + Send + 'static,
) -> Result<Worker<ConnId>, RelayError> {
    proofroom_blob_files::spawn(folder, move |told| answer(input(told)))
        .map_err(|e| RelayError::System(format!("a thread: {e}")))
}

/// What the thread is asked.
pub(crate) fn task(conn: ConnId, workspace: WorkspaceId, op: BlobOp) -> Task<ConnId> {
    match op {
        BlobOp::Read { blob, span } => Task::Read { to: conn, workspace, blob, span },
        BlobOp::Begin { blob, total } => Task::Begin { workspace, blob, total },
        BlobOp::Write { blob, total, slice } => Task::Write { from: conn, workspace, blob, total, slice },
        BlobOp::Rest(blob) => Task::Rest { workspace, blob },
        BlobOp::Remove(blob) => Task::Remove { workspace, blob },
    }
}

fn input(answer: Answer<ConnId>) -> BlobInput {
    match answer {
        Answer::Piece { to, blob, total, span, encoded } => {
            BlobInput::Piece { to, blob, total, span, encoded: encoded.into() }
        }
        Answer::Missing { to, blob, why } => {
            if let Some(why) = why {
                tracing::error!(why, %blob, "a blob cannot be read");
            }
            BlobInput::Missing { to, blob }
        }
        Answer::Begun { workspace, blob, held } => BlobInput::Begun { workspace, blob, held },
        Answer::Written { from, workspace, blob, span } => BlobInput::Written { from, workspace, blob, span },
        Answer::Kept { workspace, blob, bytes } => BlobInput::Kept { workspace, blob, bytes },
        Answer::Failed { workspace, blob, error } => {
            tracing::error!(%error, %blob, "a blob cannot be kept");
            BlobInput::Failed { workspace, blob, cause: error.to_string() }
        }
    }
}
