//! Files of uploads: read piece by piece, sealed, kept; slices of them for the relay.

use gloo_timers::future::TimeoutFuture;
use js_sys::Array;
use proofroom_blobs::Span;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_store_redb::StorageBackend as _;
use proofroom_web_desk::{Flow, Order};
use proofroom_web_wire::{Fault, UploadAct};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::disk::{Handle, read_part};
use crate::lead::Lead;
use crate::world::{now, said};

/// Bytes read, sealed and written at a time: the worker answers others in between.
const PIECE_BYTES: u64 = 1 << 20;
/// Bytes after which what was written is flushed.
const FLUSH_BYTES: u64 = 16 << 20;
const PAUSE_LOOK_MS: u32 = 200;

/// Why an upload ended before its time.
enum Ended {
    /// Somebody gave it up, or it failed elsewhere.
    GivenUp,
    Failed(String),
}

impl Lead {
    /// Takes the files of an ask about uploads.
    pub(crate) fn upload(&self, workspace: &str, act: &UploadAct, files: &JsValue) -> Result<(), Fault> {
        let files: Vec<File> = files
            .dyn_ref::<Array>()
            .map(|a| a.iter().filter_map(|f| f.dyn_into().ok()).collect())
            .unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a file's size")]
        let named = || files.iter().map(|f| (f.name(), f.size() as u64)).collect::<Vec<_>>();
        let mut desk = self.0.desk.borrow_mut();
        let id = match act {
            UploadAct::Begin { id, target, note } => {
                desk.begin_upload(now(), workspace, id, target.clone(), note.clone(), named())?;
                id
            }
            UploadAct::Again { id } => {
                desk.resume_upload(id, &named())?;
                id
            }
            UploadAct::List
            | UploadAct::Pause { .. }
            | UploadAct::Resume { .. }
            | UploadAct::Cancel { .. } => {
                return Ok(());
            }
        };
        drop(desk);
        let (lead, id) = (self.clone(), id.clone());
        spawn_local(async move {
            match lead.seal_all(&id, &files).await {
                Ok(()) => lead.finish(&id),
                Err(Ended::GivenUp) => lead.0.disk.discard(&id, files.len()).await,
                Err(Ended::Failed(why)) => lead.0.desk.borrow_mut().fail_upload(&id, why),
            }
            lead.obey();
        });
        Ok(())
    }

    fn finish(&self, id: &str) {
        let mut desk = self.0.desk.borrow_mut();
        if let Err(error) = desk.finish_upload(now(), id) {
            desk.fail_upload(id, error.to_string());
        }
    }

    async fn seal_all(&self, id: &str, files: &[File]) -> Result<(), Ended> {
        for (part, file) in files.iter().enumerate() {
            if self.0.desk.borrow().part_is_sealed(id, part) {
                continue;
            }
            let handle = self.0.disk.upload(id, part).await.map_err(unkept)?;
            let sealed = self.seal(id, part, file, &handle).await;
            let flushed = handle.sync_data().map_err(|e| Ended::Failed(e.to_string()));
            // Closed in any case: an open handle keeps others out.
            let _closed = handle.close();
            sealed?;
            flushed?;
            let (blob, tree) = self.0.desk.borrow_mut().end_part(id, part).map_err(failed)?;
            self.0.disk.adopt(id, part, blob, &tree).await.map_err(unkept)?;
            self.0.desk.borrow_mut().part_kept(id, part).map_err(failed)?;
            self.obey();
        }
        Ok(())
    }

    /// Reads a file to its end. What an earlier attempt wrote is compared, not written again.
    async fn seal(&self, id: &str, part: usize, file: &File, handle: &Handle) -> Result<(), Ended> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a file's size")]
        let total = file.size() as u64;
        let held = handle.len().map_err(|e| Ended::Failed(e.to_string()))?;
        let (mut at, mut unflushed) = (0, 0);
        loop {
            self.wait(id).await?;
            let mut piece = read_part(file, at, (at + PIECE_BYTES).min(total)).await.map_err(|e| {
                Ended::Failed(format!("`{}` cannot be read any more: {}", file.name(), said(&e)))
            })?;
            self.0.desk.borrow_mut().seal_piece(id, part, at, &mut piece).map_err(failed)?;
            self.obey();
            let end = at + piece.len() as u64;
            if end <= held {
                compare(handle, at, &piece, &file.name())?;
            } else {
                handle.write(at, &piece).map_err(|e| full(&e))?;
                unflushed += piece.len() as u64;
            }
            if unflushed >= FLUSH_BYTES {
                handle.sync_data().map_err(|e| full(&e))?;
                unflushed = 0;
            }
            at = end;
            if at >= total {
                return handle.set_len(total).map_err(|e| full(&e));
            }
            if piece.is_empty() {
                return Err(Ended::Failed(format!("`{}` became shorter while it was read", file.name())));
            }
        }
    }

    /// Waits while the upload is paused.
    async fn wait(&self, id: &str) -> Result<(), Ended> {
        loop {
            let flow = self.0.desk.borrow().upload_flow(id);
            match flow {
                Flow::Go => return Ok(()),
                Flow::End => return Err(Ended::GivenUp),
                Flow::Wait => TimeoutFuture::new(PAUSE_LOOK_MS).await,
            }
        }
    }

    /// Reads a slice that the relay asks for.
    pub(crate) fn read_slice(&self, workspace: WorkspaceId, blob: BlobHash, span: Span) {
        let lead = self.clone();
        spawn_local(async move {
            let held =
                lead.0.trees.borrow().as_ref().filter(|(of, _)| *of == blob).map(|(_, tree)| tree.clone());
            let read = async {
                let bytes = lead.0.disk.slice(blob, span).await?;
                let tree = match held {
                    Some(tree) => tree,
                    None => lead.0.disk.tree(blob).await?,
                };
                Ok::<_, JsValue>((bytes, tree))
            };
            // What cannot be read is told to the relay as missing.
            let read = read.await.ok();
            if let Some((_, tree)) = &read {
                *lead.0.trees.borrow_mut() = Some((blob, tree.clone()));
            }
            lead.0.desk.borrow_mut().slice_read(now(), workspace, blob, span, read);
            lead.obey();
        });
    }

    /// Removes files that nothing refers to any more; what cannot go now is a leftover, not a loss.
    pub(crate) fn clear(&self, order: Order) {
        let lead = self.clone();
        spawn_local(async move {
            match order {
                Order::Drop { blob } => drop(lead.0.slices.drop_blob(blob).await),
                Order::DropTree { blob } => drop(lead.0.disk.drop_tree(blob).await),
                Order::Discard { id, parts } => lead.0.disk.discard(&id, parts).await,
                _ => {}
            }
        });
    }
}

/// The file is the one that was begun with, as far as that got.
fn compare(handle: &Handle, at: u64, piece: &[u8], name: &str) -> Result<(), Ended> {
    let mut before = vec![0; piece.len()];
    handle.read(at, &mut before).map_err(|e| Ended::Failed(e.to_string()))?;
    match before == piece {
        true => Ok(()),
        false => Err(Ended::Failed(format!(
            "`{name}` is not the file that this upload began with: choose that one, or give the upload up"
        ))),
    }
}

fn full(error: &std::io::Error) -> Ended {
    not_kept(&error.to_string())
}

fn not_kept(why: &str) -> Ended {
    Ended::Failed(format!(
        "this browser does not keep the file: {why}. Nothing else was lost; free some space, then choose the \
         file again"
    ))
}

fn unkept(error: JsValue) -> Ended {
    not_kept(&said(&error))
}

fn failed(error: proofroom_web_desk::DeskError) -> Ended {
    Ended::Failed(error.to_string())
}
