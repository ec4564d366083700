//! Acts of a scenario, on the world.

use proofroom_authority::Role;
use proofroom_sync::Input;

use super::World;
use crate::act::{Act, Verb, Who};
use crate::cast::{self, MALLORY};
use crate::conn::Node;
use crate::disk::Fault;
use crate::machine::{Machine, Trouble};
use crate::{mallory, people};

impl World<'_> {
    pub(super) fn do_act(&mut self, act: &Act) {
        self.mark("act", act.to_string().as_bytes());
        let done = match act.who {
            Who::Person(MALLORY) if act.verb.is_hostile() => mallory::act(self, act),
            _ if act.verb.is_hostile() => Err(Trouble::Declined("only mallory does such things".into())),
            Who::Person(place) if act.verb == Verb::Joins => {
                let inviter = act.whom.unwrap_or(0);
                self.join(place, inviter, act.role.unwrap_or(Role::Producer))
            }
            who => match self.node(who) {
                None => Err(Trouble::Declined("nobody there".into())),
                Some(node) => self.happen(node, act),
            },
        };
        match done {
            Ok(()) => {
                self.report.done += 1;
                self.mark("done", &[]);
            }
            Err(Trouble::Declined(text)) => {
                self.report.declined += 1;
                self.mark("declined", text.as_bytes());
                self.report.notes.push(format!("{} {act}: {text}", self.now));
            }
            Err(Trouble::Died(text)) => {
                if let Some(node) = self.node(act.who) {
                    self.crash(node, &text);
                }
            }
            Err(Trouble::Fault(text)) => self.broke("no error that is a bug", format!("{act}: {text}")),
        }
    }

    /// Something happens to a machine or a relay, or somebody works.
    fn happen(&mut self, node: Node, act: &Act) -> Result<(), Trouble> {
        let n = act.n.unsigned_abs();
        match act.verb {
            Verb::Crashes => self.crash(node, "kill -9"),
            Verb::Stops => self.end(node, true),
            Verb::Starts => self.boot(node),
            Verb::Restores => return self.restore(node, usize::try_from(n).unwrap_or(0)),
            Verb::Clones => return self.clone_of(node),
            Verb::Skews => match node {
                Node::Machine(m) => drop(self.machines.get_mut(&m).map(|m| m.skew_ms = act.n)),
                Node::Relay(_) => return Err(Trouble::Declined("a relay's clock is the world's".into())),
            },
            Verb::Fills => self.plan(node, Fault::Fails { after: n }),
            Verb::Dies => self.plan(node, Fault::Dies { after: n, kept: act.kept }),
            Verb::Cut => self.weather.cut(node, act.span),
            Verb::Heals => {
                self.weather.heal(node);
                self.forget_failures();
                self.release();
            }
            Verb::Drops => {
                let ours = |c: &crate::conn::Conn| Node::Machine(c.client) == node || c.server == node;
                let all: Vec<u64> = self.conns.iter().filter(|(_, c)| ours(c)).map(|(id, _)| *id).collect();
                all.into_iter().for_each(|conn| self.lose(conn));
            }
            Verb::Withholds => {
                let author = act.whom.and_then(|whom| self.machines.get(&whom)).map(Machine::device);
                let (Node::Relay(r), Some(author)) = (node, author) else {
                    return Err(Trouble::Declined("a relay withholds somebody's entries".into()));
                };
                self.stations[r].withheld.insert(author);
            }
            Verb::Snapshots => return self.snapshot(node, act),
            _ => return self.work(node, act),
        }
        Ok(())
    }

    /// A member makes a snapshot, and offers it to the relays that it is connected to.
    fn snapshot(&mut self, node: Node, act: &Act) -> Result<(), Trouble> {
        let Node::Machine(place) = node else { return Err(Trouble::Declined("relays make none".into())) };
        let (workspace, now) = (self.workspace, self.now);
        let Some(machine) = self.machines.get_mut(&place).filter(|m| m.up) else {
            return Err(Trouble::Declined("not running".into()));
        };
        let doc = people::snapshot_doc(workspace, act);
        let made = machine.act(now, |r, s| r.make_snapshot(s, doc))?;
        let made = made.ok_or_else(|| Trouble::Declined("none can be made of it now".into()))?;
        self.report.snapshots_made += 1;
        self.mark("snapshot", &made.entries().to_le_bytes());
        for conn in self.machines.get(&place).map(Machine::lines_to_relays).unwrap_or_default() {
            self.feed_machine(place, conn, Input::OfferSnapshot(doc));
        }
        Ok(())
    }

    /// An honest act of a person.
    fn work(&mut self, node: Node, act: &Act) -> Result<(), Trouble> {
        let Node::Machine(place) = node else { return Err(Trouble::Declined("relays do not work".into())) };
        let whom = act.whom.and_then(|whom| self.machines.get(&whom)).map(|m| m.me.person());
        let now = self.now;
        let Some(machine) = self.machines.get_mut(&place).filter(|m| m.up) else {
            return Err(Trouble::Declined("not running".into()));
        };
        let done = people::act(machine, now, act, whom);
        let fresh = machine.fresh();
        if let (Ok(Some(receipt)), true) = (&done, self.is_honest(place)) {
            self.ledger.acknowledged(place, *receipt);
        }
        if act.verb == Verb::Ranks && act.role.is_some_and(|r| r >= Role::Reviewer) {
            // A copy of the device reads what the device reads.
            let ranked = act.whom.and_then(|whom| self.machines.get(&whom)).map(Machine::device);
            let same = self.machines.values_mut().filter(|m| Some(m.device()) == ranked);
            same.for_each(|m| m.team = true);
        }
        self.tell(place, None, &fresh);
        let told = self.machines.get_mut(&place).map(Machine::reconsider).unwrap_or_default();
        for (conn, input) in told {
            self.feed_machine(place, conn, input);
        }
        self.check_kept();
        done.map(drop)
    }

    fn plan(&mut self, node: Node, fault: Fault) {
        match node {
            Node::Machine(m) => drop(self.machines.get_mut(&m).map(|m| m.disk.plan(fault))),
            Node::Relay(r) => self.stations[r].disk.plan(fault),
        }
    }

    /// An old image is put back; what nobody else holds is lost, and nobody promised otherwise.
    fn restore(&mut self, node: Node, image: usize) -> Result<(), Trouble> {
        self.end(node, false);
        let restored = match node {
            Node::Machine(m) => self.machines.get_mut(&m).is_some_and(|m| m.disk.restore(image)),
            Node::Relay(r) => self.stations[r].disk.restore(image),
        };
        let wait = self.weather.patience(500, 3_000);
        self.at(self.now + wait, super::Event::Boot(node));
        self.forget_what_is_lost();
        if restored { Ok(()) } else { Err(Trouble::Declined("no image was made yet".into())) }
    }

    /// Two machines go on with the same logs: what no incarnation file can tell apart.
    fn clone_of(&mut self, node: Node) -> Result<(), Trouble> {
        let Node::Machine(place) = node else { return Err(Trouble::Declined("not of a relay".into())) };
        let twin = (MALLORY + 1..MALLORY + 4).find(|place| !self.machines.contains_key(place));
        let (Some(twin), Some(machine)) = (twin, self.machines.get(&place).filter(|m| m.is_member())) else {
            return Err(Trouble::Declined("not now".into()));
        };
        let mut copy = machine.twin(self.scenario.seed, twin);
        // The one goes on with its writers in memory, the other with the same tips on its disk.
        copy.clean = true;
        let started = copy.start(self.now);
        self.machines.insert(twin, copy);
        self.report.notes.push(format!("{} is a copy of {}", cast::name(twin), cast::name(place)));
        let fed = started?;
        self.settle(twin, None, fed);
        self.dial_all(twin, 5);
        Ok(())
    }
}
