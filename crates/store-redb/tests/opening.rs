//! Opening says what is in the way.

use std::fs;
use std::path::PathBuf;

use proofroom_store::conformance::{World, contents};
use proofroom_store::{Batch, Store as _, StoreError};
use proofroom_store_redb::{RedbStore, SCHEMA};
use redb::{Database, ReadableDatabase as _, TableDefinition};
use tempfile::TempDir;

const SCHEMAS: TableDefinition<'static, &'static str, u32> = TableDefinition::new("schema");

fn place() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let path = dir.path().join("store.redb");
    (dir, path)
}

fn with_genesis(path: &PathBuf) -> World {
    let w = World::new(1);
    let mut batch = Batch::new();
    batch.append(w.genesis.clone());
    RedbStore::open(path).expect("a new file").commit(batch).expect("room for one entry");
    w
}

#[test]
fn a_second_opening_is_told_that_the_store_is_held() {
    let (_dir, path) = place();
    let held = RedbStore::open(&path).expect("a new file");
    let error = RedbStore::open(&path).expect_err("the first one holds it");
    assert_eq!(error, StoreError::Locked { place: path.display().to_string() });
    drop(held);
    RedbStore::open(&path).expect("nobody holds it any more");
}

#[test]
fn a_newer_schema_is_refused_by_both_versions_and_kept() {
    let (_dir, path) = place();
    with_genesis(&path);
    let newer = Database::open(&path).expect("the file is a redb database");
    let write = newer.begin_write().expect("nobody else writes");
    write
        .open_table(SCHEMAS)
        .expect("the table is there")
        .insert("schema", SCHEMA + 1)
        .expect("room for a number");
    write.commit().expect("room for a number");
    drop(newer);

    let error = RedbStore::open(&path).expect_err("its schema is newer");
    let place = path.display().to_string();
    assert_eq!(error, StoreError::NewerSchema { place, found: SCHEMA + 1, known: SCHEMA });
    let text = error.to_string();
    assert!(text.contains("schema 4") && text.contains("schema 3"), "{text}");
    let newer = Database::open(&path).expect("the refusal let go of it");
    let schemas = newer.begin_read().expect("it is whole").open_table(SCHEMAS).expect("the table is there");
    let kept = schemas.get("schema").expect("it is whole").map(|row| row.value());
    assert_eq!(kept, Some(SCHEMA + 1));
}

/// A process that was killed while it made the store leaves a stump beside it.
#[test]
fn a_store_that_was_never_finished_is_made_again() {
    let (_dir, path) = place();
    let stump = path.with_extension("redb.new");
    fs::write(&stump, vec![0; 5_000]).expect("the directory is writable");
    with_genesis(&path);
    assert!(!stump.exists());
    let store = RedbStore::open(&path).expect("it is whole");
    assert_eq!(contents(&store).expect("it is whole").entries.len(), 1);
}

#[test]
fn two_that_make_one_store_at_once_do_not_get_two() {
    let (_dir, path) = place();
    let stump = fs::File::create(path.with_extension("redb.new")).expect("the directory is writable");
    stump.lock().expect("nobody else holds it");
    let error = RedbStore::open(&path).expect_err("it is being made");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
}

#[test]
fn a_database_of_another_program_is_not_taken_over() {
    let (_dir, path) = place();
    let other = Database::create(&path).expect("a new file");
    let write = other.begin_write().expect("nobody else writes");
    write.open_table(TableDefinition::<&str, &str>::new("recipes")).expect("a new table");
    write.commit().expect("room for a table");
    drop(other);
    let error = RedbStore::open(&path).expect_err("it is not ours");
    assert!(error.to_string().contains("some other program"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_not_overwritten() {
    let (_dir, path) = place();
    let letter = b"Dear Bo, ".repeat(1_000);
    fs::write(&path, &letter).expect("the directory is writable");
    let error = RedbStore::open(&path).expect_err("it is a letter");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(fs::read(&path).expect("the file is there") == letter, "the letter is as it was");
}

#[test]
fn a_missing_directory_is_named_by_the_system() {
    let (dir, _) = place();
    let error =
        RedbStore::open(dir.path().join("missing/store.redb")).expect_err("there is no such directory");
    assert!(matches!(error, StoreError::Io { doing: "opening it", .. }), "{error}");
}

#[test]
fn a_truncated_file_is_an_error_and_no_panic() {
    let (_dir, path) = place();
    with_genesis(&path);
    let whole = fs::read(&path).expect("the file is there");
    for keep in [1, 64, 320, 4_096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..keep]).expect("the directory is writable");
        let error = RedbStore::open(&path).map(|store| contents(&store)).err();
        assert!(error.is_some(), "{keep} of {} bytes", whole.len());
    }
}

/// Only what reading finds is damage; nothing damaged is served.
#[test]
fn a_damaged_entry_is_named_and_the_rest_is_still_read() {
    let (_dir, path) = place();
    let w = with_genesis(&path);
    let run = w.run(&w.bo, w.plan(), 1, 1);
    let mut batch = Batch::new();
    batch.append(run[0].clone());
    RedbStore::open(&path).expect("nobody holds it").commit(batch).expect("room for one entry");

    let mut file = fs::read(&path).expect("the file is there");
    let stored = file.windows(run[0].bytes().len()).rposition(|bytes| bytes == &run[0].bytes()[..]);
    file[stored.expect("the entry is in the file") + 400] ^= 1;
    fs::write(&path, file).expect("the directory is writable");

    let store = RedbStore::open(&path).expect("the pages around it are whole");
    let h = run[0].header();
    let error = store.entry(w.workspace, h.doc, h.log, 1).expect_err("its payload was altered");
    assert!(matches!(error, StoreError::Corrupt { .. }) && !error.poisons(), "{error}");
    let genesis = w.genesis.header();
    assert_eq!(store.entry(w.workspace, genesis.doc, genesis.log, 1), Ok(Some(w.genesis.clone())));
}

#[test]
fn a_rewritten_file_holds_the_same_and_nothing_that_was_erased() {
    let (_dir, path) = place();
    let w = with_genesis(&path);
    let mut store = RedbStore::open(&path).expect("nobody holds it");
    let mut log = w.log(&w.bo, w.plan(), 1);
    let secret = b"a payload that must go, and is long enough to be found again";
    let run = [w.next(&mut log, &w.bo, secret), w.next(&mut log, &w.bo, b"what stays")];
    let mut batch = Batch::new();
    batch.append(run[0].clone()).append(run[1].clone()).put(*b"key", *b"value");
    store.commit(batch).expect("room for two entries");
    assert_eq!(store.rewrite_if_due(&path), Ok(false), "nothing was erased");
    let mut batch = Batch::new();
    batch.erase(&run[0]).put(proofroom_store::REWRITE_DUE, [1]);
    store.commit(batch).expect("room");
    let holds = |path: &PathBuf| {
        let bytes = fs::read(path).expect("it is there");
        bytes.windows(secret.len()).any(|window| window == secret)
    };
    assert!(holds(&path), "free pages keep their bytes");
    let mut before = contents(&store).expect("it is healthy");
    assert_eq!(store.rewrite_if_due(&path), Ok(true));
    assert!(!holds(&path) && !path.with_extension("redb.new").exists());
    before.values.retain(|(key, _)| key != proofroom_store::REWRITE_DUE);
    assert_eq!(contents(&store), Ok(before.clone()));
    // It goes on in the new file, which nobody else may open meanwhile.
    assert!(matches!(RedbStore::open(&path), Err(StoreError::Locked { .. })));
    let mut batch = Batch::new();
    batch.append(w.next(&mut log, &w.bo, b"more"));
    store.commit(batch).expect("room");
    drop(store);
    let again = RedbStore::open(&path).expect("nobody holds it any more");
    assert!(again.entry(w.workspace, w.plan(), run[0].header().log, 3).expect("it is healthy").is_some());
}

#[test]
fn a_store_whose_file_cannot_be_made_anew_goes_on_in_the_old_one() {
    let (_dir, path) = place();
    let mut store = RedbStore::open(&path).expect("nobody holds it");
    store.commit(Batch::new().put(proofroom_store::REWRITE_DUE, [1]).clone()).expect("room");
    let in_the_way = path.with_extension("redb.new");
    fs::create_dir(&in_the_way).expect("room for a folder");
    let error = store.rewrite_if_due(&path).expect_err("a folder has the new file's name");
    assert!(error.to_string().contains("making its file anew"), "{error}");
    store.commit(Batch::new().put(*b"key", *b"value").clone()).expect("it goes on");
    assert_eq!(store.rewrite_if_due(&path), Ok(false), "not again at once");
    drop(store);
    fs::remove_dir(&in_the_way).expect("it is empty");
    let mut store = RedbStore::open(&path).expect("nobody holds it any more");
    assert_eq!(store.rewrite_if_due(&path), Ok(true));
    assert_eq!(store.get(b"key"), Ok(Some(b"value".to_vec())));
}
