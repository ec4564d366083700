//! The memory backend keeps the contract, and fails when it is told to.

use proofroom_store::conformance::{Backend, World, contents};
use proofroom_store::{Batch, MemoryStore, Store as _, StoreError};

struct Memory;

impl Backend for Memory {
    type Store = MemoryStore;

    fn create(&mut self) -> MemoryStore {
        MemoryStore::new()
    }
    fn reopen(&mut self, store: MemoryStore) -> MemoryStore {
        store.reopen()
    }
}

proofroom_store::conformance_tests!(Memory);

#[test]
fn a_planned_failure_poisons_the_store_until_it_is_reopened() {
    let w = World::new(1);
    let mut store = MemoryStore::new();
    store.fail_after(1);
    let mut first = Batch::new();
    first.append(w.genesis.clone());
    store.commit(first).expect("one commit is left");
    let before = contents(&store).expect("the store is healthy");
    let mut second = Batch::new();
    second.put(*b"key", *b"value");
    let error = store.commit(second.clone()).expect_err("none is left");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    for refused in [store.commit(second), store.get(b"key").map(drop), store.docs(w.workspace).map(drop)] {
        let error = refused.expect_err("poisoned");
        assert!(error.to_string().contains("no space is left"), "{error}");
    }
    assert_eq!(contents(&store.reopen()), Ok(before));
}
