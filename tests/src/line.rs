//! A slow line between two machines: bandwidth, delay and loss, from a seed.
//!
//! Each machine has an interface (TUN) that leads nowhere but here: what one sends waits in
//! a queue as long as the line is narrow, is lost now and then, and comes out at the other end
//! after the line's delay. It shapes every packet alike, UDP as TCP, as a kernel's `netem` would.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use tun_rs::{DeviceBuilder, SyncDevice};

use crate::net::{Machines, ip, set_up};

const MTU: u16 = 1_400;

/// How bad a line is.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// In each direction.
    pub bits_per_s: u64,
    /// One way.
    pub delay: Duration,
    /// Of a thousand packets, so many are lost.
    pub lost_per_mille: u64,
    /// What may wait in front of it; more is dropped, as a router does.
    pub queue_bytes: usize,
    /// Which packets are lost.
    pub seed: u64,
}

/// What a line did in both directions.
#[derive(Debug, Default)]
struct Counts {
    passed: AtomicU64,
    lost: AtomicU64,
    dropped: AtomicU64,
}

/// A line in use, for as long as there are machines at its ends.
pub struct Drawn {
    counts: Arc<Counts>,
}

impl Line {
    /// Draws it between two machines: each end with an address, `10.1.0.1/30` for example.
    ///
    /// # Panics
    /// When the kernel makes no such interfaces for this user.
    pub fn draw(self, machines: &Machines, a: (usize, &str), b: (usize, &str)) -> Drawn {
        let device = |(machine, address): (usize, &str)| {
            let name = format!("pr{}-{machine}", std::process::id());
            let device = DeviceBuilder::new().name(&name).mtu(MTU).enable(false).build_sync();
            let device = device.unwrap_or_else(|e| panic!("no interface (these tests need root): {e}"));
            ip(&["link", "set", &name, "netns", machines.name(machine)]);
            set_up(machines.name(machine), &name, address);
            Arc::new(device)
        };
        let ends = [device(a), device(b)];
        let counts = Arc::new(Counts::default());
        for (way, (from, to)) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])].into_iter().enumerate() {
            let (post, queue) = channel();
            let (from, to, counted) = (Arc::clone(from), Arc::clone(to), Arc::clone(&counts));
            let line = Self { seed: self.seed.wrapping_mul(2).wrapping_add(way as u64), ..self };
            std::thread::spawn(move || take(&from, &post));
            std::thread::spawn(move || line.carry(&queue, &to, &counted));
        }
        Drawn { counts }
    }

    /// One direction: packets in order of arrival, each when the line is free and the delay is over.
    fn carry(self, queue: &Receiver<(Instant, Vec<u8>)>, to: &SyncDevice, counts: &Counts) {
        let mut chance = self.seed;
        let mut free_at = Instant::now();
        let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        loop {
            let wait = under_way.front().map(|(at, _)| at.saturating_duration_since(Instant::now()));
            match queue.recv_timeout(wait.unwrap_or(Duration::from_secs(1))) {
                Ok((came, packet)) => {
                    let bits = packet.len() as u64 * 8;
                    let begins = free_at.max(came);
                    let waiting = begins.duration_since(came).as_secs_f64() * self.bits_per_s as f64 / 8.0;
                    if waiting > self.queue_bytes as f64 {
                        counts.dropped.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    free_at = begins + Duration::from_micros(bits * 1_000_000 / self.bits_per_s);
                    if next(&mut chance) % 1_000 < self.lost_per_mille {
                        counts.lost.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    under_way.push_back((free_at + self.delay, packet));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while under_way.front().is_some_and(|(at, _)| *at <= Instant::now()) {
                let Some((_, packet)) = under_way.pop_front() else { break };
                counts.passed.fetch_add(1, Ordering::Relaxed);
                // The other machine may be gone already.
                let _gone = to.send(&packet);
            }
        }
    }
}

/// Hands over what a machine sends, until it is gone.
fn take(from: &SyncDevice, post: &Sender<(Instant, Vec<u8>)>) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    while let Ok(n) = from.recv(&mut buffer) {
        if post.send((Instant::now(), buffer[..n].to_vec())).is_err() {
            return;
        }
    }
}

/// The next number of a seed (SplitMix64).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Drawn {
    /// Packets that came through, were lost, and found the queue full.
    pub fn counts(&self) -> [u64; 3] {
        let Counts { passed, lost, dropped } = &*self.counts;
        [passed, lost, dropped].map(|n| n.load(Ordering::Relaxed))
    }
}
