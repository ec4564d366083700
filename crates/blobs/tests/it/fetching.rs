//! Fetching from sources of every kind, in simulated time, the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blobs::{Event, Fetch, Held, Input, Output, Rank, Span, Want};
use proofroom_ident::{BlobHash, HashWords as _, Millis};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// How a source behaves.
#[derive(Clone, Copy)]
enum Kind {
    /// Answers after so many milliseconds, and sends so many bytes in each.
    Honest { delay_ms: u64, bytes_per_ms: u64 },
    /// Takes every question and says nothing.
    Silent,
    /// Holds nothing.
    Empty,
    /// Is cut off at the first answer, as a liar is.
    Liar,
}

struct Source {
    kind: Kind,
    busy_until: u64,
    sent: u64,
}

struct World {
    now: u64,
    fetch: Fetch<u8>,
    sources: BTreeMap<u8, Source>,
    /// Answers under way: when, from whom, what.
    under_way: BTreeSet<(u64, u8, BlobHash, Span)>,
    events: Vec<Event<u8>>,
    order: Vec<BlobHash>,
    most_owed: u64,
}

impl World {
    fn new(kinds: &[Kind]) -> Self {
        let source = |kind: &Kind| Source { kind: *kind, busy_until: 0, sent: 0 };
        let sources = kinds.iter().enumerate().map(|(i, k)| (u8::try_from(i).expect("few"), source(k)));
        let mut world = Self {
            now: 0,
            fetch: Fetch::default(),
            sources: sources.collect(),
            under_way: BTreeSet::new(),
            events: Vec::new(),
            order: Vec::new(),
            most_owed: 0,
        };
        for id in 0..u8::try_from(kinds.len()).expect("few") {
            world.tell(Input::Joined(id));
        }
        world
    }

    fn want(&mut self, name: &[u8], total: u64, rank: Rank) -> BlobHash {
        let blob = BlobHash::of(name);
        self.tell(Input::Want(Want { blob, rank, held: Held::none(total) }));
        blob
    }

    fn tell(&mut self, input: Input<u8>) {
        self.fetch.handle(Millis(self.now), input);
        while let Some(output) = self.fetch.poll() {
            match output {
                Output::Ask { to, blob, span, .. } => self.on_ask(to, blob, span),
                Output::Event(event) => self.events.push(event),
            }
        }
        let owed: u64 = self.under_way.iter().map(|(.., span)| span.bytes).sum();
        self.most_owed = self.most_owed.max(owed);
    }

    fn on_ask(&mut self, to: u8, blob: BlobHash, span: Span) {
        self.order.push(blob);
        let source = self.sources.get_mut(&to).expect("it joined");
        let at = match source.kind {
            Kind::Silent => return,
            Kind::Honest { delay_ms, bytes_per_ms } => {
                source.busy_until = source.busy_until.max(self.now) + span.bytes / bytes_per_ms;
                source.busy_until + delay_ms
            }
            Kind::Empty | Kind::Liar => self.now + 5,
        };
        self.under_way.insert((at, to, blob, span));
    }

    /// Until nothing is fetched any more, or for so long.
    fn run(&mut self, ms_max: u64) {
        let end = self.now + ms_max;
        while !self.fetch.is_idle() && self.now < end {
            let next = self.under_way.first().map_or(end, |(at, ..)| *at);
            let wakes = self.fetch.wakes().map_or(end, |at| at.0);
            let tick = (self.now / 1_000 + 1) * 1_000;
            self.now = next.min(tick).min(wakes.max(self.now + 1));
            if next > self.now {
                self.tell(Input::Tick);
                continue;
            }
            let (_, from, blob, span) = self.under_way.pop_first().expect("it is due");
            let source = self.sources.get_mut(&from).expect("it joined");
            match source.kind {
                Kind::Empty => self.tell(Input::Missing { from, blob }),
                Kind::Liar => self.tell(Input::Left(from)),
                _ => {
                    source.sent += span.bytes;
                    self.tell(Input::Arrived { from, blob, span });
                }
            }
        }
    }

    fn sent(&self) -> u64 {
        self.sources.values().map(|s| s.sent).sum()
    }
}

const QUICK: Kind = Kind::Honest { delay_ms: 2, bytes_per_ms: 100_000 };
const SLOW: Kind = Kind::Honest { delay_ms: 200, bytes_per_ms: 125 };

#[test]
fn several_sources_share_a_blob_and_nothing_is_sent_twice() {
    let mut world = World::new(&[QUICK, QUICK, QUICK]);
    let blob = world.want(b"film", 200_000_000, Rank::Original);
    world.run(60_000);
    assert_eq!(world.events, [Event::Complete(blob)]);
    assert_eq!(world.sent(), 200_000_000);
    for source in world.sources.values() {
        assert!(source.sent > 40_000_000, "one did it nearly alone: {}", source.sent);
    }
}

#[test]
fn a_liar_a_silent_one_and_one_without_anything_hold_nobody_up() {
    for seed in 0..20 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let pick = |rng: &mut ChaCha20Rng| match rng.next_u32() % 5 {
            0 => Kind::Silent,
            1 => Kind::Empty,
            2 => Kind::Liar,
            _ => Kind::Honest {
                delay_ms: u64::from(rng.next_u32() % 300),
                bytes_per_ms: 100 + u64::from(rng.next_u32() % 50_000),
            },
        };
        let mut kinds: Vec<Kind> = (0..4).map(|_| pick(&mut rng)).collect();
        kinds.push(QUICK);
        let mut world = World::new(&kinds);
        let blobs: BTreeSet<_> = (0..6)
            .map(|i| world.want(&[i], 1 + u64::from(rng.next_u32() % 8_000_000), Rank::Original))
            .collect();
        world.run(300_000);
        let done: BTreeSet<_> = world
            .events
            .iter()
            .filter_map(|e| if let Event::Complete(b) = e { Some(*b) } else { None })
            .collect();
        assert_eq!(done, blobs, "seed {seed}");
    }
}

#[test]
fn what_nobody_holds_is_named_and_not_waited_for() {
    let mut world = World::new(&[Kind::Empty, Kind::Empty]);
    let blob = world.want(b"lost", 5_000_000, Rank::Original);
    world.run(60_000);
    assert_eq!(world.events, [Event::Nobody(blob)]);
    assert!(world.now < 1_000);
    // Asked for again, everybody is asked anew.
    world.sources.get_mut(&1).expect("it joined").kind = QUICK;
    world.want(b"lost", 5_000_000, Rank::Original);
    world.run(60_000);
    assert_eq!(world.events.last(), Some(&Event::Complete(blob)));
}

#[test]
fn what_is_looked_at_comes_first_then_thumbnails_then_the_small_then_the_large() {
    let mut world = World::new(&[QUICK]);
    world.tell(Input::Pause(true));
    let large = world.want(b"large", 3_000_000, Rank::Original);
    let small = world.want(b"small", 30_000, Rank::Original);
    let thumb = world.want(b"thumb", 9_000, Rank::Thumbnail);
    let seen = world.want(b"seen", 9_000_000, Rank::OnScreen);
    assert!(world.order.is_empty(), "paused");
    world.tell(Input::Pause(false));
    world.run(60_000);
    world.order.dedup();
    assert_eq!(world.order, [seen, thumb, small, large]);
}

#[test]
fn a_slow_line_owes_little_so_that_entries_never_wait_long() {
    let mut world = World::new(&[SLOW]);
    world.want(b"film", 4_000_000, Rank::Original);
    world.run(120_000);
    // 125 bytes per millisecond: what is owed beyond the round trip is what an entry would wait for.
    let queued_ms = (world.most_owed / 125).saturating_sub(400);
    assert!(queued_ms <= 400, "an entry would wait {queued_ms} ms");
    assert!(world.fetch.is_idle(), "and the line is used: {} of it came", world.sent());
}

#[test]
fn a_cap_is_kept_and_used() {
    let mut world = World::new(&[QUICK]);
    world.tell(Input::Cap(Some(1_000_000)));
    world.want(b"film", 10_000_000, Rank::Original);
    world.run(60_000);
    assert!((9_000..12_000).contains(&world.now), "10 MB at 1 MB/s took {} ms", world.now);
}

#[test]
fn a_silent_source_loses_what_it_owes_and_is_asked_again_once_it_speaks() {
    let mut world = World::new(&[Kind::Silent, SLOW]);
    let blob = world.want(b"film", 1_000_000, Rank::Original);
    world.run(120_000);
    assert!(world.events.contains(&Event::Stalled(0)));
    assert_eq!(world.events.last(), Some(&Event::Complete(blob)));
}

#[test]
fn what_is_here_already_is_not_asked_for() {
    let mut world = World::new(&[QUICK]);
    let (blob, total) = (BlobHash::of(b"film"), 10_000_000);
    let mut held = Held::none(total);
    for span in Held::all(total).spans().into_iter().step_by(2) {
        held.add(span);
    }
    let missing = total - held.bytes();
    world.tell(Input::Want(Want { blob, rank: Rank::Original, held }));
    world.run(60_000);
    assert_eq!(world.events, [Event::Complete(blob)]);
    assert_eq!(world.sent(), missing);
}
