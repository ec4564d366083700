//! Liveness: when all is healed, everybody agrees, and everybody can go on.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::Authority;
use proofroom_entry::Signed;
use proofroom_ident::{Audience, DocId, EntryHash, LogId, Millis, WorkspaceId};
use proofroom_replica::{Continuation, IngestOutcome, InviteLink, Receipt, Replica};
use proofroom_store::{MemoryStore, Store as _, StoreError, evidence};

use crate::act::{Act, Verb, Who};
use crate::cast;
use crate::conn::Node;
use crate::dice::Dice;
use crate::forger::as_signed;
use crate::machine::{Machine, holds_or_rests, sees, sees_as_team};
use crate::people::{self, ASSETS};
use crate::world::World;

/// Fresh connections everywhere, so often at most.
const ROUNDS_MAX: usize = 6;
/// How long one round may take, in milliseconds.
const ROUND_MS: u64 = 300_000;

impl World<'_> {
    pub fn finale(&mut self) {
        self.heal();
        // A member whose process died between an act and its keys completes them with the next act.
        if self.converge("after healing", false).is_none() {
            return;
        }
        self.everybody_goes_on();
        let Some(members) = self.converge("after everybody wrote once more", true) else { return };
        self.check_kept();
        self.check_delivered(&members);
        self.check_keys();
        self.check_joined();
        for place in members {
            self.check_memory(place);
        }
    }

    /// Everything works from now on, and the forger has gone.
    fn heal(&mut self) {
        self.healed = true;
        self.weather.heal_all();
        self.release();
        let dishonest: Vec<usize> = self.machines.keys().copied().filter(|p| !self.is_honest(*p)).collect();
        for place in dishonest {
            self.end(Node::Machine(place), true);
        }
        for r in 0..self.stations.len() {
            self.stations[r].withheld.clear();
            if self.stations[r].is_up() {
                self.end(Node::Relay(r), true);
            }
            self.boot(Node::Relay(r));
        }
        let honest: Vec<usize> = self.machines.keys().copied().filter(|p| self.is_honest(*p)).collect();
        for place in honest {
            if let Some(machine) = self.machines.get_mut(&place) {
                machine.skew_ms = 0;
            }
            // A planned fault ends with the process that would have met it.
            self.end(Node::Machine(place), false);
            self.boot(Node::Machine(place));
            self.look_at_disks();
        }
    }

    /// Connects everybody afresh until nobody learns anything; then all must agree.
    fn converge(&mut self, when: &str, views: bool) -> Option<Vec<usize>> {
        let mut differ = String::new();
        for _ in 0..ROUNDS_MAX {
            let conns: Vec<u64> = self.conns.keys().copied().collect();
            conns.into_iter().for_each(|conn| self.lose(conn));
            self.forget_failures();
            self.rest();
            if self.report.broken.is_some() {
                return None;
            }
            let members = self.members();
            match self.agree(&members, views) {
                Ok(()) => return Some(members),
                Err(text) => differ = text,
            }
        }
        self.broke("all honest members converge", format!("{when}: {differ}"));
        None
    }

    /// Lets the world run until no frame was sent for a while.
    fn rest(&mut self) {
        let end = self.now + ROUND_MS;
        let mut quiet = 0;
        while self.now < end && quiet < 4 && self.report.broken.is_none() {
            let before = self.report.frames;
            self.run_until(self.now + 1_000);
            let under_way =
                self.conns.values().any(|c| !c.up.parcels.is_empty() || !c.down.parcels.is_empty());
            let busy = under_way || self.report.frames != before;
            quiet = if busy { 0 } else { quiet + 1 };
        }
    }

    /// The first relay's membership log.
    fn membership(&self) -> Authority {
        let store = self.stations[0].disk.durable();
        let mut authority = Authority::new(self.workspace);
        for tip in store.tips(self.workspace, DocId::AUTHORITY).unwrap_or_default() {
            let log = store.entries(self.workspace, DocId::AUTHORITY, tip.log, 1, usize::MAX);
            for entry in log.unwrap_or_default() {
                // What is refused here is refused everywhere.
                let _taken = authority.insert(&entry);
            }
        }
        authority
    }

    /// Honest machines that are members by the first relay's membership log.
    fn members(&self) -> Vec<usize> {
        let authority = self.membership();
        let is_member = |m: &Machine| authority.state().actor(m.device()).is_some();
        self.machines.iter().filter(|(p, m)| self.is_honest(**p) && is_member(m)).map(|(p, _)| *p).collect()
    }

    /// Logs of which somebody holds a proof of two histories.
    fn forked(&self) -> BTreeSet<LogId> {
        let machines = self.machines.iter().filter(|(p, _)| self.is_honest(**p)).map(|(_, m)| &m.disk);
        let disks = machines.chain(self.stations.iter().map(|s| &s.disk));
        let proofs = disks.flat_map(|d| d.durable().proofs(self.workspace).unwrap_or_default());
        proofs.map(|(one, _)| one.header().log).collect()
    }

    /// Whether these machines hold the same and see the same.
    fn agree(&mut self, members: &[usize], views: bool) -> Result<(), String> {
        let forked = self.forked();
        let mut first: BTreeMap<&str, (String, String)> = BTreeMap::new();
        let mut compare = |what: &'static str, whose: &str, value: String| {
            let (other, expected) = first.entry(what).or_insert_with(|| (whose.into(), value.clone()));
            if *expected == value {
                return Ok(());
            }
            Err(format!("{what} of {whose} and {other} differ:\n{}", difference(expected, &value)))
        };
        for r in 0..self.stations.len() {
            for audience in Audience::ALL {
                let what = if audience == Audience::Team { "team entries" } else { "entries" };
                let held = self.holdings(&self.stations[r].disk, audience, &forked);
                compare(what, &format!("relay{}", r + 1), lines_of(&held))?;
            }
        }
        for place in members {
            let whose = cast::name(*place);
            let held = self.holdings(&self.machines[place].disk, Audience::Everyone, &forked);
            compare("entries", &whose, lines_of(&held))?;
            let team = self.machines[place].replica.as_ref().is_some_and(reads_team);
            if team {
                let held = self.holdings(&self.machines[place].disk, Audience::Team, &forked);
                compare("team entries", &whose, lines_of(&held))?;
            }
            if !views {
                continue;
            }
            let machine = self.machines.get_mut(place).expect("a member is there");
            let shown = sees(machine, &ASSETS).map_err(|t| format!("{whose}: {t:?}"))?;
            compare("views", &whose, shown)?;
            if team {
                let shown = sees_as_team(machine, &ASSETS).map_err(|t| format!("{whose}: {t:?}"))?;
                compare("team views", &whose, shown)?;
            }
        }
        let held: Vec<String> = first.values().map(|(_, value)| value.clone()).collect();
        held.iter().for_each(|value| self.mark("agreed", value.as_bytes()));
        Ok(())
    }

    /// Nobody is wedged: every member who may do anything writes, and it becomes durable.
    fn everybody_goes_on(&mut self) {
        for place in self.members() {
            let now = self.now;
            let Some(machine) = self.machines.get_mut(&place) else { continue };
            let reviewer = machine
                .act(now, |r, s| r.members(s.store))
                .is_ok_and(|all| all.iter().any(|m| m.me && !m.removed && m.role != "relay"));
            if !reviewer {
                continue;
            }
            let mut act = Act::new(Who::Person(place), Verb::Requests);
            act.n = i64::try_from(place).unwrap_or(0);
            let done = people::act(machine, now, &act, None);
            let fresh = machine.fresh();
            match done {
                Ok(Some(receipt)) => self.ledger.acknowledged(place, receipt),
                other => self.broke("nobody is wedged", format!("{}: {other:?}", cast::name(place))),
            }
            self.look_at_disks();
            self.tell(place, None, &fresh);
        }
    }

    /// What a present member acknowledged is held by every member, unless its log has two histories.
    fn check_delivered(&mut self, members: &[usize]) {
        let forked = self.forked();
        let mut lost = None;
        for promise in &self.ledger.promises {
            let receipt = &promise.receipt;
            // What somebody wrote among the team stays with them when they are no longer of it.
            let audience = receipt.doc.audience();
            let left =
                |m: &Machine| audience == Audience::Team && !m.replica.as_ref().is_some_and(reads_team);
            let author = &self.machines[&promise.place];
            if !members.contains(&promise.place) || forked.contains(&receipt.log) || left(author) {
                continue;
            }
            // Its author and the relays went back in time, and so far that whoever still has it is not
            // let in: a file from hand to hand brings it, no connection does.
            let out_of_reach = !promise.at_home
                && !members.iter().any(|p| self.holds_or_rests(*p, receipt))
                && !self
                    .stations
                    .iter()
                    .any(|s| s.is_up() && holds_or_rests(&s.disk, self.workspace, receipt));
            if out_of_reach {
                continue;
            }
            let missing =
                members.iter().find(|p| !left(&self.machines[p]) && !self.holds_or_rests(**p, receipt));
            if let Some(place) = missing {
                lost = Some(format!(
                    "{} lacks {receipt:?} of {}",
                    cast::name(*place),
                    cast::name(promise.place)
                ));
            }
        }
        if let Some(text) = lost {
            self.broke("what was acknowledged reaches every member", text);
        }
    }

    /// No key that was made in knowledge of a removal opens with a secret of who was removed: their device's,
    /// their recovery phrase's, or that of the link by which they came.
    fn check_keys(&mut self) {
        // The forger gives keys to whom they like.
        if self.forger().is_some() {
            return;
        }
        let log = self.membership();
        let mut opened = None;
        for (place, machine) in &self.machines {
            let member = log.state().member(machine.me.person());
            let Some(removal) = member.and_then(|member| member.removed) else { continue };
            let link = self.links.get(place).map(|link| link.secret.kex().public());
            let secrets = [Some(machine.me.secrets.kex.public()), machine.me.recovery, link];
            let later = Audience::ALL.into_iter().flat_map(|audience| log.state().epochs(audience));
            for epoch in later.filter(|epoch| log.is_past(removal, epoch.made_by)) {
                if secrets.iter().flatten().any(|kex| epoch.wraps_for(*kex).next().is_some()) {
                    opened = Some(format!("{} opens {:?}", cast::name(*place), epoch.key));
                }
            }
        }
        if let Some(text) = opened {
            self.broke("who was removed opens no later key", text);
        }
    }

    /// Nobody waits at the door with a link that is good.
    fn check_joined(&mut self) {
        let log = self.membership();
        let waits = |(place, link): &(&usize, &InviteLink)| {
            let machine = &self.machines[*place];
            let open = log.state().invite(link.secret.id()).is_some_and(|i| i.is_open(Millis(0)));
            let stranger = log.state().device(machine.device()).is_none();
            open && stranger && self.is_honest(**place)
        };
        if let Some((place, _)) = self.links.iter().find(waits) {
            self.broke("a newcomer gets in", cast::name(*place));
        }
    }

    fn holds_or_rests(&self, place: usize, receipt: &Receipt) -> bool {
        holds_or_rests(&self.machines[&place].disk, self.workspace, receipt)
    }

    /// The entries that snapshots stand for in a store, as the first relay holds them.
    fn stood_for(&self, store: &MemoryStore) -> Result<Vec<Signed>, StoreError> {
        let whole = self.stations[0].disk.durable();
        let mut below = Vec::new();
        for doc in store.docs(self.workspace)? {
            for base in store.bases(self.workspace, doc.doc)? {
                let h = base.header();
                let log = whole.entries(self.workspace, h.doc, h.log, 1, usize::MAX)?;
                below.extend(log.iter().filter(|entry| entry.header().seq <= h.seq).map(as_signed));
            }
        }
        Ok(below)
    }

    /// What is in memory follows from what is stored: reopened, and heard in any order.
    fn check_memory(&mut self, place: usize) {
        let seed = self.scenario.seed;
        let workspace = self.workspace;
        let Some(machine) = self.machines.get_mut(&place) else { return };
        let Ok(shown) = sees(machine, &ASSETS) else { return };
        let store = machine.disk.durable().clone();
        let Ok(below) = self.stood_for(&store) else { return };
        let Some(machine) = self.machines.get_mut(&place) else { return };
        let mut again = Machine::new(seed, place);
        again.me = machine.me.clone();
        again.workspace = Some(workspace);
        match Replica::open(&store, workspace, again.me.clone(), Continuation::NewLogs) {
            Ok(replica) => again.replica = Some(replica),
            Err(e) => return self.broke("a store opens again", e.to_string()),
        }
        again.disk = machine.disk.clone();
        let reopened = sees(&mut again, &ASSETS).unwrap_or_default();
        if reopened != shown {
            let text = format!("{}:\n{}", cast::name(place), difference(&shown, &reopened));
            return self.broke("memory follows from the store", text);
        }
        let mut dice = Dice::new(seed, &format!("order {place}"));
        let mut shuffled = Machine::new(seed, place);
        shuffled.me = again.me.clone();
        shuffled.workspace = Some(workspace);
        if let Err(text) = hear_shuffled(&mut shuffled, (&store, below), &mut dice) {
            return self
                .broke("any order of arrival gives the same", format!("{}: {text}", cast::name(place)));
        }
        let heard = sees(&mut shuffled, &ASSETS).unwrap_or_default();
        if heard != shown {
            let text = format!("{}:\n{}", cast::name(place), difference(&shown, &heard));
            self.broke("any order of arrival gives the same", text);
        }
    }
}

fn reads_team(replica: &Replica) -> bool {
    replica.reads_of(replica.me().device()).is_some_and(|reads| reads.contains(&Audience::Team))
}

/// Everything of a store as a peer would offer it, what stands beside its logs included.
fn all_of(store: &MemoryStore, workspace: WorkspaceId) -> Result<Vec<Signed>, StoreError> {
    let mut all = evidence(store, workspace)?;
    for doc in store.docs(workspace)? {
        for tip in store.tips(workspace, doc.doc)? {
            let log = store.entries(workspace, doc.doc, tip.log, 1, usize::MAX)?;
            all.extend(log.iter().map(as_signed));
        }
    }
    Ok(all)
}

/// Everything of a store, offered in another order, what was missing again and again.
fn hear_shuffled(
    machine: &mut Machine,
    (from, below): (&MemoryStore, Vec<Signed>),
    dice: &mut Dice,
) -> Result<(), String> {
    let workspace = machine.workspace.ok_or("no workspace")?;
    let mut left = all_of(from, workspace).map_err(|e| e.to_string())?;
    left.extend(below);
    for i in (1..left.len()).rev() {
        left.swap(i, dice.index(i + 1));
    }
    let proofs = from.proofs(workspace).map_err(|e| e.to_string())?;
    let forked: BTreeSet<LogId> = proofs.iter().map(|(one, _)| one.header().log).collect();
    let opened = Replica::open(&machine.disk, workspace, machine.me.clone(), Continuation::NewLogs);
    machine.replica = Some(opened.map_err(|e| e.to_string())?);
    for round in 0.. {
        let before = left.len();
        let mut missing = Vec::new();
        for chunk in left.chunks(1 + dice.index(9)) {
            let done = machine.act(0, |r, s| r.ingest(s, chunk.to_vec())).map_err(|t| format!("{t:?}"))?;
            for (signed, (_, outcome)) in chunk.iter().zip(done.outcomes) {
                match outcome {
                    IngestOutcome::Missing(_) => missing.push(signed.clone()),
                    // A second history is weighed once its proof is there.
                    IngestOutcome::Refused(_) if signed.claims().doc == DocId::AUTHORITY => {
                        missing.push(signed.clone());
                    }
                    IngestOutcome::Refused(text) if !forked.contains(&signed.claims().log) => {
                        return Err(format!("{:?} refused: {text}", signed.hash()));
                    }
                    _ => {}
                }
            }
        }
        left = missing;
        if left.len() == before && round > 3 {
            break;
        }
    }
    left.retain(|e| !forked.contains(&e.claims().log));
    let described = |e: &Signed| {
        let c = e.claims();
        format!("{:?} of {:?}, {:?} {} on {:?} stays missing", e.hash(), c.author, c.log, c.seq, c.auth_head)
    };
    left.first().map_or(Ok(()), |entry| Err(described(entry)))
}

/// Entries as text, one a line.
fn lines_of(held: &[(DocId, LogId, u64, EntryHash)]) -> String {
    held.iter().map(|(doc, log, seq, hash)| format!("{doc:?} {log:?} {seq} {hash:?}\n")).collect()
}

/// The first lines in which two texts differ.
fn difference(one: &str, other: &str) -> String {
    let at = one.lines().zip(other.lines()).position(|(a, b)| a != b);
    let at = at.unwrap_or_else(|| one.lines().count().min(other.lines().count()));
    let shown = |text: &str| -> String {
        text.lines().skip(at.saturating_sub(3)).take(8).map(|l| format!("    {l}\n")).collect()
    };
    format!("  line {at}, the one:\n{}  the other:\n{}", shown(one), shown(other))
}
