//! Snapshots that this side takes in place of entries: asked for one by one, put together, handed out.

use std::collections::BTreeMap;

use bytes::Bytes;
use proofroom_entry::SignedSnapshot;
use proofroom_ident::{DocId, SnapshotId, WorkspaceId};

use crate::fault::Fault;
use crate::limits::Limits;
use crate::{Audiences, Code};

/// A snapshot that is being put together.
#[derive(Debug)]
struct Coming {
    doc: DocId,
    id: SnapshotId,
    bytes: Vec<u8>,
}

/// Snapshots that were offered, and the one that is coming.
#[derive(Debug, Default)]
pub(crate) struct Taking {
    /// By document, with their sizes.
    offered: BTreeMap<DocId, (SnapshotId, usize)>,
    coming: Option<Coming>,
}

impl Taking {
    /// The peer offers one; another offer for the same document replaces it.
    pub fn on_offer(
        &mut self,
        (doc, id, bytes): (DocId, SnapshotId, u64),
        reads: Audiences,
        limits: &Limits,
    ) -> Result<(), Fault> {
        if !reads.contains(doc.audience()) {
            return Err(Fault::new(
                Code::MayNotWrite,
                "a snapshot for an audience that this session does not carry",
            ));
        }
        let size = usize::try_from(bytes).unwrap_or(usize::MAX);
        if size == 0 || size > limits.snapshot_bytes_max {
            let text = format!("a snapshot of {bytes} bytes, the limit is {}", limits.snapshot_bytes_max);
            return Err(Fault::new(Code::TooLarge, text));
        }
        self.forget(doc);
        self.offered.insert(doc, (id, size));
        match self.offered.len() > limits.docs_max {
            true => Err(Fault::message(format!("snapshots of more than {} documents", limits.docs_max))),
            false => Ok(()),
        }
    }

    /// Takes a part; returns the snapshot when it is whole. Snapshots come one after another:
    /// the first part of another one means that the rest of this one does not come.
    pub fn on_part(
        &mut self,
        (doc, id, offset): (DocId, SnapshotId, u64),
        bytes: &Bytes,
        workspace: WorkspaceId,
    ) -> Result<Option<SignedSnapshot>, Fault> {
        let Some((_, size)) = self.offered.get(&doc).filter(|(offered, _)| *offered == id) else {
            return Err(Fault::message("a part of a snapshot that was not asked for"));
        };
        if offset == 0 {
            self.coming = Some(Coming { doc, id, bytes: Vec::new() });
        }
        let coming = self.coming.as_mut().filter(|c| c.doc == doc && c.id == id);
        let Some(coming) = coming.filter(|c| c.bytes.len() as u64 == offset && !bytes.is_empty()) else {
            return Err(Fault::message("the parts of a snapshot do not fit together"));
        };
        coming.bytes.extend_from_slice(bytes);
        if coming.bytes.len() < *size {
            return Ok(None);
        }
        let whole = std::mem::take(&mut coming.bytes);
        self.coming = None;
        let snapshot =
            SignedSnapshot::decode(whole).map_err(|e| Fault::new(Code::BadEntry, e.to_string()))?;
        let h = snapshot.claims();
        match snapshot.id() == id && h.doc == doc && h.workspace == workspace {
            true => Ok(Some(snapshot)),
            false => Err(Fault::new(Code::BadEntry, "a snapshot is not the one that was offered")),
        }
    }

    /// The offer is answered for good.
    pub fn forget(&mut self, doc: DocId) {
        self.offered.remove(&doc);
        if self.coming.as_ref().is_some_and(|coming| coming.doc == doc) {
            self.coming = None;
        }
    }
}
