use proofroom_compare::{FrameMarks, FrameRange, compare_frames};
use proptest::prelude::*;

const EACH: usize = 16;

/// The mark of a frame of a shot; `noise` is what another encoder makes of it.
fn mark(shot: u8, noise: u8) -> Vec<u8> {
    let value = |i: u8| shot.wrapping_mul(67).wrapping_add(i.wrapping_mul(shot | 1)) / 2 + (i + noise) % 3;
    (0..16).map(value).collect()
}

fn film(shots: &[(u8, usize)], noise: u8) -> FrameMarks {
    let frames = shots.iter().flat_map(|(shot, frames)| std::iter::repeat_n(*shot, *frames));
    FrameMarks::new(frames.flat_map(|shot| mark(shot, noise)).collect(), EACH)
}

/// Frames from the first up to, not including, the last.
type Span = (u64, u64);

fn check(before: &[(u8, usize)], after: &[(u8, usize)], wanted: &[(Span, Span)]) {
    let found = compare_frames(&film(before, 0), &film(after, 1)).expect("marks of one kind");
    let wanted: Vec<_> =
        wanted.iter().map(|(before, after)| FrameRange { before: *before, after: *after }).collect();
    assert_eq!(found, wanted, "{before:?} {after:?}");
}

#[test]
fn shots_that_were_cut_put_in_or_replaced_are_found_to_the_frame() {
    let film = [(1, 50), (2, 40), (3, 60)];
    check(&film, &film, &[]);
    check(&film, &[(1, 50), (3, 60)], &[((50, 90), (50, 50))]);
    check(&film, &[(1, 50), (4, 12), (2, 40), (3, 60)], &[((50, 50), (50, 62))]);
    check(&film, &[(1, 50), (5, 40), (3, 60)], &[((50, 90), (50, 90))]);
    check(&film, &[(1, 50), (2, 40), (3, 30)], &[((120, 150), (120, 120))]);
    check(&film, &[(1, 50), (2, 40), (3, 60), (6, 10)], &[((150, 150), (150, 160))]);
    check(&[], &[(1, 5)], &[((0, 0), (0, 5))]);
}

#[test]
fn marks_of_another_size_are_not_compared() {
    assert_eq!(compare_frames(&FrameMarks::new(vec![0; 32], 16), &FrameMarks::new(vec![0; 32], 8)), None);
    assert_eq!(FrameMarks::new(vec![0; 35], 16).count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ranges_tell_how_to_get_from_one_film_to_the_other(
        before in proptest::collection::vec((0..6_u8, 1..30_usize), 0..6),
        after in proptest::collection::vec((0..6_u8, 1..30_usize), 0..6),
    ) {
        let (a, b) = (film(&before, 0), film(&after, 0));
        let ranges = compare_frames(&a, &b).expect("marks of one kind");
        let (mut old, mut new) = (0, 0);
        for range in &ranges {
            prop_assert_eq!(range.before.0 - old, range.after.0 - new, "what lies between is alike");
            (old, new) = (range.before.1, range.after.1);
        }
        prop_assert_eq!(a.count() as u64 - old, b.count() as u64 - new);
    }
}
