//! The redb backend keeps the contract, in real files.

use proofroom_store::conformance::Backend;
use proofroom_store_redb::RedbStore;
use tempfile::TempDir;

/// One directory; each store is a file of its own.
struct Files {
    dir: TempDir,
    made: u32,
}

impl Files {
    fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory can be made"), made: 0 }
    }

    fn open(&self) -> RedbStore {
        let path = self.dir.path().join(format!("store-{}.redb", self.made));
        RedbStore::open(path).expect("the directory is writable")
    }
}

impl Backend for Files {
    type Store = RedbStore;

    fn create(&mut self) -> RedbStore {
        self.made += 1;
        self.open()
    }

    /// Only the newest store is ever reopened.
    fn reopen(&mut self, store: RedbStore) -> RedbStore {
        drop(store);
        self.open()
    }
}

proofroom_store::conformance_tests!(Files::new());
