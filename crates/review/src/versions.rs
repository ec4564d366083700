//! Version numbers for people, and which version is the current one.
//!
//! Pure functions of the set of manifests and picks: the same on every replica,
//! in any order of arrival. A version's number is its depth in the history;
//! versions of one depth were made concurrently and carry letters. The current
//! version is the one head of the history. Several heads are a fork: nobody is
//! picked silently.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{Digest, Millis, PersonId, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_json, from_canonical_json};
use crate::manifest::Manifest;

const PICK_BYTES_MAX: usize = 65_536;

/// A version with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumberedVersion {
    /// Its identity.
    pub version: VersionHash,
    /// Its depth in the history, from 1.
    pub number: u32,
    /// What people call it: `v3`, or `v3a` beside a `v3b`.
    pub label: String,
}

/// Which version a review is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Current {
    /// There is none yet.
    None,
    /// This one.
    One(VersionHash),
    /// Concurrent ones, sorted: nothing can be approved until somebody picks.
    Fork(Vec<VersionHash>),
}

impl Current {
    /// The versions that are not superseded.
    pub fn heads(&self) -> &[VersionHash] {
        match self {
            Self::None => &[],
            Self::One(version) => std::slice::from_ref(version),
            Self::Fork(versions) => versions,
        }
    }
}

/// Somebody's choice in a fork.
///
/// `round` is one more than the highest round its author knew: a later pick
/// overrules an earlier one, concurrent picks of different versions leave the
/// fork open. A version made from all the heads settles a fork without a pick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The version to go on with.
    pub version: VersionHash,
    /// The versions that it wins over, sorted.
    pub over: Vec<VersionHash>,
    /// Its place among all picks.
    pub round: u32,
    /// Who picked.
    pub by: PersonId,
    /// When they say they did.
    pub claimed_at: Millis,
}

impl Pick {
    /// Picks `version` over the other heads, knowing all of `earlier`; `None` where there is nothing
    /// to pick.
    pub fn among<'a>(
        current: &Current,
        version: VersionHash,
        earlier: impl IntoIterator<Item = &'a Pick>,
        by: PersonId,
        claimed_at: Millis,
    ) -> Option<Self> {
        let heads = current.heads();
        let over: Vec<_> = heads.iter().copied().filter(|head| *head != version).collect();
        if over.is_empty() || over.len() == heads.len() {
            return None;
        }
        let known = earlier.into_iter().map(|p| p.round).max().unwrap_or(0);
        Some(Self { version, over, round: known.saturating_add(1), by, claimed_at })
    }

    /// The canonical form.
    pub fn to_json(&self) -> Result<String, CanonicalError> {
        canonical_json(self)
    }

    /// Reads the canonical form, and nothing else.
    pub fn from_json(json: &str) -> Result<Self, CanonicalError> {
        from_canonical_json(json, PICK_BYTES_MAX)
    }

    /// The hash of the canonical form: its key in documents.
    pub fn hash(&self) -> Result<Digest<Self>, CanonicalError> {
        Ok(Digest::from_bytes(*blake3::hash(self.to_json()?.as_bytes()).as_bytes()))
    }
}

type Versions = BTreeMap<VersionHash, Manifest>;

/// Numbers all versions, oldest first. Parents that are not in the set count for nothing.
pub fn number(versions: &Versions) -> Vec<NumberedVersion> {
    let depths = depths(versions);
    let mut rows: BTreeMap<u32, Vec<VersionHash>> = BTreeMap::new();
    for (version, depth) in depths {
        rows.entry(depth).or_default().push(version);
    }
    let mut place: BTreeMap<VersionHash, usize> = BTreeMap::new();
    let mut out = Vec::with_capacity(versions.len());
    for (number, mut row) in rows {
        // Letters follow the parents' letters, so that v4a goes on from v3a.
        row.sort_by_key(|v| {
            let manifest = &versions[v];
            let parent = manifest.parents.iter().filter_map(|p| place.get(p)).min().copied();
            (parent, manifest.claimed_at, *v)
        });
        let alone = row.len() == 1;
        for (i, version) in row.into_iter().enumerate() {
            place.insert(version, i);
            let letter = if alone { String::new() } else { letters(i) };
            out.push(NumberedVersion { version, number, label: format!("v{number}{letter}") });
        }
    }
    out
}

/// Which version is the current one, after all picks.
pub fn current<'a>(versions: &Versions, picks: impl IntoIterator<Item = &'a Pick>) -> Current {
    let parents: BTreeSet<VersionHash> = versions.values().flat_map(|m| m.parents.iter().copied()).collect();
    let heads: Vec<VersionHash> = versions.keys().filter(|v| !parents.contains(v)).copied().collect();
    let mut won: BTreeMap<VersionHash, u32> = BTreeMap::new();
    let mut lost: BTreeMap<VersionHash, u32> = BTreeMap::new();
    for pick in picks.into_iter().filter(|p| versions.contains_key(&p.version)) {
        let raise = |rounds: &mut BTreeMap<_, _>, v: &VersionHash| {
            let round = rounds.entry(*v).or_insert(0);
            *round = pick.round.max(*round);
        };
        raise(&mut won, &pick.version);
        pick.over.iter().filter(|v| **v != pick.version).for_each(|v| raise(&mut lost, v));
    }
    let stays = |head: &VersionHash| {
        let lost = lost.get(head).copied().unwrap_or(0);
        lost == 0 || line_of(versions, *head).iter().any(|v| won.get(v).is_some_and(|round| *round >= lost))
    };
    let mut left: Vec<VersionHash> = heads.into_iter().filter(stays).collect();
    match left.len() {
        0 => Current::None,
        1 => Current::One(left.swap_remove(0)),
        _ => Current::Fork(left),
    }
}

/// `version` and all versions that it was made from.
fn line_of(versions: &Versions, version: VersionHash) -> BTreeSet<VersionHash> {
    let mut line = BTreeSet::new();
    let mut next = vec![version];
    while let Some(v) = next.pop() {
        if let Some(manifest) = versions.get(&v)
            && line.insert(v)
        {
            next.extend(&manifest.parents);
        }
    }
    line
}

/// One more than the greatest depth among the known parents. Hashes rule out cycles.
fn depths(versions: &Versions) -> BTreeMap<VersionHash, u32> {
    let mut children: BTreeMap<VersionHash, Vec<VersionHash>> = BTreeMap::new();
    let mut missing: BTreeMap<VersionHash, usize> = BTreeMap::new();
    for (version, manifest) in versions {
        let known = manifest.parents.iter().filter(|p| versions.contains_key(p));
        missing.insert(*version, known.clone().count());
        known.for_each(|p| children.entry(*p).or_default().push(*version));
    }
    let mut ready: Vec<VersionHash> = missing.iter().filter(|(_, n)| **n == 0).map(|(v, _)| *v).collect();
    let mut depths: BTreeMap<VersionHash, u32> = ready.iter().map(|v| (*v, 1)).collect();
    while let Some(version) = ready.pop() {
        let below = depths[&version] + 1;
        for child in children.remove(&version).unwrap_or_default() {
            let depth = depths.entry(child).or_insert(0);
            *depth = below.max(*depth);
            if let Some(n) = missing.get_mut(&child) {
                *n -= 1;
                if *n == 0 {
                    ready.push(child);
                }
            }
        }
    }
    depths
}

/// a, b, … z, aa, ab, …
fn letters(mut i: usize) -> String {
    let mut out = Vec::new();
    loop {
        out.push(b"abcdefghijklmnopqrstuvwxyz"[i % 26]);
        if i < 26 {
            break;
        }
        i = i / 26 - 1;
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}
