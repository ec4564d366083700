//! Blobs in the origin's private files, slice by slice.
//!
//! ```text
//! blobs/HASH         ciphertext
//! blobs/HASH.held    total:u64, then one bit per group that is here; there while parts are missing
//! ```
//!
//! Bits are written after the bytes that they stand for were flushed, and a blob loses its bits
//! once all of it was: a crash at any moment costs at most what was written since the last flush,
//! which is fetched again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::Uint8Array;
use proofroom_blobs::{Held, Span};
use proofroom_ident::BlobHash;
use proofroom_store_redb::StorageBackend as _;
use proofroom_web_desk::Shelf;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::FileSystemDirectoryHandle;

use crate::disk::{Handle, field_call, file};
use crate::world::field;

const BITS: &str = ".held";
const HEAD_BYTES: u64 = 8;
/// How much may be written before it is flushed, in bytes.
const UNFLUSHED_BYTES_MAX: u64 = 8 << 20;

/// A blob that is being written.
struct Half {
    bytes: Handle,
    bits: Handle,
    held: Held,
    unflushed: u64,
}

/// The folder of blobs.
pub(crate) struct Slices {
    folder: FileSystemDirectoryHandle,
    halves: RefCell<BTreeMap<BlobHash, Half>>,
}

impl Slices {
    pub(crate) fn new(folder: FileSystemDirectoryHandle) -> Self {
        Self { folder, halves: RefCell::default() }
    }

    /// What is here.
    pub(crate) async fn list(&self) -> Result<Shelf, JsValue> {
        let (mut shelf, mut bits) = (Shelf::default(), Vec::new());
        let names = self.folder.keys();
        loop {
            let step = JsFuture::from(names.next()?).await?;
            if field(&step, "done").is_truthy() {
                break;
            }
            let name = field(&step, "value").as_string().unwrap_or_default();
            match name.strip_suffix(BITS) {
                Some(blob) => bits.extend(blob.parse::<BlobHash>()),
                None => shelf.whole.extend(name.parse::<BlobHash>()),
            }
        }
        for blob in bits {
            shelf.whole.remove(&blob);
            let held = self.bits(blob).await?;
            shelf.parts.extend(held.map(|held| (blob, held)));
        }
        shelf.unproved = shelf.whole.clone();
        Ok(shelf)
    }

    /// What the bits of a half-fetched blob say; nothing if they were cut off.
    async fn bits(&self, blob: BlobHash) -> Result<Option<Held>, JsValue> {
        let name = format!("{blob}{BITS}");
        let bytes = whole(&self.folder, &name).await?;
        let total = bytes.first_chunk::<8>().map(|head| u64::from_le_bytes(*head));
        Ok(total.and_then(|total| Held::from_bytes(total, bytes.get(8..)?)))
    }

    /// Writes a part of a blob. One at a time: the caller queues them.
    pub(crate) async fn write(
        &self,
        blob: BlobHash,
        total: u64,
        span: Span,
        bytes: &[u8],
    ) -> Result<(), JsValue> {
        if !self.halves.borrow().contains_key(&blob) {
            let half = self.open(blob, total).await?;
            self.halves.borrow_mut().insert(blob, half);
        }
        let mut halves = self.halves.borrow_mut();
        let half = halves.get_mut(&blob).ok_or(JsValue::NULL)?;
        half.bytes.write(span.offset, bytes).map_err(failed)?;
        half.held.add(span);
        half.unflushed += span.bytes;
        if half.unflushed >= UNFLUSHED_BYTES_MAX { half.flush() } else { Ok(()) }
    }

    async fn open(&self, blob: BlobHash, total: u64) -> Result<Half, JsValue> {
        let name = blob.to_hex();
        let held = self.bits(blob).await.ok().flatten().filter(|held| held.total() == total);
        // The bits come first: without them the file would count as whole.
        let bits = Handle::open(&self.folder, &format!("{name}{BITS}")).await?;
        let mut half = Half {
            bytes: Handle::open(&self.folder, &name).await?,
            bits,
            held: Held::none(total),
            unflushed: 0,
        };
        match held {
            Some(held) => half.held = held,
            None => {
                half.bytes.set_len(0).map_err(failed)?;
                half.flush()?;
            }
        }
        Ok(half)
    }

    /// All of a blob was written: makes it durable.
    pub(crate) async fn seal(&self, blob: BlobHash) -> Result<(), JsValue> {
        let half = self.halves.borrow_mut().remove(&blob);
        let Some(mut half) = half else { return Ok(()) };
        half.flush()?;
        half.bytes.close().map_err(failed)?;
        half.bits.close().map_err(failed)?;
        JsFuture::from(self.folder.remove_entry(&format!("{blob}{BITS}"))).await.map(|_| ())
    }

    /// Makes durable what was written and is not.
    pub(crate) fn flush(&self) -> Result<(), JsValue> {
        self.halves.borrow_mut().values_mut().filter(|half| half.unflushed > 0).try_for_each(Half::flush)
    }

    /// Ciphertext from an offset on.
    pub(crate) async fn read(&self, blob: BlobHash, offset: u64, bytes: u64) -> Result<Vec<u8>, JsValue> {
        let length = usize::try_from(bytes).map_err(|_| JsValue::from_str("more than memory holds"))?;
        if let Some(half) = self.halves.borrow().get(&blob) {
            let mut out = vec![0; length];
            half.bytes.read(offset, &mut out).map_err(failed)?;
            return Ok(out);
        }
        let handle = file(&self.folder, &blob.to_hex(), false).await?;
        let file: web_sys::Blob = JsFuture::from(field_call(&handle, "getFile")?).await?.dyn_into()?;
        #[expect(clippy::cast_precision_loss, reason = "no browser's file is 2^53 bytes long")]
        let part = file.slice_with_f64_and_f64(offset as f64, (offset + bytes) as f64)?;
        let buffer = JsFuture::from(part.array_buffer()).await?;
        let out = Uint8Array::new(&buffer).to_vec();
        if out.len() == length { Ok(out) } else { Err(JsValue::from_str("the file ends early")) }
    }

    /// Drops a blob that turned out to be torn.
    pub(crate) async fn drop_blob(&self, blob: BlobHash) -> Result<(), JsValue> {
        self.halves.borrow_mut().remove(&blob);
        JsFuture::from(self.folder.remove_entry(&blob.to_hex())).await.map(|_| ())
    }
}

impl Half {
    fn flush(&mut self) -> Result<(), JsValue> {
        self.bytes.sync_data().map_err(failed)?;
        self.bits.write(0, &self.held.total().to_le_bytes()).map_err(failed)?;
        self.bits.write(HEAD_BYTES, &self.held.to_bytes()).map_err(failed)?;
        self.bits.sync_data().map_err(failed)?;
        self.unflushed = 0;
        Ok(())
    }
}

async fn whole(folder: &FileSystemDirectoryHandle, name: &str) -> Result<Vec<u8>, JsValue> {
    let handle = file(folder, name, false).await?;
    let buffer = JsFuture::from(field_call(&handle, "getFile")?).await?;
    let buffer = JsFuture::from(field_call(&buffer, "arrayBuffer")?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn failed(error: std::io::Error) -> JsValue {
    JsValue::from_str(&error.to_string())
}
