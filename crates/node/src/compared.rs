//! How a version differs from an earlier one, as far as file contents and types tell.
//!
//! Signed as an act beside a submission, so that approvals may be carried forward. What cannot be
//! told apart counts as changed: a wrong "unaffected" would let somebody's approval stand for what
//! they never saw.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_compare::{Changes, Tolerance, Under, changed_under};
use proofroom_ident::{VersionHash, WorkspaceId};
use proofroom_review::{Anchor, Aspect, CommentView, Comparison, FileRef, Manifest, ReviewView};

use crate::blobs::Blobs;
use crate::media::contents::{Comparer, Depth};

/// The comparison of a version with an earlier one. `touches` says of a comment on the earlier one
/// whether something may have changed at its place.
pub fn comparison(
    (from, before): (VersionHash, &Manifest),
    after: &Manifest,
    comments: &[CommentView],
    mut touches: impl FnMut(&CommentView) -> bool,
) -> Comparison {
    let mut changed: BTreeSet<Aspect> = BTreeSet::new();
    for file in &before.files {
        match after.files.iter().find(|f| f.name == file.name) {
            Some(same) if same.content == file.content => {}
            Some(other) => {
                changed.extend(aspects(file));
                changed.extend(aspects(other));
                changed.extend((file.media_type != other.media_type).then_some(Aspect::Files));
            }
            None => changed.extend(came_or_went(file)),
        }
    }
    let new = after.files.iter().filter(|f| before.files.iter().all(|old| old.name != f.name));
    changed.extend(new.flat_map(came_or_went));
    let earlier = comments.iter().filter(|c| c.anchor.version == from && !changed.is_empty());
    let touched: BTreeSet<_> = earlier.filter(|c| touches(c)).map(|c| c.key).collect();
    Comparison {
        from,
        elsewhere: !changed.is_empty(),
        changed: changed.into_iter().collect(),
        touched: touched.into_iter().collect(),
    }
}

/// Files that are compared to answer for comments are no longer than this.
const QUICK_BYTES_MAX: u64 = 64 << 20;

/// Whether versions of one asset differ where anchors point, as far as is quick to tell: no film is
/// decoded for it, no page drawn, and files of more than 64 MiB are not read.
pub struct Places<'a> {
    comparer: Comparer<'a>,
    known: BTreeMap<[VersionHash; 2], Option<Changes>>,
}

impl<'a> Places<'a> {
    /// Nothing is read before it is asked for.
    pub fn new(workspace: WorkspaceId, blobs: &'a Blobs, view: &'a ReviewView) -> Self {
        let (depth, tolerance) = (Depth::Quick(QUICK_BYTES_MAX), Tolerance::default());
        Self { comparer: Comparer { workspace, blobs, view, depth, tolerance }, known: BTreeMap::new() }
    }

    /// Whether a version differs from the one that an anchor names, at the anchor's place.
    pub fn changed_under(&mut self, anchor: &Anchor, version: VersionHash) -> Under {
        let pair = [anchor.version, version];
        let comparer = &self.comparer;
        let compare = || comparer.changes(anchor.version, version, &mut |_| ());
        let changes = self.known.entry(pair).or_insert_with(compare);
        changes.as_ref().map_or(Under::Unknown, |changes| changed_under(anchor, changes))
    }
}

fn came_or_went(file: &FileRef) -> Vec<Aspect> {
    let mut aspects = aspects(file).to_vec();
    aspects.push(Aspect::Files);
    aspects
}

/// All that may be another where a file of this type has other bytes. Pictures show words.
fn aspects(file: &FileRef) -> &'static [Aspect] {
    use Aspect::{Audio, Metadata, Pixels, Timing, Words};
    match file.media_type.split('/').next() {
        Some("text") => &[Words],
        Some("image") if file.media_type.ends_with("photoshop") => Aspect::ALL,
        Some("image") => &[Pixels, Words, Metadata],
        Some("audio") => &[Words, Audio, Timing, Metadata],
        _ => Aspect::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::comparison;
    use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId, VersionHash};
    use proofroom_review::{Aspect, FileRef, Manifest};

    fn manifest(files: &[(&str, &str, &str)]) -> Manifest {
        let file = |(name, media_type, bytes): &(&str, &str, &str)| FileRef {
            name: (*name).into(),
            media_type: (*media_type).into(),
            bytes: bytes.len() as u64,
            content: ContentHash::of(bytes.as_bytes()),
        };
        Manifest {
            asset: AssetId::from_bytes([1; 16]),
            parents: vec![],
            files: files.iter().map(file).collect(),
            note: String::new(),
            author: PersonId::from_bytes([2; 32]),
            claimed_at: Millis(0),
        }
    }

    fn changed(before: &[(&str, &str, &str)], after: &[(&str, &str, &str)]) -> Vec<Aspect> {
        comparison((VersionHash::from_bytes([3; 32]), &manifest(before)), &manifest(after), &[], |_| true)
            .changed
    }

    #[test]
    fn a_changed_text_beside_an_unchanged_picture_changes_words_only() {
        let picture = ("hero.png", "image/png", "pixels");
        let (before, after) = (("copy.md", "text/markdown", "old"), ("copy.md", "text/markdown", "new"));
        assert_eq!(changed(&[picture, before], &[picture, after]), [Aspect::Words]);
        assert_eq!(changed(&[picture, before], &[picture, before]), []);
    }

    #[test]
    fn a_changed_picture_may_show_other_words() {
        let (before, after) = (("hero.png", "image/png", "old"), ("hero.png", "image/png", "new"));
        assert!(changed(&[before], &[after]).contains(&Aspect::Words));
    }

    #[test]
    fn a_file_that_came_or_went_is_a_change_of_files_too() {
        let copy = ("copy.md", "text/markdown", "text");
        assert_eq!(changed(&[], &[copy]), [Aspect::Words, Aspect::Files]);
        assert_eq!(changed(&[copy], &[]), [Aspect::Words, Aspect::Files]);
    }
}
