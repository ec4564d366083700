//! Whose turn it is: who brings much waits behind who brings little.
//!
//! A device uses a little of the relay's time at once, and some of it always. What it brings beyond that waits here,
//! and is taken piece by piece, each device in its turn. As long as others bring something, all that wait here share
//! a part of the time, so that their copies do not keep sockets and disk from the others.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proofroom_ident::SignerKey;
use proofroom_relay::ConnId;
use tokio::sync::OwnedSemaphorePermit;

/// Time that a device may use at once.
const AT_ONCE: Duration = Duration::from_millis(10);
/// A device may always use one part in so many of the time.
const ALWAYS: u32 = 20;
/// As long as others bring something, a piece is followed by a pause of so many times what it cost.
const PAUSE: u32 = 3;
/// For how long others count as bringing something.
const RECENT: Duration = Duration::from_secs(1);
/// Whoever has waited this long is served without a pause: their own patience has an end, too.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is owed at most: after that, twenty times as long without bringing anything makes it good.
const OWED_MAX: Duration = Duration::from_millis(50);
/// What sending one frame to one socket costs: figures in `benches/README.md`.
const PER_FRAME: Duration = Duration::from_micros(12);
/// What a mebibyte to a socket costs, in addition.
const PER_MIB: Duration = Duration::from_millis(1);

/// What a step cost: time of the engine's own, and what it gave the sockets to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub engine: Duration,
    pub frames: u32,
    pub bytes: u64,
}

impl Cost {
    fn time(self) -> Duration {
        let mib = self.bytes as f64 / f64::from(1 << 20);
        self.engine + PER_FRAME * self.frames + PER_MIB.mul_f64(mib)
    }
}

/// What a connection waits with; it reads on once this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    since: Instant,
}

impl Turn {
    pub fn new(permit: OwnedSemaphorePermit, since: Instant) -> Self {
        Self { _permit: permit, since }
    }
}

/// What waits for a turn.
#[derive(Debug)]
pub(crate) enum Work {
    /// A frame.
    Frame(Bytes, Turn),
    /// The rest of what a frame brought.
    Rest(Turn),
}

impl Work {
    fn since(&self) -> Instant {
        match self {
            Self::Frame(_, turn) | Self::Rest(turn) => turn.since,
        }
    }
}

/// Who waits: a device with all its connections, or one that did not say yet who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Device(SignerKey),
    Conn(ConnId),
}

/// Time that somebody has used and not made good.
#[derive(Clone, Copy, Debug)]
struct Account {
    owed: Duration,
    at: Instant,
}

impl Account {
    fn settle(&mut self, now: Instant) {
        let rested = now.saturating_duration_since(self.at) / ALWAYS;
        self.owed = self.owed.saturating_sub(rested);
        self.at = now;
    }
}

/// Those who wait, and what everybody has used.
pub(crate) struct Lane {
    devices: BTreeMap<ConnId, SignerKey>,
    accounts: BTreeMap<Who, Account>,
    waiting: BTreeMap<Who, VecDeque<(ConnId, Work)>>,
    /// Everybody in `waiting`, once.
    order: VecDeque<Who>,
    free_at: Instant,
    others_at: Option<Instant>,
    /// Whether the present turn was waited for too long.
    late: bool,
}

impl Lane {
    pub fn new(now: Instant) -> Self {
        Self {
            devices: BTreeMap::new(),
            accounts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            order: VecDeque::new(),
            free_at: now,
            others_at: None,
            late: false,
        }
    }

    /// A connection proved whose it is.
    pub fn on_admitted(&mut self, conn: ConnId, device: SignerKey) {
        self.accounts.remove(&Who::Conn(conn));
        self.devices.insert(conn, device);
    }

    /// A connection is gone, and what it waited with: its author has all of it that was not confirmed.
    pub fn forget(&mut self, conn: ConnId) {
        let who = self.who(conn);
        if let Some(works) = self.waiting.get_mut(&who) {
            works.retain(|(by, _)| *by != conn);
            if works.is_empty() {
                self.waiting.remove(&who);
                self.order.retain(|other| *other != who);
            }
        }
        self.accounts.remove(&Who::Conn(conn));
        self.devices.remove(&conn);
    }

    /// Forgets the accounts of those who have rested.
    pub fn sweep(&mut self, now: Instant) {
        self.accounts.retain(|_, account| {
            account.settle(now);
            !account.owed.is_zero()
        });
    }

    /// Whose a connection is.
    pub fn who(&self, conn: ConnId) -> Who {
        self.devices.get(&conn).map_or(Who::Conn(conn), |device| Who::Device(*device))
    }

    /// Whether somebody has used up their time.
    pub fn is_heavy(&mut self, who: Who, now: Instant) -> bool {
        self.accounts.get_mut(&who).is_some_and(|account| {
            account.settle(now);
            account.owed >= AT_ONCE
        })
    }

    /// How many devices wait.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Somebody waits for a turn.
    pub fn wait(&mut self, conn: ConnId, work: Work) {
        let who = self.who(conn);
        let works = self.waiting.entry(who).or_default();
        match work {
            // It goes on before anything else begins.
            Work::Rest(_) => works.push_front((conn, work)),
            Work::Frame(..) => works.push_back((conn, work)),
        }
        if works.len() == 1 {
            self.order.push_back(who);
        }
    }

    /// When the next turn is; `None` while nobody waits.
    pub fn due(&self) -> Option<Instant> {
        (!self.order.is_empty()).then_some(self.free_at)
    }

    /// Whose turn it is, where it is time for one.
    pub fn next(&mut self, now: Instant) -> Option<(ConnId, Work)> {
        if now < self.free_at {
            return None;
        }
        let who = self.order.pop_front()?;
        let works = self.waiting.get_mut(&who)?;
        let next = works.pop_front();
        match works.is_empty() {
            true => _ = self.waiting.remove(&who),
            false => self.order.push_back(who),
        }
        let waited = |work: &Work| now.saturating_duration_since(work.since()) > PATIENCE;
        self.late = next.as_ref().is_some_and(|(_, work)| waited(work));
        next
    }

    /// Somebody who did not have to wait was served; `brought` entries that others read.
    pub fn on_served(&mut self, who: Who, cost: Cost, brought: bool, now: Instant) {
        self.charge(who, cost, now);
        // Whoever is about to wait is none of the others.
        if brought && !self.is_heavy(who, now) {
            self.others_at = Some(now);
        }
    }

    /// Somebody who waited had a turn.
    pub fn on_turn(&mut self, who: Who, cost: Cost, now: Instant) {
        self.charge(who, cost, now);
        self.pause(cost.time(), now);
    }

    /// Whoever waits pays for what their turns cost.
    pub fn pause(&mut self, cost: Duration, now: Instant) {
        let recently = |at: Instant| now.saturating_duration_since(at) < RECENT;
        if !self.late && self.others_at.is_some_and(recently) {
            self.free_at = self.free_at.max(now) + cost * PAUSE;
        }
    }

    fn charge(&mut self, who: Who, cost: Cost, now: Instant) {
        let account = self.accounts.entry(who).or_insert(Account { owed: Duration::ZERO, at: now });
        account.settle(now);
        account.owed = OWED_MAX.min(account.owed + cost.time());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proofroom_ident::SigningSecret;
    use tokio::sync::Semaphore;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn device(n: u8) -> SignerKey {
        SigningSecret::from_seed(&[n; 32]).public()
    }

    fn turn(since: Instant) -> Turn {
        Turn::new(Arc::new(Semaphore::new(1)).try_acquire_owned().expect("one is free"), since)
    }

    fn frame(since: Instant) -> Work {
        Work::Frame(Bytes::from_static(b"some"), turn(since))
    }

    fn cost(ms: u32) -> Cost {
        Cost { engine: MS * ms, frames: 0, bytes: 0 }
    }

    /// Connections `n` of devices `n`.
    fn lane(devices: u8) -> (Lane, Instant) {
        let now = Instant::now();
        let mut lane = Lane::new(now);
        for n in 1..=devices {
            lane.on_admitted(ConnId(n.into()), device(n));
        }
        (lane, now)
    }

    fn turns(lane: &mut Lane, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| lane.next(now)).map(|(conn, _)| conn.0).collect()
    }

    #[test]
    fn who_brings_little_never_waits_and_who_brings_much_does() {
        let (mut lane, mut now) = lane(1);
        let ada = lane.who(ConnId(1));
        for _ in 0..1_000 {
            assert!(!lane.is_heavy(ada, now));
            lane.on_served(ada, cost(1), true, now);
            now += MS * ALWAYS;
        }
        lane.on_served(ada, cost(30), true, now);
        now += MS * 19 * ALWAYS;
        assert!(lane.is_heavy(ada, now), "what it owes is not forgotten in a moment");
        now += MS * 2 * ALWAYS;
        assert!(!lane.is_heavy(ada, now), "and it has rested");
        lane.on_served(ada, cost(60_000), true, now);
        now += OWED_MAX * ALWAYS;
        assert!(!lane.is_heavy(ada, now), "nothing is held against anybody for long");
    }

    #[test]
    fn copies_for_others_count_as_well_as_the_time_that_the_engine_took() {
        let time = Cost { engine: MS, frames: 100, bytes: 10 << 20 }.time();
        assert_eq!(time, MS + PER_FRAME * 100 + PER_MIB * 10);
    }

    #[test]
    fn coming_again_makes_nobody_light() {
        let (mut lane, now) = lane(1);
        lane.on_served(lane.who(ConnId(1)), cost(50), true, now);
        lane.forget(ConnId(1));
        let stranger = lane.who(ConnId(9));
        lane.on_served(stranger, cost(1), false, now);
        assert!(!lane.is_heavy(stranger, now), "nobody knows whose it is");
        lane.on_admitted(ConnId(9), device(1));
        assert!(lane.is_heavy(lane.who(ConnId(9)), now));
        lane.sweep(now + MS * 100);
        assert!(!lane.accounts.is_empty(), "it is not forgotten before it has rested");
        lane.sweep(now + Duration::from_secs(2));
        assert!(lane.accounts.is_empty());
    }

    #[test]
    fn devices_take_turns_however_many_connections_they_have() {
        let (mut lane, now) = lane(2);
        for conn in 10..14 {
            lane.on_admitted(ConnId(conn), device(1));
            lane.wait(ConnId(conn), frame(now));
        }
        lane.wait(ConnId(2), frame(now));
        assert_eq!((lane.len(), lane.due()), (2, Some(now)));
        assert_eq!(turns(&mut lane, now), [10, 2, 11, 12, 13]);
        assert_eq!((lane.len(), lane.due()), (0, None));
    }

    #[test]
    fn the_rest_of_a_frame_comes_before_other_frames_of_its_device() {
        let (mut lane, now) = lane(1);
        lane.on_admitted(ConnId(2), device(1));
        lane.wait(ConnId(2), frame(now));
        lane.wait(ConnId(1), Work::Rest(turn(now)));
        assert_eq!(turns(&mut lane, now), [1, 2]);
    }

    #[test]
    fn who_is_gone_waits_no_more() {
        let (mut lane, now) = lane(2);
        lane.on_admitted(ConnId(3), device(1));
        for conn in [1, 2, 3] {
            lane.wait(ConnId(conn), frame(now));
        }
        lane.forget(ConnId(2));
        lane.forget(ConnId(1));
        assert_eq!((lane.len(), turns(&mut lane, now)), (1, vec![3]));
    }

    #[test]
    fn all_that_wait_share_a_part_of_the_time_while_others_bring_something() {
        let (mut lane, now) = lane(3);
        let [ada, bo, cy] = [1, 2, 3].map(|conn| lane.who(ConnId(conn)));
        for conn in [1, 2] {
            lane.wait(ConnId(conn), frame(now));
            lane.wait(ConnId(conn), frame(now));
        }
        lane.on_served(ada, cost(20), true, now);
        assert!(lane.next(now).is_some());
        lane.on_turn(ada, cost(2), now);
        assert_eq!(lane.due(), Some(now), "alone, they have it all");
        lane.on_served(cy, cost(1), false, now);
        lane.on_turn(ada, cost(2), now);
        assert_eq!(lane.due(), Some(now), "who only reads does not make them wait");
        lane.on_served(cy, cost(1), true, now);
        assert!(lane.next(now).is_some());
        lane.on_turn(bo, cost(2), now);
        lane.pause(MS, now);
        let then = now + MS * 3 * PAUSE;
        assert_eq!(lane.due(), Some(then));
        assert!(lane.next(then - MS).is_none());
        assert!(lane.next(then).is_some());
        lane.on_turn(ada, cost(2), then + RECENT);
        assert_eq!(lane.due(), Some(then), "the others have gone quiet");
    }

    #[test]
    fn who_waited_long_is_served_without_a_pause() {
        let (mut lane, began) = lane(3);
        lane.wait(ConnId(1), frame(began));
        lane.wait(ConnId(2), frame(began + MS));
        let now = began + PATIENCE + MS;
        lane.on_served(lane.who(ConnId(3)), cost(1), true, now);
        for (conn, due) in [(1, now), (2, now + MS * 2 * PAUSE)] {
            assert_eq!(lane.next(now).map(|(conn, _)| conn), Some(ConnId(conn)));
            lane.on_turn(lane.who(ConnId(conn)), cost(2), now);
            assert_eq!(lane.free_at.max(now), due);
        }
    }
}
