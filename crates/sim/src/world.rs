//! The world: one queue of events, one clock, everybody's machines.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use bytes::Bytes;
use proofroom_authority::Role;
use proofroom_entry::Verified;
use proofroom_ident::WorkspaceId;
use proofroom_relay::Input as RelayInput;
use proofroom_replica::InviteLink;
use proofroom_sync::{Code, Input, Live};

use crate::act::Who;
use crate::cast::{self, MALLORY};
use crate::conn::{Conn, Fate, Node, Parcel, Weather};
use crate::machine::{Fed, Machine, Trouble};
use crate::people;
use crate::report::{Broken, Report};
use crate::rules::Ledger;
use crate::scenario::Scenario;
use crate::station::Station;

mod acts;
mod relays;

/// How long a connection waits for a partition to heal.
const STUCK_MS: u64 = 15_000;
/// Frames that the forger remembers.
const OVERHEARD_MAX: usize = 64;
/// Events of one run: beyond it, somebody talks without end.
const EVENTS_MAX: u64 = 3_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    Act(usize),
    Arrive { conn: u64, to_server: bool, parcel: u64 },
    Dial { client: usize, server: Node },
    GiveUp { conn: u64 },
    GoOn { relay: usize, conn: u64 },
    Boot(Node),
    Tick,
}

pub(crate) struct World<'a> {
    pub scenario: &'a Scenario,
    pub now: u64,
    pub machines: BTreeMap<usize, Machine>,
    pub stations: Vec<Station>,
    pub conns: BTreeMap<u64, Conn>,
    pub weather: Weather,
    pub ledger: Ledger,
    pub report: Report,
    /// Frames that were sent lately: what the forger can replay.
    pub overheard: VecDeque<Bytes>,
    /// Whether parcels still go wrong and acts still happen.
    pub healed: bool,
    pub workspace: WorkspaceId,
    /// How the newcomers came in.
    pub links: BTreeMap<usize, InviteLink>,
    /// Connections in a row that came to nothing.
    attempts: BTreeMap<(usize, Node), u32>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    serial: u64,
    handled: u64,
    trace: blake3::Hasher,
}

impl<'a> World<'a> {
    pub fn new(scenario: &'a Scenario) -> Self {
        let seed = scenario.seed;
        Self {
            scenario,
            now: 0,
            machines: BTreeMap::new(),
            stations: (0..scenario.relays).map(|place| Station::new(seed, place)).collect(),
            conns: BTreeMap::new(),
            weather: Weather::new(seed, scenario.net),
            ledger: Ledger::default(),
            report: Report::default(),
            overheard: VecDeque::new(),
            healed: false,
            workspace: WorkspaceId::ZERO,
            links: BTreeMap::new(),
            attempts: BTreeMap::new(),
            events: BinaryHeap::new(),
            serial: 0,
            handled: 0,
            trace: blake3::Hasher::new_derive_key("proofroom simulation trace"),
        }
    }

    /// All of it, from the founding to the last check.
    pub fn play(mut self) -> Report {
        self.found();
        for (i, timed) in self.scenario.acts.iter().enumerate() {
            self.at(timed.at_ms, Event::Act(i));
        }
        self.at(1_000, Event::Tick);
        let end = self.scenario.acts.last().map_or(0, |timed| timed.at_ms) + 1_000;
        self.run_until(end);
        if self.report.broken.is_none() {
            self.finale();
        }
        self.report.clock_ms = self.now;
        self.report.trace = *self.trace.finalize().as_bytes();
        self.report
    }

    fn found(&mut self) {
        let mut ada = Machine::new(self.scenario.seed, 0);
        let founded = ada.found().and_then(|workspace| people::add_assets(&mut ada).map(|_| workspace));
        match founded {
            Ok(workspace) => self.workspace = workspace,
            Err(trouble) => self.broke("a workspace can be founded", format!("{trouble:?}")),
        }
        self.machines.insert(0, ada);
        self.look_at_disks();
        self.dial_all(0, 1);
    }

    pub fn broke(&mut self, rule: &'static str, text: String) {
        let at_ms = self.now;
        self.report.broken.get_or_insert(Broken { rule, text, at_ms });
    }

    /// Adds to the digest of everything that happened.
    pub fn mark(&mut self, what: &str, bytes: &[u8]) {
        self.trace.update(&self.now.to_le_bytes()).update(what.as_bytes());
        self.trace.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    pub fn at(&mut self, at: u64, event: Event) {
        self.serial += 1;
        self.events.push(Reverse((at, self.serial, event)));
    }

    /// Handles everything up to a time, as long as no rule breaks.
    pub fn run_until(&mut self, end: u64) {
        while self.report.broken.is_none() {
            match self.events.peek() {
                Some(Reverse((at, _, _))) if *at <= end => {}
                _ => break,
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            self.now = self.now.max(at);
            self.handled += 1;
            if self.handled > EVENTS_MAX {
                self.broke("it comes to rest", format!("{EVENTS_MAX} events and no end"));
            }
            self.handle(event);
            self.look_at_disks();
        }
        self.now = self.now.max(end);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Act(i) => self.do_act(&self.scenario.acts[i].act),
            Event::Arrive { conn, to_server, parcel } => self.arrive(conn, to_server, parcel),
            Event::Dial { client, server } => self.dial(client, server),
            Event::GoOn { relay, conn } => self.go_on(relay, conn),
            Event::GiveUp { conn } => {
                let stuck = |c: &Conn| !c.up.stuck.is_empty() || !c.down.stuck.is_empty();
                if self.conns.get(&conn).is_some_and(stuck) {
                    self.lose(conn);
                }
            }
            Event::Boot(node) => self.boot(node),
            Event::Tick => self.tick(),
        }
    }

    /// Every second; less often when nothing is going to happen for long.
    fn tick(&mut self) {
        let lines: Vec<(usize, u64)> =
            self.machines.iter().flat_map(|(m, machine)| machine.lines.keys().map(|c| (*m, *c))).collect();
        for (machine, conn) in lines {
            self.feed_machine(machine, conn, Input::Tick);
        }
        for station in 0..self.stations.len() {
            let relayed = self.stations[station].tick(self.now);
            self.settle_relay(station, relayed);
        }
        let next = self.events.iter().map(|Reverse((at, _, _))| *at).min().unwrap_or(self.now);
        let wait = (next.saturating_sub(self.now) / 20).max(1_000);
        self.at(self.now + wait, Event::Tick);
    }

    /// Connections that a machine wants to have: to every relay, and to whom it meets.
    fn servers_of(&self, client: usize) -> Vec<Node> {
        let relays = (0..self.stations.len()).map(Node::Relay);
        let met = self.scenario.meetings.iter().filter_map(|(one, other)| match client {
            c if c == *one => Some(Node::Machine(*other)),
            _ => None,
        });
        relays.chain(met).collect()
    }

    pub fn dial_all(&mut self, client: usize, after_ms: u64) {
        for server in self.servers_of(client) {
            self.at(self.now + after_ms, Event::Dial { client, server });
        }
    }

    fn dial(&mut self, client: usize, server: Node) {
        if !self.machines.get(&client).is_some_and(|m| m.up)
            || self.conns.values().any(|c| c.client == client && c.server == server)
        {
            return;
        }
        let answers = match server {
            Node::Relay(r) => self.stations[r].is_up(),
            Node::Machine(m) => self.machines.get(&m).is_some_and(|m| m.up && m.replica.is_some()),
        };
        let here = Node::Machine(client);
        if !answers || self.weather.is_cut(here, server) || self.weather.is_cut(server, here) {
            return self.dial_later(client, server, None);
        }
        self.serial += 1;
        let conn = self.serial;
        let there = match server {
            Node::Relay(_) => None,
            Node::Machine(m) => self.machines.get(&m).map(Machine::device),
        };
        if self.machines.get_mut(&client).and_then(|m| m.dial(conn, there)).is_none() {
            return;
        }
        self.mark("dial", &conn.to_le_bytes());
        let (up, down) = Default::default();
        self.conns.insert(conn, Conn { client, server, since: self.now, up, down });
        match server {
            Node::Relay(r) => {
                let relayed = self.stations[r].connect(conn);
                self.settle_relay(r, relayed);
            }
            Node::Machine(m) => {
                let fed = self.machines.get_mut(&m).and_then(|m| m.answer(conn)).unwrap_or_default();
                self.settle(m, Some(conn), fed);
            }
        }
    }

    fn dial_later(&mut self, client: usize, server: Node, code: Option<Code>) {
        // At the end, rounds of fresh connections follow each other.
        if self.healed && code != Some(Code::Reconnect) {
            return;
        }
        let attempts = self.attempts.entry((client, server)).or_insert(0);
        *attempts += 1;
        let patience = 1 << (*attempts).min(10);
        let wait = match code {
            Some(Code::Reconnect) => 50,
            _ => self.weather.patience(1_000, 2_000 * patience).min(3_600_000),
        };
        self.at(self.now + wait, Event::Dial { client, server });
    }

    /// A connection is gone for both of its ends.
    pub fn lose(&mut self, conn: u64) {
        let Some(gone) = self.conns.remove(&conn) else { return };
        self.mark("lost", &conn.to_le_bytes());
        self.machines.get_mut(&gone.client).map(|m| m.lines.remove(&conn));
        match gone.server {
            Node::Relay(r) => {
                let relayed = self.stations[r].handle(self.now, conn, RelayInput::Closed);
                self.settle_relay(r, relayed);
            }
            Node::Machine(m) => drop(self.machines.get_mut(&m).map(|m| m.lines.remove(&conn))),
        }
        if self.now > gone.since + 10_000 {
            self.attempts.remove(&(gone.client, gone.server));
        }
        self.dial_later(gone.client, gone.server, None);
    }

    /// Puts a frame on its way.
    pub fn send(&mut self, conn: u64, to_server: bool, parcel: Parcel) {
        let Some(open) = self.conns.get_mut(&conn) else { return };
        let bytes = match &parcel {
            Parcel::Frame(frame) => frame.len(),
            Parcel::End => 0,
        };
        let fate = self.weather.fate(self.now, bytes, open.pipe(to_server));
        if let Parcel::Frame(frame) = &parcel {
            self.report.frames += 1;
            self.trace.update(frame);
            if self.overheard.len() == OVERHEARD_MAX {
                self.overheard.pop_front();
            }
            self.overheard.push_back(frame.clone());
        }
        match fate {
            Fate::Cut => self.lose(conn),
            Fate::Arrives(times) => {
                for at in times {
                    self.serial += 1;
                    let serial = self.serial;
                    if let Some(open) = self.conns.get_mut(&conn) {
                        open.pipe(to_server).parcels.insert(serial, parcel.clone());
                    }
                    self.at(at, Event::Arrive { conn, to_server, parcel: serial });
                }
            }
        }
    }

    fn arrive(&mut self, conn: u64, to_server: bool, serial: u64) {
        let Some(open) = self.conns.get_mut(&conn) else { return };
        let client = Node::Machine(open.client);
        let (from, to) = if to_server { (client, open.server) } else { (open.server, client) };
        let pipe = open.pipe(to_server);
        if self.weather.is_cut(from, to) || !pipe.stuck.is_empty() {
            pipe.stuck.push(serial);
            return self.at(self.now + STUCK_MS, Event::GiveUp { conn });
        }
        let Some(parcel) = pipe.parcels.remove(&serial) else { return };
        match (parcel, to) {
            (Parcel::Frame(frame), Node::Machine(m)) => self.feed_machine(m, conn, Input::Frame(frame)),
            (Parcel::Frame(frame), Node::Relay(r)) => {
                let relayed = self.stations[r].handle(self.now, conn, RelayInput::Frame(frame));
                self.settle_relay(r, relayed);
                self.go_on_soon(r, conn);
            }
            (Parcel::End, _) => self.lose(conn),
        }
    }

    /// What a partition held up goes on.
    pub fn release(&mut self) {
        let mut go_on = Vec::new();
        for (id, conn) in &mut self.conns {
            for to_server in [true, false] {
                let stuck = std::mem::take(&mut conn.pipe(to_server).stuck);
                go_on.extend(stuck.into_iter().map(|serial| (*id, to_server, serial)));
            }
        }
        for (conn, to_server, parcel) in go_on {
            self.at(self.now, Event::Arrive { conn, to_server, parcel });
        }
    }

    pub fn feed_machine(&mut self, machine: usize, conn: u64, input: Input) {
        let now = self.now;
        let Some(fed) = self.machines.get_mut(&machine).map(|m| m.feed(conn, now, input)) else { return };
        self.settle(machine, Some(conn), fed);
    }

    /// Does what an input led to: frames, news for other sessions, an end.
    pub fn settle(&mut self, machine: usize, conn: Option<u64>, fed: Fed) {
        if let Some(text) = fed.fault {
            self.broke("no error that is a bug", format!("{}: {text}", cast::name(machine)));
        }
        for frame in fed.frames {
            let Some(conn) = conn else { break };
            self.check_durable(Node::Machine(machine), &frame);
            let to_server = self.conns.get(&conn).is_some_and(|c| c.client == machine);
            self.send(conn, to_server, Parcel::Frame(frame));
        }
        if let Some(text) = fed.died {
            return self.crash(Node::Machine(machine), &text);
        }
        if let (Some(code), Some(conn)) = (fed.closed, conn) {
            self.close(machine, conn, code);
        }
        self.tell(machine, conn, &fed.heard);
        self.tell(machine, None, &fed.own);
        self.report.snapshots_taken += fed.snapshots;
        if fed.anew {
            let lines: Vec<u64> =
                self.machines.get(&machine).map(|m| m.lines.keys().copied().collect()).unwrap_or_default();
            for conn in lines {
                let text = "entries are to be fetched anew".to_owned();
                self.feed_machine(machine, conn, Input::Refuse { code: Code::Reconnect, text });
            }
        }
        if fed.membership {
            let told = self.machines.get_mut(&machine).map(Machine::reconsider).unwrap_or_default();
            for (conn, input) in told {
                self.feed_machine(machine, conn, input);
            }
        }
    }

    /// A machine's session ended: the other end hears of it behind all that was sent.
    fn close(&mut self, machine: usize, conn: u64, code: Code) {
        let Some(open) = self.conns.get(&conn) else { return };
        let (client, server) = (open.client, open.server);
        let to_server = client == machine;
        if code == Code::Reconnect {
            self.dial_later(client, server, Some(code));
        }
        self.send(conn, to_server, Parcel::End);
    }

    /// Tells a machine's sessions of entries that are durable there.
    pub fn tell(&mut self, machine: usize, but: Option<u64>, entries: &[Verified]) {
        if entries.is_empty() {
            return;
        }
        let lines: Vec<u64> =
            self.machines.get(&machine).map(|m| m.lines.keys().copied().collect()).unwrap_or_default();
        for live in Live::batches(entries) {
            for conn in lines.iter().filter(|conn| Some(**conn) != but) {
                self.feed_machine(machine, *conn, Input::Stored(live.clone()));
            }
        }
    }

    /// A process dies; it is started again after a while.
    pub fn crash(&mut self, node: Node, why: &str) {
        self.report.crashes += 1;
        self.mark("crash", why.as_bytes());
        self.end(node, false);
        let wait = self.weather.patience(1_000, 8_000);
        self.at(self.now + wait, Event::Boot(node));
    }

    pub fn end(&mut self, node: Node, in_good_order: bool) {
        let ours = |c: &Conn| Node::Machine(c.client) == node || c.server == node;
        let conns: Vec<u64> = self.conns.iter().filter(|(_, c)| ours(c)).map(|(id, _)| *id).collect();
        match node {
            Node::Machine(m) => drop(self.machines.get_mut(&m).map(|m| m.end(in_good_order))),
            Node::Relay(r) => self.stations[r].end(),
        }
        conns.into_iter().for_each(|conn| self.lose(conn));
    }

    /// Who failed to connect tries again soon.
    pub fn forget_failures(&mut self) {
        self.attempts.clear();
        let clients: Vec<usize> = self.machines.keys().copied().collect();
        clients.into_iter().for_each(|client| self.dial_all(client, 500));
    }

    pub fn boot(&mut self, node: Node) {
        self.forget_failures();
        match node {
            Node::Relay(r) => self.stations[r].start(),
            Node::Machine(m) => {
                let now = self.now;
                let Some(machine) = self.machines.get_mut(&m).filter(|m| !m.up) else { return };
                match machine.start(now) {
                    Ok(fed) => self.settle(m, None, fed),
                    Err(Trouble::Died(text)) => self.crash(node, &text),
                    Err(Trouble::Declined(text) | Trouble::Fault(text)) => {
                        self.broke("a store opens again", format!("{}: {text}", cast::name(m)));
                    }
                }
            }
        }
    }

    /// Invites and takes up: links go from hand to hand, not over the network.
    fn join(&mut self, newcomer: usize, inviter: usize, role: Role) -> Result<(), Trouble> {
        if self.machines.contains_key(&newcomer) {
            return Err(Trouble::Declined("here already".into()));
        }
        let now = self.now;
        let host = self.machines.get_mut(&inviter).filter(|m| m.up);
        let host = host.ok_or_else(|| Trouble::Declined("nobody to invite them".into()))?;
        // Every other link could admit one more: it stays open, and whoever came by it knows it.
        let uses = if newcomer % 2 == 1 { 2 } else { 1 };
        let invited = host.act(now, |r, s| r.invite(s, role, uses, None, Vec::new()));
        let fresh = host.fresh();
        self.tell(inviter, None, &fresh);
        let link = invited?;
        let mut machine = Machine::new(self.scenario.seed, newcomer);
        machine.take_up(now, &link)?;
        self.links.insert(newcomer, link);
        self.machines.insert(newcomer, machine);
        self.dial_all(newcomer, 5);
        Ok(())
    }

    /// Whether a machine follows the rules: the forger and what was cloned of them do not.
    pub fn is_honest(&self, place: usize) -> bool {
        self.machines.get(&place).is_some_and(|m| place != MALLORY && Some(m.device()) != self.forger())
    }

    pub fn forger(&self) -> Option<proofroom_ident::SignerKey> {
        self.machines.get(&MALLORY).map(Machine::device)
    }

    pub fn node(&self, who: Who) -> Option<Node> {
        match who {
            Who::Person(place) => self.machines.contains_key(&place).then_some(Node::Machine(place)),
            Who::Relay(r) => (r < self.stations.len()).then_some(Node::Relay(r)),
        }
    }
}
