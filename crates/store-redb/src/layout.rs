//! Tables, keys and rows. See the crate's header for the drawing.

use proofroom_entry::{LogTip, Signed, SignedSnapshot, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{
    Audience, ByteReader, ByteWriter, DocId, EntryHash, LogId, SignerKey, SnapshotId, WorkspaceId,
};
use proofroom_store::{DocKey, DocSummary, LogKey, Pair, SnapshotSummary};
use redb::TableDefinition;

use crate::failure::Failure;

pub(crate) type EntryRowKey = [u8; 72];
pub(crate) type LogRowKey = [u8; 64];
pub(crate) type DocRowKey = [u8; 48];
pub(crate) type SnapshotRowKey = [u8; 80];

pub(crate) const SCHEMAS: TableDefinition<'static, &'static str, u32> = TableDefinition::new("schema");
pub(crate) const ENTRIES: TableDefinition<'static, &'static EntryRowKey, &'static [u8]> =
    TableDefinition::new("entries-1");
pub(crate) const TIPS: TableDefinition<'static, &'static LogRowKey, &'static [u8; TIP_BYTES]> =
    TableDefinition::new("tips-1");
pub(crate) const DOCS: TableDefinition<'static, &'static DocRowKey, &'static [u8; DOC_BYTES]> =
    TableDefinition::new("docs-1");
pub(crate) const PROOFS: TableDefinition<'static, &'static LogRowKey, &'static [u8]> =
    TableDefinition::new("proofs-1");
pub(crate) const META: TableDefinition<'static, &'static [u8], &'static [u8]> =
    TableDefinition::new("meta-1");

pub(crate) const BASES: TableDefinition<'static, &'static LogRowKey, &'static [u8]> =
    TableDefinition::new("bases-1");
pub(crate) const SNAPSHOTS: TableDefinition<'static, &'static SnapshotRowKey, &'static [u8]> =
    TableDefinition::new("snapshots-1");
pub(crate) const SNAPSHOT_INDEX: TableDefinition<
    'static,
    &'static SnapshotRowKey,
    &'static [u8; SNAPSHOT_INDEX_BYTES],
> = TableDefinition::new("snapshot-index-1");

pub(crate) const TIP_BYTES: usize = 73;
pub(crate) const DOC_BYTES: usize = 49;
pub(crate) const SNAPSHOT_INDEX_BYTES: usize = 48;

pub(crate) fn doc_key((workspace, doc): &DocKey) -> DocRowKey {
    let mut key = [0; 48];
    key[..32].copy_from_slice(workspace.as_bytes());
    key[32..].copy_from_slice(doc.as_bytes());
    key
}

pub(crate) fn log_key((workspace, doc, log): &LogKey) -> LogRowKey {
    let mut key = [0; 64];
    key[..48].copy_from_slice(&doc_key(&(*workspace, *doc)));
    key[48..].copy_from_slice(log.as_bytes());
    key
}

pub(crate) fn entry_key(log: &LogKey, seq: u64) -> EntryRowKey {
    let mut key = [0; 72];
    key[..64].copy_from_slice(&log_key(log));
    key[64..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The first and the last key of `N` bytes that begin with `prefix`.
pub(crate) fn span<const N: usize>(prefix: &[u8]) -> ([u8; N], [u8; N]) {
    let (mut first, mut last) = ([0; N], [0xff; N]);
    first[..prefix.len()].copy_from_slice(prefix);
    last[..prefix.len()].copy_from_slice(prefix);
    (first, last)
}

pub(crate) fn workspace_of(key: &DocRowKey) -> WorkspaceId {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&key[..32]);
    WorkspaceId::from_bytes(bytes)
}

fn doc_of(key: &[u8]) -> DocId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key[32..48]);
    DocId::from_bytes(bytes)
}

fn log_of(key: &LogRowKey) -> LogId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key[48..]);
    LogId::from_bytes(bytes)
}

fn audience_of(byte: u8, row: &'static str) -> Result<Audience, Failure> {
    Audience::from_byte(byte).ok_or_else(|| Failure::Damage(format!("{row} names audience {byte}")))
}

fn short(error: impl std::fmt::Display) -> Failure {
    Failure::Damage(error.to_string())
}

pub(crate) fn tip_row(tip: &LogTip) -> [u8; TIP_BYTES] {
    let mut w = ByteWriter::with_capacity(TIP_BYTES);
    w.put(tip.author.as_bytes()).u8(tip.audience as u8).u64(tip.seq).put(tip.hash.as_bytes());
    let mut row = [0; TIP_BYTES];
    row.copy_from_slice(&w.finish());
    row
}

pub(crate) fn read_tip(key: &LogRowKey, row: &[u8; TIP_BYTES]) -> Result<LogTip, Failure> {
    let mut r = ByteReader::new(row);
    let author = SignerKey::from_bytes(r.array("author").map_err(short)?);
    let audience = audience_of(r.u8("audience").map_err(short)?, "a tip")?;
    let seq = r.u64("seq").map_err(short)?;
    let hash = EntryHash::from_bytes(r.array("hash").map_err(short)?);
    Ok(LogTip { doc: doc_of(key), log: log_of(key), author, audience, seq, hash })
}

pub(crate) fn doc_row(summary: &DocSummary) -> [u8; DOC_BYTES] {
    let mut w = ByteWriter::with_capacity(DOC_BYTES);
    w.u8(summary.audience as u8).u64(summary.entries).u64(summary.bytes).put(&summary.digest);
    let mut row = [0; DOC_BYTES];
    row.copy_from_slice(&w.finish());
    row
}

pub(crate) fn read_doc(key: &DocRowKey, row: &[u8; DOC_BYTES]) -> Result<DocSummary, Failure> {
    let mut r = ByteReader::new(row);
    let audience = audience_of(r.u8("audience").map_err(short)?, "a document")?;
    let entries = r.u64("entries").map_err(short)?;
    let bytes = r.u64("bytes").map_err(short)?;
    let digest = r.array("digest").map_err(short)?;
    Ok(DocSummary { doc: doc_of(key), audience, digest, entries, bytes })
}

/// An entry that this store wrote: only its signature is taken on trust.
pub(crate) fn read_entry(key: &EntryRowKey, row: &[u8]) -> Result<Verified, Failure> {
    let entry = trusted(row)?;
    let h = entry.header();
    if entry_key(&(entry.workspace(), h.doc, h.log), h.seq) == *key {
        Ok(entry)
    } else {
        Err(Failure::Damage(format!("entry {:?} is not at its position", entry.hash())))
    }
}

pub(crate) fn proof_row((one, other): &Pair) -> Vec<u8> {
    let mut w = ByteWriter::with_capacity(one.bytes().len() + other.bytes().len() + 8);
    w.run(one.bytes()).run(other.bytes());
    w.finish()
}

pub(crate) fn read_proof(row: &[u8]) -> Result<Pair, Failure> {
    let mut r = ByteReader::new(row);
    let one = trusted(r.run("first entry of a proof").map_err(short)?)?;
    let other = trusted(r.run("second entry of a proof").map_err(short)?)?;
    Ok((one, other))
}

pub(crate) fn snapshot_key(doc: &DocKey, maker: SignerKey) -> SnapshotRowKey {
    let mut key = [0; 80];
    key[..48].copy_from_slice(&doc_key(doc));
    key[48..].copy_from_slice(maker.as_bytes());
    key
}

pub(crate) fn index_row(summary: &SnapshotSummary) -> [u8; SNAPSHOT_INDEX_BYTES] {
    let mut w = ByteWriter::with_capacity(SNAPSHOT_INDEX_BYTES);
    w.put(summary.id.as_bytes()).u64(summary.entries).u64(summary.bytes);
    let mut row = [0; SNAPSHOT_INDEX_BYTES];
    row.copy_from_slice(&w.finish());
    row
}

pub(crate) fn read_index(
    key: &SnapshotRowKey,
    row: &[u8; SNAPSHOT_INDEX_BYTES],
) -> Result<SnapshotSummary, Failure> {
    let mut r = ByteReader::new(row);
    let id = SnapshotId::from_bytes(r.array("snapshot").map_err(short)?);
    let entries = r.u64("entries").map_err(short)?;
    let bytes = r.u64("bytes").map_err(short)?;
    let maker = SignerKey::from_bytes(ByteReader::new(&key[48..]).array("maker").map_err(short)?);
    Ok(SnapshotSummary { doc: doc_of(key), maker, id, entries, bytes })
}

pub(crate) fn read_base(key: &LogRowKey, row: &[u8]) -> Result<VerifiedHeader, Failure> {
    let base = VerifiedHeader::trust_stored_bytes(row).map_err(short)?;
    let h = base.header();
    match log_key(&(h.workspace, h.doc, h.log)) == *key {
        true => Ok(base),
        false => Err(Failure::Damage(format!("base {:?} is not at its log", base.hash()))),
    }
}

/// The snapshots among rows of one document, most entries first.
pub(crate) fn read_snapshots<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Snapshot>, Failure> {
    let read = |row| SignedSnapshot::decode(row).map_err(short)?.trust_stored_bytes().map_err(short);
    let mut all = rows.map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.entries()));
    Ok(all)
}

fn trusted(bytes: &[u8]) -> Result<Verified, Failure> {
    Signed::decode(bytes).map_err(short)?.trust_stored_bytes().map_err(short)
}
