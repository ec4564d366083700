//! Which concurrent operations strike which.
//!
//! A removal strikes what its target wrote without being in the removal's past:
//! within the authority log the causal past *is* the cut, and whatever its author
//! claims about time or place, a backdated entry is not in it. A change of role
//! strikes what the new role would not have been allowed to write, and weaker
//! changes of the same person's role. Revoking an invite, and removing or lowering whoever
//! made it, strikes the acceptances of it, if its author outranks those that it admits:
//! who has the link may claim not to have heard of that for ever.
//!
//! What strikes an entry undermines the strikers whose authors could not have written
//! without it: else a puppet, let in by whom a removal means or by a link that was
//! revoked, would strike what strikes them.
//!
//! A striker may be struck itself. One stands when nothing that stands strikes
//! it. Where strikers strike each other in a circle, the strongest of those still
//! open stands; in a mutual removal that is the senior's.
//!
//! Nobody strikes themselves: who leaves, or steps down, keeps what they wrote elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{DocId, EntryHash, InviteId, PersonId, SignerKey};

use crate::evaluate::{Log, strikes};
use crate::graph::Ix;
use crate::mandate::Mandate;
use crate::op::Op;
use crate::state::history::{device_on, role_of};
use crate::{Device, Member, Refusal, Role, Seniority};

/// Of the steps of a device, and of a membership, so many of the newest are looked at where some of them fall.
const GROUNDS_MAX: usize = 64;

/// An entry's priority among concurrent ones; greater is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Strength {
    pub role: Role,
    pub seniority: Reverse<Seniority>,
    pub hash: Reverse<EntryHash>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Person(PersonId),
    Device(SignerKey),
    Invite(InviteId),
}

fn target(op: &Op) -> Option<Target> {
    match op {
        Op::Remove { person, .. } | Op::SetRole { person, .. } => Some(Target::Person(*person)),
        Op::RemoveDevice { signer, .. } => Some(Target::Device(*signer)),
        Op::RevokeInvite { id } => Some(Target::Invite(*id)),
        _ => None,
    }
}

/// Entries that do not count in this round, with their reasons: they neither strike nor adopt.
pub(crate) type Aside = BTreeMap<Ix, Refusal>;

/// A window's entries, as far as their authors might write them, and who strikes whom.
pub(crate) struct Field<'a> {
    log: &'a Log,
    live: BTreeSet<Ix>,
    /// For each entry the strikers that strike it if they stand.
    attackers: BTreeMap<Ix, Vec<Ix>>,
    /// Extensions of a removal's cut within the authority log.
    adoptions: BTreeMap<Ix, Vec<Ix>>,
}

impl<'a> Field<'a> {
    pub fn new(log: &'a Log, window: &[Ix]) -> Self {
        let live = |ix: &&Ix| log.fact(**ix).own.is_ok();
        let live: BTreeSet<Ix> = window.iter().filter(live).copied().collect();
        let (mut by_target, mut adoptions) = (BTreeMap::new(), BTreeMap::new());
        for ix in &live {
            let op = &log.fact(*ix).act.op;
            if let Some(target) = target(op) {
                by_target.entry(target).or_insert_with(Vec::new).push(*ix);
            }
            if let Op::ExtendCut { removal, .. } = op
                && let Some(removal) = log.graph.find(*removal)
            {
                adoptions.entry(removal).or_insert_with(Vec::new).push(*ix);
            }
        }
        let mut field = Self { log, live, attackers: BTreeMap::new(), adoptions };
        field.attackers = field.live.iter().map(|ix| (*ix, field.candidates(*ix, &by_target))).collect();
        field
    }

    /// The strikers that mean `ix`.
    fn candidates(&self, ix: Ix, by_target: &BTreeMap<Target, Vec<Ix>>) -> Vec<Ix> {
        let fact = self.log.fact(ix);
        let Ok(author) = &fact.own else { return Vec::new() };
        let mut keys = vec![Target::Person(author.person), Target::Device(fact.act.author)];
        if let Op::SetRole { person, .. } = &fact.act.op
            && *person != author.person
        {
            keys.push(Target::Person(*person));
        }
        if let Op::Accept { invite: id, .. } = &fact.act.op
            && let Some(invite) = fact.after.invite(*id)
        {
            keys.extend([Target::Invite(*id), Target::Person(invite.inviter), Target::Device(invite.device)]);
        }
        let candidates: BTreeSet<Ix> =
            keys.iter().filter_map(|key| by_target.get(key)).flatten().copied().collect();
        candidates.into_iter().filter(|by| self.strikes(*by, ix, author)).collect()
    }

    /// The strikers that strike `ix` in this round, if they stand.
    fn attackers(&self, ix: Ix, aside: &Aside) -> impl Iterator<Item = Ix> {
        let all = self.attackers.get(&ix).into_iter().flatten().copied();
        all.filter(move |by| {
            !aside.contains_key(by) && (self.shuts_out(*by, ix) || !self.is_adopted(ix, *by, aside))
        })
    }

    /// The entries that are struck, with their reasons.
    pub fn struck(&self, aside: &Aside) -> BTreeMap<Ix, Refusal> {
        let undermining = self.undermining(aside);
        let standing = self.standing(&undermining);
        let mut struck = BTreeMap::new();
        for ix in self.live.iter().filter(|ix| !standing.contains(ix) && !aside.contains_key(ix)) {
            let by = self.attackers(*ix, aside).filter(|by| standing.contains(by));
            if let Some(by) = by.max_by_key(|by| self.log.strength(*by)) {
                struck.insert(*ix, self.reason(by, *ix));
            } else if undermining.get(ix).is_some_and(|all| all.iter().any(|by| standing.contains(by))) {
                struck.insert(*ix, Refusal::Ungrounded(self.log.fact(*ix).act.author));
            }
        }
        struck
    }

    /// For each striker those that strike it, or without whom its author could not have written it.
    fn undermining(&self, aside: &Aside) -> BTreeMap<Ix, BTreeSet<Ix>> {
        let mut all = BTreeMap::new();
        let counts = |ix: &Ix| strikes(&self.log.fact(*ix).act.op) && !aside.contains_key(ix);
        let mut todo: Vec<Ix> = self.live.iter().copied().filter(counts).collect();
        while let Some(ix) = todo.last().copied() {
            if all.contains_key(&ix) {
                todo.pop();
                continue;
            }
            // Grounds come before what rests on them, so this ends.
            let grounds = self.grounds(ix);
            let before = todo.len();
            todo.extend(grounds.iter().copied().filter(|ground| !all.contains_key(ground)));
            if todo.len() == before {
                let below = self.undermining_by_grounds(ix, &grounds, &all);
                all.insert(ix, self.attackers(ix, aside).chain(below).collect());
            }
        }
        all.retain(|ix, _| counts(ix));
        all
    }

    /// The strikers that take away what an entry rests on; those of one person count together.
    fn undermining_by_grounds(&self, ix: Ix, grounds: &[Ix], all: &BTreeMap<Ix, BTreeSet<Ix>>) -> Vec<Ix> {
        let mut of: BTreeMap<PersonId, (BTreeSet<Ix>, BTreeSet<Ix>)> = BTreeMap::new();
        let strikers: BTreeSet<Ix> =
            grounds.iter().filter_map(|ground| all.get(ground)).flatten().copied().collect();
        for by in strikers.into_iter().filter(|by| !self.log.graph.is_past(*by, ix)) {
            let Ok(author) = &self.log.fact(by).own else { continue };
            let (strikers, lost) = of.entry(author.person).or_default();
            strikers.insert(by);
            lost.extend(
                grounds.iter().copied().filter(|ground| all.get(ground).is_some_and(|all| all.contains(&by))),
            );
        }
        let fall = of.into_values().filter(|(_, lost)| !self.stands_without(ix, lost));
        fall.flat_map(|(strikers, _)| strikers).collect()
    }

    /// Whether an entry's author could have written it without some of its grounds.
    fn stands_without(&self, ix: Ix, lost: &BTreeSet<Ix>) -> bool {
        let fact = self.log.fact(ix);
        let Ok(author) = &fact.own else { return false };
        let lost: BTreeSet<EntryHash> = lost.iter().map(|ground| self.log.graph.hash(*ground)).collect();
        // Who introduces themselves rests on that; who raises themselves rests on what they were.
        let own = self.log.graph.hash(ix);
        let introduced = matches!(fact.act.op, Op::Genesis { .. } | Op::Accept { .. } | Op::AddDevice { .. });
        let looked_at: BTreeSet<EntryHash> = self.all_grounds(ix).into_iter().collect();
        let known = |by| if by == own { introduced } else { looked_at.contains(&by) && !lost.contains(&by) };
        let ended = |by| by != own && !lost.contains(&by);
        let device = fact.after.device(fact.act.author).map(|device| &device.events);
        let member = fact.after.member(author.person).map(|member| &member.events);
        let on = device.is_some_and(|events| device_on(events, known, ended) == Ok(true));
        let role = member.and_then(|events| role_of(events, known, ended).ok().flatten());
        let invited = match &fact.act.op {
            Op::Accept { invite, .. } => fact.after.invite(*invite).is_none_or(|i| known(i.made_by)),
            _ => true,
        };
        on && invited && role.is_some_and(|role| role >= author.least)
    }

    /// The strikers that nothing standing strikes or undermines. Each is settled once, and
    /// each strike is looked at once.
    fn standing(&self, undermining: &BTreeMap<Ix, BTreeSet<Ix>>) -> BTreeSet<Ix> {
        let mut attacked: BTreeMap<Ix, usize> = BTreeMap::new();
        let mut victims: BTreeMap<Ix, Vec<Ix>> = BTreeMap::new();
        for (ix, attackers) in undermining {
            for by in attackers {
                victims.entry(*by).or_default().push(*ix);
            }
            attacked.insert(*ix, attackers.len());
        }
        let mut by_strength: Vec<Ix> = attacked.keys().copied().collect();
        by_strength.sort_by_key(|ix| self.log.strength(*ix));
        let mut free: Vec<Ix> = attacked.iter().filter(|(_, n)| **n == 0).map(|(ix, _)| *ix).collect();
        let mut standing = BTreeSet::new();
        while let Some(next) = free.pop().or_else(|| by_strength.pop()) {
            if attacked.remove(&next).is_none() {
                continue;
            }
            standing.insert(next);
            for fallen in victims.get(&next).into_iter().flatten() {
                if attacked.remove(fallen).is_none() {
                    continue;
                }
                for relieved in victims.get(fallen).into_iter().flatten() {
                    if let Some(n) = attacked.get_mut(relieved) {
                        *n -= 1;
                        if *n == 0 {
                            free.push(*relieved);
                        }
                    }
                }
            }
        }
        standing
    }

    /// Which of the void entries to set aside: the first, unless another of them
    /// undermines it, and so on.
    pub fn culprit(&self, void: &[(Ix, Refusal)], aside: &Aside) -> Option<(Ix, Refusal)> {
        let mut culprit = void.first()?;
        let mut seen = BTreeSet::from([culprit.0]);
        loop {
            let by = self.underminers(culprit.0, aside);
            match void.iter().find(|(ix, _)| by.contains(ix) && seen.insert(*ix)) {
                Some(next) => culprit = next,
                None => return Some(culprit.clone()),
            }
        }
    }

    /// The strikers that strike an entry, or something that its author's mandate rests on.
    fn underminers(&self, ix: Ix, aside: &Aside) -> BTreeSet<Ix> {
        let (mut seen, mut todo) = (BTreeSet::from([ix]), vec![ix]);
        let mut by = BTreeSet::new();
        while let Some(ix) = todo.pop() {
            by.extend(self.attackers(ix, aside));
            todo.extend(self.grounds(ix).into_iter().filter(|ground| seen.insert(*ground)));
        }
        by
    }

    /// The entries of the window that an entry's author has their device, membership or role from.
    fn grounds(&self, ix: Ix) -> Vec<Ix> {
        let grounds = self.all_grounds(ix).into_iter().filter_map(|hash| self.log.graph.find(hash));
        grounds.filter(|ground| *ground != ix && self.live.contains(ground)).collect()
    }

    /// The newest of the entries that an entry's author has their device, membership or role from.
    fn all_grounds(&self, ix: Ix) -> Vec<EntryHash> {
        let fact = self.log.fact(ix);
        let Ok(author) = &fact.own else { return Vec::new() };
        let newest =
            |mut grounds: Vec<EntryHash>| grounds.split_off(grounds.len().saturating_sub(GROUNDS_MAX));
        let device = fact.after.device(fact.act.author).map(Device::grounds).map(newest);
        let member = fact.after.member(author.person).map(Member::grounds).map(newest);
        let invite = match &fact.act.op {
            Op::Accept { invite, .. } => fact.after.invite(*invite).map(|invite| invite.made_by),
            _ => None,
        };
        device.into_iter().flatten().chain(member.into_iter().flatten()).chain(invite).collect()
    }

    /// Whether `by` means `ix` and neither knew of the other.
    fn strikes(&self, by: Ix, ix: Ix, author: &Mandate) -> bool {
        let (striker, struck) = (self.log.fact(by), self.log.fact(ix));
        let Ok(by_author) = &striker.own else { return false };
        let meant = match (&striker.act.op, &struck.act.op) {
            _ if self.shuts_out(by, ix) => true,
            (Op::SetRole { person, .. }, Op::SetRole { person: same, .. })
                if person == same && self.log.strength(by) > self.log.strength(ix) =>
            {
                return self.log.graph.concurrent(by, ix);
            }
            (Op::SetRole { person, role, .. }, _) => {
                *person == author.person && *person != by_author.person && *role < author.least
            }
            (Op::Remove { person, .. }, _) => *person == author.person && *person != by_author.person,
            (Op::RemoveDevice { signer, .. }, _) => {
                *signer == struck.act.author && *signer != striker.act.author
            }
            _ => false,
        };
        meant && self.log.graph.concurrent(by, ix)
    }

    /// Whether `by` closes the invite that `ix` accepts, and is somebody's who may shut out whom it admits.
    fn shuts_out(&self, by: Ix, ix: Ix) -> bool {
        let (striker, struck) = (self.log.fact(by), self.log.fact(ix));
        let (Ok(author), Op::Accept { invite: id, .. }) = (&striker.own, &struck.act.op) else {
            return false;
        };
        let Some(invite) = struck.after.invite(*id) else { return false };
        let closes = match &striker.act.op {
            Op::RevokeInvite { id: revoked } => revoked == id,
            Op::Remove { person, .. } => *person == invite.inviter && *person != author.person,
            Op::RemoveDevice { signer, .. } => *signer == invite.device && *signer != striker.act.author,
            Op::SetRole { person, role, .. } => {
                *person == invite.inviter && *person != author.person && !role.may_grant(invite.role)
            }
            _ => false,
        };
        closes && author.role.may_grant(invite.role)
    }

    /// Whether an extension of the removal's cut reaches the entry. The extension
    /// must know the last entry that it names, and that one must know this one:
    /// a second history of the same log is not adopted along with the first.
    fn is_adopted(&self, ix: Ix, removal: Ix, aside: &Aside) -> bool {
        let act = &self.log.fact(ix).act;
        let reaches = |adoption: &Ix| {
            if aside.contains_key(adoption) {
                return false;
            }
            let Op::ExtendCut { cut, .. } = &self.log.fact(*adoption).act.op else { return false };
            let last = cut.get(&(DocId::AUTHORITY, act.log)).filter(|(seq, _)| act.seq <= *seq);
            let last = last.and_then(|(_, hash)| self.log.graph.find(*hash));
            last.is_some_and(|last| {
                self.log.graph.is_past(ix, last) && self.log.graph.is_past(last, *adoption)
            })
        };
        self.adoptions.get(&removal).is_some_and(|adoptions| adoptions.iter().any(reaches))
    }

    fn reason(&self, by: Ix, ix: Ix) -> Refusal {
        let both = |op: &Op| matches!(op, Op::SetRole { .. });
        let (first, second) = (&self.log.fact(by).act.op, &self.log.fact(ix).act.op);
        let hash = self.log.graph.hash(by);
        if let Op::Accept { invite, .. } = second
            && self.shuts_out(by, ix)
        {
            return Refusal::InviteClosed(*invite);
        }
        match (target(first), target(second)) {
            (a, b) if both(first) && both(second) && a == b => Refusal::Outranked(hash),
            _ => Refusal::Struck(hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::orders::{act, all_entries, deeds, delivered, peers};

    /// The rules as they are told, one pair at a time.
    fn strikes_plainly(log: &Log, by: Ix, ix: Ix) -> bool {
        let (striker, struck) = (log.fact(by), log.fact(ix));
        let (Ok(by_author), Ok(author)) = (&striker.own, &struck.own) else { return false };
        let meant = match &striker.act.op {
            Op::Remove { person, .. } => author.person == *person && by_author.person != *person,
            Op::RemoveDevice { signer, .. } => struck.act.author == *signer && striker.act.author != *signer,
            Op::SetRole { person, role, .. } => {
                let too_much =
                    author.person == *person && by_author.person != *person && *role < author.least;
                let same = matches!(&struck.act.op, Op::SetRole { person: other, .. } if other == person);
                too_much || same && log.strength(by) > log.strength(ix)
            }
            _ => false,
        };
        let meant = meant || shuts_out_plainly(log, by, ix);
        meant && !log.graph.is_past(by, ix) && !log.graph.is_past(ix, by)
    }

    /// Whoever may grant what a link grants shuts out those who come by it, with the link or with its maker.
    fn shuts_out_plainly(log: &Log, by: Ix, ix: Ix) -> bool {
        let (striker, struck) = (log.fact(by), log.fact(ix));
        let Op::Accept { invite: id, .. } = &struck.act.op else { return false };
        let (Ok(author), Some(invite)) = (&striker.own, struck.after.invite(*id)) else { return false };
        let others = invite.inviter != author.person;
        let means = match &striker.act.op {
            Op::RevokeInvite { id } => {
                striker.after.invite(*id).is_some_and(|own| own.made_by == invite.made_by)
            }
            Op::Remove { person, .. } => others && *person == invite.inviter,
            Op::RemoveDevice { signer, .. } => *signer == invite.device && *signer != striker.act.author,
            Op::SetRole { person, role, .. } => {
                others && *person == invite.inviter && *role < Role::least_to_grant(invite.role)
            }
            _ => false,
        };
        means && author.role >= Role::least_to_grant(invite.role)
    }

    /// What strikes an entry, or takes away, with its author's other strikes, what the entry rests on.
    fn undermines_plainly(field: &Field<'_>, aside: &Aside, by: Ix, ix: Ix) -> bool {
        let log = field.log;
        let hits = |by: Ix, ix: Ix| {
            let adopted = field.is_adopted(ix, by, aside) && !shuts_out_plainly(log, by, ix);
            strikes_plainly(log, by, ix) && !adopted && !aside.contains_key(&by)
        };
        if hits(by, ix) {
            return true;
        }
        let person = |ix: Ix| log.fact(ix).own.as_ref().ok().map(|author| author.person);
        let reaches =
            |by: Ix, ground: Ix| !log.graph.is_past(by, ix) && undermines_plainly(field, aside, by, ground);
        let grounds = field.grounds(ix);
        let theirs = |ground: &Ix| {
            let mut all = field.live.iter().filter(|other| strikes(&log.fact(**other).act.op));
            all.any(|other| person(*other) == person(by) && reaches(*other, *ground))
        };
        let lost: BTreeSet<Ix> = grounds.iter().copied().filter(theirs).collect();
        grounds.iter().any(|ground| reaches(by, *ground)) && !field.stands_without(ix, &lost)
    }

    /// One after the other: whoever nobody open strikes stands, else the strongest of those still open; whom
    /// it strikes is open no more.
    fn standing_plainly(field: &Field<'_>, aside: &Aside) -> BTreeSet<Ix> {
        let log = field.log;
        let strikers = field.live.iter().copied();
        let mut open: BTreeSet<Ix> =
            strikers.filter(|ix| strikes(&log.fact(*ix).act.op) && !aside.contains_key(ix)).collect();
        let hits = |by: Ix, ix: Ix| undermines_plainly(field, aside, by, ix);
        let mut standing = BTreeSet::new();
        while !open.is_empty() {
            let free = open.iter().find(|ix| !open.iter().any(|by| hits(*by, **ix))).copied();
            let next = free.or_else(|| open.iter().copied().max_by_key(|ix| log.strength(*ix)));
            let Some(next) = next else { break };
            open.remove(&next);
            standing.insert(next);
            open.retain(|ix| !hits(next, *ix));
        }
        standing
    }

    proptest! {
        #[test]
        fn who_strikes_whom_and_who_stands_is_what_the_rules_say(deeds in deeds(60), left_out in any::<u64>()) {
            let mut peers = peers();
            act(&deeds, &mut peers);
            let entries = all_entries(&peers);
            let view = delivered(&entries);
            let log = &view.log;
            let field = Field::new(log, &(0..entries.len()).collect::<Vec<_>>());
            for ix in field.live.iter().copied() {
                let mut found = field.attackers[&ix].clone();
                found.sort_unstable();
                let plainly: Vec<Ix> = field.live.iter().copied().filter(|by| strikes_plainly(log, *by, ix)).collect();
                prop_assert_eq!(found, plainly, "who strikes {}", ix);
            }
            let some = field.live.iter().filter(|ix| left_out >> (*ix % 64) & 7 == 0);
            let some: Aside = some.map(|ix| (*ix, Refusal::OwnLog(EntryHash::ZERO))).collect();
            for aside in [Aside::new(), some] {
                let standing = field.standing(&field.undermining(&aside));
                prop_assert_eq!(&standing, &standing_plainly(&field, &aside));
                let struck: BTreeSet<Ix> = field.struck(&aside).into_keys().collect();
                // Who stands because of a circle may be struck by somebody whom that relieved.
                let hit = |ix: &Ix| {
                    let adopted = |by: &Ix| field.is_adopted(*ix, *by, &aside) && !shuts_out_plainly(log, *by, *ix);
                    let direct = |by: &Ix| strikes_plainly(log, *by, *ix) && !adopted(by);
                    let below = |by: &Ix| {
                        strikes(&log.fact(*ix).act.op) && undermines_plainly(&field, &aside, *by, *ix)
                    };
                    let by = |by: &Ix| direct(by) || below(by);
                    !aside.contains_key(ix) && !standing.contains(ix) && standing.iter().any(by)
                };
                prop_assert_eq!(struck, field.live.iter().copied().filter(hit).collect::<BTreeSet<Ix>>());
            }
        }
    }
}
