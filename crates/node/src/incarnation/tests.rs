use super::{FILE, StampedStore};
use crate::home::Home;
use proofroom_entry::{Draft, EntryKind, LogWriter, Verified};
use proofroom_ident::{DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, SigningSecret, WorkspaceId};
use proofroom_store::{Batch, MemoryStore, Store as _};

const STORE: &str = "store.redb";

struct World {
    _dir: tempfile::TempDir,
    home: Home,
    ada: SigningSecret,
}

/// A home whose store file exists; its contents are in memory.
fn world() -> World {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let home = Home::locate(Some(dir.path())).expect("a path was given");
    home.write(STORE, b"store").expect("durable");
    World { _dir: dir, home, ada: SigningSecret::from_seed(&[1; 32]) }
}

fn entry(author: &SigningSecret, log: u8) -> Verified {
    let log = LogId::from_bytes([log; 16]);
    let (nobody, zero) = (WorkspaceId::ZERO, EntryHash::ZERO);
    let mut writer =
        LogWriter::begin(nobody, DocId::AUTHORITY, LogClass::Authority, author.public(), log, zero);
    let draft = Draft {
        kind: EntryKind::Authority,
        auth_head: EntryHash::ZERO,
        claimed_at: Millis(1),
        key: KeyId::ZERO,
        nonce: Nonce::ZERO,
        tip_commit: [0; 32],
    };
    writer.append(&draft, b"genesis", author).expect("a canonical entry")
}

impl World {
    fn open(&self, inner: MemoryStore) -> StampedStore<MemoryStore> {
        StampedStore::new(inner, &self.home, STORE, self.ada.public()).expect("readable")
    }

    /// One process that writes an own entry; returns what is on the disk afterwards.
    fn write(&self, inner: MemoryStore, log: u8) -> StampedStore<MemoryStore> {
        let mut store = self.open(inner);
        let mut batch = Batch::new();
        batch.append(entry(&self.ada, log));
        store.commit(batch).expect("a new log");
        store
    }
}

#[test]
fn a_log_is_continued_after_an_orderly_end() {
    let w = world();
    let store = w.write(MemoryStore::new(), 1);
    let disk = store.inner.clone();
    store.close().expect("durable");
    assert!(w.open(disk).may_continue());
}

#[test]
fn a_new_home_begins_new_logs() {
    assert!(!world().open(MemoryStore::new()).may_continue());
}

#[test]
fn a_crash_leaves_nothing_to_continue() {
    let w = world();
    let first = w.write(MemoryStore::new(), 1);
    let disk = first.inner.clone();
    first.close().expect("durable");
    let crashed = w.write(disk, 2);
    assert!(!w.open(crashed.inner.clone()).may_continue());
}

#[test]
fn a_restored_backup_of_the_store_begins_new_logs() {
    let w = world();
    let first = w.write(MemoryStore::new(), 1);
    let backup = first.inner.clone();
    first.close().expect("durable");
    w.write(backup.clone(), 2).close().expect("durable");
    assert!(!w.open(backup).may_continue());
}

#[test]
fn a_copied_store_begins_new_logs() {
    let w = world();
    let store = w.write(MemoryStore::new(), 1);
    let disk = store.inner.clone();
    store.close().expect("durable");
    w.home.write(STORE, b"store").expect("a copy has another inode");
    assert!(!w.open(disk).may_continue());
}

#[test]
fn another_run_of_the_machine_begins_new_logs() {
    let w = world();
    let store = w.write(MemoryStore::new(), 1);
    let disk = store.inner.clone();
    store.close().expect("durable");
    let record = String::from_utf8(w.home.read(FILE).expect("there").expect("there")).expect("text");
    let boot = super::boot_id().expect("this system names its runs");
    w.home.write(FILE, record.replace(&boot, "yesterday").as_bytes()).expect("durable");
    assert!(!w.open(disk).may_continue());
}

#[test]
fn reading_alone_neither_breaks_nor_renews_the_record() {
    let w = world();
    let store = w.write(MemoryStore::new(), 1);
    let disk = store.inner.clone();
    store.close().expect("durable");
    w.open(disk.clone()).close().expect("nothing to do");
    assert!(w.open(disk).may_continue());
}

#[test]
fn entries_of_others_do_not_touch_the_record() {
    let w = world();
    let store = w.write(MemoryStore::new(), 1);
    let disk = store.inner.clone();
    store.close().expect("durable");
    let mut batch = Batch::new();
    batch.append(entry(&SigningSecret::from_seed(&[2; 32]), 9));
    let mut receiving = w.open(disk);
    receiving.commit(batch).expect("a new log");
    assert!(w.open(receiving.inner.clone()).may_continue());
}
