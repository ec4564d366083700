//! The relay's disk, in memory.

use proofroom_blobs::{Held, prove_whole};
use proofroom_ident::WorkspaceId;
use proofroom_relay::{BlobInput, BlobOp, ConnId};

use crate::world::World;

impl World {
    pub fn blob(&mut self, conn: ConnId, workspace: WorkspaceId, op: BlobOp) -> Option<BlobInput> {
        match op {
            BlobOp::Read { blob, span } => {
                let Some(held) = self.disk.get(&(workspace, blob)) else {
                    return Some(BlobInput::Missing { to: conn, blob });
                };
                let (_, encoded) = prove_whole(held, span).expect("a slice of it");
                let (total, encoded) = (held.len() as u64, encoded.into());
                Some(BlobInput::Piece { to: conn, blob, total, span, encoded })
            }
            BlobOp::Begin { blob, total } => {
                let (_, held) =
                    self.half.entry((workspace, blob)).or_insert_with(|| (Vec::new(), Held::none(total)));
                Some(BlobInput::Begun { workspace, blob, held: held.clone() })
            }
            BlobOp::Write { blob, total, slice } => {
                let index = |n: u64| usize::try_from(n).expect("small files");
                let (half, held) = self.half.get_mut(&(workspace, blob)).expect("it was begun");
                half.resize(index(total), 0);
                half[index(slice.span.offset)..index(slice.span.end())].copy_from_slice(&slice.bytes);
                held.add(slice.span);
                if held.is_all() {
                    self.kept.push((workspace, blob));
                }
                Some(BlobInput::Written { from: conn, workspace, blob, span: slice.span })
            }
            BlobOp::Rest(_) => None,
            BlobOp::Remove(blob) => {
                self.disk.remove(&(workspace, blob));
                self.half.remove(&(workspace, blob));
                None
            }
        }
    }

    /// What is complete becomes durable.
    pub fn keep(&mut self) {
        for (workspace, blob) in std::mem::take(&mut self.kept) {
            let (whole, _) = self.half.remove(&(workspace, blob)).expect("it was written");
            let bytes = whole.len() as u64;
            self.disk.insert((workspace, blob), whole);
            self.relay.handle_blob(self.now, BlobInput::Kept { workspace, blob, bytes }, &mut self.store);
        }
    }
}
