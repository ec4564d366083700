//! Files on their way from this browser into a workspace.
//!
//! ```text
//! file --read, seal--> uploads/ID-N --whole--> blobs/HASH, trees/HASH --record--> a version
//!                                                                    --offer--> the relay
//! "web/upload/ID"            what is being prepared; the keys follow from the device's own
//! "web/outgoing/WS BLOB"     a blob of a version that the relay has not confirmed
//! ```
//!
//! A file is read in pieces and never held as a whole. If the browser dies meanwhile, the
//! pieces are still there, and whoever chooses the same file again goes on where it was. Once
//! all of it is sealed here, nothing more is needed of the person: the rest goes on by itself.

use std::collections::BTreeMap;

use proofroom_blobs::Growing;
use proofroom_ident::{AssetId, BlobHash, ContentHash, DeviceSecrets, Millis, WorkspaceId};
use proofroom_replica::ReplicaError;
use proofroom_review::media::{SNIFF_BYTES, sniff};
use proofroom_review::{Category, RequestKey};
use proofroom_seal::BlobKey;
use proofroom_store::{Batch, Store};
use proofroom_web_wire::{Notice, Reply, Target, UploadAct, UploadCard, UploadState};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;

mod record;

const FILES_MAX: usize = 100;
const ID_CHARS: usize = 32;
const KEY_CONTEXT: &str = "proofroom 1 blob key of an upload in a browser";
const PREFIX: &[u8] = b"web/upload/";

/// An upload that is not a version yet.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    workspace: WorkspaceId,
    target: Target,
    note: String,
    began: Millis,
    parts: Vec<Part>,
    #[serde(skip)]
    paused: bool,
    /// No file is at hand: the browser was closed.
    #[serde(skip, default = "yes")]
    interrupted: bool,
    #[serde(skip)]
    failed: String,
    /// The share that was last told, in hundredths.
    #[serde(skip)]
    told: u64,
}

fn yes() -> bool {
    true
}

/// One of its files.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    name: String,
    bytes: u64,
    sealed: Option<SealedPart>,
    #[serde(skip)]
    done: u64,
    #[serde(skip)]
    sealing: Option<Sealing>,
}

/// A file that is a blob of this browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SealedPart {
    blob: BlobHash,
    content: ContentHash,
    media_type: String,
}

/// A file that is being read.
struct Sealing {
    key: BlobKey,
    plain: blake3::Hasher,
    growing: Growing,
    head: Vec<u8>,
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealing({:?})", self.key)
    }
}

/// What the reader of an upload's files does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Go,
    /// Wait, and ask again.
    Wait,
    /// It was given up, or failed.
    End,
}

impl Upload {
    fn card(&self, id: &str) -> UploadCard {
        let state = match self {
            Self { failed, .. } if !failed.is_empty() => UploadState::Failed,
            Self { interrupted: true, .. } => UploadState::Interrupted,
            Self { paused: true, .. } => UploadState::Paused,
            _ => UploadState::Preparing,
        };
        let name = match &self.target {
            Target::Asset { name, .. } => name.clone(),
            Target::Version { .. } => String::new(),
        };
        UploadCard {
            id: id.to_owned(),
            workspace: self.workspace.to_hex(),
            asset: match &self.target {
                Target::Version { asset } => asset.clone(),
                Target::Asset { .. } => String::new(),
            },
            name,
            files: self.parts.iter().map(|part| part.name.clone()).collect(),
            state,
            done: self.done(),
            bytes: self.bytes(),
            text: self.failed.clone(),
        }
    }

    fn done(&self) -> u64 {
        self.parts.iter().map(|p| if p.sealed.is_some() { p.bytes } else { p.done }).sum()
    }

    fn bytes(&self) -> u64 {
        self.parts.iter().map(|p| p.bytes).sum()
    }

    fn is_sealed(&self) -> bool {
        self.parts.iter().all(|part| part.sealed.is_some())
    }
}

/// The uploads that a store knows: all of them were interrupted.
pub(crate) fn known(store: &impl Store) -> Result<BTreeMap<String, Upload>, DeskError> {
    let read = |(key, bytes): (Vec<u8>, Vec<u8>)| {
        let id = std::str::from_utf8(key.get(PREFIX.len()..)?).ok()?.to_owned();
        Some((id, crate::kept::read(&bytes).ok()?))
    };
    let found = store.scan(PREFIX)?.into_iter().map(|(key, value)| (key.to_vec(), value.to_vec()));
    Ok(found.filter_map(read).collect())
}

fn key_of(id: &str) -> Vec<u8> {
    [PREFIX, id.as_bytes()].concat()
}

/// The key of a file's blob: it follows from the device's own, so that nothing secret is written
/// down while a file is read. An upload's id is random and never used again.
fn blob_key(secrets: &DeviceSecrets, id: &str, part: usize) -> BlobKey {
    let seed = [secrets.kex.seed().as_slice(), id.as_bytes(), &(part as u64).to_le_bytes()].concat();
    BlobKey::from_bytes(blake3::derive_key(KEY_CONTEXT, &zeroize::Zeroizing::new(seed)))
}

impl<S: Store> Desk<S> {
    pub(crate) fn upload_act(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        act: UploadAct,
    ) -> Result<Reply, DeskError> {
        match act {
            UploadAct::List => {}
            UploadAct::Pause { id } => self.pause(now, workspace, &id, true)?,
            UploadAct::Resume { id } => self.pause(now, workspace, &id, false)?,
            UploadAct::Cancel { id } => self.cancel_upload(&id)?,
            // Their files come beside the ask: see `Desk::begin_upload`.
            UploadAct::Begin { .. } | UploadAct::Again { .. } => {}
        }
        Ok(Reply::Uploads(self.upload_cards(workspace)))
    }

    /// Begins an upload of files with these names and lengths.
    ///
    /// # Errors
    /// When the person may not, or the target cannot be.
    pub fn begin_upload(
        &mut self,
        now: Millis,
        workspace: &str,
        id: &str,
        target: Target,
        note: String,
        files: Vec<(String, u64)>,
    ) -> Result<(), DeskError> {
        let workspace: WorkspaceId = parse(workspace, "a workspace")?;
        if id.len() != ID_CHARS || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(DeskError::malformed(id, "an upload's id"));
        }
        if files.is_empty() || files.len() > FILES_MAX {
            return Err(DeskError::malformed(
                &files.len().to_string(),
                "a number of files between 1 and 100",
            ));
        }
        if self.role(workspace)?.is_none_or(|role| role < proofroom_authority::Role::Producer) {
            return Err(DeskError::MayNotUpload);
        }
        self.check_target(workspace, &target)?;
        let part = |(name, bytes)| Part { name, bytes, sealed: None, done: 0, sealing: None };
        let upload = Upload {
            workspace,
            target,
            note,
            began: now,
            parts: files.into_iter().map(part).collect(),
            paused: false,
            interrupted: false,
            failed: String::new(),
            told: 0,
        };
        self.uploads.entry(id.to_owned()).or_insert(upload);
        self.note_upload(id)?;
        self.tell_uploads(workspace);
        Ok(())
    }

    fn check_target(&mut self, workspace: WorkspaceId, target: &Target) -> Result<(), DeskError> {
        let plan = self.plan(workspace)?;
        match target {
            Target::Asset { name, category, request, .. } => {
                parse::<Category>(category, "a category")?;
                request.iter().try_for_each(|r| parse::<RequestKey>(r, "a request").map(drop))?;
                if name.trim().is_empty() {
                    return Err(DeskError::malformed(name, "a name: give the asset one"));
                }
                match plan.assets.iter().any(|a| a.name.to_lowercase() == name.trim().to_lowercase()) {
                    true => Err(DeskError::NameTaken(name.trim().to_owned())),
                    false => Ok(()),
                }
            }
            Target::Version { asset } => {
                let asset: AssetId = parse(asset, "an asset")?;
                plan.asset(&asset).map(drop).ok_or_else(|| ReplicaError::UnknownAsset(asset).into())
            }
        }
    }

    /// The same files were chosen again for an interrupted upload: `true` if they may be.
    ///
    /// # Errors
    /// When there is no such upload, or these are other files.
    pub fn resume_upload(&mut self, id: &str, files: &[(String, u64)]) -> Result<(), DeskError> {
        let upload = self.uploads.get_mut(id).ok_or(DeskError::NoUpload)?;
        let wanted = upload.parts.iter().map(|p| (p.name.as_str(), p.bytes));
        if !wanted.eq(files.iter().map(|(name, bytes)| (name.as_str(), *bytes))) {
            let names: Vec<&str> = upload.parts.iter().map(|p| p.name.as_str()).collect();
            return Err(DeskError::OtherFiles(names.join(", ")));
        }
        (upload.interrupted, upload.paused) = (false, false);
        upload.failed.clear();
        let workspace = upload.workspace;
        self.tell_uploads(workspace);
        Ok(())
    }

    /// What the reader of a file does next.
    pub fn upload_flow(&self, id: &str) -> Flow {
        match self.uploads.get(id) {
            None => Flow::End,
            Some(upload) if !upload.failed.is_empty() || upload.interrupted => Flow::End,
            Some(upload) if upload.paused => Flow::Wait,
            Some(_) => Flow::Go,
        }
    }

    /// Whether a file of an upload is a blob already.
    pub fn part_is_sealed(&self, id: &str, part: usize) -> bool {
        self.uploads.get(id).and_then(|u| u.parts.get(part)).is_none_or(|part| part.sealed.is_some())
    }

    /// Encrypts the next piece of a file in place; the first one begins anew.
    ///
    /// # Errors
    /// When there is no such file, or the keys are locked.
    pub fn seal_piece(&mut self, id: &str, part: usize, at: u64, piece: &mut [u8]) -> Result<(), DeskError> {
        let secrets = self.me()?.secrets;
        let held = self.uploads.get_mut(id).and_then(|u| u.parts.get_mut(part)).ok_or(DeskError::NoUpload)?;
        if at == 0 {
            held.sealing = Some(Sealing {
                key: blob_key(&secrets, id, part),
                plain: blake3::Hasher::new(),
                growing: Growing::default(),
                head: Vec::new(),
            });
        }
        let sealing = held.sealing.as_mut().ok_or(DeskError::NoUpload)?;
        let head = piece.len().min(SNIFF_BYTES - sealing.head.len());
        sealing.head.extend_from_slice(&piece[..head]);
        sealing.plain.update(piece);
        sealing.key.apply(at, piece)?;
        sealing.growing.push(piece);
        held.done = at + piece.len() as u64;
        let upload = self.uploads.get_mut(id).ok_or(DeskError::NoUpload)?;
        let share = upload.done() * 100 / upload.bytes().max(1);
        if share != upload.told {
            upload.told = share;
            let workspace = upload.workspace;
            self.tell_uploads(workspace);
        }
        Ok(())
    }

    /// A file was read to its end: its blob's name and tree.
    ///
    /// # Errors
    /// When it was not.
    pub fn end_part(&mut self, id: &str, part: usize) -> Result<(BlobHash, Vec<u8>), DeskError> {
        let held = self.uploads.get_mut(id).and_then(|u| u.parts.get_mut(part)).ok_or(DeskError::NoUpload)?;
        let sealing = held.sealing.take().ok_or(DeskError::NoUpload)?;
        let (blob, tree) = sealing.growing.finish();
        let media_type = sniff(&sealing.head, &held.name).mime().to_owned();
        let content = ContentHash::from_bytes(*sealing.plain.finalize().as_bytes());
        held.sealed = Some(SealedPart { blob, content, media_type });
        Ok((blob, tree))
    }

    /// The blob and its tree are durable.
    ///
    /// # Errors
    /// When the store fails.
    pub fn part_kept(&mut self, id: &str, part: usize) -> Result<(), DeskError> {
        let sealed = self.uploads.get(id).and_then(|u| u.parts.get(part)).and_then(|p| p.sealed.clone());
        self.shelf.whole.extend(sealed.map(|sealed| sealed.blob));
        self.note_upload(id)
    }

    /// An upload cannot go on.
    pub fn fail_upload(&mut self, id: &str, why: String) {
        let Some(upload) = self.uploads.get_mut(id) else { return };
        upload.failed = why;
        let workspace = upload.workspace;
        self.tell_uploads(workspace);
    }

    fn cancel_upload(&mut self, id: &str) -> Result<(), DeskError> {
        let Some(upload) = self.uploads.get(id) else { return Ok(()) };
        let workspace = upload.workspace;
        let parts = upload.parts.len();
        self.forget_upload(id)?;
        self.orders.push_back(crate::order::Order::Discard { id: id.to_owned(), parts });
        self.tell_uploads(workspace);
        Ok(())
    }

    fn pause(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        id: &str,
        paused: bool,
    ) -> Result<(), DeskError> {
        match self.uploads.get_mut(id) {
            Some(upload) => upload.paused = paused,
            None => self.pause_sending(now, workspace, parse(id, "an upload")?, paused)?,
        }
        self.tell_uploads(workspace);
        Ok(())
    }

    fn note_upload(&mut self, id: &str) -> Result<(), DeskError> {
        let Some(upload) = self.uploads.get(id) else { return Ok(()) };
        let bytes = serde_json::to_vec(upload).unwrap_or_default();
        let mut batch = Batch::default();
        batch.put(key_of(id), bytes);
        Ok(self.store.commit(batch)?)
    }

    fn forget_upload(&mut self, id: &str) -> Result<(), DeskError> {
        let mut batch = Batch::default();
        batch.delete(key_of(id));
        self.store.commit(batch)?;
        self.uploads.remove(id);
        Ok(())
    }

    /// Everything that is under way in a workspace.
    pub(crate) fn upload_cards(&mut self, workspace: WorkspaceId) -> Vec<UploadCard> {
        let open = self.uploads.iter().filter(|(_, upload)| upload.workspace == workspace);
        let mut cards: Vec<UploadCard> = open.map(|(id, upload)| upload.card(id)).collect();
        cards.extend(self.outgoing.cards(workspace));
        cards
    }

    pub(crate) fn tell_uploads(&mut self, workspace: WorkspaceId) {
        let uploads = self.upload_cards(workspace);
        self.tell(Notice::Upload { workspace: workspace.to_hex(), uploads });
    }
}
