//! Reviewers who contradict each other: one likes what the other wants changed, at the same place.
//!
//! Only what can be compared without guessing counts as the same place. Two that want different
//! changes may contradict each other as well, but only people can tell.

use crate::anchor::{Anchor, Region, Selector};
use crate::owned::CommentKey;
use crate::view::CommentView;
use crate::words::{CommentLabel, CommentState};

/// Two comments that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Conflict {
    /// The one that likes it as it is.
    pub praise: CommentKey,
    /// The one that wants it changed.
    pub change: CommentKey,
}

/// All pairs of comments of different authors that contradict each other, in order of key.
pub fn conflicts<'a>(comments: impl IntoIterator<Item = &'a CommentView>) -> Vec<Conflict> {
    let stands = |c: &&CommentView| !matches!(c.state, CommentState::WontFix | CommentState::Withdrawn);
    let all: Vec<&CommentView> = comments.into_iter().filter(|c| c.parent.is_none()).filter(stands).collect();
    let praises = all.iter().filter(|c| c.label == CommentLabel::Praise);
    let mut out: Vec<Conflict> = praises
        .flat_map(|praise| {
            let opposed = all.iter().filter(|c| {
                matches!(c.label, CommentLabel::Change | CommentLabel::Blocker)
                    && c.key.owner != praise.key.owner
                    && overlap(&praise.anchor, &c.anchor)
            });
            opposed.map(|change| Conflict { praise: praise.key, change: change.key })
        })
        .collect();
    out.sort_unstable();
    out
}

/// Whether two anchors point at the same place of the same version, at least in part.
pub fn overlap(a: &Anchor, b: &Anchor) -> bool {
    let meets = || a.selectors.iter().any(|x| b.selectors.iter().any(|y| meet(x, y)));
    let refined = match (&a.refined_by, &b.refined_by) {
        (Some(x), Some(y)) if std::mem::discriminant(x) == std::mem::discriminant(y) => meet(x, y),
        _ => true,
    };
    a.version == b.version && refined && meets()
}

fn meet(a: &Selector, b: &Selector) -> bool {
    match (a, b) {
        (Selector::Whole, Selector::Whole) => true,
        (Selector::Region(a), Selector::Region(b)) => regions(a, b),
        (Selector::Frames(a), Selector::Frames(b)) => {
            a.rate == b.rate
                && a.start < b.start.saturating_add(b.duration)
                && b.start < a.start.saturating_add(a.duration)
        }
        (Selector::TimeMs { start: a, end: to_a }, Selector::TimeMs { start: b, end: to_b }) => {
            a < to_b && b < to_a
        }
        (Selector::Page { index: a, .. }, Selector::Page { index: b, .. }) => a == b,
        (
            Selector::TextPos { start: a, end: to_a, text_hash: x },
            Selector::TextPos { start: b, end: to_b, text_hash: y },
        ) => x == y && a < to_b && b < to_a,
        (Selector::Quote { exact: a, .. }, Selector::Quote { exact: b, .. }) => {
            a.contains(b.as_str()) || b.contains(a.as_str())
        }
        (Selector::Layer { tool: s, id: a, rel: x, .. }, Selector::Layer { tool: t, id: b, rel: y, .. }) => {
            let within = match (x, y) {
                (Some(x), Some(y)) => regions(x, y),
                _ => true,
            };
            s == t && a == b && within
        }
        (a, b) => a == b,
    }
}

fn regions(a: &Region, b: &Region) -> bool {
    let meets = |a: u32, a_long: u32, b: u32, b_long: u32| {
        a < b.saturating_add(b_long) && b < a.saturating_add(a_long)
    };
    meets(a.x, a.w, b.x, b.w) && meets(a.y, a.h, b.y, b.h)
}

#[cfg(test)]
mod tests {
    use super::{conflicts, overlap};
    use crate::anchor::{Anchor, Region, Selector};
    use crate::owned::CommentKey;
    use crate::view::CommentView;
    use crate::words::{CommentLabel, CommentState};
    use proofroom_ident::{CommentId, Millis, PersonId, VersionHash};

    const V1: VersionHash = VersionHash::from_bytes([1; 32]);

    fn region(x: u32, w: u32) -> Anchor {
        Anchor::at(V1, Selector::Region(Region { x, y: 0, w, h: 100, native_px: None }))
    }

    fn comment(by: u8, label: CommentLabel, anchor: Anchor) -> CommentView {
        CommentView {
            key: CommentKey::new(PersonId::from_bytes([by; 32]), CommentId::from_bytes([by; 16])),
            body: "as it is".into(),
            anchor,
            label,
            state: CommentState::Open,
            state_by: None,
            addressed_in: None,
            parent: None,
            created_at: Millis(0),
        }
    }

    #[test]
    fn praise_and_a_change_at_the_same_place_contradict_each_other() {
        let praise = comment(1, CommentLabel::Praise, region(0, 100));
        let change = comment(2, CommentLabel::Change, region(50, 100));
        let beside = comment(3, CommentLabel::Change, region(100, 100));
        let found = conflicts([&praise, &change, &beside]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].praise, found[0].change), (praise.key, change.key));
    }

    #[test]
    fn who_contradicts_themselves_or_took_it_back_is_no_conflict() {
        let praise = comment(1, CommentLabel::Praise, region(0, 100));
        let own = comment(1, CommentLabel::Blocker, region(0, 100));
        let mut gone = comment(2, CommentLabel::Blocker, region(0, 100));
        gone.state = CommentState::Withdrawn;
        assert_eq!(conflicts([&praise, &own, &gone]), []);
    }

    #[test]
    fn what_cannot_be_compared_is_not_the_same_place() {
        assert!(!overlap(&Anchor::whole(V1), &region(0, 100)));
        assert!(overlap(&Anchor::whole(V1), &Anchor::whole(V1)));
        let other = Anchor::whole(VersionHash::from_bytes([2; 32]));
        assert!(!overlap(&Anchor::whole(V1), &other));
    }
}
