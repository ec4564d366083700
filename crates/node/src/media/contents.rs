//! What changed between two versions, as far as their files are on this machine.

use proofroom_compare::{
    BYTES_MAX, Changes, Content, Detail, FactChange, NoPictures, PagePictures, Side, Tolerance, compare, pair,
};
use proofroom_ident::{VersionHash, WorkspaceId};
use proofroom_pages::Pages;
use proofroom_pictures::Picture;
use proofroom_review::{BlobRef, FileRef, MediaType, ReviewView};

use super::bench::Bench;
use super::marks;
use crate::blobs::{BlobError, Blobs};

/// Longer side of a page that is compared by its looks.
const PAGE_SIDE: u16 = 1_000;

/// How closely is looked.
#[derive(Clone, Copy, Debug)]
pub enum Depth<'a> {
    /// Only what is quick: files up to so many bytes, and no film is decoded.
    Quick(u64),
    /// Everything, with a folder for what other programs decode.
    Whole(&'a Bench),
}

/// Compares versions of one asset.
#[derive(Clone, Copy, Debug)]
pub struct Comparer<'a> {
    /// Where.
    pub workspace: WorkspaceId,
    /// The machine's blobs.
    pub blobs: &'a Blobs,
    /// The asset's versions and where their files are.
    pub view: &'a ReviewView,
    /// How closely is looked.
    pub depth: Depth<'a>,
    /// What counts as a change.
    pub tolerance: Tolerance,
}

type Compared = (Detail, Vec<FactChange>);

impl Comparer<'_> {
    /// What changed from one version to the other; `None` where one of them is not known. `tell`
    /// hears of the bytes that were read.
    pub fn changes(
        &self,
        before: VersionHash,
        after: VersionHash,
        tell: &mut dyn FnMut(u64),
    ) -> Option<Changes> {
        let (before, after) = (self.view.versions.get(&before)?, self.view.versions.get(&after)?);
        let pairs = pair(before, after);
        let changed = |pair: &proofroom_compare::Pair<'_>| {
            let compared = match (pair.plain(), pair.before, pair.after) {
                (None, Some(before), Some(after)) => self.compared(before, after, tell),
                (plain, ..) => (plain.unwrap_or(Detail::Same), Vec::new()),
            };
            pair.change(compared)
        };
        Some(Changes { files: pairs.iter().map(changed).collect() })
    }

    /// How many bytes there are to read.
    pub fn bytes(&self, before: VersionHash, after: VersionHash) -> u64 {
        let both = [before, after].map(|version| self.view.versions.get(&version));
        both.iter().flatten().flat_map(|manifest| &manifest.files).map(|file| file.bytes).sum()
    }

    fn compared(&self, before: &FileRef, after: &FileRef, tell: &mut dyn FnMut(u64)) -> Compared {
        let types = [before, after].map(|file| MediaType::of_mime(&file.media_type));
        let film = |media: &MediaType| matches!(media, MediaType::Mp4 | MediaType::Mov);
        let compared = if types.iter().all(film) {
            self.films(before, after)
        } else if types == [MediaType::Pdf; 2] {
            self.pages(before, after)
        } else {
            self.files(before, after)
        };
        tell(before.bytes + after.bytes);
        compared.unwrap_or_else(|reason| (Detail::not_applicable(reason), Vec::new()))
    }

    fn files(&self, before: &FileRef, after: &FileRef) -> Result<Compared, String> {
        let (a, b) = (self.whole(before)?, self.whole(after)?);
        let read = |bytes, file: &FileRef| Content::read(bytes, MediaType::of_mime(&file.media_type));
        Ok(compare(&read(&a, before), &read(&b, after), self.tolerance, &mut NoPictures))
    }

    fn pages(&self, before: &FileRef, after: &FileRef) -> Result<Compared, String> {
        let open = |file: &FileRef| Pages::open(self.whole(file)?).map_err(|e| e.to_string());
        let (before, after) = (open(before)?, open(after)?);
        let (a, b) = (Content::Pages(before.facts()), Content::Pages(after.facts()));
        let mut drawn = Drawn { before, after };
        Ok(match self.depth {
            Depth::Whole(_) => compare(&a, &b, self.tolerance, &mut drawn),
            Depth::Quick(_) => compare(&a, &b, self.tolerance, &mut NoPictures),
        })
    }

    fn films(&self, before: &FileRef, after: &FileRef) -> Result<Compared, String> {
        let read = |file: &FileRef, name: &str| -> Result<Content<'static>, String> {
            let blob = self.blob(file)?;
            let content = Content::of_film(file.bytes, |offset, length| {
                self.blobs.range(self.workspace, &file.name, blob, offset, length as u64).ok()
            });
            let Depth::Whole(bench) = self.depth else { return Ok(content) };
            let path = bench.place(name);
            let exported = self.blobs.export(self.workspace, &file.name, blob, &path, |_| ());
            exported.map_err(said)?;
            let marks = marks::of(&path, MediaType::of_mime(&file.media_type)).ok();
            bench.clear(&path);
            Ok(match content {
                Content::Film(movie, _) => Content::Film(movie, marks),
                other => other,
            })
        };
        let (a, b) = (read(before, "before")?, read(after, "after")?);
        Ok(compare(&a, &b, self.tolerance, &mut NoPictures))
    }

    fn blob(&self, file: &FileRef) -> Result<&BlobRef, String> {
        let blob = self.view.blobs.get(&file.content);
        let held = blob.filter(|b| self.blobs.held(self.workspace, b.blob) == Some(b.bytes));
        held.ok_or_else(|| format!("the bytes of `{}` have not reached this machine", file.name))
    }

    fn whole(&self, file: &FileRef) -> Result<Vec<u8>, String> {
        let most = match self.depth {
            Depth::Quick(bytes_max) => bytes_max,
            Depth::Whole(_) => BYTES_MAX,
        };
        if file.bytes > most {
            return Err(format!("`{}` is longer than {} MB", file.name, most >> 20));
        }
        let blob = self.blob(file)?;
        self.blobs.range(self.workspace, &file.name, blob, 0, file.bytes).map_err(said)
    }
}

fn said(error: BlobError) -> String {
    error.to_string()
}

/// Pages drawn by this program.
struct Drawn {
    before: Pages,
    after: Pages,
}

impl PagePictures for Drawn {
    fn picture(&mut self, side: Side, page: usize) -> Option<Picture> {
        match side {
            Side::Before => self.before.picture(page, PAGE_SIDE),
            Side::After => self.after.picture(page, PAGE_SIDE),
        }
    }
}
