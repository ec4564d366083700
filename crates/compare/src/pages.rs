//! Documents in pages: which pages came, went or changed, in words and in looks.

use proofroom_review::media::{PageEdges, PageFacts};
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::changes::FactChange;
use crate::content::{PagePictures, Side};
use crate::pixels::{PictureChanges, Tolerance, compare_pictures};
use crate::words::{WordChanges, compare_words};

/// Most pages whose looks are compared.
const PICTURED_MAX: usize = 300;
const CHANGES_MAX: usize = 1_000;

/// What changed in a document in pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageChanges {
    /// How many pages there were, and are.
    pub count: (u64, u64),
    /// Pages that came, went or changed.
    pub pages: Vec<PageChange>,
    /// So many more are not listed.
    pub left_out: u64,
    /// Whether the looks of all pages that stayed were compared, not their words alone.
    pub pictured: bool,
    /// The texts of both, as long as nobody wrote the changes down.
    #[serde(skip)]
    pub(crate) texts: Option<(String, String)>,
}

/// What became of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageChange {
    /// Its place in the earlier version, from 0; absent where it is new.
    pub before: Option<u32>,
    /// Its place in the later version, from 0; absent where it is gone.
    pub after: Option<u32>,
    /// What changed of its boxes and its turn.
    pub facts: Vec<FactChange>,
    /// What changed of its words.
    pub words: Option<WordChanges>,
    /// What changed of its looks.
    pub picture: Option<PictureChanges>,
}

impl PageChanges {
    /// Whether it is known that something changed.
    pub fn is_changed(&self) -> bool {
        !self.pages.is_empty()
    }
}

/// What changed from one document to the other.
pub fn compare_pages(
    before: &[PageFacts],
    after: &[PageFacts],
    tolerance: Tolerance,
    pictures: &mut dyn PagePictures,
) -> PageChanges {
    let mut changes = PageChanges {
        count: (before.len() as u64, after.len() as u64),
        pictured: true,
        texts: Some((texts(before), texts(after))),
        ..PageChanges::default()
    };
    let mut pictured = 0;
    for (old, new) in aligned(before, after) {
        let change = match (old, new) {
            (Some(old), Some(new)) => {
                let mut change = said(old, new, &before[old], &after[new]);
                pictured += 1;
                let drawn = (pictured <= PICTURED_MAX)
                    .then(|| pictures.picture(Side::Before, old).zip(pictures.picture(Side::After, new)))
                    .flatten();
                changes.pictured &= drawn.is_some();
                let looks = drawn.map(|(a, b)| compare_pictures(&a, &b, tolerance));
                change.picture = looks.filter(PictureChanges::is_changed);
                change
            }
            _ => blank(old, new),
        };
        let stayed = change.before.is_some() && change.after.is_some();
        if stayed && change.facts.is_empty() && change.words.is_none() && change.picture.is_none() {
            continue;
        }
        match changes.pages.len() < CHANGES_MAX {
            true => changes.pages.push(change),
            false => changes.left_out += 1,
        }
    }
    changes
}

fn blank(before: Option<usize>, after: Option<usize>) -> PageChange {
    let index = |page: Option<usize>| page.and_then(|page| u32::try_from(page).ok());
    PageChange { before: index(before), after: index(after), facts: Vec::new(), words: None, picture: None }
}

fn said(old: usize, new: usize, before: &PageFacts, after: &PageFacts) -> PageChange {
    let shown = |edges: &PageEdges| {
        let points = edges.map(|edge| {
            let sign = if edge < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:03}", edge.unsigned_abs() / 1_000, edge.unsigned_abs() % 1_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        });
        points.join(" ")
    };
    let named = |edges: &Option<PageEdges>| edges.as_ref().map_or_else(|| "none".to_owned(), shown);
    let facts = [
        FactChange::between("media box", shown(&before.media_box), shown(&after.media_box)),
        FactChange::between("crop box", shown(&before.crop_box), shown(&after.crop_box)),
        FactChange::between("trim box", named(&before.trim_box), named(&after.trim_box)),
        FactChange::between("bleed box", named(&before.bleed_box), named(&after.bleed_box)),
        FactChange::between("turn", before.rotate, after.rotate),
    ];
    let words = (before.text != after.text).then(|| compare_words(&before.text, &after.text));
    PageChange { facts: facts.into_iter().flatten().collect(), words, ..blank(Some(old), Some(new)) }
}

/// Which page became which. Pages that differ stand for each other in their order, what is left
/// over came or went.
fn aligned(before: &[PageFacts], after: &[PageFacts]) -> Vec<(Option<usize>, Option<usize>)> {
    let old: Vec<&str> = before.iter().map(|page| page.text.as_str()).collect();
    let new: Vec<&str> = after.iter().map(|page| page.text.as_str()).collect();
    let ops = capture_diff_slices(Algorithm::Patience, &old, &new);
    let pairs = |op: DiffOp| {
        let (old, new) = (op.old_range(), op.new_range());
        (0..old.len().max(new.len())).map(move |i| {
            let within = |range: &std::ops::Range<usize>| (i < range.len()).then_some(range.start + i);
            (within(&old), within(&new))
        })
    };
    ops.into_iter().flat_map(pairs).collect()
}

/// All words with single spaces: where lines break is the layout's matter.
fn texts(pages: &[PageFacts]) -> String {
    let words = pages.iter().flat_map(|page| page.text.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}
