//! Files of versions: what of them is here, what is fetched, how a piece is opened.
//!
//! Bytes come slice by slice, each verified by the session against the blob's name. Files of up
//! to [`FETCHED_BYTES_MAX`] are fetched as a whole by themselves; of a larger one, and of a picture
//! that is shown in tiles, come the parts that somebody looks at, and all of it once its asset is to
//! be kept offline.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blobs::{GROUP_BYTES, Held, Input as Fetched, Rank, SLICE_BYTES, Span, Want as Wanted};
use proofroom_ident::{Audience, BlobHash, ContentHash, Millis, WorkspaceId};
use proofroom_replica::ReplicaError;
use proofroom_review::media::sheaf::SHEAF_MEDIA_TYPE;
use proofroom_review::{RenditionKind, ReviewView};
use proofroom_seal::BlobKey;
use proofroom_store::Store;
use proofroom_sync::Input;
use proofroom_web_wire::{Link, Notice};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::order::Order;
use crate::shelf::Wish;

/// Largest file that is fetched as a whole without being asked for, in bytes.
pub const FETCHED_BYTES_MAX: u64 = 64 << 20;
/// How much is asked for beyond what somebody looks at, in bytes.
const AHEAD_BYTES: u64 = 4 * SLICE_BYTES;
/// After how many bytes of a blob pages hear of it again, at most: a sixteenth of it.
const TOLD_BYTES_MAX: u64 = 4 << 20;
/// How long a relay that lacks a blob is not asked for parts of it again.
const ABSENT_MS: u64 = 3_000;

/// What of blobs is durable in this browser.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Blobs that are here as a whole.
    pub whole: BTreeSet<BlobHash>,
    /// Parts of others.
    pub parts: BTreeMap<BlobHash, Held>,
    /// Those that lie here since an earlier day.
    pub unproved: BTreeSet<BlobHash>,
}

impl Shelf {
    /// How many bytes of a blob are here.
    pub fn bytes(&self, blob: BlobHash, total: u64) -> u64 {
        if self.whole.contains(&blob) { total } else { self.parts.get(&blob).map_or(0, Held::bytes) }
    }

    /// Whether every part of a blob was written, sealed or not yet.
    pub(crate) fn is_all(&self, blob: BlobHash) -> bool {
        self.whole.contains(&blob) || self.parts.get(&blob).is_some_and(Held::is_all)
    }

    fn held(&self, blob: BlobHash, total: u64) -> Held {
        self.parts
            .get(&blob)
            .filter(|held| held.total() == total)
            .cloned()
            .unwrap_or_else(|| Held::none(total))
    }
}

/// How a stored blob becomes a file again.
pub struct Recipe {
    /// Where its ciphertext is.
    pub blob: BlobHash,
    /// What it is, as `type/subtype`.
    pub media_type: String,
    /// Its length, of plaintext and ciphertext alike.
    pub total: u64,
    /// Which bytes they must be.
    content: ContentHash,
    key: BlobKey,
}

impl Recipe {
    /// Decrypts the ciphertext that stands at `offset`, in place.
    ///
    /// # Errors
    /// When a blob cannot be that long.
    pub fn open(&self, offset: u64, bytes: &mut [u8]) -> Result<(), DeskError> {
        self.key.apply(offset, bytes).map_err(|_| DeskError::FileMissing)
    }

    /// Whether this is the plaintext of the whole file.
    pub fn is_whole(&self, bytes: &[u8]) -> bool {
        use proofroom_ident::HashWords as _;
        ContentHash::of(bytes) == self.content
    }
}

/// Where a piece of a file is.
pub enum Piece {
    /// In this browser.
    Here,
    /// On its way: look again when a slice was written.
    Coming,
}

/// Whether a file or rendition comes as a whole without being asked for: none that is large, and none
/// of a picture that is looked at in tiles.
pub(crate) fn comes_by_itself(view: &ReviewView, content: &ContentHash, bytes: u64) -> bool {
    let tiled = || {
        let mut tiles = view.renditions.iter().filter(|made| made.kind == RenditionKind::Tiles);
        tiles.any(|made| [made.of, made.content].contains(content))
    };
    bytes <= FETCHED_BYTES_MAX && !tiled()
}

/// The recipe of a file that a view names.
fn recipe(view: &ReviewView, content: ContentHash) -> Result<Recipe, DeskError> {
    let missing = || DeskError::malformed(&content.to_hex(), "a file of this asset");
    let held = view.blobs.get(&content).ok_or_else(missing)?;
    let mut files = view.versions.values().flat_map(|manifest| &manifest.files);
    let file = files.find(|file| file.content == content).map(|file| &file.media_type);
    let made = || view.renditions.iter().find(|made| made.content == content).map(|made| &made.media_type);
    Ok(Recipe {
        blob: held.blob,
        media_type: file.or_else(made).ok_or_else(missing)?.clone(),
        total: held.bytes,
        content,
        key: BlobKey::from_bytes(*held.key.as_bytes()),
    })
}

impl<S: Store> Desk<S> {
    /// How the file of an asset is opened.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn recipe(&mut self, workspace: &str, asset: &str, content: &str) -> Result<Recipe, DeskError> {
        let workspace = parse(workspace, "a workspace")?;
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let view = replica.review(&self.store, parse(asset, "an asset")?, Audience::Everyone)?;
        recipe(&view, parse(content, "a file's hash")?)
    }

    /// Where some bytes of a file are; those that are nowhere here are asked for. Drain
    /// [`Desk::poll`] afterwards.
    ///
    /// # Errors
    /// When they are not here and nobody can be asked.
    pub fn piece(
        &mut self,
        now: Millis,
        workspace: &str,
        recipe: &Recipe,
        offset: u64,
        bytes: u64,
    ) -> Result<Piece, DeskError> {
        let workspace: WorkspaceId = parse(workspace, "a workspace")?;
        let (blob, total) = (recipe.blob, recipe.total);
        if self.shelf.whole.contains(&blob) {
            return Ok(Piece::Here);
        }
        let held = self.shelf.held(blob, total);
        let end = offset.saturating_add(bytes).min(total);
        let all = Span { offset, bytes: end.saturating_sub(offset) };
        let line = self.lines.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let here = held.contains(all);
        let asked = match line.badge.link {
            Link::InSync | Link::Exchanging if line.is_up() => {
                // What follows a tile is seldom what is looked at next.
                let ahead = if recipe.media_type == SHEAF_MEDIA_TYPE { 0 } else { AHEAD_BYTES };
                line.look(now, blob, &held, offset, end.saturating_add(ahead).min(total))
            }
            _ => None,
        };
        if !here && asked.is_none() {
            return Err(DeskError::FileMissing);
        }
        for span in asked.unwrap_or_default() {
            self.with(now, workspace, |line, replica, step| {
                line.feed(replica, step, Input::AskBlob { blob, total, span })
            })?;
        }
        Ok(if here { Piece::Here } else { Piece::Coming })
    }

    /// A slice of an [`Order::Write`] was written.
    pub fn slice_written(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        blob: BlobHash,
        total: u64,
        span: Span,
    ) {
        let held = self.shelf.parts.entry(blob).or_insert_with(|| Held::none(total));
        let before = held.bytes();
        held.add(span);
        let step = (total / 16).clamp(SLICE_BYTES, TOLD_BYTES_MAX);
        let told = before / step != held.bytes() / step;
        if held.is_all() {
            self.order(Order::Seal { workspace, blob });
        }
        if told {
            self.tell(Notice::File { workspace: workspace.to_hex() });
        }
        let arrived = Fetched::Arrived { from: (), blob, span };
        let done = self.with(now, workspace, |line, replica, step| line.fetched(replica, step, arrived));
        self.settle(workspace, done);
    }

    /// A blob of an [`Order::Seal`] is durable as a whole.
    pub fn blob_kept(&mut self, now: Millis, workspace: WorkspaceId, blob: BlobHash) {
        self.shelf.parts.remove(&blob);
        self.shelf.whole.insert(blob);
        let done = self.fetch(now, workspace);
        self.tell_badge(workspace);
        self.tell(Notice::File { workspace: workspace.to_hex() });
        self.settle(workspace, done);
    }

    /// Whether a blob lay here when the desk was opened, and was not read as a whole since.
    pub fn is_unproved(&self, blob: BlobHash) -> bool {
        self.shelf.unproved.contains(&blob)
    }

    /// All of a blob was read, and is what it should be.
    pub fn blob_proved(&mut self, blob: BlobHash) {
        self.shelf.unproved.remove(&blob);
    }

    /// A blob turned out to be torn: it is fetched again.
    pub fn blob_lost(&mut self, blob: BlobHash) {
        self.shelf.whole.remove(&blob);
        self.shelf.unproved.remove(&blob);
        self.shelf.parts.remove(&blob);
    }

    /// Fetches the files that versions name and this browser lacks.
    pub(crate) fn fetch(&mut self, now: Millis, workspace: WorkspaceId) -> Result<(), ReplicaError> {
        let Some(replica) = self.replicas.get_mut(&workspace) else { return Ok(()) };
        let mut lacking = BTreeMap::new();
        let erased = replica.blobs_to_forget(&self.store, now)?;
        for blob in erased.into_iter().filter(|blob| self.shelf.whole.remove(blob)) {
            self.orders.push_back(Order::Drop { blob });
        }
        let assets: Vec<_> = replica.plan(&self.store)?.assets.iter().map(|asset| asset.id).collect();
        for asset in assets {
            let wish = self.wishes.get(&(workspace, asset)).copied();
            if wish == Some(Wish::GiveUp) {
                continue;
            }
            let view = replica.review(&self.store, asset, Audience::Everyone)?;
            for (content, held) in view
                .blobs
                .iter()
                .filter(|(_, held)| !held.is_erased() && !self.shelf.whole.contains(&held.blob))
            {
                let asked = wish == Some(Wish::Keep);
                if asked || comes_by_itself(&view, content, held.bytes) {
                    let rank = if asked { Rank::Asked } else { Rank::Original };
                    lacking.insert(held.blob, (held.bytes, rank));
                }
            }
        }
        let Some(line) = self.lines.get_mut(&workspace) else { return Ok(()) };
        line.badge.files_missing = lacking.len() as u64;
        for (blob, (total, rank)) in lacking {
            let held = self.shelf.held(blob, total);
            let want = Fetched::Want(Wanted { blob, rank, held });
            self.with(now, workspace, |line, replica, step| line.fetched(replica, step, want))?;
        }
        Ok(())
    }
}

/// Parts that somebody waits for, and blobs that the relay was found to lack.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    asked: BTreeSet<(BlobHash, Span)>,
    absent: BTreeMap<BlobHash, Millis>,
}

impl Looking {
    /// What to ask for, so that the bytes from `offset` to `end` come; `None` where the relay lacks them.
    pub(crate) fn look(
        &mut self,
        now: Millis,
        blob: BlobHash,
        held: &Held,
        offset: u64,
        end: u64,
    ) -> Option<Vec<Span>> {
        if self.absent.get(&blob).is_some_and(|since| now.0.saturating_sub(since.0) < ABSENT_MS) {
            return None;
        }
        self.absent.remove(&blob);
        let (nothing, mut from, mut spans) = (Held::none(held.total()), offset, Vec::new());
        while let Some(span) = held.missing_from(&nothing, from, SLICE_BYTES).filter(|span| span.offset < end)
        {
            // A blob's last group may be short: beyond it, not within it.
            from = span.offset + span.bytes.max(1).next_multiple_of(GROUP_BYTES);
            if self.asked.insert((blob, span)) {
                spans.push(span);
            }
        }
        Some(spans)
    }

    pub(crate) fn arrived(&mut self, blob: BlobHash, span: Span) {
        self.asked.remove(&(blob, span));
    }

    pub(crate) fn missing(&mut self, now: Millis, blob: BlobHash) {
        self.asked.retain(|(asked, _)| *asked != blob);
        self.absent.insert(blob, now);
    }
}

#[cfg(test)]
mod tests {
    use super::Looking;
    use proofroom_blobs::{GROUP_BYTES, Held, SLICE_BYTES, Span};
    use proofroom_ident::{BlobHash, Millis};

    const BLOB: BlobHash = BlobHash::from_bytes([7; 32]);

    #[test]
    fn the_end_of_a_blob_with_a_short_last_group_is_asked_for_once() {
        let total = 3 * SLICE_BYTES + 5;
        let held = Held::none(total);
        let mut looking = Looking::default();
        let asked = looking.look(Millis(0), BLOB, &held, total - 10, total);
        let last = Span { offset: 3 * SLICE_BYTES, bytes: 5 };
        let before = Span { offset: 3 * SLICE_BYTES - GROUP_BYTES, bytes: GROUP_BYTES };
        assert_eq!(asked, Some(vec![before, last]));
        assert_eq!(looking.look(Millis(0), BLOB, &held, total - 10, total), Some(Vec::new()));
    }

    #[test]
    fn a_relay_that_lacks_a_blob_is_asked_again_after_a_while() {
        let held = Held::none(SLICE_BYTES);
        let mut looking = Looking::default();
        assert!(looking.look(Millis(0), BLOB, &held, 0, 10).is_some());
        looking.missing(Millis(10), BLOB);
        assert_eq!(looking.look(Millis(20), BLOB, &held, 0, 10), None);
        assert!(looking.look(Millis(9_000), BLOB, &held, 0, 10).is_some_and(|spans| !spans.is_empty()));
    }
}
