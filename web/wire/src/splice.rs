//! Changes of a text, and what they do to other changes and to a caret.
//!
//! Positions count UTF-16 code units, as browsers and documents do.

use serde::{Deserialize, Serialize};

/// Replaces a run of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice {
    /// Where it begins.
    pub at: usize,
    /// How much goes.
    pub delete: usize,
    /// What comes.
    pub insert: String,
}

/// More lines than this on both sides are taken as one change.
const LINES_MAX: usize = 600;

/// The changes from `old` to `new`, in order of place, each counted in `old`. Lines that stayed
/// the same stand between them, so that a caret elsewhere keeps its place.
pub fn changes(old: &str, new: &str) -> Vec<Splice> {
    let head = common(old.chars(), new.chars());
    let tail = common(old[head..].chars().rev(), new[head..].chars().rev());
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if gone.is_empty() && come.is_empty() {
        return Vec::new();
    }
    let from = units(&old[..head]);
    let (a, b): (Vec<&str>, Vec<&str>) =
        (gone.split_inclusive('\n').collect(), come.split_inclusive('\n').collect());
    if a.len() < 3 || b.len() < 3 || a.len() > LINES_MAX || b.len() > LINES_MAX {
        return vec![Splice { at: from, delete: units(gone), insert: come.to_owned() }];
    }
    by_lines(&a, &b, from)
}

/// The text after changes that [`changes`] made.
pub fn apply(text: &str, changes: &[Splice]) -> String {
    let mut out = String::with_capacity(text.len() + changes.iter().map(|c| c.insert.len()).sum::<usize>());
    let (mut rest, mut at) = (text, 0);
    for change in changes {
        let (keep, after) = rest.split_at(byte_of(rest, change.at.saturating_sub(at)));
        out.push_str(keep);
        out.push_str(&change.insert);
        rest = &after[byte_of(after, change.delete)..];
        at = change.at + change.delete;
    }
    out.push_str(rest);
    out
}

/// Where a place is after changes; one within a run that went stands where the run was. What is
/// inserted at the very place pushes it on where `after` says so.
pub fn moved(place: usize, changes: &[Splice], after: bool) -> usize {
    let mut shift: isize = 0;
    for change in changes {
        let come = signed(change.insert.encode_utf16().count());
        if change.at > place || (change.at == place && change.delete == 0 && !after) {
            break;
        }
        if change.at + change.delete <= place {
            shift += come - signed(change.delete);
        } else if change.at < place || change.delete > 0 {
            return change.at.saturating_add_signed(shift + if change.at < place { come } else { 0 });
        }
    }
    place.saturating_add_signed(shift)
}

/// `mine`, made on a text, as it is on that text after `theirs`. Where both insert at one place,
/// mine stands behind theirs; what both took away is taken once.
pub fn rebased(mine: &[Splice], theirs: &[Splice]) -> Vec<Splice> {
    let over = |change: &Splice| {
        let (from, to) = (moved(change.at, theirs, true), moved(change.at + change.delete, theirs, false));
        Splice { at: from, delete: to.saturating_sub(from), insert: change.insert.clone() }
    };
    mine.iter().map(over).filter(|c| c.delete > 0 || !c.insert.is_empty()).collect()
}

/// The longest common run of lines, by dynamic programming over what differs.
fn by_lines(a: &[&str], b: &[&str], from: usize) -> Vec<Splice> {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut at) = (0, 0, from);
    let mut out = Vec::new();
    let mut open = Splice { at, ..Splice::default() };
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            at += units(a[i]);
            close(&mut out, &mut open, at);
            (i, j) = (i + 1, j + 1);
        } else if j < b.len() && (i == a.len() || longest[i * width + j + 1] >= longest[(i + 1) * width + j])
        {
            open.insert.push_str(b[j]);
            j += 1;
        } else {
            let gone = units(a[i]);
            open.delete += gone;
            at += gone;
            i += 1;
        }
    }
    close(&mut out, &mut open, at);
    out
}

/// Ends the change at hand; the next one begins at `at`.
fn close(out: &mut Vec<Splice>, open: &mut Splice, at: usize) {
    let done = std::mem::replace(open, Splice { at, ..Splice::default() });
    if done.delete > 0 || !done.insert.is_empty() {
        out.push(done);
    }
}

/// Bytes of the characters that both begin with.
fn common(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The byte at which that many UTF-16 code units have gone by.
fn byte_of(text: &str, wanted: usize) -> usize {
    let mut seen = 0;
    for (byte, c) in text.char_indices() {
        if seen >= wanted {
            return byte;
        }
        seen += c.len_utf16();
    }
    text.len()
}

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Splice, apply, changes, moved, rebased};

    const BRIEF: &str = "# Bike\n\nFaster than the tram\n\n- logo\n- price\n- 🚲\n";

    #[test]
    fn changes_lead_from_one_text_to_the_other() {
        let edited = "# Bikes\n\nFaster than the tram\n\n- logo, large\n- price\n- 🚲 🚲\n- legal line\n";
        for (old, new) in
            [(BRIEF, edited), (edited, BRIEF), ("", BRIEF), (BRIEF, ""), ("a", "aa"), ("🚲", "🚴")]
        {
            assert_eq!(apply(old, &changes(old, new)), new, "{old} -> {new}");
        }
        assert_eq!(changes(BRIEF, BRIEF), []);
    }

    #[test]
    fn lines_that_stayed_part_the_changes() {
        let new = BRIEF.replace("# Bike", "# Cargo bike").replace("price", "price tag");
        assert_eq!(changes(BRIEF, &new).len(), 2);
    }

    #[test]
    fn a_caret_between_two_remote_changes_keeps_its_letter() {
        let new = BRIEF.replace("# Bike", "# Cargo bike").replace("- price\n", "");
        let remote = changes(BRIEF, &new);
        let at = |text: &str| text[..text.find("tram").expect("it is there")].encode_utf16().count();
        assert_eq!(moved(at(BRIEF), &remote, true), at(&new));
    }

    #[test]
    fn two_who_write_at_once_both_keep_what_they_wrote() {
        let mine = changes(BRIEF, &BRIEF.replace("tram", "bus"));
        let theirs_text = BRIEF.replace("# Bike", "# A bike").replace("- logo\n", "");
        let theirs = changes(BRIEF, &theirs_text);
        let both = apply(&theirs_text, &rebased(&mine, &theirs));
        assert!(
            both.contains("# A bike") && both.contains("than the bus") && !both.contains("logo"),
            "{both}"
        );
    }

    #[test]
    fn what_both_took_away_goes_once() {
        let mine = [Splice { at: 2, delete: 4, insert: String::new() }];
        let theirs = [Splice { at: 3, delete: 5, insert: String::new() }];
        let after_theirs = apply("0123456789", &theirs);
        assert_eq!(apply(&after_theirs, &rebased(&mine, &theirs)), "0189");
    }

    #[test]
    fn any_two_edits_of_one_text_agree_with_its_length() {
        let text = "ab\ncd\nef\ngh\n";
        for i in 0..text.len() {
            for j in i..text.len() {
                let new = format!("{}X\nY{}", &text[..i], &text[j..]);
                assert_eq!(apply(text, &changes(text, &new)), new);
                for place in 0..=text.len() {
                    assert!(moved(place, &changes(text, &new), true) <= new.len());
                }
            }
        }
    }
}
