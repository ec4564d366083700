//! Rewriting: a file that holds what the store holds, and nothing else.
//!
//! redb writes pages beside old ones, and a page that is free keeps its bytes until something else needs the
//! room. What was erased is gone from the disk's files only once the file is made anew. The new one is filled
//! under another name and takes the old one's place when it is durable: a crash leaves one of the two.

use std::path::Path;
use std::time::{Duration, Instant};

use proofroom_store::{REWRITE_DUE, Store as _, StoreError};
use redb::{Database, Durability, Key, ReadTransaction, ReadableDatabase as _, TableDefinition, Value};
use redb::{ReadableTable as _, WriteTransaction};

use crate::failure::Failure;
use crate::layout::{BASES, DOCS, ENTRIES, META, PROOFS, SCHEMAS, SNAPSHOT_INDEX, SNAPSHOTS, TIPS};
use crate::store::{RedbStore, State, Unfinished, caught};

const REWRITING: &str = "making its file anew";
/// Time between two rewrites, in lengths of one.
const PAUSE: u32 = 100;
/// The least of it after one that failed.
const RETRY: Duration = Duration::from_secs(60);

impl RedbStore {
    /// Makes the store's file, which is at `path`, anew if that is due: nothing that was deleted or erased is left
    /// in it. Tells whether it was. It takes as long as the store is large, for whoever erases one word, so
    /// a store that stays open gives at most a hundredth of its time to it.
    ///
    /// # Errors
    /// When there is no room for the new file, or it cannot be filled: the store goes on in the old one, and tries
    /// again later. A failure once the new one is whole poisons the store.
    pub fn rewrite_if_due(&mut self, path: impl AsRef<Path>) -> Result<bool, StoreError> {
        let early = self.rewrite_after.is_some_and(|after| Instant::now() < after);
        if early || self.get(REWRITE_DUE)?.is_none() {
            return Ok(false);
        }
        let began = Instant::now();
        let made = self.rewrite(path.as_ref());
        let pause = (began.elapsed() * PAUSE).max(if made.is_ok() { Duration::ZERO } else { RETRY });
        self.rewrite_after = Some(Instant::now() + pause);
        made.map(|()| true)
    }

    fn rewrite(&mut self, path: &Path) -> Result<(), StoreError> {
        let filled = caught(|| Unfinished::beside(path)?.fill(self.cache_bytes, |into| self.copy_into(into)));
        let (db, unnamed) = filled.map_err(|e| e.into_store_error(REWRITING, &self.place))?;
        self.run(REWRITING, || unnamed.replace())?;
        self.db = db;
        (self.state, self.owes_flush) = (State::Busy, false);
        Ok(())
    }

    fn copy_into(&self, into: &Database) -> Result<(), Failure> {
        let read = self.db.begin_read()?;
        let mut write = into.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        copy(&read, &write, SCHEMAS)?;
        copy(&read, &write, ENTRIES)?;
        copy(&read, &write, TIPS)?;
        copy(&read, &write, DOCS)?;
        copy(&read, &write, PROOFS)?;
        copy(&read, &write, META)?;
        write.open_table(META)?.remove(REWRITE_DUE)?;
        copy(&read, &write, BASES)?;
        copy(&read, &write, SNAPSHOTS)?;
        copy(&read, &write, SNAPSHOT_INDEX)?;
        Ok(write.commit()?)
    }
}

fn copy<K: Key + 'static, V: Value + 'static>(
    read: &ReadTransaction,
    write: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), Failure> {
    let mut to = write.open_table(table)?;
    for row in read.open_table(table)?.iter()? {
        let (key, value) = row?;
        to.insert(key.value(), value.value())?;
    }
    Ok(())
}
