use proofroom_compare::{NoPictures, PagePictures, Side, Tolerance, compare_pages};
use proofroom_pictures::Picture;
use proofroom_review::media::PageFacts;

use crate::pictures::{of, photo, with_logo};

pub fn page(text: &str) -> PageFacts {
    let a4 = [0, 0, 595_000, 842_000];
    PageFacts { media_box: a4, crop_box: a4, text: text.into(), ..PageFacts::default() }
}

/// Every page looks the same, but one of the later version.
pub struct Drawn {
    pub changed: usize,
}

impl PagePictures for Drawn {
    fn picture(&mut self, side: Side, page: usize) -> Option<Picture> {
        let logo = side == Side::After && page == self.changed;
        Some(if logo { with_logo(10, 10) } else { of(photo((320, 240), 1)) })
    }
}

#[test]
fn pages_that_came_went_or_changed_their_words_are_told() {
    let before = [page("Cover"), page("Old page"), page("Terms: 14 days"), page("Imprint")];
    let after = [page("Cover"), page("Terms: 30 days"), page("Imprint"), page("Appendix")];
    let changes = compare_pages(&before, &after, Tolerance::default(), &mut NoPictures);
    let places: Vec<_> = changes.pages.iter().map(|p| (p.before, p.after)).collect();
    assert_eq!(
        (changes.count, places.as_slice()),
        ((4, 4), &[(Some(1), Some(1)), (Some(2), None), (None, Some(3))][..])
    );
    assert!(!changes.pictured && changes.is_changed());
    let same = compare_pages(&before, &before, Tolerance::default(), &mut NoPictures);
    assert!(!same.is_changed() && !same.pictured, "words alone do not tell that nothing changed");
}

#[test]
fn boxes_and_looks_count_beside_words() {
    let before = [page("Cover"), page("Photo"), page("Imprint")];
    let mut after = before.clone();
    after[2].trim_box = Some([10_000, 10_000, 585_000, 832_500]);
    let changes = compare_pages(&before, &after, Tolerance::default(), &mut Drawn { changed: 1 });
    assert!(changes.pictured);
    let [photo, imprint] = changes.pages.as_slice() else { panic!("{:?}", changes.pages) };
    let picture = photo.picture.as_ref().expect("it looks different");
    assert_eq!(
        (photo.before, photo.words.as_ref(), picture.regions[0].px),
        (Some(1), None, [10, 10, 40, 30])
    );
    assert_eq!(imprint.facts.len(), 1);
    assert_eq!(
        (imprint.facts[0].before.as_str(), imprint.facts[0].after.as_str()),
        ("none", "10 10 585 832.5")
    );
}
