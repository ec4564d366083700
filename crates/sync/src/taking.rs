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
            self.coming = Some(Coming { doc, bytes: Vec::new() });
        }
        // A new offer for the document drops what was coming, so the document alone names the snapshot.
        let coming = self.coming.as_mut().filter(|c| c.doc == doc);
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

#[cfg(test)]
mod tests {
    use proofroom_ident::Audience;
    use proofroom_store::MemoryStore;

    use super::*;
    use crate::samples::{WORKSPACE, change, doc, snapshot, team_doc};

    const ID: SnapshotId = SnapshotId::from_bytes([1; 32]);

    fn code<T>(result: Result<T, Fault>) -> Option<Code> {
        result.err().map(|fault| fault.code)
    }

    #[test]
    fn offers_are_of_a_size_an_audience_and_a_number() {
        let limits = Limits { snapshot_bytes_max: 100, docs_max: 3, ..Limits::default() };
        let everyone: Audiences = [Audience::Everyone].into_iter().collect();
        let mut taking = Taking::default();
        let mut offer = |doc, bytes| code(taking.on_offer((doc, ID, bytes), everyone, &limits));
        for (bytes, refused) in [
            (0, Some(Code::TooLarge)),
            (1, None),
            (100, None),
            (101, Some(Code::TooLarge)),
            (u64::MAX, Some(Code::TooLarge)),
        ] {
            assert_eq!(offer(doc(1), bytes), refused, "{bytes} bytes");
        }
        assert_eq!(offer(team_doc(1), 1), Some(Code::MayNotWrite));
        assert_eq!([1, 2, 3].map(|n| offer(doc(n), 1)), [None; 3]);
        assert_eq!([4, 5].map(|n| offer(doc(n), 1)), [Some(Code::BadMessage); 2]);
    }

    /// Ada's snapshots of two documents, and who was offered both.
    fn offered() -> (Taking, [(DocId, SnapshotId, Bytes); 2]) {
        let mut store = MemoryStore::new();
        let mut taking = Taking::default();
        let all = [doc(1), doc(2)].map(|doc| {
            change(&mut store, 1, doc, 2);
            let one = snapshot(&mut store, 1, doc, 50);
            let offer = (doc, one.id(), one.bytes().len() as u64);
            taking.on_offer(offer, Audiences::ALL, &Limits::default()).expect("a small one");
            (doc, one.id(), Bytes::copy_from_slice(one.bytes()))
        });
        (taking, all)
    }

    #[test]
    fn parts_make_a_snapshot_in_order_one_after_another() {
        let (mut taking, [one, two]) = offered();
        let mut part = |(doc, id, bytes): &(DocId, SnapshotId, Bytes), from: usize, to: usize| {
            taking.on_part((*doc, *id, from as u64), &bytes.slice(from..to), WORKSPACE)
        };
        let whole = one.2.len();
        assert!(part(&one, 0, 10).expect("a part").is_none());
        assert_eq!(code(part(&one, 10, 10)), Some(Code::BadMessage), "nothing is in it");
        assert!(part(&one, 10, whole - 1).expect("a part").is_none());
        let taken = part(&one, whole - 1, whole).expect("the last").expect("it is whole");
        assert_eq!((taken.id(), taken.claims().doc), (one.1, one.0));
        assert_eq!(code(part(&one, whole - 1, whole)), Some(Code::BadMessage), "it is whole already");
        // The first part of another ends this one, and so does its own.
        assert!(part(&one, 0, 10).expect("a part").is_none());
        assert!(part(&two, 0, 20).expect("a part").is_none());
        assert_eq!(code(part(&one, 10, 20)), Some(Code::BadMessage));
        assert_eq!(code(part(&two, 21, 30)), Some(Code::BadMessage), "a byte is left out");
        assert_eq!(code(part(&two, 19, 30)), Some(Code::BadMessage), "a byte comes twice");
        assert!(part(&two, 0, 9).expect("again from the start").is_none());
        assert!(part(&two, 9, two.2.len()).expect("the rest").is_some());
    }

    #[test]
    fn another_offer_for_the_document_drops_what_was_coming() {
        let other = SnapshotId::from_bytes([9; 32]);
        for again in [true, false] {
            let (mut taking, [one, _]) = offered();
            taking.on_part((one.0, one.1, 0), &one.2.slice(..10), WORKSPACE).expect("a part");
            let id = if again { one.1 } else { other };
            let offer = (one.0, id, one.2.len() as u64);
            taking.on_offer(offer, Audiences::ALL, &Limits::default()).expect("a small one");
            let part = taking.on_part((one.0, id, 10), &one.2.slice(10..20), WORKSPACE);
            assert_eq!(code(part), Some(Code::BadMessage), "it begins at its beginning");
        }
    }

    #[test]
    fn what_was_not_offered_or_is_something_else_is_refused() {
        let (mut taking, [one, two]) = offered();
        let mut whole =
            |doc, id, bytes: &Bytes, workspace| code(taking.on_part((doc, id, 0), bytes, workspace));
        assert_eq!(whole(one.0, two.1, &two.2, WORKSPACE), Some(Code::BadMessage));
        assert_eq!(whole(doc(3), one.1, &one.2, WORKSPACE), Some(Code::BadMessage));
        assert_eq!(whole(one.0, one.1, &two.2, WORKSPACE), Some(Code::BadEntry), "another's bytes");
        assert_eq!(whole(one.0, one.1, &one.2, WorkspaceId::ZERO), Some(Code::BadEntry));
        assert_eq!(whole(one.0, one.1, &one.2, WORKSPACE), None);
        // Another document claims it.
        let offer = (doc(3), one.1, one.2.len() as u64);
        taking.on_offer(offer, Audiences::ALL, &Limits::default()).expect("a small one");
        assert_eq!(code(taking.on_part((doc(3), one.1, 0), &one.2, WORKSPACE)), Some(Code::BadEntry));
    }

    #[test]
    fn what_is_forgotten_comes_no_further() {
        let (mut taking, [one, two]) = offered();
        taking.on_part((one.0, one.1, 0), &one.2.slice(..10), WORKSPACE).expect("a part");
        taking.forget(two.0);
        let second = taking.on_part((one.0, one.1, 10), &one.2.slice(10..20), WORKSPACE);
        assert!(second.expect("another was forgotten").is_none());
        taking.forget(one.0);
        assert!(taking.coming.is_none() && taking.offered.is_empty());
        let part = taking.on_part((one.0, one.1, 20), &one.2.slice(20..30), WORKSPACE);
        assert_eq!(code(part), Some(Code::BadMessage));
        // Offered anew, it begins at its beginning.
        let offer = (one.0, one.1, one.2.len() as u64);
        taking.on_offer(offer, Audiences::ALL, &Limits::default()).expect("a small one");
        let part = taking.on_part((one.0, one.1, 10), &one.2.slice(10..20), WORKSPACE);
        assert_eq!(code(part), Some(Code::BadMessage));
    }
}
