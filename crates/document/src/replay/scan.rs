//! The raw scan of a document chunk: what it would inflate and unroll to, before
//! automerge allocates any of it.
//!
//! ```text
//! magic:4 checksum:4 type:u8=0 length:uleb
//! actors:uleb { length:uleb actor }   heads:uleb { hash:32 }
//! change columns:uleb { spec:uleb length:uleb }   operation columns: the same
//! change column data, operation column data, then head indexes
//! ```

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::LoadError;
use crate::chunk::{ChunkError, Cursor};

const CHUNK_BYTES_MAX: usize = super::SNAPSHOT_CHUNK_BYTES_MAX;
const INFLATED_BYTES_MAX: usize = 256 << 20;
/// Most rows of a column: some 50 times what a document is meant to hold.
const ROWS_MAX: usize = 4_000_000;
const COLUMNS_MAX: usize = 64;
const ACTORS_MAX: usize = 100_000;
const HEADS_MAX: usize = 10_000;
const ACTOR_BYTES_MAX: usize = 64;
const DEFLATED: u64 = 0b1000;

struct Column {
    spec: u64,
    length: usize,
}

/// Refuses a chunk that is no document, or one that unrolls beyond the limits.
pub(super) fn check(chunk: &[u8]) -> Result<(), LoadError> {
    if chunk.len() > CHUNK_BYTES_MAX {
        return Err(too_large("bytes", chunk.len(), CHUNK_BYTES_MAX));
    }
    let scan = |e: ChunkError| LoadError::Engine(e.to_string());
    let (columns, mut data) = columns(chunk).map_err(scan)?;
    let mut left = INFLATED_BYTES_MAX;
    for column in columns {
        let bytes = data.take(column.length, "a column").map_err(scan)?;
        if column.spec & DEFLATED == 0 {
            rows(column.spec, bytes)?;
        } else {
            let inflated = decompress_to_vec_with_limit(bytes, left)
                .map_err(|_| too_large("inflated bytes", INFLATED_BYTES_MAX, INFLATED_BYTES_MAX))?;
            left -= inflated.len();
            rows(column.spec, &inflated)?;
        }
    }
    Ok(())
}

fn too_large(what: &'static str, found: usize, limit: usize) -> LoadError {
    LoadError::TooLarge { what, found, limit }
}

fn columns(chunk: &[u8]) -> Result<(Vec<Column>, Cursor<'_>), ChunkError> {
    let mut r = Cursor::chunk(chunk, 0)?;
    for _ in 0..r.length("actors", ACTORS_MAX)? {
        let length = r.length("an actor's length", ACTOR_BYTES_MAX)?;
        r.take(length, "an actor")?;
    }
    let heads = r.length("heads", HEADS_MAX)?;
    r.take(heads * 32, "heads")?;
    let mut columns = Vec::new();
    for _ in 0..2 {
        for _ in 0..r.length("columns", COLUMNS_MAX)? {
            let spec = r.uleb("a column")?;
            columns.push(Column { spec, length: r.length("a column's length", CHUNK_BYTES_MAX)? });
        }
    }
    Ok((columns, r))
}

/// Counts a column's rows; a group's rows also say how many rows its members have.
fn rows(spec: u64, bytes: &[u8]) -> Result<(), LoadError> {
    let found = match spec & 0b111 {
        4 => boolean_rows(bytes),
        7 => return Ok(()),
        kind => run_rows(kind, bytes),
    };
    match found.map_err(|e| LoadError::Engine(e.to_string()))? {
        found if found > ROWS_MAX as u64 => {
            Err(too_large("rows in one column", usize::try_from(found).unwrap_or(usize::MAX), ROWS_MAX))
        }
        _ => Ok(()),
    }
}

fn boolean_rows(bytes: &[u8]) -> Result<u64, ChunkError> {
    let mut r = Cursor::new(bytes);
    let mut rows = 0u64;
    while r.remaining() > 0 {
        rows = rows.saturating_add(r.uleb("a run")?);
    }
    Ok(rows)
}

fn run_rows(kind: u64, bytes: &[u8]) -> Result<u64, ChunkError> {
    let mut r = Cursor::new(bytes);
    let (mut rows, mut members) = (0u64, 0u64);
    while r.remaining() > 0 {
        let count = r.sleb("a run")?;
        let run = if count == 0 { r.uleb("a run")? } else { count.unsigned_abs() };
        rows = rows.saturating_add(run);
        let items = match count {
            0 => 0,
            1.. => 1,
            // Each takes a byte at least, so that the loop is bounded by the input.
            _ => run.min(r.remaining() as u64),
        };
        for _ in 0..items {
            let value = item(kind, &mut r)?;
            let times = if count > 0 { run } else { 1 };
            members = members.saturating_add(value.saturating_mul(times));
        }
    }
    Ok(if kind == 0 { rows.max(members) } else { rows })
}

/// Skips a value; gives it where it is an unsigned number.
fn item(kind: u64, r: &mut Cursor<'_>) -> Result<u64, ChunkError> {
    match kind {
        3 => r.sleb("a value").map(|_| 0),
        5 => {
            let length = r.length("a text's length", CHUNK_BYTES_MAX)?;
            r.take(length, "a text").map(|_| 0)
        }
        _ => r.uleb("a value"),
    }
}
