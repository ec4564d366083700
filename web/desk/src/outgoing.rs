//! Blobs of this browser that the relay has not confirmed: offered whenever a session is in
//! sync, read slice by slice when the relay asks, forgotten when it holds them.

use std::collections::BTreeMap;

use bytes::Bytes;
use proofroom_blobs::{Span, prove};
use proofroom_ident::{AssetId, BlobHash, Millis, WorkspaceId};
use proofroom_replica::ReplicaError;
use proofroom_review::BlobRef;
use proofroom_store::{Batch, Store};
use proofroom_sync::Input;
use proofroom_web_wire::{Link, UploadCard, UploadState};
use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::order::Order;

const PREFIX: &[u8] = b"web/outgoing/";

/// A blob that the relay lacks, as far as is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parcel {
    asset: AssetId,
    name: String,
    bytes: u64,
    paused: bool,
    #[serde(skip)]
    sent: u64,
    #[serde(skip)]
    refused: String,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    parcels: BTreeMap<(WorkspaceId, BlobHash), Parcel>,
}

impl Outgoing {
    /// Those that a store knows.
    pub(crate) fn known(store: &impl Store) -> Result<Self, DeskError> {
        let mut parcels = BTreeMap::new();
        for (key, bytes) in store.scan(PREFIX)? {
            let ids = key.get(PREFIX.len()..).and_then(|ids| ids.split_at_checked(32));
            let Some((workspace, blob)) = ids else { continue };
            let ids = (<[u8; 32]>::try_from(workspace), <[u8; 32]>::try_from(blob));
            if let ((Ok(workspace), Ok(blob)), Ok(parcel)) = (ids, crate::kept::read(&bytes)) {
                parcels.insert((WorkspaceId::from_bytes(workspace), BlobHash::from_bytes(blob)), parcel);
            }
        }
        Ok(Self { parcels })
    }

    /// Whether the relay lacks a blob.
    pub(crate) fn holds(&self, workspace: WorkspaceId, blob: BlobHash) -> bool {
        self.parcels.contains_key(&(workspace, blob))
    }

    /// How many wait in a workspace.
    pub(crate) fn count(&self, workspace: WorkspaceId) -> u64 {
        self.of(workspace).count() as u64
    }

    pub(crate) fn cards(&self, workspace: WorkspaceId) -> impl Iterator<Item = UploadCard> + '_ {
        self.of(workspace).map(move |(blob, parcel)| UploadCard {
            id: blob.to_hex(),
            workspace: workspace.to_hex(),
            asset: parcel.asset.to_hex(),
            name: String::new(),
            files: vec![parcel.name.clone()],
            state: match parcel {
                Parcel { refused, .. } if !refused.is_empty() => UploadState::Refused,
                Parcel { paused: true, .. } => UploadState::Paused,
                _ => UploadState::Sending,
            },
            done: parcel.sent,
            bytes: parcel.bytes,
            text: parcel.refused.clone(),
        })
    }

    fn of(&self, workspace: WorkspaceId) -> impl Iterator<Item = (BlobHash, &Parcel)> {
        let mine = self.parcels.iter().filter(move |((of, _), _)| *of == workspace);
        mine.map(|((_, blob), parcel)| (*blob, parcel))
    }
}

fn key_of(workspace: WorkspaceId, blob: BlobHash) -> Vec<u8> {
    [PREFIX, workspace.as_bytes(), blob.as_bytes()].concat()
}

impl<S: Store> Desk<S> {
    /// Notes durably that the relay lacks a blob.
    pub(crate) fn send_later(
        &mut self,
        workspace: WorkspaceId,
        asset: AssetId,
        blob: &BlobRef,
        name: &str,
    ) -> Result<(), DeskError> {
        let parcel = Parcel {
            asset,
            name: name.to_owned(),
            bytes: blob.bytes,
            paused: false,
            sent: 0,
            refused: String::new(),
        };
        self.note_parcel(workspace, blob.blob, &parcel)?;
        self.outgoing.parcels.insert((workspace, blob.blob), parcel);
        self.count_waiting(workspace);
        Ok(())
    }

    fn note_parcel(
        &mut self,
        workspace: WorkspaceId,
        blob: BlobHash,
        parcel: &Parcel,
    ) -> Result<(), DeskError> {
        let mut batch = Batch::default();
        batch.put(key_of(workspace, blob), serde_json::to_vec(parcel).unwrap_or_default());
        Ok(self.store.commit(batch)?)
    }

    /// Offers what the relay lacks, once entries are exchanged.
    pub(crate) fn offer(&mut self, now: Millis, workspace: WorkspaceId) -> Result<(), ReplicaError> {
        self.count_waiting(workspace);
        let in_sync = self.lines.get(&workspace).is_some_and(|line| line.badge.link == Link::InSync);
        let ready = self.outgoing.of(workspace).filter(|(_, parcel)| !parcel.paused);
        let blobs: Vec<_> = ready.map(|(blob, parcel)| (blob, parcel.bytes)).collect();
        match in_sync && !blobs.is_empty() {
            true => self.feed(now, workspace, Input::OfferBlobs(blobs)),
            false => Ok(()),
        }
    }

    fn count_waiting(&mut self, workspace: WorkspaceId) {
        if let Some(line) = self.lines.get_mut(&workspace) {
            line.badge.files_waiting = self.outgoing.count(workspace);
        }
        self.tell_badge(workspace);
    }

    pub(crate) fn pause_sending(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        blob: BlobHash,
        paused: bool,
    ) -> Result<(), DeskError> {
        let Some(parcel) = self.outgoing.parcels.get_mut(&(workspace, blob)) else { return Ok(()) };
        parcel.paused = paused;
        let parcel = parcel.clone();
        self.note_parcel(workspace, blob, &parcel)?;
        if !paused {
            let bytes = parcel.bytes;
            self.feed(now, workspace, Input::OfferBlobs(vec![(blob, bytes)]))?;
        }
        Ok(())
    }

    /// The relay asks for a slice.
    pub(crate) fn asked_for(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        blob: BlobHash,
        span: Span,
    ) -> Result<(), ReplicaError> {
        let parcel = self.outgoing.parcels.get(&(workspace, blob));
        match parcel.filter(|parcel| !parcel.paused && span.end() <= parcel.bytes) {
            Some(_) => {
                self.orders.push_back(Order::Read { workspace, blob, span });
                Ok(())
            }
            None => self.feed(now, workspace, Input::BlobMissing(blob)),
        }
    }

    /// Answers an [`Order::Read`]: the slice's ciphertext and the blob's tree, or nothing where
    /// they cannot be read.
    pub fn slice_read(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        blob: BlobHash,
        span: Span,
        read: Option<(Vec<u8>, Vec<u8>)>,
    ) {
        let total = self.outgoing.parcels.get(&(workspace, blob)).map_or(0, |parcel| parcel.bytes);
        let proved = read.and_then(|(bytes, tree)| prove(blob, total, span, &bytes, tree.as_slice()).ok());
        let input = match proved {
            Some(encoded) => Input::BlobRead { blob, total, span, encoded: Bytes::from(encoded) },
            None => Input::BlobMissing(blob),
        };
        let sent = matches!(input, Input::BlobRead { .. });
        let done = self.feed(now, workspace, input);
        if let Some(parcel) = self.outgoing.parcels.get_mut(&(workspace, blob)).filter(|_| sent) {
            let before = parcel.sent * 100 / parcel.bytes.max(1);
            parcel.sent = parcel.sent.max(span.end());
            if parcel.sent * 100 / parcel.bytes.max(1) != before {
                self.tell_uploads(workspace);
            }
        }
        self.settle(workspace, done);
    }

    /// The relay holds a blob.
    pub(crate) fn delivered(&mut self, workspace: WorkspaceId, blob: BlobHash) -> Result<(), ReplicaError> {
        if self.outgoing.parcels.remove(&(workspace, blob)).is_some() {
            let mut batch = Batch::default();
            batch.delete(key_of(workspace, blob));
            self.store.commit(batch)?;
            self.orders.push_back(Order::DropTree { blob });
            self.count_waiting(workspace);
            self.tell_uploads(workspace);
        }
        Ok(())
    }

    /// The relay does not take a blob; it is offered again with the next connection.
    pub(crate) fn refused(&mut self, workspace: WorkspaceId, blob: BlobHash, why: String) {
        if let Some(parcel) = self.outgoing.parcels.get_mut(&(workspace, blob)) {
            parcel.refused = why;
            self.tell_uploads(workspace);
        }
    }
}
