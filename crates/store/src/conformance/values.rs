//! Checks of keys and values.

use super::{Backend, Contents, World, contents};
use crate::{Batch, KEY_BYTES_MAX, Store, StoreError, VALUE_BYTES_MAX};

const WORKS: &str = "a healthy store answers";

fn put(store: &mut impl Store, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(key, value);
    store.commit(batch).expect(WORKS);
}

/// The last write of a key wins, within a batch and across batches.
pub fn values_are_set_replaced_and_removed<B: Backend>(backend: &mut B) {
    let mut store = backend.create();
    put(&mut store, b"key", b"first");
    assert_eq!(store.get(b"key"), Ok(Some(b"first".to_vec())));
    let mut batch = Batch::new();
    batch
        .put(*b"key", *b"second")
        .delete(*b"key")
        .put(*b"key", *b"third")
        .put(*b"gone", *b"")
        .delete(*b"gone");
    store.commit(batch).expect(WORKS);
    assert_eq!(store.get(b"key"), Ok(Some(b"third".to_vec())));
    assert_eq!(store.get(b"gone"), Ok(None));
    let mut batch = Batch::new();
    batch.delete(*b"key").delete(*b"never there");
    store.commit(batch).expect(WORKS);
    assert_eq!(store.get(b"key"), Ok(None));
    put(&mut store, b"", b"the empty key is a key");
    assert_eq!(store.get(b""), Ok(Some(b"the empty key is a key".to_vec())));
}

/// What is to be durable soon is seen at once, and survives once a flush or a commit returned.
pub fn what_is_committed_soon_is_seen_and_survives_a_flush<B: Backend>(backend: &mut B) {
    let put_soon = |store: &mut B::Store, key: &[u8]| {
        let mut batch = Batch::new();
        batch.put(key, key);
        store.commit_soon(batch).expect(WORKS);
        assert_eq!(store.get(key), Ok(Some(key.to_vec())));
    };
    let mut store = backend.create();
    put_soon(&mut store, b"first");
    put_soon(&mut store, b"second");
    store.flush().expect(WORKS);
    store.flush().expect(WORKS);
    let mut store = backend.reopen(store);
    assert_eq!(store.get(b"first"), Ok(Some(b"first".to_vec())));
    assert_eq!(store.get(b"second"), Ok(Some(b"second".to_vec())));
    put_soon(&mut store, b"third");
    put(&mut store, b"fourth", b"takes the third with it");
    let store = backend.reopen(store);
    assert_eq!(store.get(b"third"), Ok(Some(b"third".to_vec())));
    assert_eq!(store.get(b"fourth"), Ok(Some(b"takes the third with it".to_vec())));
}

/// A scan gives exactly the keys of its prefix, in byte order.
pub fn a_prefix_finds_its_keys_in_order<B: Backend>(backend: &mut B) {
    let mut store = backend.create();
    let keys: [&[u8]; 6] = [b"b/2", b"a/1", b"b/10", b"b", b"b/\xff\xff", b"c"];
    for key in keys {
        put(&mut store, key, key);
    }
    let found = |prefix: &[u8]| -> Vec<Vec<u8>> {
        let rows = store.scan(prefix).expect(WORKS);
        assert!(rows.iter().all(|(key, value)| key == value));
        rows.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(found(b"b/"), [b"b/10".to_vec(), b"b/2".to_vec(), b"b/\xff\xff".to_vec()]);
    assert_eq!(found(b"b/\xff"), [b"b/\xff\xff".to_vec()]);
    assert_eq!(found(b"d"), Vec::<Vec<u8>>::new());
    assert_eq!(found(b"").len(), keys.len());
}

/// Limits hold for what comes from outside, and for what comes from inside.
pub fn keys_and_values_over_their_limit_are_refused<B: Backend>(backend: &mut B) {
    let mut store = backend.create();
    put(&mut store, &[b'k'; KEY_BYTES_MAX], b"just fits");
    let mut long_key = Batch::new();
    long_key.put(*b"beside", *b"it").put(vec![b'k'; KEY_BYTES_MAX + 1], *b"value");
    let mut long_delete = Batch::new();
    long_delete.delete(vec![b'k'; KEY_BYTES_MAX + 1]);
    let mut long_value = Batch::new();
    long_value.put(*b"key", vec![0; VALUE_BYTES_MAX + 1]);
    for (batch, what) in [(long_key, "key"), (long_delete, "key"), (long_value, "value")] {
        let error = store.commit(batch).expect_err("over the limit");
        assert!(matches!(error, StoreError::TooLarge { what: w, .. } if w == what), "{error}");
    }
    assert_eq!(store.scan(b"").expect("a refusal does not poison").len(), 1);
}

/// Nothing to do is done at once.
pub fn an_empty_batch_changes_nothing<B: Backend>(backend: &mut B) {
    let (mut store, w) = (backend.create(), World::new(1));
    store.commit(Batch::new()).expect(WORKS);
    assert_eq!(contents(&store), Ok(Contents::default()));
    let mut batch = Batch::new();
    batch.append(w.genesis);
    store.commit(batch).expect(WORKS);
    let before = contents(&store);
    store.commit(Batch::new()).expect(WORKS);
    assert_eq!(contents(&store), before);
}
