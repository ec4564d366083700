//! The canonical bytes of an operation.
//!
//! ```text
//! payload    version:u8=1  parents:u16  parent:32 each, ascending   tag:u8  body
//! body
//!   1 genesis        nonce:32  recovery?  record
//!   2 add device     recovery?  record
//!   3 remove device  signer:32  cut
//!   4 invite         id:32  kex:32  role:u8  uses:u32  expires? (u64)
//!   5 revoke invite  id:32
//!   6 accept         invite:32  proof:64  recovery?  record
//!   7 set role       person:32  role:u8  cut
//!   8 remove         person:32  cut
//!   9 extend cut     removal:32  cut
//!  10 rotate key     audience:u8  key:16  wraps  links
//!  11 share key      audience:u8  key:16  wraps
//!  12 merge
//!  13 erase          statement:32  erased  files
//! x?         0:u8, or 1:u8 and the value
//! cut        n:u32, then n times  doc:16 log:16 seq:u64 hash:32, ascending by (doc, log)
//! wraps      n:u32, then n times  to:32 enc:32 sealed:48, ascending by to
//! erased     n:u32, then n times  doc:16 log:16 seq:u64 hash:32, ascending by (doc, log, seq)
//! files      n:u32, then n times  blob:32, ascending
//! links      n:u32, then n times  key:16 nonce:24 sealed:48, ascending by key
//! record     see `ident::DeviceRecord`
//! ```
//!
//! A value has exactly one encoding: lists ascend strictly, nothing follows the body.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofroom_ident::{
    Audience, BlobHash, ByteReader, ByteWriter, DeviceRecord, DeviceRecordError, DocId, EntryHash, InviteId,
    KexPublic, KeyId, LogClass, LogId, Millis, Nonce, PersonId, ShortInput, Signature, SignerKey,
};

use super::{
    CUT_LOGS_MAX, Cut, ERASED_MAX, Erased, LINKS_MAX, Linked, Op, PARENTS_MAX, USES_MAX, WRAPS_MAX, Wrapped,
};
use crate::Role;

const VERSION: u8 = 1;

/// Bytes are not an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpDecodeError {
    /// The bytes end too early.
    #[error("authority operation: {0}")]
    Short(#[from] ShortInput),
    /// A device record is not one.
    #[error("authority operation: {0}")]
    Record(#[from] DeviceRecordError),
    /// A field holds a value that this version does not know.
    #[error("authority operation: unknown {field} {value}")]
    Unknown {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u8,
    },
    /// A list is longer than its limit, or a number is out of range.
    #[error("authority operation: {what} is {found}, at most {limit} is allowed")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// As found.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The bytes are not the one canonical form.
    #[error("authority operation: {0}")]
    NotCanonical(&'static str),
}

impl Op {
    /// The canonical payload of an authority entry on top of `parents`, which
    /// may come in any order. More than [`PARENTS_MAX`] parents do not decode.
    pub fn encode(&self, parents: &[EntryHash]) -> Vec<u8> {
        let mut parents = parents.to_vec();
        parents.sort_unstable();
        parents.dedup();
        let mut w = ByteWriter::with_capacity(256);
        w.u8(VERSION).u16(u16::try_from(parents.len()).unwrap_or(u16::MAX));
        for parent in &parents {
            w.put(parent.as_bytes());
        }
        self.put_body(&mut w);
        w.finish()
    }

    fn put_body(&self, w: &mut ByteWriter) {
        match self {
            Self::Genesis { device, recovery, nonce } => {
                w.u8(1).put(nonce);
                put_device(w, recovery.as_ref(), device);
            }
            Self::AddDevice { device, recovery } => put_device(w.u8(2), recovery.as_ref(), device),
            Self::RemoveDevice { signer, cut } => put_cut(w.u8(3).put(signer.as_bytes()), cut),
            Self::Invite { id, kex, role, uses, expires } => {
                w.u8(4).put(id.as_bytes()).put(kex.as_bytes()).u8(*role as u8).u32(*uses);
                match expires {
                    None => w.u8(0),
                    Some(at) => w.u8(1).u64(at.0),
                };
            }
            Self::RevokeInvite { id } => {
                w.u8(5).put(id.as_bytes());
            }
            Self::Accept { invite, device, recovery, proof } => {
                w.u8(6).put(invite.as_bytes()).put(proof.as_bytes());
                put_device(w, recovery.as_ref(), device);
            }
            Self::SetRole { person, role, cut } => {
                put_cut(w.u8(7).put(person.as_bytes()).u8(*role as u8), cut);
            }
            Self::Remove { person, cut } => put_cut(w.u8(8).put(person.as_bytes()), cut),
            Self::ExtendCut { removal, cut } => put_cut(w.u8(9).put(removal.as_bytes()), cut),
            Self::RotateKey { audience, key, wraps, previous } => {
                put_wraps(w.u8(10).u8(*audience as u8).put(key.as_bytes()), wraps);
                put_links(w, previous);
            }
            Self::ShareKey { audience, key, wraps } => {
                put_wraps(w.u8(11).u8(*audience as u8).put(key.as_bytes()), wraps);
            }
            Self::Merge => {
                w.u8(12);
            }
            Self::Erase { statement, entries, blobs } => {
                put_erased(w.u8(13).put(statement.as_bytes()), entries, blobs);
            }
        }
    }

    /// Reads the payload of an authority entry: its parents, ascending, and the
    /// operation. Signatures inside are not checked.
    pub fn decode(payload: &[u8]) -> Result<(Vec<EntryHash>, Op), OpDecodeError> {
        let mut r = ByteReader::new(payload);
        known("version", r.u8("version")?, |v| (v == VERSION).then_some(()))?;
        let n = usize::from(r.u16("parent count")?);
        let parents = ascending(&mut r, within("parents", n, PARENTS_MAX)?, 32, |r| {
            let parent = EntryHash::from_bytes(r.array("parent")?);
            Ok((parent, parent))
        })?;
        let op = take_body(&mut r)?;
        if !r.is_empty() {
            return Err(OpDecodeError::NotCanonical("bytes follow the operation"));
        }
        Ok((parents, op))
    }
}

fn put_device(w: &mut ByteWriter, recovery: Option<&KexPublic>, device: &DeviceRecord) {
    match recovery {
        None => w.u8(0),
        Some(kex) => w.u8(1).put(kex.as_bytes()),
    };
    device.encode(w);
}

fn put_erased(w: &mut ByteWriter, entries: &[Erased], blobs: &[BlobHash]) {
    let entries: BTreeSet<&Erased> = entries.iter().collect();
    put_len(w, entries.len());
    for e in entries {
        w.put(e.doc.as_bytes()).put(e.log.as_bytes()).u64(e.seq).put(e.hash.as_bytes());
    }
    let blobs: BTreeSet<&BlobHash> = blobs.iter().collect();
    put_len(w, blobs.len());
    for blob in blobs {
        w.put(blob.as_bytes());
    }
}

fn put_len(w: &mut ByteWriter, n: usize) {
    w.u32(u32::try_from(n).unwrap_or(u32::MAX));
}

fn put_cut(w: &mut ByteWriter, cut: &Cut) {
    put_len(w, cut.len());
    for ((doc, log), (seq, hash)) in cut {
        w.put(doc.as_bytes()).put(log.as_bytes()).u64(*seq).put(hash.as_bytes());
    }
}

fn put_wraps(w: &mut ByteWriter, wraps: &[Wrapped]) {
    let mut sorted: Vec<&Wrapped> = wraps.iter().collect();
    sorted.sort_by_key(|wrap| wrap.to);
    sorted.dedup_by_key(|wrap| wrap.to);
    put_len(w, sorted.len());
    for wrap in sorted {
        w.put(wrap.to.as_bytes()).put(&wrap.enc).put(&wrap.sealed);
    }
}

fn put_links(w: &mut ByteWriter, links: &[Linked]) {
    let mut sorted: Vec<&Linked> = links.iter().collect();
    sorted.sort_by_key(|link| link.key);
    sorted.dedup_by_key(|link| link.key);
    put_len(w, sorted.len());
    for link in sorted {
        w.put(link.key.as_bytes()).put(link.nonce.as_bytes()).put(&link.sealed);
    }
}

fn take_body(r: &mut ByteReader<'_>) -> Result<Op, OpDecodeError> {
    Ok(match r.u8("tag")? {
        1 => {
            let nonce = r.array("nonce")?;
            let (recovery, device) = take_device(r)?;
            Op::Genesis { device, recovery, nonce }
        }
        2 => {
            let (recovery, device) = take_device(r)?;
            Op::AddDevice { device, recovery }
        }
        3 => Op::RemoveDevice { signer: SignerKey::from_bytes(r.array("device")?), cut: take_cut(r)? },
        4 => take_invite(r)?,
        5 => Op::RevokeInvite { id: InviteId::from_bytes(r.array("invite")?) },
        6 => {
            let invite = InviteId::from_bytes(r.array("invite")?);
            let proof = Signature::from_bytes(r.array("proof")?);
            let (recovery, device) = take_device(r)?;
            Op::Accept { invite, device, recovery, proof }
        }
        7 => Op::SetRole {
            person: PersonId::from_bytes(r.array("person")?),
            role: known("role", r.u8("role")?, Role::from_byte)?,
            cut: take_cut(r)?,
        },
        8 => Op::Remove { person: PersonId::from_bytes(r.array("person")?), cut: take_cut(r)? },
        9 => Op::ExtendCut { removal: EntryHash::from_bytes(r.array("removal")?), cut: take_cut(r)? },
        10 => {
            let (audience, key, wraps) = take_key(r)?;
            Op::RotateKey { audience, key, wraps, previous: take_links(r)? }
        }
        11 => {
            let (audience, key, wraps) = take_key(r)?;
            Op::ShareKey { audience, key, wraps }
        }
        12 => Op::Merge,
        13 => take_erase(r)?,
        value => return Err(OpDecodeError::Unknown { field: "tag", value }),
    })
}

fn take_invite(r: &mut ByteReader<'_>) -> Result<Op, OpDecodeError> {
    let id = InviteId::from_bytes(r.array("invite")?);
    let kex = KexPublic::from_bytes(r.array("invite key-exchange key")?);
    let role = known("role", r.u8("role")?, Role::from_byte)?;
    let uses = r.u32("uses")?;
    if uses == 0 {
        return Err(OpDecodeError::NotCanonical("an invite has at least one use"));
    }
    within("uses", usize::try_from(uses).unwrap_or(usize::MAX), usize::try_from(USES_MAX).unwrap_or(0))?;
    let expires = optional(r, "expiry", |r| Ok(Millis(r.u64("expiry")?)))?;
    Ok(Op::Invite { id, kex, role, uses, expires })
}

fn take_device(r: &mut ByteReader<'_>) -> Result<(Option<KexPublic>, DeviceRecord), OpDecodeError> {
    let recovery = optional(r, "recovery key", |r| Ok(KexPublic::from_bytes(r.array("recovery key")?)))?;
    Ok((recovery, DeviceRecord::decode(r)?))
}

fn take_cut(r: &mut ByteReader<'_>) -> Result<Arc<Cut>, OpDecodeError> {
    let n = within("logs of a cut", take_len(r)?, CUT_LOGS_MAX)?;
    let rows = ascending(r, n, 72, |r| {
        let log = (DocId::from_bytes(r.array("document")?), LogId::from_bytes(r.array("log")?));
        let last = (r.u64("seq")?, EntryHash::from_bytes(r.array("hash")?));
        if last.0 == 0 {
            return Err(OpDecodeError::NotCanonical("a cut counts entries from 1"));
        }
        Ok((log, (log, last)))
    })?;
    Ok(Arc::new(rows.into_iter().collect()))
}

type Key = (Audience, KeyId, Arc<[Wrapped]>);

fn take_key(r: &mut ByteReader<'_>) -> Result<Key, OpDecodeError> {
    let audience = known("audience", r.u8("audience")?, Audience::from_byte)?;
    let key = KeyId::from_bytes(r.array("key")?);
    let n = within("wraps", take_len(r)?, WRAPS_MAX)?;
    let wraps = ascending(r, n, 112, |r| {
        let to = KexPublic::from_bytes(r.array("recipient")?);
        Ok((to, Wrapped { to, enc: r.array("encapsulated key")?, sealed: r.array("sealed key")? }))
    })?;
    Ok((audience, key, wraps.into()))
}

fn take_links(r: &mut ByteReader<'_>) -> Result<Arc<[Linked]>, OpDecodeError> {
    let n = within("links", take_len(r)?, LINKS_MAX)?;
    let links = ascending(r, n, 88, |r| {
        let key = KeyId::from_bytes(r.array("earlier key")?);
        let nonce = Nonce::from_bytes(r.array("nonce")?);
        Ok((key, Linked { key, nonce, sealed: r.array("sealed key")? }))
    })?;
    Ok(links.into())
}

fn take_erase(r: &mut ByteReader<'_>) -> Result<Op, OpDecodeError> {
    let statement = EntryHash::from_bytes(r.array("statement")?);
    let n = within("erased entries", take_len(r)?, ERASED_MAX)?;
    let entries = ascending(r, n, 72, |r| {
        let (doc, log) = (DocId::from_bytes(r.array("document")?), LogId::from_bytes(r.array("log")?));
        let (seq, hash) = (r.u64("seq")?, EntryHash::from_bytes(r.array("hash")?));
        if seq == 0 || log.class() != Some(LogClass::Changes) {
            return Err(OpDecodeError::NotCanonical("only changes are erased, counted from 1"));
        }
        Ok(((doc, log, seq), Erased { doc, log, seq, hash }))
    })?;
    let n = within("erased files", take_len(r)?, ERASED_MAX)?;
    let blobs = ascending(r, n, 32, |r| {
        let blob = BlobHash::from_bytes(r.array("blob")?);
        Ok((blob, blob))
    })?;
    Ok(Op::Erase { statement, entries: entries.into(), blobs: blobs.into() })
}

fn take_len(r: &mut ByteReader<'_>) -> Result<usize, OpDecodeError> {
    Ok(usize::try_from(r.u32("length")?).unwrap_or(usize::MAX))
}

/// Reads `n` rows of `bytes` bytes each, whose keys ascend strictly. The whole
/// list must be there before room is made for it.
fn ascending<K: Ord + Copy, T>(
    r: &mut ByteReader<'_>,
    n: usize,
    bytes: usize,
    mut row: impl FnMut(&mut ByteReader<'_>) -> Result<(K, T), OpDecodeError>,
) -> Result<Vec<T>, OpDecodeError> {
    r.clone().take(n * bytes, "a list")?;
    let mut out = Vec::with_capacity(n);
    let mut last: Option<K> = None;
    for _ in 0..n {
        let (key, value) = row(r)?;
        if last.is_some_and(|last| last >= key) {
            return Err(OpDecodeError::NotCanonical("a list does not ascend"));
        }
        last = Some(key);
        out.push(value);
    }
    Ok(out)
}

fn optional<T>(
    r: &mut ByteReader<'_>,
    field: &'static str,
    read: impl FnOnce(&mut ByteReader<'_>) -> Result<T, OpDecodeError>,
) -> Result<Option<T>, OpDecodeError> {
    match r.u8(field)? {
        0 => Ok(None),
        1 => read(r).map(Some),
        value => Err(OpDecodeError::Unknown { field, value }),
    }
}

fn known<T>(field: &'static str, value: u8, of: impl Fn(u8) -> Option<T>) -> Result<T, OpDecodeError> {
    of(value).ok_or(OpDecodeError::Unknown { field, value })
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<usize, OpDecodeError> {
    if found > limit { Err(OpDecodeError::TooMany { what, found, limit }) } else { Ok(found) }
}
