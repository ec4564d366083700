//! How a membership came about, step by step, and how far a removal reaches.

use std::sync::Arc;

use proofroom_ident::{DocId, EntryHash, LogId, PersonId};

use super::PMap;
use crate::Role;
use crate::op::Cut;

/// A step of a membership, in the order of the evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberEvent {
    /// Joined, or joined again by another invite: at least this role.
    Joined { by: EntryHash, role: Role },
    /// Raised or lowered.
    Set { by: EntryHash, role: Role },
    /// Ended.
    Removed { by: EntryHash },
}

impl MemberEvent {
    /// The entry, where it gives something.
    pub fn gives(&self) -> Option<EntryHash> {
        match self {
            Self::Joined { by, .. } | Self::Set { by, .. } => Some(*by),
            Self::Removed { .. } => None,
        }
    }
}

/// A step of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceEvent {
    /// Added, or added again.
    Added { by: EntryHash },
    /// Ended, or its person's membership was.
    Removed { by: EntryHash },
}

impl DeviceEvent {
    /// The entry, where it gives something.
    pub fn gives(&self) -> Option<EntryHash> {
        match self {
            Self::Added { by } => Some(*by),
            Self::Removed { .. } => None,
        }
    }
}

/// What a bar ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarKind {
    Person,
    Device,
    Role,
}

/// A removal or a change of role that stands: what lies beyond its cut does not
/// count, or not with the higher role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub kind: BarKind,
    /// The person who is barred, or whose device is.
    pub person: PersonId,
    /// Their role before.
    pub held: Role,
    pub cut: Arc<Cut>,
    /// What later extensions adopted.
    pub extended: PMap<(DocId, LogId), u64>,
}

impl Bar {
    /// Whether the entry still counts.
    pub fn covers(&self, doc: DocId, log: LogId, seq: u64) -> bool {
        let cut = self.cut.get(&(doc, log)).map_or(0, |(last, _)| *last);
        let extended = self.extended.get(&(doc, log)).copied().unwrap_or(0);
        seq <= cut.max(extended)
    }

    /// Lets it reach further.
    pub fn extend(&mut self, cut: &Cut) {
        for (log, (seq, _)) in cut {
            if self.extended.get(log).is_none_or(|last| last < seq) {
                self.extended.insert_mut(*log, *seq);
            }
        }
    }
}

/// Appends a step.
pub(crate) fn push<E>(events: &mut PMap<u32, E>, event: E) {
    let next = events.last().map_or(0, |(at, _)| at + 1);
    events.insert_mut(next, event);
}

/// The role that a membership gives to somebody who knew only some of its steps.
///
/// `known` says which steps the author stood on, `barred` which removals and
/// changes of role the entry lies beyond. `Err` names the removal that holds it back.
pub(crate) fn role_of(
    events: &PMap<u32, MemberEvent>,
    known: impl Fn(EntryHash) -> bool,
    barred: impl Fn(EntryHash) -> bool,
) -> Result<Option<Role>, EntryHash> {
    // Everything before the last known change of role is settled by it.
    let settled =
        |(_, event): &(&u32, &MemberEvent)| matches!(event, MemberEvent::Set { by, .. } if known(*by));
    let start = events.iter().rev().find(settled).map_or(0, |(at, _)| *at);
    let (mut role, mut held) = (None, None);
    for (_, event) in events.range(start..) {
        match *event {
            MemberEvent::Joined { by, role: joined } if known(by) => {
                role = if held.is_some() { Some(joined) } else { role.max(Some(joined)) };
                held = None;
            }
            MemberEvent::Set { by, role: set } if known(by) => role = Some(set),
            MemberEvent::Set { by, role: set } if barred(by) => role = role.map(|r: Role| r.min(set)),
            MemberEvent::Removed { by } if role.is_some() && barred(by) => held = held.or(Some(by)),
            _ => {}
        }
    }
    held.map_or(Ok(role), Err)
}

/// Whether a device counts for somebody who knew only some of its steps; as [`role_of`].
pub(crate) fn device_on(
    events: &PMap<u32, DeviceEvent>,
    known: impl Fn(EntryHash) -> bool,
    barred: impl Fn(EntryHash) -> bool,
) -> Result<bool, EntryHash> {
    let (mut on, mut held) = (false, None);
    for event in events.values() {
        match *event {
            DeviceEvent::Added { by } if known(by) => (on, held) = (true, None),
            DeviceEvent::Removed { by } if on && barred(by) => held = held.or(Some(by)),
            _ => {}
        }
    }
    held.map_or(Ok(on), Err)
}
