//! What changed between two versions, and whether it changed where comments point: the code of `compare`,
//! which the terminal runs as well, so both give one answer.

use proofroom_compare::{
    Alignment, Changes, Content, Detail, FileChange, Hunk, LayerChange, LayerDifference, NoPictures,
    Tolerance, changed_under, compare,
};
use proofroom_review::{Anchor, FileRef, MediaType};
use proofroom_web_wire::{AnchorCard, ChangesCard, Fate, FileCard, FileChangesCard, FilePair, Passage};

/// Longest text that is shown passage by passage, in bytes.
const TEXT_BYTES_MAX: usize = 2 << 20;

/// Compares the files of both versions; `files` holds the two of each pair that differs.
pub(crate) fn changes(
    pairs: &[FilePair],
    anchors: &[AnchorCard],
    files: &[Vec<u8>],
) -> Result<ChangesCard, String> {
    let (read, _) = files.as_chunks::<2>();
    let mut read = read.iter();
    let (mut all, mut cards) = (Changes::default(), Vec::new());
    for pair in pairs {
        let (detail, passages) = match pair.differs() {
            None if pair.before.is_none() => (Detail::Added, Vec::new()),
            None if pair.after.is_none() => (Detail::Removed, Vec::new()),
            None => (Detail::Same, Vec::new()),
            Some((old, new)) => {
                let [before, after] = read.next().ok_or("the bytes of a file are missing")?;
                between((before, old), (after, new))
            }
        };
        cards.push(FileChangesCard { said: said(&detail), passages, layers: layers(&detail) });
        let file = |card: &Option<FileCard>| card.as_ref().map(file_of).transpose();
        all.files.push(FileChange {
            before: file(&pair.before)?,
            after: file(&pair.after)?,
            facts: Vec::new(),
            detail,
        });
    }
    let under = anchors.iter().map(|card| {
        let anchor: Result<Anchor, _> = serde_json::from_str(&card.anchor);
        let answer = anchor.map_or_else(|_| "unknown".to_owned(), |a| changed_under(&a, &all).to_string());
        (card.comment.clone(), answer)
    });
    Ok(ChangesCard { under: under.collect(), files: cards })
}

fn between((before, old): (&[u8], &FileCard), (after, new): (&[u8], &FileCard)) -> (Detail, Vec<Passage>) {
    let read = |bytes, card: &FileCard| Content::read(bytes, MediaType::of_mime(&card.media_type));
    let (a, b) = (read(before, old), read(after, new));
    let (detail, _) = compare(&a, &b, Tolerance::default(), &mut NoPictures);
    let passages = match (&a, &b, &detail) {
        (Content::Words(a), Content::Words(b), Detail::Words(words))
            if a.len().max(b.len()) <= TEXT_BYTES_MAX && words.hunks_left_out == 0 =>
        {
            passages(a, b, &words.hunks)
        }
        _ => Vec::new(),
    };
    (detail, passages)
}

/// Both texts as one: what stayed, what went, what came.
fn passages(before: &str, after: &str, hunks: &[Hunk]) -> Vec<Passage> {
    let (old, new): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
    let part = |of: &[char], from: u64, to: u64| -> String {
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(of.len());
        of[at(from)..at(to).max(at(from))].iter().collect()
    };
    let (mut out, mut at) = (Vec::new(), 0);
    let mut say = |fate, text: String| {
        if !text.is_empty() {
            out.push(Passage { fate, text });
        }
    };
    for hunk in hunks {
        say(Fate::Kept, part(&new, at, hunk.after.0));
        say(Fate::Gone, part(&old, hunk.before.0, hunk.before.1));
        say(Fate::Come, part(&new, hunk.after.0, hunk.after.1));
        at = hunk.after.1;
    }
    say(Fate::Kept, part(&new, at, u64::MAX));
    out
}

fn file_of(card: &FileCard) -> Result<FileRef, String> {
    Ok(FileRef {
        name: card.name.clone(),
        media_type: card.media_type.clone(),
        bytes: card.bytes,
        content: card.content.parse().map_err(|_| format!("{} is no file's hash", card.content))?,
    })
}

fn said(detail: &Detail) -> String {
    match detail {
        Detail::Same => "The very same file.".into(),
        Detail::Added => "New in this version.".into(),
        Detail::Removed => "Not in this version any more.".into(),
        Detail::Picture(p) if p.alignment == Alignment::None => {
            "Another format: its proportions differ.".into()
        }
        Detail::Picture(p) if p.regions.is_empty() => "It looks the same.".into(),
        Detail::Picture(p) => format!(
            "{} changed, {} pixels ({}).",
            counted(p.regions.len(), "region"),
            p.changed_pixels,
            percent(p.share_ppm)
        ),
        Detail::Words(w) if w.hunks.is_empty() => "The words are the same.".into(),
        Detail::Words(w) => {
            format!(
                "{} changed.",
                counted(w.hunks.len() + usize::try_from(w.hunks_left_out).unwrap_or(0), "passage")
            )
        }
        Detail::Layers(l) => match l.layers.len() {
            0 => "All layers are the same.".into(),
            n => format!("{} changed.", counted(n, "layer")),
        },
        Detail::Film(f) if f.is_changed() => "The film differs in its headers.".into(),
        Detail::Film(_) => "The headers are the same; nobody compared its frames.".into(),
        Detail::Archive(a) if a.is_changed() => "Parts of the archive changed.".into(),
        Detail::Archive(_) => "All parts are the same.".into(),
        Detail::Pages(_) => "The pages differ.".into(),
        Detail::NotApplicable { reason } => format!("Not applicable: {reason}."),
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `0.30 %`.
fn percent(ppm: u32) -> String {
    format!("{}.{:02} %", ppm / 10_000, ppm % 10_000 / 100)
}

fn layers(detail: &Detail) -> Vec<String> {
    match detail {
        Detail::Layers(changes) => changes.layers.iter().map(layer).collect(),
        _ => Vec::new(),
    }
}

/// `Type / Headline: renamed from Title, moved`.
fn layer(change: &LayerChange) -> String {
    let what: Vec<String> = change.what.iter().map(difference).collect();
    format!("{}: {}", change.path.join(" / "), what.join(", "))
}

fn difference(difference: &LayerDifference) -> String {
    match difference {
        LayerDifference::Added => "new".into(),
        LayerDifference::Removed => "gone".into(),
        LayerDifference::Renamed { from } => format!("renamed from {from}"),
        LayerDifference::Moved { .. } => "moved in the stack".into(),
        LayerDifference::Visibility { hidden: true } => "hidden".into(),
        LayerDifference::Visibility { hidden: false } => "shown".into(),
        LayerDifference::Opacity { .. } => "another opacity".into(),
        LayerDifference::Blend { .. } => "blended in another way".into(),
        LayerDifference::Placed { .. } => "moved or resized".into(),
        LayerDifference::Pixels { .. } => "painted on".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{changes, percent};
    use proofroom_web_wire::{AnchorCard, Fate, FileCard, FilePair};

    fn file(name: &str, content: u8) -> FileCard {
        let content = format!("{content:02x}").repeat(32);
        FileCard { name: name.into(), media_type: "text/plain".into(), content, ..FileCard::default() }
    }

    #[test]
    fn texts_are_told_in_passages_and_quotes_are_found_again() {
        let pair = FilePair { before: Some(file("copy.txt", 1)), after: Some(file("copy.txt", 2)) };
        let files = [b"Bright mornings, slow trams.".to_vec(), b"Bright mornings, fast trams.".to_vec()];
        let version = "00".repeat(32);
        let anchor = |n: u8, exact: &str| AnchorCard {
            comment: n.to_string(),
            anchor: format!(
                r#"{{"version":"{version}","selectors":[{{"quote":{{"exact":"{exact}","prefix":"","suffix":""}}}}]}}"#
            ),
        };
        let anchors = [anchor(1, "slow trams"), anchor(2, "Bright mornings")];
        let card = changes(&[pair], &anchors, &files).expect("texts are compared");
        let told: Vec<(Fate, &str)> =
            card.files[0].passages.iter().map(|p| (p.fate, p.text.as_str())).collect();
        let wanted = [
            (Fate::Kept, "Bright mornings, "),
            (Fate::Gone, "slow"),
            (Fate::Come, "fast"),
            (Fate::Kept, " trams."),
        ];
        assert_eq!(told, wanted);
        let under: Vec<&str> = card.under.iter().map(|(_, answer)| answer.as_str()).collect();
        assert_eq!(under, ["yes", "no"]);
    }

    #[test]
    fn a_share_is_told_in_hundredths_of_a_percent() {
        assert_eq!([percent(3_000), percent(1_000_000), percent(99)], ["0.30 %", "100.00 %", "0.00 %"]);
    }
}
