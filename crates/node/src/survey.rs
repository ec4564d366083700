//! Is everything in a store readable? Every row is read, whatever becomes of the others.

use proofroom_entry::{LogTip, Signed, check_link};
use proofroom_ident::{DocId, WorkspaceId};
use proofroom_store::{DocSummary, Store, StoreError, doc_digest};

/// Entries read at a time, in bytes.
const READ_BYTES: usize = 8 << 20;

/// What is wrong with a store; nothing where all is well. Stops where the storage itself fails:
/// what it says afterwards means nothing.
pub fn survey(store: &dyn Store) -> Vec<String> {
    let mut survey = Survey { store, problems: Vec::new() };
    survey.all().unwrap_or(());
    survey.problems
}

struct Survey<'a> {
    store: &'a dyn Store,
    problems: Vec<String>,
}

/// Nothing more can be asked.
struct Failed;

impl Survey<'_> {
    fn all(&mut self) -> Result<(), Failed> {
        // Value by value: each of them may be large.
        for first in 0..=u8::MAX {
            self.note("values", self.store.scan(&[first]))?;
        }
        for workspace in self.note("workspaces", self.store.workspaces())?.unwrap_or_default() {
            self.workspace(workspace)?;
        }
        Ok(())
    }

    fn workspace(&mut self, workspace: WorkspaceId) -> Result<(), Failed> {
        let of = |what: &str| format!("{what} of workspace {}", workspace.short());
        self.note(&of("proofs"), self.store.proofs(workspace))?;
        self.note(&of("snapshots"), self.store.snapshot_index(workspace))?;
        let docs = self.note(&of("documents"), self.store.docs(workspace))?;
        for DocSummary { doc, digest, .. } in docs.unwrap_or_default() {
            let of =
                |what: &str| format!("{what} of document {} of workspace {}", doc.short(), workspace.short());
            self.note(&of("snapshots"), self.store.snapshots(workspace, doc))?;
            self.note(&of("bases"), self.store.bases(workspace, doc))?;
            let Some(tips) = self.note(&of("logs"), self.store.tips(workspace, doc))? else { continue };
            if doc_digest(&tips) != digest {
                self.problems.push(format!("{}: they are not those that were noted", of("logs")));
            }
            for tip in tips {
                self.log(workspace, doc, &tip)?;
            }
        }
        Ok(())
    }

    fn log(&mut self, workspace: WorkspaceId, doc: DocId, tip: &LogTip) -> Result<(), Failed> {
        let what = format!("log {} of document {}", tip.log.short(), doc.short());
        let Some(base) = self.note(&what, self.store.base(workspace, doc, tip.log))? else { return Ok(()) };
        let mut held = base.as_ref().map(LogTip::after);
        loop {
            let from = held.map_or(1, |held| held.seq + 1);
            let read = self.store.entries(workspace, doc, tip.log, from, READ_BYTES);
            let Some(entries) = self.note(&what, read)? else { return Ok(()) };
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let again = Signed::decode(entry.bytes().clone()).map_err(|e| e.to_string());
                // Whether who erased a payload might do that is for the trail to say.
                let again =
                    again.and_then(|signed| signed.verify_erased(workspace).map_err(|e| e.to_string()));
                let next = again.and_then(|e| check_link(held.as_ref(), e.head()).map_err(|e| e.to_string()));
                match next {
                    Ok(next) => held = Some(next),
                    Err(why) => {
                        self.problems.push(format!("{what}, entry {}: {why}", entry.header().seq));
                        return Ok(());
                    }
                }
            }
        }
        if held.map(|held| held.hash) != Some(tip.hash) {
            let seq = held.map_or(0, |held| held.seq);
            self.problems.push(format!("{what}: it should go to entry {}, and ends at {seq}", tip.seq));
        }
        Ok(())
    }

    /// Keeps what is wrong; `None` then.
    fn note<T>(&mut self, what: &str, read: Result<T, StoreError>) -> Result<Option<T>, Failed> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) => {
                self.problems.push(format!("{what}: {error}"));
                if error.poisons() { Err(Failed) } else { Ok(None) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::survey;
    use proofroom_store::conformance::World;
    use proofroom_store::{Batch, Store as _};
    use proofroom_store_redb::RedbStore;

    /// A store in a file: some logs, and values too large for one page.
    fn filled(path: &std::path::Path) -> World {
        let w = World::new(1);
        let mut store = RedbStore::open(path).expect("a new file");
        let mut batch = Batch::new();
        batch.append(w.genesis.clone());
        for name in 1..20 {
            for entry in w.run(&w.bo, w.plan(), name, 5) {
                batch.append(entry);
            }
        }
        for name in 0..5u8 {
            batch.put(vec![name, 7], vec![name; 9_000]);
        }
        store.commit(batch).expect("room");
        w
    }

    #[test]
    fn a_sound_store_has_no_problems() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("store.redb");
        filled(&path);
        assert_eq!(survey(&RedbStore::open(&path).expect("it is sound")), Vec::<String>::new());
    }

    /// Whichever page is lost, the store opens or says why not, and what is said ends.
    #[test]
    fn every_page_may_be_lost_and_it_is_said_or_was_not_needed() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("store.redb");
        filled(&path);
        let sound = std::fs::read(&path).expect("it is there");
        let mut told = 0;
        for page in 0..sound.len().div_ceil(4096) {
            let mut damaged = sound.clone();
            let end = damaged.len().min((page + 1) * 4096);
            damaged[page * 4096..end].fill(0xa5);
            std::fs::write(&path, &damaged).expect("writable");
            let problems = match RedbStore::open(&path) {
                Ok(store) => survey(&store),
                Err(error) => vec![error.to_string()],
            };
            told += usize::from(!problems.is_empty());
        }
        assert!(told > 10, "only {told} pages were missed");
    }
}
