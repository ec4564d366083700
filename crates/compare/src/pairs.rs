//! Which file of the earlier version became which file of the later one.

use proofroom_review::{FileRef, Manifest};

use crate::changes::{Detail, FileChange, file_facts};

/// A file before, after, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// In the earlier version.
    pub before: Option<&'a FileRef>,
    /// In the later version.
    pub after: Option<&'a FileRef>,
}

/// Whether one file became another, the surest sign first.
type Rule = fn(&FileRef, &FileRef) -> bool;

const RULES: [Rule; 3] = [
    |a, b| a.content == b.content && a.name == b.name,
    |a, b| a.content == b.content,
    |a, b| a.name.to_lowercase() == b.name.to_lowercase(),
];

/// Pairs the files of two versions: the same bytes, else the same name, else the only two of a
/// type that are left, else the only two that are left. Others were added or removed.
pub fn pair<'a>(before: &'a Manifest, after: &'a Manifest) -> Vec<Pair<'a>> {
    let mut left: Vec<&FileRef> = before.files.iter().collect();
    let mut found: Vec<Option<&FileRef>> = vec![None; after.files.len()];
    for rule in RULES {
        for (place, file) in found.iter_mut().zip(&after.files).filter(|(place, _)| place.is_none()) {
            if let Some(at) = left.iter().position(|earlier| rule(earlier, file)) {
                *place = Some(left.remove(at));
            }
        }
    }
    let lonely: Vec<&str> = found
        .iter()
        .zip(&after.files)
        .filter(|(place, _)| place.is_none())
        .map(|(_, file)| file.media_type.as_str())
        .collect();
    let only = |all: &[&str], media: &str| all.iter().filter(|m| **m == media).count() == 1;
    for (place, file) in found.iter_mut().zip(&after.files).filter(|(place, _)| place.is_none()) {
        let earlier: Vec<&str> = left.iter().map(|f| f.media_type.as_str()).collect();
        if only(&lonely, &file.media_type) && only(&earlier, &file.media_type) {
            let at = left.iter().position(|f| f.media_type == file.media_type);
            *place = at.map(|at| left.remove(at));
        }
    }
    let mut lonely = found.iter_mut().filter(|place| place.is_none());
    if let (Some(place), None, [_]) = (lonely.next(), lonely.next(), left.as_slice()) {
        *place = left.pop();
    }
    let kept = found.into_iter().zip(&after.files).map(|(before, after)| Pair { before, after: Some(after) });
    kept.chain(left.into_iter().map(|before| Pair { before: Some(before), after: None })).collect()
}

impl Pair<'_> {
    /// What is known without reading any bytes; `None` where they must be compared.
    pub fn plain(&self) -> Option<Detail> {
        match (self.before, self.after) {
            (Some(before), Some(after)) => (before.content == after.content).then_some(Detail::Same),
            (None, _) => Some(Detail::Added),
            (Some(_), None) => Some(Detail::Removed),
        }
    }

    /// What became of the file, once its detail is known. `detail` comes with what the headers say
    /// differently.
    pub fn change(&self, (detail, facts): (Detail, Vec<crate::FactChange>)) -> FileChange {
        let mut all = match (self.before, self.after) {
            (Some(before), Some(after)) => file_facts(before, after),
            _ => Vec::new(),
        };
        all.extend(facts);
        FileChange { before: self.before.cloned(), after: self.after.cloned(), facts: all, detail }
    }
}
