//! Films: which tracks came, went or changed, and which frames look different.

use proofroom_review::media::{Movie, Track, TrackKind};
use serde::{Deserialize, Serialize};

use crate::changes::FactChange;
use crate::frames::{FrameMarks, FrameRange, compare_frames};

/// What changed in a film.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmChanges {
    /// What changed of the whole: how long it lasts.
    pub facts: Vec<FactChange>,
    /// Tracks that came, went or changed.
    pub tracks: Vec<TrackChange>,
    /// Frames that look different; absent where nobody decoded both films.
    pub frames: Option<Vec<FrameRange>>,
}

/// What became of a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackChange {
    /// What it was; absent where it is new.
    pub before: Option<Track>,
    /// What it is; absent where it is gone.
    pub after: Option<Track>,
    /// What changed.
    pub facts: Vec<FactChange>,
}

impl FilmChanges {
    /// Whether it is known that something changed.
    pub fn is_changed(&self) -> bool {
        !self.facts.is_empty()
            || !self.tracks.is_empty()
            || self.frames.as_ref().is_some_and(|f| !f.is_empty())
    }
}

pub(crate) fn compare_films(
    (before, a): (&Movie, Option<&FrameMarks>),
    (after, b): (&Movie, Option<&FrameMarks>),
) -> FilmChanges {
    let duration = FactChange::between("duration", seconds(before.duration_ms), seconds(after.duration_ms));
    FilmChanges {
        facts: duration.into_iter().collect(),
        tracks: tracks(before, after),
        frames: a.zip(b).and_then(|(a, b)| compare_frames(a, b)),
    }
}

/// The first picture became the first picture, the second sound the second sound.
fn tracks(before: &Movie, after: &Movie) -> Vec<TrackChange> {
    let kinds =
        [TrackKind::Picture, TrackKind::Sound, TrackKind::Caption, TrackKind::Timecode, TrackKind::Other];
    let mut out = Vec::new();
    for kind in kinds {
        let of = |movie: &Movie| -> Vec<Track> {
            movie.tracks.iter().filter(|t| t.kind == kind).cloned().collect()
        };
        let (old, new) = (of(before), of(after));
        for index in 0..old.len().max(new.len()) {
            let (before, after) = (old.get(index).cloned(), new.get(index).cloned());
            let facts = match (&before, &after) {
                (Some(before), Some(after)) => track_facts(before, after),
                _ => Vec::new(),
            };
            if before.is_none() || after.is_none() || !facts.is_empty() {
                out.push(TrackChange { before, after, facts });
            }
        }
    }
    out
}

fn track_facts(before: &Track, after: &Track) -> Vec<FactChange> {
    let size = |t: &Track| t.size.map(|(w, h)| format!("{w}x{h}")).unwrap_or_default();
    let rate = |t: &Track| t.rate.map_or_else(|| "varies".to_owned(), |r| r.to_string());
    let count = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let what = if before.kind == TrackKind::Picture { "frames" } else { "samples" };
    let mut facts = vec![
        FactChange::between("codec", &before.codec, &after.codec),
        FactChange::between("language", &before.language, &after.language),
        FactChange::between("duration", seconds(before.duration_ms), seconds(after.duration_ms)),
        FactChange::between(what, before.frames, after.frames),
        FactChange::between("size", size(before), size(after)),
        FactChange::between(
            "channels",
            count(before.channels.map(u32::from)),
            count(after.channels.map(u32::from)),
        ),
        FactChange::between("sample rate", count(before.sample_rate), count(after.sample_rate)),
    ];
    if before.kind == TrackKind::Picture {
        facts.push(FactChange::between("frame rate", rate(before), rate(after)));
    }
    facts.into_iter().flatten().collect()
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03} s", ms / 1_000, ms % 1_000)
}
