//! The origin's private files: the store's handle, and blobs.

use std::collections::BTreeSet;
use std::io;

use js_sys::Uint8Array;
use proofroom_ident::BlobHash;
use proofroom_store_redb::StorageBackend;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use crate::world::{field, said, scope};

const STORE: &str = "store.redb";
const WHOLE: &str = "whole";

/// The files of this origin.
pub(crate) struct Disk {
    root: FileSystemDirectoryHandle,
    blobs: FileSystemDirectoryHandle,
}

impl Disk {
    pub(crate) async fn open() -> Result<Self, JsValue> {
        let storage = scope().navigator().storage();
        let top: FileSystemDirectoryHandle = JsFuture::from(storage.get_directory()).await?.dyn_into()?;
        let root = folder(&top, "proofroom").await?;
        let blobs = folder(&root, "blobs").await?;
        Ok(Self { root, blobs })
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

    /// The blobs that are here.
    pub(crate) async fn list(&self) -> Result<BTreeSet<BlobHash>, JsValue> {
        let mut out = BTreeSet::new();
        let names = self.blobs.keys();
        loop {
            let step = JsFuture::from(names.next()?).await?;
            if field(&step, "done").is_truthy() {
                return Ok(out);
            }
            let name = field(&step, "value").as_string().unwrap_or_default();
            out.extend(name.parse::<BlobHash>());
        }
    }

    /// Makes a blob durable.
    pub(crate) async fn keep(&self, blob: BlobHash, bytes: &[u8]) -> Result<(), JsValue> {
        let handle = Handle::open(&self.blobs, &blob.to_hex()).await?;
        handle.0.truncate_with_f64(0.0)?;
        StorageBackend::write(&handle, 0, bytes).map_err(|e| JsValue::from_str(&e.to_string()))?;
        handle.0.flush()?;
        handle.0.close();
        Ok(())
    }

    /// A blob's ciphertext.
    pub(crate) async fn read(&self, blob: BlobHash) -> Result<Vec<u8>, JsValue> {
        let handle = file(&self.blobs, &blob.to_hex(), false).await?;
        let buffer = JsFuture::from(field_call(&handle, "getFile")?).await?;
        let buffer = JsFuture::from(field_call(&buffer, "arrayBuffer")?).await?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }

    /// Drops a blob that turned out to be torn.
    pub(crate) async fn drop_blob(&self, blob: BlobHash) -> Result<(), JsValue> {
        JsFuture::from(self.blobs.remove_entry(&blob.to_hex())).await.map(|_| ())
    }
}

fn field_call(of: &JsValue, method: &str) -> Result<js_sys::Promise, JsValue> {
    let call: js_sys::Function = field(of, method).dyn_into()?;
    call.call0(of)?.dyn_into()
}

async fn folder(of: &FileSystemDirectoryHandle, name: &str) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    JsFuture::from(of.get_directory_handle_with_options(name, &options)).await?.dyn_into()
}

async fn file(
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
    async fn open(of: &FileSystemDirectoryHandle, name: &str) -> Result<Self, JsValue> {
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
