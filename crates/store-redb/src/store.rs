//! Opening, and the one door to redb: errors named, panics caught, failures kept.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use proofroom_store::StoreError;
use redb::backends::FileBackend;
use redb::{Database, Durability, ReadableDatabase as _, StorageBackend, WriteTransaction};

use crate::failure::Failure;
use crate::layout::{BASES, DOCS, ENTRIES, META, PROOFS, SCHEMAS, SNAPSHOT_INDEX, SNAPSHOTS, TIPS};

/// The schema that this program writes, and the newest that it reads.
pub const SCHEMA: u32 = 3;
/// Memory for cached pages, in bytes, unless the caller says otherwise.
pub const CACHE_BYTES_DEFAULT: usize = 32 << 20;

const OPENING: &str = "opening it";

/// A store in one redb file.
#[derive(Debug)]
pub struct RedbStore {
    pub(crate) db: Database,
    pub(crate) place: String,
    pub(crate) cache_bytes: usize,
    poison: OnceLock<String>,
    pub(crate) state: State,
    /// Whether batches are visible that are not durable yet.
    pub(crate) owes_flush: bool,
    /// When the file may be made anew again.
    pub(crate) rewrite_after: Option<Instant>,
}

/// Whether the file can be opened after a crash without a walk through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It can.
    Settled,
    /// Commits came since.
    Busy,
    /// Commits came, but none since somebody asked.
    Quiet,
}

impl RedbStore {
    /// Opens the store in the file at `path`, or makes a new one there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with_cache(path, CACHE_BYTES_DEFAULT)
    }

    /// As [`RedbStore::open`], with a page cache of `cache_bytes`.
    pub fn open_with_cache(path: impl AsRef<Path>, cache_bytes: usize) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let place = path.display().to_string();
        match Unfinished::claim(path).map_err(|e| e.into_store_error(OPENING, &place))? {
            Some(unfinished) => unfinished.finish(&place, cache_bytes),
            None => {
                refuse_newer(path, &place)?;
                Self::prepare(&place, cache_bytes, |builder| Ok(builder.open(path)?))
            }
        }
    }

    /// Opens the store on other storage than a file: a browser's handle, a test's
    /// failing disk. `place` names it in errors. Storage that was cut off while it
    /// was first filled must be emptied before it is handed in again.
    pub fn open_on(backend: impl StorageBackend, place: &str) -> Result<Self, StoreError> {
        Self::prepare(place, CACHE_BYTES_DEFAULT, |builder| Ok(builder.create_with_backend(backend)?))
    }

    fn prepare(
        place: &str,
        cache_bytes: usize,
        open: impl FnOnce(&redb::Builder) -> Result<Database, Failure>,
    ) -> Result<Self, StoreError> {
        let db = caught(|| open(&builder(cache_bytes))).map_err(|e| e.into_store_error(OPENING, place))?;
        let store = Self {
            db,
            place: place.into(),
            cache_bytes,
            poison: OnceLock::new(),
            state: State::Busy,
            owes_flush: false,
            rewrite_after: None,
        };
        store.run(OPENING, || store.settle_schema())?;
        Ok(store)
    }

    /// Checks the schema of an old file, and brings it up to date; makes the tables of a new one.
    fn settle_schema(&self) -> Result<(), Failure> {
        match self.schema()? {
            Some(SCHEMA) => Ok(()),
            Some(found) if found > SCHEMA => Err(Failure::Store(newer(&self.place, found))),
            // The first schema had no bases and no snapshots; of the second, no program kept any.
            Some(1 | 2) => self.create_tables(),
            Some(found) => Err(Failure::Damage(format!("schema {found} was never written"))),
            None => self.create_tables(),
        }
    }

    /// The schema of the file; `None` if it holds nothing yet.
    fn schema(&self) -> Result<Option<u32>, Failure> {
        let read = self.db.begin_read()?;
        let table = match read.open_table(SCHEMAS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) if read.list_tables()?.next().is_none() => {
                return Ok(None);
            }
            Err(redb::TableError::TableDoesNotExist(_)) => {
                return Err(Failure::Damage("it is a database of some other program".into()));
            }
            Err(e) => return Err(e.into()),
        };
        let row = table.get(SCHEMAS_KEY)?;
        row.map(|v| Some(v.value())).ok_or_else(|| Failure::Damage("its schema row is gone".into()))
    }

    fn create_tables(&self) -> Result<(), Failure> {
        let write = self.begin_write(Durability::Immediate)?;
        write.open_table(SCHEMAS)?.insert(SCHEMAS_KEY, SCHEMA)?;
        write.open_table(ENTRIES)?;
        write.open_table(TIPS)?;
        write.open_table(DOCS)?;
        write.open_table(PROOFS)?;
        write.open_table(META)?;
        write.open_table(BASES)?;
        write.open_table(SNAPSHOTS)?;
        write.open_table(SNAPSHOT_INDEX)?;
        write.commit()?;
        Ok(())
    }

    /// A transaction that is durable when its commit returns, or with the next one that is.
    pub(crate) fn begin_write(&self, durability: Durability) -> Result<WriteTransaction, Failure> {
        let mut write = self.db.begin_write()?;
        write.set_durability(durability)?;
        Ok(write)
    }

    /// Saves the allocator's state if commits came, and none since the last call: from then
    /// on, opening after a crash does not walk the file. For whoever keeps a store open for
    /// long to call now and then.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.state = match self.state {
            State::Settled => return Ok(()),
            State::Busy => State::Quiet,
            State::Quiet => {
                self.run("settling", || {
                    let mut write = self.begin_write(Durability::Immediate)?;
                    write.set_quick_repair(true);
                    Ok(write.commit()?)
                })?;
                State::Settled
            }
        };
        Ok(())
    }

    /// Runs one operation. A failure of the storage poisons the store.
    pub(crate) fn run<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        if let Some(cause) = self.poison.get() {
            return Err(StoreError::Poisoned { cause: cause.clone() });
        }
        caught(act).map_err(|failure| {
            let error = failure.into_store_error(doing, &self.place);
            if error.poisons() {
                self.poison.get_or_init(|| error.to_string());
            }
            error
        })
    }
}

const SCHEMAS_KEY: &str = "schema";

fn newer(place: &str, found: u32) -> StoreError {
    StoreError::NewerSchema { place: place.into(), found, known: SCHEMA }
}

/// Looks at the schema without a write: opening a database for writing marks its
/// file as in use, and a newer version's file is not ours to mark. A file that
/// cannot be read this way (it needs repair, say) is left to the real opening.
fn refuse_newer(path: &Path, place: &str) -> Result<(), StoreError> {
    let look = || -> Result<Option<u32>, Failure> {
        let db = redb::Builder::new().open_read_only(path)?;
        let read = db.begin_read()?;
        let table = read.open_table(SCHEMAS)?;
        Ok(table.get(SCHEMAS_KEY)?.map(|row| row.value()))
    };
    match caught(look) {
        Ok(Some(found)) if found > SCHEMA => Err(newer(place, found)),
        _ => Ok(()),
    }
}

fn builder(cache_bytes: usize) -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(cache_bytes);
    builder
}

pub(crate) fn caught<T>(act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| Err(Failure::of_panic(&*panic)))
}

/// A store that is being made, under another name until it is whole: a process
/// killed at that moment leaves nothing that is in the way later.
pub(crate) struct Unfinished {
    file: File,
    from: PathBuf,
    to: PathBuf,
}

impl Unfinished {
    /// Claims the making of the store at `path`; `None` if it is there already.
    fn claim(path: &Path) -> Result<Option<Self>, Failure> {
        if path.try_exists()? {
            return Ok(None);
        }
        let unfinished = Self::beside(path)?;
        // Another process may have finished between the first look and the lock.
        if path.try_exists()? {
            return Ok(None);
        }
        unfinished.file.set_len(0)?;
        Ok(Some(unfinished))
    }

    /// The file in which the store at `path` is made, or made anew; nobody else has it.
    pub(crate) fn beside(path: &Path) -> Result<Self, Failure> {
        let mut from = path.as_os_str().to_owned();
        from.push(".new");
        let from = PathBuf::from(from);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // What is in it is its owner's alone, wherever its folder lies.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&from)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(redb::DatabaseError::DatabaseAlreadyOpen.into()),
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        Ok(Self { file, from, to: path.to_owned() })
    }

    /// Fills the file by `fill`; it has no name of its own yet.
    pub(crate) fn fill(
        self,
        cache_bytes: usize,
        fill: impl FnOnce(&Database) -> Result<(), Failure>,
    ) -> Result<(Database, Unnamed), Failure> {
        let Self { file, from, to } = self;
        file.set_len(0)?;
        let db = builder(cache_bytes).create_with_backend(FileBackend::new(file)?)?;
        fill(&db)?;
        fs::set_permissions(&from, fs::metadata(&to)?.permissions())?;
        Ok((db, Unnamed { from, to }))
    }

    /// Fills the file, then gives it its name; it stays open and locked throughout.
    fn finish(self, place: &str, cache_bytes: usize) -> Result<RedbStore, StoreError> {
        let Self { file, from, to } = self;
        let store = RedbStore::prepare(place, cache_bytes, |builder| {
            Ok(builder.create_with_backend(FileBackend::new(file)?)?)
        })?;
        store.run(OPENING, || {
            fs::rename(&from, &to)?;
            Ok(sync_parent(&to)?)
        })?;
        Ok(store)
    }
}

/// A store that is whole, and has another's place to take.
pub(crate) struct Unnamed {
    from: PathBuf,
    to: PathBuf,
}

impl Unnamed {
    /// Takes it.
    pub(crate) fn replace(&self) -> Result<(), Failure> {
        fs::rename(&self.from, &self.to)?;
        Ok(sync_parent(&self.to)?)
    }
}

/// Makes a new file's name durable. Where directories cannot be opened, the system does it.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(parent) {
        Ok(dir) => dir.sync_all(),
        Err(_) => Ok(()),
    }
}
