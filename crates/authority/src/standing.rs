//! What an author may count on, entry by entry.

use proofroom_ident::{DocId, EntryHash, LogId, PersonId, SignerKey};

use crate::graph::{Graph, Ix};
use crate::state::history::{DeviceEvent, MemberEvent, device_on, role_of};
use crate::{Role, State};

/// How an entry's author stands, as all that is known now says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The entry counts, with this role.
    Member {
        /// The author.
        person: PersonId,
        /// The role that the author had.
        role: Role,
    },
    /// The entry lies beyond a removal's cut: it does not count unless adopted.
    HeldBack {
        /// The author.
        person: PersonId,
        /// The `Remove` or `RemoveDevice` entry whose cut is to be extended.
        removal: EntryHash,
    },
    /// The author was no member there.
    NotMember,
    /// The authority entry that the author stood on is not known yet.
    AwaitsAuthority,
}

/// A place in a document's log.
pub(crate) struct Place {
    pub author: SignerKey,
    pub doc: DocId,
    pub log: LogId,
    pub seq: u64,
}

/// Who wrote a run of a log's entries and in which role, if they stood alike for all of
/// it: `last` is the run's end, `first` its beginning. Without a first entry, an author
/// qualifies who had one role ever as far as they knew.
pub(crate) fn steady(
    state: &State,
    graph: &Graph,
    (first, last): (Option<Ix>, Ix),
    place: &Place,
) -> Option<(PersonId, Role)> {
    let Standing::Member { person, role } = standing(state, graph, last, place) else { return None };
    let (member, device) = (state.member(person)?, state.device(place.author)?);
    // A change of role that the author did not know of must not begin within the run.
    let lowered = member.events.values().any(|event| match event {
        MemberEvent::Set { by, .. } if !graph.knows(last, *by) => {
            state.bars.get(by).is_none_or(|bar| !bar.covers(place.doc, place.log, place.seq))
        }
        _ => false,
    });
    let given = |at: Ix| -> (Vec<EntryHash>, Vec<EntryHash>) {
        let known = |by: &EntryHash| graph.knows(at, *by);
        let member = member.events.values().filter_map(MemberEvent::gives).filter(known);
        let device = device.events.values().filter_map(DeviceEvent::gives).filter(known);
        (member.collect(), device.collect())
    };
    let alike = match first {
        Some(first) => given(first) == given(last),
        None => {
            let (member, device) = given(last);
            member.len() == 1 && device.len() == 1
        }
    };
    (alike && !lowered).then_some((person, role))
}

/// How an author stands who wrote at `place`, knowing the past of `at`.
pub(crate) fn standing(state: &State, graph: &Graph, at: Ix, place: &Place) -> Standing {
    let Some(device) = state.device(place.author) else { return Standing::NotMember };
    let Some(member) = state.member(device.person) else { return Standing::NotMember };
    let person = device.person;
    let known = |by| graph.knows(at, by);
    let barred =
        |by: EntryHash| state.bars.get(&by).is_none_or(|bar| !bar.covers(place.doc, place.log, place.seq));
    let role = role_of(&member.events, known, barred);
    match (device_on(&device.events, known, barred), role) {
        (Err(removal), _) | (_, Err(removal)) => Standing::HeldBack { person, removal },
        (Ok(true), Ok(Some(role))) => Standing::Member { person, role },
        _ => Standing::NotMember,
    }
}
