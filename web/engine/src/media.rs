//! Pieces of files for pages and for the service worker: fetched if need be, decrypted.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Promise, Uint8Array};
use proofroom_review::media::film;
use proofroom_review::media::sheaf::{SHEAF_HEAD_BYTES, SheafError, SheafIndex, SheafOf};
use proofroom_web_desk::{FETCHED_BYTES_MAX, Piece, Recipe};
use proofroom_web_wire::{Fault, FilmCard, PIECE_BYTES_MAX, Reply, TilesCard};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::lead::{Lead, no_storage};
use crate::world::now;

/// How often the headers of a film lead to other headers, at most.
const READS_MAX: usize = 64;
/// The most that is read of a film to learn of its picture, in bytes.
const HEADERS_BYTES_MAX: usize = 16 << 20;

/// Those who wait for bytes to arrive; all of them look again whenever some did.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Rc<RefCell<Vec<Function>>>);

impl Waiting {
    /// Until something changed.
    async fn wait(&self) {
        let list = self.0.clone();
        let promise = Promise::new(&mut |resolve, _| list.borrow_mut().push(resolve));
        // It is never rejected.
        let _woken = JsFuture::from(promise).await;
    }

    /// Something changed.
    pub(crate) fn wake(&self) {
        let all = std::mem::take(&mut *self.0.borrow_mut());
        for resolve in all {
            // A resolver does not fail.
            let _resolved = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Which file of which asset.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    pub(crate) workspace: &'a str,
    pub(crate) asset: &'a str,
    pub(crate) content: &'a str,
}

impl Lead {
    /// Answers with a piece of a file.
    pub(crate) async fn piece(&self, name: Name<'_>, offset: u64, bytes: u64) -> (Reply, Option<Uint8Array>) {
        let recipe = self.desk().borrow_mut().recipe(name.workspace, name.asset, name.content);
        let recipe = match recipe {
            Ok(recipe) => recipe,
            Err(error) => return (Reply::Fault(error.into()), None),
        };
        match self.bytes_of(name.workspace, &recipe, offset, bytes.min(PIECE_BYTES_MAX)).await {
            Ok(bytes) => {
                let reply = Reply::Piece { media_type: recipe.media_type, total: recipe.total };
                (reply, Some(Uint8Array::from(bytes.as_slice())))
            }
            Err(fault) => (Reply::Fault(fault), None),
        }
    }

    /// Answers with what a film says about its picture.
    pub(crate) async fn film(&self, name: Name<'_>) -> Reply {
        let recipe = self.desk().borrow_mut().recipe(name.workspace, name.asset, name.content);
        match recipe {
            Ok(recipe) => self.film_of(name.workspace, &recipe).await.map_or_else(Reply::Fault, Reply::Film),
            Err(error) => Reply::Fault(error.into()),
        }
    }

    /// Answers with how a picture is cut into tiles.
    pub(crate) async fn tiles(&self, name: Name<'_>) -> Reply {
        let recipe = self.desk().borrow_mut().recipe(name.workspace, name.asset, name.content);
        match recipe {
            Ok(recipe) => {
                self.tiles_of(name.workspace, &recipe).await.map_or_else(Reply::Fault, Reply::Tiles)
            }
            Err(error) => Reply::Fault(error.into()),
        }
    }

    async fn tiles_of(&self, workspace: &str, recipe: &Recipe) -> Result<TilesCard, Fault> {
        let broken = |error: SheafError| Fault {
            what: format!("the tiles of this picture cannot be read: {error}"),
            hint: "save the file to open it elsewhere, or ask whoever added it to make them again".into(),
        };
        let head = self.bytes_of(workspace, recipe, 0, SHEAF_HEAD_BYTES as u64).await?;
        let length = SheafIndex::bytes_of_index(&head).map_err(broken)?;
        let bytes = self.bytes_of(workspace, recipe, 0, (SHEAF_HEAD_BYTES + length) as u64).await?;
        let (index, first) = SheafIndex::read(&bytes).map_err(broken)?;
        let SheafOf::Tiles { tile, levels } = index.of else {
            return Err(broken(SheafError::Index("these are pages".into())));
        };
        let mut starts = vec![first];
        starts.extend(index.lengths.iter().scan(first, |at, length| {
            *at += u64::from(*length);
            Some(*at)
        }));
        let levels = levels.into_iter().map(|(width, height)| [width, height]).collect();
        Ok(TilesCard { media_type: index.media_type, side: tile, levels, starts })
    }

    /// The reader of headers is handed what it asks for, one read after the other, until it asks for nothing new.
    async fn film_of(&self, workspace: &str, recipe: &Recipe) -> Result<Option<FilmCard>, Fault> {
        let mut known: Vec<(u64, Vec<u8>)> = Vec::new();
        for _ in 0..READS_MAX {
            let mut wanted = None;
            let found = film(recipe.total, |offset, length| {
                let held = known.iter().find_map(|(from, bytes)| {
                    let at = usize::try_from(offset.checked_sub(*from)?).ok()?;
                    bytes.get(at..at.checked_add(length)?)
                });
                if held.is_none() {
                    wanted = Some((offset, length));
                }
                held.map(<[u8]>::to_vec)
            });
            let Some((offset, length)) = wanted.filter(|(_, length)| *length <= HEADERS_BYTES_MAX) else {
                let card = |f: proofroom_review::media::Film| FilmCard {
                    size: [f.size.0, f.size.1],
                    rate: f.rate.map(|rate| [rate.num(), rate.den()]),
                    frames: f.frames,
                };
                return Ok(found.map(card));
            };
            let bytes = self.bytes_of(workspace, recipe, offset, length as u64).await?;
            if bytes.len() < length {
                return Ok(None);
            }
            known.push((offset, bytes));
        }
        Ok(None)
    }

    async fn bytes_of(
        &self,
        workspace: &str,
        recipe: &Recipe,
        offset: u64,
        bytes: u64,
    ) -> Result<Vec<u8>, Fault> {
        let bytes = recipe.total.saturating_sub(offset).min(bytes);
        loop {
            let found = self.desk().borrow_mut().piece(now(), workspace, recipe, offset, bytes);
            self.obey();
            match found.map_err(Fault::from)? {
                Piece::Here => break,
                Piece::Coming => self.waiting().wait().await,
            }
        }
        self.prove(recipe).await?;
        let mut out = self.slices().read(recipe.blob, offset, bytes).await.map_err(|e| no_storage(&e))?;
        recipe.open(offset, &mut out).map_err(Fault::from)?;
        Ok(out)
    }

    /// A file that lay here since an earlier day is read once as a whole, and dropped if it is torn: it
    /// is fetched again. A large one is not: what came of it was proved when it came.
    async fn prove(&self, recipe: &Recipe) -> Result<(), Fault> {
        let old = self.desk().borrow().is_unproved(recipe.blob);
        if !old || recipe.total > FETCHED_BYTES_MAX {
            return Ok(());
        }
        let bytes = self.slices().read(recipe.blob, 0, recipe.total).await;
        let sound =
            bytes.is_ok_and(|mut bytes| recipe.open(0, &mut bytes).is_ok() && recipe.is_whole(&bytes));
        if sound {
            self.desk().borrow_mut().blob_proved(recipe.blob);
            return Ok(());
        }
        self.desk().borrow_mut().blob_lost(recipe.blob);
        // It is fetched again whether or not the torn file goes away now.
        let _gone = self.slices().drop_blob(recipe.blob).await;
        Err(proofroom_web_desk::DeskError::FileMissing.into())
    }
}
