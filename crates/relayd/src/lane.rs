//! Whose turn it is: who brings much waits behind who brings little.
//!
//! A device uses a little of the relay's time at once, and some of it always. What it brings beyond that waits here,
//! and is taken when nobody else waits: piece by piece, each device in its turn. As long as others bring something,
//! all that wait here share a part of the time, so that their copies do not keep sockets and disk from the others.

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

/// What waits for a turn.
#[derive(Debug)]
pub(crate) enum Work {
    /// A frame; its connection reads on once the permit is given back.
    Frame(Bytes, OwnedSemaphorePermit),
    /// The rest of what a frame brought.
    Rest(OwnedSemaphorePermit),
    /// The connection is gone.
    Closed,
}

/// Who waits: a device with all its connections, or one that did not say yet who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Device(SignerKey),
    Conn(ConnId),
}

/// Time that somebody has left. It fills as time goes by.
#[derive(Clone, Copy, Debug)]
struct Account {
    left: Duration,
    at: Instant,
}

impl Account {
    fn fill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at) / ALWAYS;
        self.left = AT_ONCE.min(self.left + gained);
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
        }
    }

    /// A connection proved whose it is.
    pub fn on_admitted(&mut self, conn: ConnId, device: SignerKey) {
        self.accounts.remove(&Who::Conn(conn));
        self.devices.insert(conn, device);
    }

    /// Nothing more comes from a connection.
    pub fn forget(&mut self, conn: ConnId) {
        self.accounts.remove(&Who::Conn(conn));
        self.devices.remove(&conn);
    }

    /// Forgets the accounts of those who have rested.
    pub fn sweep(&mut self, now: Instant) {
        self.accounts.retain(|_, account| {
            account.fill(now);
            account.left < AT_ONCE
        });
    }

    /// Whether a connection's device has used up its time.
    pub fn is_heavy(&mut self, conn: ConnId, now: Instant) -> bool {
        let who = self.who(conn);
        self.accounts.get_mut(&who).is_some_and(|account| {
            account.fill(now);
            account.left.is_zero()
        })
    }

    /// Whether something of a connection waits.
    pub fn holds(&self, conn: ConnId) -> bool {
        self.waiting.get(&self.who(conn)).is_some_and(|works| works.iter().any(|(by, _)| *by == conn))
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
            // It goes on before anything that came later.
            Work::Rest(_) => works.push_front((conn, work)),
            Work::Frame(..) | Work::Closed => works.push_back((conn, work)),
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
        next
    }

    /// Somebody who did not have to wait was served; `brought` something that others read.
    pub fn on_served(&mut self, conn: ConnId, cost: Cost, brought: bool, now: Instant) {
        self.charge(conn, cost, now);
        if brought {
            self.others_at = Some(now);
        }
    }

    /// Somebody who waited had a turn.
    pub fn on_turn(&mut self, conn: ConnId, cost: Cost, now: Instant) {
        self.charge(conn, cost, now);
        self.pause(cost.time(), now);
    }

    /// Whoever waits pays for what their turns cost.
    pub fn pause(&mut self, cost: Duration, now: Instant) {
        let recently = |at: Instant| now.saturating_duration_since(at) < RECENT;
        if self.others_at.is_some_and(recently) {
            self.free_at = self.free_at.max(now) + cost * PAUSE;
        }
    }

    fn charge(&mut self, conn: ConnId, cost: Cost, now: Instant) {
        let who = self.who(conn);
        let account = self.accounts.entry(who).or_insert(Account { left: AT_ONCE, at: now });
        account.fill(now);
        account.left = account.left.saturating_sub(cost.time());
    }

    fn who(&self, conn: ConnId) -> Who {
        self.devices.get(&conn).map_or(Who::Conn(conn), |device| Who::Device(*device))
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

    fn frame() -> Work {
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("one is free");
        Work::Frame(Bytes::from_static(b"some"), permit)
    }

    fn rest() -> Work {
        let Work::Frame(_, permit) = frame() else { unreachable!("a frame") };
        Work::Rest(permit)
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
        for _ in 0..1_000 {
            assert!(!lane.is_heavy(ConnId(1), now));
            lane.on_served(ConnId(1), cost(1), true, now);
            now += MS * ALWAYS;
        }
        for _ in 0..10 {
            lane.on_served(ConnId(1), cost(1), true, now);
        }
        assert!(lane.is_heavy(ConnId(1), now), "all at once is too much");
        now += MS * ALWAYS;
        assert!(!lane.is_heavy(ConnId(1), now), "and it has rested");
    }

    #[test]
    fn copies_for_others_count_as_well_as_the_time_that_the_engine_took() {
        let time = Cost { engine: MS, frames: 100, bytes: 10 << 20 }.time();
        assert_eq!(time, MS + PER_FRAME * 100 + PER_MIB * 10);
    }

    #[test]
    fn coming_again_makes_nobody_light() {
        let (mut lane, now) = lane(1);
        lane.on_served(ConnId(1), cost(50), true, now);
        lane.forget(ConnId(1));
        lane.on_served(ConnId(9), cost(1), false, now);
        assert!(!lane.is_heavy(ConnId(9), now), "nobody knows whose it is");
        lane.on_admitted(ConnId(9), device(1));
        assert!(lane.is_heavy(ConnId(9), now));
        lane.sweep(now + MS * 100);
        assert!(!lane.accounts.is_empty(), "it is not forgotten before it has rested");
        lane.sweep(now + Duration::from_secs(1));
        assert!(lane.accounts.is_empty());
    }

    #[test]
    fn devices_take_turns_however_many_connections_they_have() {
        let (mut lane, now) = lane(2);
        for conn in 10..14 {
            lane.on_admitted(ConnId(conn), device(1));
            lane.wait(ConnId(conn), frame());
        }
        lane.wait(ConnId(2), frame());
        lane.wait(ConnId(2), Work::Closed);
        assert_eq!((lane.len(), lane.due()), (2, Some(now)));
        assert!(lane.holds(ConnId(2)) && lane.holds(ConnId(13)) && !lane.holds(ConnId(1)));
        assert_eq!(turns(&mut lane, now), [10, 2, 11, 2, 12, 13]);
        assert_eq!((lane.len(), lane.due()), (0, None));
    }

    #[test]
    fn the_rest_of_a_frame_comes_before_what_came_after_it() {
        let (mut lane, now) = lane(1);
        lane.wait(ConnId(1), Work::Closed);
        lane.wait(ConnId(1), rest());
        assert!(matches!(lane.next(now), Some((_, Work::Rest(_)))));
        assert!(matches!(lane.next(now), Some((_, Work::Closed))));
    }

    #[test]
    fn all_that_wait_share_a_part_of_the_time_while_others_bring_something() {
        let (mut lane, now) = lane(3);
        for conn in [1, 2] {
            lane.wait(ConnId(conn), frame());
            lane.wait(ConnId(conn), frame());
        }
        assert!(lane.next(now).is_some());
        lane.on_turn(ConnId(1), cost(2), now);
        assert_eq!(lane.due(), Some(now), "alone, they have it all");
        lane.on_served(ConnId(3), cost(1), false, now);
        lane.on_turn(ConnId(1), cost(2), now);
        assert_eq!(lane.due(), Some(now), "who only reads does not make them wait");
        lane.on_served(ConnId(3), cost(1), true, now);
        assert!(lane.next(now).is_some());
        lane.on_turn(ConnId(2), cost(2), now);
        lane.pause(MS, now);
        let then = now + MS * 3 * PAUSE;
        assert_eq!(lane.due(), Some(then));
        assert!(lane.next(then - MS).is_none());
        assert!(lane.next(then).is_some());
        lane.on_turn(ConnId(1), cost(2), then + RECENT);
        assert_eq!(lane.due(), Some(then), "the others have gone quiet");
    }
}
