//! Everything of a workspace as one bundle file, written beside the store and handed to the page.

use std::io;

use proofroom_blobs::Held;
use proofroom_store_redb::StorageBackend as _;
use proofroom_web_wire::{Fault, OwnReply, Reply};
use wasm_bindgen::JsValue;

use crate::disk::Handle;
use crate::lead::{Lead, no_storage};

impl Lead {
    /// Writes a bundle; it comes beside the reply.
    pub(crate) async fn export(&self, workspace: &str) -> (Reply, JsValue) {
        match self.write_bundle(workspace).await {
            Ok((reply, file)) => (Reply::Own(reply), file),
            Err(fault) => (Reply::Fault(fault), JsValue::UNDEFINED),
        }
    }

    async fn write_bundle(&self, workspace: &str) -> Result<(OwnReply, JsValue), Fault> {
        let handle = self.0.disk.export().await.map_err(|e| no_storage(&e))?;
        let written = self.write_into(workspace, &handle).await;
        let closed = handle.sync_data().and_then(|()| handle.close()).map_err(|e| full(&e));
        let reply = written?;
        closed?;
        let file = self.0.disk.exported().await.map_err(|e| no_storage(&e))?;
        Ok((reply, file))
    }

    async fn write_into(&self, workspace: &str, handle: &Handle) -> Result<OwnReply, Fault> {
        let mut at = 0;
        let mut put = |bytes: &[u8]| -> Result<(), Fault> {
            handle.write(at, bytes).map_err(|e| full(&e))?;
            at += bytes.len() as u64;
            Ok(())
        };
        let (mut bundle, header) = self.0.desk.borrow_mut().begin_export(workspace)?;
        put(&header)?;
        while let Some(run) = self.0.desk.borrow_mut().next_of_export(&mut bundle)? {
            put(&run)?;
        }
        for (blob, total) in bundle.blobs.clone() {
            let tree = self.0.disk.tree(blob).await.map_err(|e| no_storage(&e))?;
            for span in Held::all(total).spans() {
                let bytes = self.0.disk.slice(blob, span).await.map_err(|e| no_storage(&e))?;
                // A blob that rotted here is left out: others have it.
                let Ok(encoded) = proofroom_blobs::prove(blob, total, span, &bytes, tree.as_slice()) else {
                    break;
                };
                put(&bundle.export.blob(blob, total, span, encoded.into()))?;
            }
        }
        let (name, entries, files) = (bundle.name, bundle.export.entries(), bundle.blobs.len() as u64);
        put(&bundle.export.finish())?;
        Ok(OwnReply::Bundle { name, entries, files })
    }
}

fn full(error: &io::Error) -> Fault {
    Fault {
        what: format!("the bundle cannot be written: {error}"),
        hint: "nothing was lost; free some space in this browser, or give up files that others have".into(),
    }
}
