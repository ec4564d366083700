//! Crashes, full disks and broken disks: what was acknowledged stays, what was
//! not is there as a whole or not at all.

use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use proofroom_store::conformance::{Contents, World, contents};
use proofroom_store::{Batch, MemoryStore, Store, StoreError};
use proofroom_store_redb::RedbStore;
use redb::StorageBackend;

/// A disk with a volatile cache: of what was not synced, a power cut keeps any part.
#[derive(Debug, Default)]
struct Platter {
    cached: Vec<u8>,
    synced: Vec<u8>,
    /// Since the last sync: where, and what.
    unsynced: Vec<(usize, Vec<u8>)>,
    calls_left: Option<u64>,
    fails_as: Option<ErrorKind>,
}

impl Platter {
    /// What is on the disk after a power cut that let through the unsynced writes
    /// whose index `kept` chooses, of `n`.
    fn after_power_cut(&self, kept: Kept) -> Vec<u8> {
        let mut image = self.synced.clone();
        image.resize(self.cached.len().max(image.len()), 0);
        let n = self.unsynced.len();
        for (i, (start, bytes)) in self.unsynced.iter().enumerate() {
            if kept(i, n) && start + bytes.len() <= image.len() {
                image[*start..start + bytes.len()].copy_from_slice(bytes);
            }
        }
        image
    }

    fn spend(&mut self) -> Result<(), Error> {
        match &mut self.calls_left {
            None => Ok(()),
            Some(0) => Err(self.fails_as.unwrap_or(ErrorKind::Other).into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    fn holding(bytes: Vec<u8>) -> Self {
        let platter = Platter { cached: bytes.clone(), synced: bytes, ..Platter::default() };
        Self(Arc::new(Mutex::new(platter)))
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().expect("no test thread panics while it holds the disk")
    }

    /// The next `calls` writes and syncs succeed; all after them fail.
    fn fail_after(&self, calls: u64, fails_as: ErrorKind) {
        let mut platter = self.platter();
        platter.calls_left = Some(calls);
        platter.fails_as = Some(fails_as);
    }
}

fn span(offset: u64, len: usize) -> std::ops::Range<usize> {
    let start = usize::try_from(offset).expect("the disk is small");
    start..start + len
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.platter().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let platter = self.platter();
        let bytes = platter.cached.get(span(offset, out.len())).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let mut platter = self.platter();
        platter.spend()?;
        platter.cached.resize(usize::try_from(len).expect("the disk is small"), 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        let mut platter = self.platter();
        platter.spend()?;
        platter.synced = platter.cached.clone();
        platter.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut platter = self.platter();
        platter.spend()?;
        let at = span(offset, data.len());
        platter.unsynced.push((at.start, data.to_vec()));
        platter.cached.get_mut(at).ok_or(ErrorKind::UnexpectedEof)?.copy_from_slice(data);
        Ok(())
    }
}

fn open(disk: &Disk) -> Result<RedbStore, StoreError> {
    RedbStore::open_on(disk.clone(), "a test disk")
}

/// Five commits that touch every table; two of them grow the file.
fn commits() -> Vec<Batch> {
    let w = World::new(1);
    let run = w.run(&w.bo, w.plan(), 1, 40);
    let mut batches = vec![Batch::new(), Batch::new(), Batch::new(), Batch::new(), Batch::new()];
    batches[0].append(w.genesis.clone()).put(*b"cache/1", *b"small");
    for entry in &run[..20] {
        batches[1].append(entry.clone());
    }
    let mut other = w.log(&w.bo, w.plan(), 1);
    batches[2].proof(run[0].clone(), w.next(&mut other, &w.bo, b"another history"));
    batches[3].put(*b"cache/2", vec![7; 300_000]).delete(*b"cache/1");
    for entry in &run[20..] {
        batches[4].append(entry.clone());
    }
    batches
}

/// What a store tells before the first commit and after each.
fn states() -> Vec<Contents> {
    let mut store = MemoryStore::new();
    let mut all = vec![Contents::default()];
    for batch in commits() {
        store.commit(batch).expect("memory does not fail");
        all.push(contents(&store).expect("memory does not fail"));
    }
    all
}

/// Opens and commits until the disk fails; tells how many commits returned.
fn work(disk: &Disk) -> (usize, Option<StoreError>) {
    let mut store = match open(disk) {
        Ok(store) => store,
        Err(error) => return (0, Some(error)),
    };
    for (done, batch) in commits().into_iter().enumerate() {
        if let Err(error) = store.commit(batch) {
            return (done, Some(error));
        }
        // Quiet enough to be settled after two of them.
        let settled = if done % 2 == 1 { store.settle().and_then(|()| store.settle()) } else { Ok(()) };
        if let Err(error) = settled {
            return (done + 1, Some(error));
        }
    }
    (5, None)
}

/// As [`work`], where two batches out of three wait for the flush after the third. Tells how
/// many batches were durable when the disk failed, and how many were visible.
fn work_in_groups(disk: &Disk) -> (usize, usize) {
    let Ok(mut store) = open(disk) else { return (0, 0) };
    let mut durable = 0;
    for (done, batch) in commits().into_iter().enumerate() {
        if store.commit_soon(batch).is_err() {
            return (durable, done);
        }
        if done % 3 == 2 || done == 4 {
            if store.flush().is_err() {
                return (durable, done + 1);
            }
            durable = done + 1;
        }
    }
    (5, 5)
}

/// A disk with a store on it that holds nothing yet.
fn prepared() -> Disk {
    let disk = Disk::default();
    drop(open(&disk).expect("the disk is healthy"));
    disk
}

/// How many writes and syncs the whole work takes on a healthy disk.
fn calls_needed() -> u64 {
    let disk = prepared();
    disk.fail_after(u64::MAX, ErrorKind::Other);
    assert_eq!(work(&disk), (5, None));
    u64::MAX - disk.platter().calls_left.expect("it was set above")
}

fn check_after_crash(image: Vec<u8>, acknowledged: usize, states: &[Contents], what: &str) {
    let store = open(&Disk::holding(image)).unwrap_or_else(|e| panic!("{what}: {e}"));
    let found = contents(&store).unwrap_or_else(|e| panic!("{what}: {e}"));
    let after = states.iter().position(|state| *state == found);
    let after = after.unwrap_or_else(|| panic!("{what}: the store holds half a batch"));
    assert!(
        after == acknowledged || after == acknowledged + 1,
        "{what}: {acknowledged} commits returned, the store holds {after}"
    );
}

/// Which unsynced writes reach the disk. The system may write them in any order.
type Kept = fn(usize, usize) -> bool;
const POWER_CUTS: [(&str, Kept); 6] = [
    ("nothing unsynced is kept", |_, _| false),
    ("all unsynced is kept", |_, _| true),
    ("every other write is kept", |i, _| i % 2 == 0),
    ("the others are kept", |i, _| i % 2 == 1),
    ("the earlier half is kept", |i, n| i < n / 2),
    ("the later half is kept", |i, n| i >= n / 2),
];

#[test]
fn a_crash_at_any_write_or_sync_keeps_what_was_acknowledged() {
    let (states, calls) = (states(), calls_needed());
    assert!(calls > 20, "{calls} calls are too few to mean anything");
    for crash_at in 0..calls {
        let disk = prepared();
        disk.fail_after(crash_at, ErrorKind::Other);
        let (acknowledged, _) = work(&disk);
        for (what, kept) in POWER_CUTS {
            let image = disk.platter().after_power_cut(kept);
            check_after_crash(image, acknowledged, &states, &format!("call {crash_at}, {what}"));
        }
    }
}

#[test]
fn a_crash_before_a_flush_keeps_all_that_was_flushed_and_nothing_out_of_order() {
    let states = states();
    let disk = prepared();
    disk.fail_after(u64::MAX, ErrorKind::Other);
    assert_eq!(work_in_groups(&disk), (5, 5));
    let calls = u64::MAX - disk.platter().calls_left.expect("it was set above");
    let mut lost = 0;
    for crash_at in 0..calls {
        let disk = prepared();
        disk.fail_after(crash_at, ErrorKind::Other);
        let (durable, visible) = work_in_groups(&disk);
        for (what, kept) in POWER_CUTS {
            let image = disk.platter().after_power_cut(kept);
            let what = format!("call {crash_at}, {what}");
            let store = open(&Disk::holding(image)).unwrap_or_else(|e| panic!("{what}: {e}"));
            let found = contents(&store).unwrap_or_else(|e| panic!("{what}: {e}"));
            let after = states.iter().position(|state| *state == found);
            let after = after.unwrap_or_else(|| panic!("{what}: the store holds half a batch"));
            assert!(
                (durable..=visible.min(5)).contains(&after),
                "{what}: {durable} to {visible}, not {after}"
            );
            lost += usize::from(after < visible);
        }
    }
    assert!(lost > 0, "no crash took back what was only visible: the test shows nothing");
}

/// Whether opening walks the file of a store that was killed.
fn walks_after_kill(settle: impl Fn(&mut RedbStore)) -> bool {
    let disk = Disk::default();
    let mut store = open(&disk).expect("the disk is healthy");
    for batch in commits() {
        store.commit(batch).expect("the disk is healthy");
    }
    settle(&mut store);
    let image = disk.platter().synced.clone();
    let mut builder = redb::Builder::new();
    builder.set_repair_callback(redb::RepairSession::abort);
    match builder.create_with_backend(Disk::holding(image.clone())) {
        Ok(_) => false,
        Err(redb::DatabaseError::RepairAborted) => {
            check_after_crash(image, 5, &states(), "after the walk");
            true
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_settled_store_opens_after_a_crash_without_a_walk() {
    let settle = |store: &mut RedbStore| store.settle().expect("the disk is healthy");
    assert!(walks_after_kill(|_| {}));
    assert!(walks_after_kill(settle), "it may be busy: nothing is done at the first call");
    assert!(!walks_after_kill(|store| (0..2).for_each(|_| settle(store))));
    assert!(walks_after_kill(|store| {
        settle(store);
        store.commit(Batch::new().put(*b"more", *b"work").clone()).expect("the disk is healthy");
        store.commit(Batch::new().delete(*b"more").clone()).expect("the disk is healthy");
        settle(store);
    }));
}

#[test]
fn a_full_disk_says_so_and_poisons_until_reopened() {
    let disk = Disk::default();
    let mut store = open(&disk).expect("the disk is healthy");
    let mut batches = commits().into_iter();
    store.commit(batches.next().expect("five batches")).expect("the disk is healthy");
    disk.fail_after(0, ErrorKind::StorageFull);
    let error = store.commit(batches.next().expect("five batches")).expect_err("the disk is full");
    assert!(matches!(error, StoreError::Full { doing: "committing a batch", .. }), "{error}");
    assert!(error.to_string().contains("no space is left"), "{error}");

    disk.platter().calls_left = None;
    let poisoned = StoreError::Poisoned { cause: error.to_string() };
    assert_eq!(store.commit(Batch::new()), Err(poisoned.clone()));
    assert_eq!(store.get(b"cache/1"), Err(poisoned.clone()));
    assert_eq!(store.workspaces(), Err(poisoned));
    drop(store);
    let store = open(&disk).expect("room was made");
    assert_eq!(contents(&store).as_ref(), Ok(&states()[1]));
}

#[test]
fn a_disk_that_may_not_be_written_is_named() {
    let disk = Disk::default();
    disk.fail_after(0, ErrorKind::ReadOnlyFilesystem);
    let error = open(&disk).expect_err("nothing can be written");
    assert!(error.to_string().starts_with("the store a test disk cannot be written"), "{error}");
}

#[test]
fn a_refused_batch_leaves_no_trace_and_no_poison() {
    let disk = Disk::default();
    let mut store = open(&disk).expect("the disk is healthy");
    let mut batches = commits();
    let error = store.commit(batches.remove(4)).expect_err("twenty entries are missing before it");
    assert!(error.is_refusal(), "{error}");
    assert_eq!(contents(&store).as_ref(), Ok(&states()[0]));
    store.commit(batches.remove(0)).expect("a refusal does not poison");
    assert_eq!(contents(&store).as_ref(), Ok(&states()[1]));
}
