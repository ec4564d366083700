//! The origin's private files: folders, handles, and the store's own.

use std::io;

use js_sys::Uint8Array;
use proofroom_blobs::{Growing, Span};
use proofroom_ident::BlobHash;
use proofroom_store_redb::StorageBackend;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use crate::world::{field, said, scope};

/// Bytes read and hashed at a time.
const PIECE_BYTES: usize = 256 << 10;
const STORE: &str = "store.redb";
const WHOLE: &str = "whole";

/// The files of this origin.
pub(crate) struct Disk {
    root: FileSystemDirectoryHandle,
    blobs: FileSystemDirectoryHandle,
    trees: FileSystemDirectoryHandle,
    uploads: FileSystemDirectoryHandle,
}

impl Disk {
    pub(crate) async fn open() -> Result<Self, JsValue> {
        let storage = scope().navigator().storage();
        let top: FileSystemDirectoryHandle = JsFuture::from(storage.get_directory()).await?.dyn_into()?;
        let root = folder(&top, "proofroom").await?;
        let blobs = folder(&root, "blobs").await?;
        let trees = folder(&root, "trees").await?;
        let uploads = folder(&root, "uploads").await?;
        Ok(Self { root, blobs, trees, uploads })
    }

    /// The folder of blobs.
    pub(crate) fn blobs(&self) -> FileSystemDirectoryHandle {
        self.blobs.clone()
    }

    /// The store's file; empty if it was cut off while it was made.
    pub(crate) async fn store(&self) -> Result<Handle, JsValue> {
        let handle = Handle::open(&self.root, STORE).await?;
        if file(&self.root, WHOLE, false).await.is_err() {
            handle.0.truncate_with_f64(0.0)?;
            handle.0.flush()?;
        }
        Ok(handle)
    }

    /// The store's first commit was flushed.
    pub(crate) async fn store_is_whole(&self) -> Result<(), JsValue> {
        file(&self.root, WHOLE, true).await.map(|_| ())
    }

    /// Where a file of an upload is collected; what was written before is still there.
    pub(crate) async fn upload(&self, id: &str, part: usize) -> Result<Handle, JsValue> {
        Handle::open(&self.uploads, &upload_name(id, part)).await
    }

    /// A file of an upload is a whole blob: its tree first, then its bytes, under their name.
    pub(crate) async fn adopt(
        &self,
        id: &str,
        part: usize,
        blob: BlobHash,
        tree: &[u8],
    ) -> Result<(), JsValue> {
        write_file(&self.trees, &blob.to_hex(), tree).await?;
        let file = file(&self.uploads, &upload_name(id, part), false).await?;
        let name = JsValue::from_str(&blob.to_hex());
        let call: js_sys::Function = field(&file, "move").dyn_into()?;
        let moved: js_sys::Promise = call.call2(&file, &self.blobs, &name)?.dyn_into()?;
        JsFuture::from(moved).await.map(|_| ())
    }

    /// An upload was given up.
    pub(crate) async fn discard(&self, id: &str, parts: usize) {
        for part in 0..parts {
            // It may have become a blob, or never begun.
            let _gone = JsFuture::from(self.uploads.remove_entry(&upload_name(id, part))).await;
        }
    }

    /// A blob's tree is not needed any more.
    pub(crate) async fn drop_tree(&self, blob: BlobHash) -> Result<(), JsValue> {
        JsFuture::from(self.trees.remove_entry(&blob.to_hex())).await.map(|_| ())
    }

    /// A part of a blob's ciphertext.
    pub(crate) async fn slice(&self, blob: BlobHash, span: Span) -> Result<Vec<u8>, JsValue> {
        let handle = file(&self.blobs, &blob.to_hex(), false).await?;
        let whole: File = JsFuture::from(handle.get_file()).await?.dyn_into()?;
        read_part(&whole, span.offset, span.end()).await
    }

    /// A blob's tree: kept since its upload, else made from its bytes.
    pub(crate) async fn tree(&self, blob: BlobHash) -> Result<Vec<u8>, JsValue> {
        if let Ok(handle) = file(&self.trees, &blob.to_hex(), false).await {
            let whole: File = JsFuture::from(handle.get_file()).await?.dyn_into()?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a file's size")]
            return read_part(&whole, 0, whole.size() as u64).await;
        }
        let handle = file(&self.blobs, &blob.to_hex(), false).await?;
        let whole: File = JsFuture::from(handle.get_file()).await?.dyn_into()?;
        let mut growing = Growing::default();
        let mut at = 0;
        loop {
            let piece = read_part(&whole, at, at + PIECE_BYTES as u64).await?;
            if piece.is_empty() {
                return Ok(growing.finish().1);
            }
            growing.push(&piece);
            at += piece.len() as u64;
        }
    }

    /// A fresh file that a page is going to save, in place of what was there.
    pub(crate) async fn export(&self) -> Result<Handle, JsValue> {
        let handle = Handle::open(&self.root, EXPORT).await?;
        handle.0.truncate_with_f64(0.0)?;
        Ok(handle)
    }

    /// That file, for the page.
    pub(crate) async fn exported(&self) -> Result<JsValue, JsValue> {
        let handle = file(&self.root, EXPORT, false).await?;
        JsFuture::from(handle.get_file()).await
    }
}

const EXPORT: &str = "export.bundle";

fn upload_name(id: &str, part: usize) -> String {
    format!("{id}-{part}")
}

async fn write_file(of: &FileSystemDirectoryHandle, name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let handle = Handle::open(of, name).await?;
    handle.0.truncate_with_f64(0.0)?;
    StorageBackend::write(&handle, 0, bytes).map_err(|e| JsValue::from_str(&e.to_string()))?;
    handle.0.flush()?;
    handle.0.close();
    Ok(())
}

/// The bytes of a file from one position up to another, or to its end.
#[expect(clippy::cast_precision_loss, reason = "no browser's file is 2^53 bytes long")]
pub(crate) async fn read_part(of: &Blob, from: u64, to: u64) -> Result<Vec<u8>, JsValue> {
    let part = of.slice_with_f64_and_f64(from as f64, to as f64)?;
    let buffer = JsFuture::from(part.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

pub(crate) fn field_call(of: &JsValue, method: &str) -> Result<js_sys::Promise, JsValue> {
    let call: js_sys::Function = field(of, method).dyn_into()?;
    call.call0(of)?.dyn_into()
}

async fn folder(of: &FileSystemDirectoryHandle, name: &str) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    JsFuture::from(of.get_directory_handle_with_options(name, &options)).await?.dyn_into()
}

pub(crate) async fn file(
    of: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    JsFuture::from(of.get_file_handle_with_options(name, &options)).await?.dyn_into()
}

/// A synchronous handle: one writer, and a flush that means durable.
#[derive(Debug)]
pub(crate) struct Handle(SendWrapper<FileSystemSyncAccessHandle>);

impl Handle {
    pub(crate) async fn open(of: &FileSystemDirectoryHandle, name: &str) -> Result<Self, JsValue> {
        let file = file(of, name, true).await?;
        let handle = JsFuture::from(file.create_sync_access_handle()).await?.dyn_into()?;
        Ok(Self(SendWrapper::new(handle)))
    }
}

fn failed(error: JsValue) -> io::Error {
    io::Error::other(said(&error))
}

/// A position, which JavaScript counts in floating point: exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no browser's file is 2^53 bytes long")]
fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

impl StorageBackend for Handle {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size below 2^53")]
    fn len(&self) -> Result<u64, io::Error> {
        self.0.get_size().map(|size| size as u64).map_err(failed)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let mut done = 0;
        while done < out.len() {
            let n = self.0.read_with_u8_array_and_options(&mut out[done..], &at(offset + done as u64));
            match count(n)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => done += n,
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "no browser's file is 2^53 bytes long")]
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.truncate_with_f64(len as f64).map_err(failed)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.flush().map_err(failed)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut done = 0;
        while done < data.len() {
            let n = self.0.write_with_u8_array_and_options(&data[done..], &at(offset + done as u64));
            match count(n)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => done += n,
            }
        }
        Ok(())
    }

    fn close(&self) -> Result<(), io::Error> {
        self.0.close();
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes in memory")]
fn count(n: Result<f64, JsValue>) -> Result<usize, io::Error> {
    n.map(|n| n as usize).map_err(failed)
}
