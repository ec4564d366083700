//! Which concurrent operations strike which.
//!
//! A removal strikes what its target wrote without being in the removal's past:
//! within the authority log the causal past *is* the cut, and whatever its author
//! claims about time or place, a backdated entry is not in it. A change of role
//! strikes what the new role would not have been allowed to write, and weaker
//! changes of the same person's role. Whatever closes an invite strikes the acceptances
//! of it: who has the link may claim not to have heard of that for ever.
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
use crate::{Device, Member, Refusal, Role, Seniority};

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
            let (op, hash) = (&log.fact(*ix).act.op, log.graph.hash(*ix));
            let closing = log.fact(*ix).after.closing(hash).map(Target::Invite);
            for target in target(op).into_iter().chain(closing) {
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
        if let Op::Accept { invite, .. } = &fact.act.op {
            keys.push(Target::Invite(*invite));
        }
        let candidates: BTreeSet<Ix> =
            keys.iter().filter_map(|key| by_target.get(key)).flatten().copied().collect();
        candidates.into_iter().filter(|by| self.strikes(*by, ix, author)).collect()
    }

    /// The strikers that strike `ix` in this round, if they stand.
    fn attackers(&self, ix: Ix, aside: &Aside) -> impl Iterator<Item = Ix> {
        let all = self.attackers.get(&ix).into_iter().flatten().copied();
        all.filter(move |by| !aside.contains_key(by) && !self.is_adopted(ix, *by, aside))
    }

    /// The entries that are struck, with their reasons.
    pub fn struck(&self, aside: &Aside) -> BTreeMap<Ix, Refusal> {
        let standing = self.standing(aside);
        let mut struck = BTreeMap::new();
        for ix in self.live.iter().filter(|ix| !standing.contains(ix) && !aside.contains_key(ix)) {
            let by = self.attackers(*ix, aside).filter(|by| standing.contains(by));
            if let Some(by) = by.max_by_key(|by| self.log.strength(*by)) {
                struck.insert(*ix, self.reason(by, *ix));
            }
        }
        struck
    }

    /// The strikers that nothing standing strikes. Each is settled once, and
    /// each strike is looked at once.
    fn standing(&self, aside: &Aside) -> BTreeSet<Ix> {
        let counts = |ix: &&Ix| strikes(&self.log.fact(**ix).act.op) && !aside.contains_key(*ix);
        let mut attacked: BTreeMap<Ix, usize> = BTreeMap::new();
        let mut victims: BTreeMap<Ix, Vec<Ix>> = BTreeMap::new();
        for ix in self.live.iter().filter(counts) {
            let attackers = self.attackers(*ix, aside);
            let n = attackers.map(|by| victims.entry(by).or_default().push(*ix)).count();
            attacked.insert(*ix, n);
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
        let fact = self.log.fact(ix);
        let Ok(author) = &fact.own else { return Vec::new() };
        let device = fact.after.device(fact.act.author).map(Device::grounds);
        let member = fact.after.member(author.person).map(Member::grounds);
        let invite = match &fact.act.op {
            Op::Accept { invite, .. } => fact.after.invite(*invite).map(|invite| invite.made_by),
            _ => None,
        };
        let grounds = device.into_iter().flatten().chain(member.into_iter().flatten()).chain(invite);
        let grounds = grounds.filter_map(|hash| self.log.graph.find(hash));
        grounds.filter(|ground| self.live.contains(ground)).collect()
    }

    /// Whether `by` means `ix` and neither knew of the other.
    fn strikes(&self, by: Ix, ix: Ix, author: &Mandate) -> bool {
        let (striker, struck) = (self.log.fact(by), self.log.fact(ix));
        let Ok(by_author) = &striker.own else { return false };
        let meant = match (&striker.act.op, &struck.act.op) {
            (_, Op::Accept { invite, .. }) if self.closes(by, *invite) => true,
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

    /// Whether an entry closes an invite, as far as its author knew.
    fn closes(&self, by: Ix, invite: InviteId) -> bool {
        self.log.fact(by).after.closing.contains_key(&(self.log.graph.hash(by), invite))
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
            && self.closes(by, *invite)
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
        let meant =
            meant || matches!(&struck.act.op, Op::Accept { invite, .. } if closes_plainly(log, by, *invite));
        meant && !log.graph.is_past(by, ix) && !log.graph.is_past(ix, by)
    }

    /// Whether an entry closes an invite: by name, or because somebody may not know its secret any more.
    fn closes_plainly(log: &Log, by: Ix, id: InviteId) -> bool {
        let fact = log.fact(by);
        let Some(invite) = fact.after.invite(id) else { return false };
        let took = |who: &dyn Fn(PersonId, SignerKey) -> bool| {
            fact.after.taken.keys().any(|(person, taken, device)| *taken == id && who(*person, *device))
        };
        match &fact.act.op {
            Op::RevokeInvite { id: revoked } => *revoked == id,
            Op::Remove { person, .. } => invite.inviter == *person || took(&|who, _| who == *person),
            Op::RemoveDevice { signer, .. } => {
                invite.device == *signer || took(&|_, device| device == *signer)
            }
            Op::SetRole { person, role, .. } => {
                (invite.inviter == *person && !role.may_grant(invite.role))
                    || (invite.role > *role && took(&|who, _| who == *person))
            }
            _ => false,
        }
    }

    /// One after the other: whoever nobody open strikes stands, else the strongest of those still open; whom
    /// it strikes is open no more.
    fn standing_plainly(field: &Field<'_>, aside: &Aside) -> BTreeSet<Ix> {
        let log = field.log;
        let strikers = field.live.iter().copied();
        let mut open: BTreeSet<Ix> =
            strikers.filter(|ix| strikes(&log.fact(*ix).act.op) && !aside.contains_key(ix)).collect();
        let hits = |by: Ix, ix: Ix| strikes_plainly(log, by, ix) && !field.is_adopted(ix, by, aside);
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
                let standing = field.standing(&aside);
                prop_assert_eq!(&standing, &standing_plainly(&field, &aside));
                let struck: BTreeSet<Ix> = field.struck(&aside).into_keys().collect();
                // Who stands because of a circle may be struck by somebody whom that relieved.
                let hit = |ix: &Ix| {
                    let by = |by: &Ix| strikes_plainly(log, *by, *ix) && !field.is_adopted(*ix, *by, &aside);
                    !aside.contains_key(ix) && !standing.contains(ix) && standing.iter().any(by)
                };
                prop_assert_eq!(struck, field.live.iter().copied().filter(hit).collect::<BTreeSet<Ix>>());
            }
        }
    }
}
