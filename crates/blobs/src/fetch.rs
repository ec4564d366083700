//! Who is asked for which groups.
//!
//! Blobs are fetched best rank first, small before large. All sources of a blob work
//! on it at the same time: each is asked for what nobody was asked for yet. How much
//! a source owes at a time follows from how fast it answers, so that what is more
//! urgent than blobs never waits long behind them. A source that falls silent loses
//! what it owes to the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proofroom_ident::{BlobHash, Millis};

use crate::{Held, Pace, SLICE_BYTES, Span};

mod source;

use source::Source;

/// How long a source may owe something without a sign of life before others are asked, in milliseconds.
pub const STALL_MS_MAX: u64 = 10_000;

/// How urgent a blob is: a lower number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Somebody looks at it now.
    OnScreen,
    /// Small pictures of what there is.
    Thumbnail,
    /// Asked for by name.
    Asked,
    /// What is looked at instead of the original: pages, proxies, tiles.
    Rendition,
    /// The file itself.
    Original,
}

/// A blob that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The blob.
    pub blob: BlobHash,
    /// How urgent it is.
    pub rank: Rank,
    /// Its length, and what of it is here already.
    pub held: Held,
}

/// What the machine is told. `S` names a source: a connection, say.
#[derive(Clone, Debug)]
pub enum Input<S> {
    /// Fetch a blob; once more, and its rank is changed and every source may be asked anew.
    Want(Want),
    /// Fetch it no longer.
    Forget(BlobHash),
    /// A source can be asked.
    Joined(S),
    /// It cannot any more: it is gone, or it lied.
    Left(S),
    /// A part came from a source, was verified, and is written.
    Arrived {
        /// From whom.
        from: S,
        /// The blob.
        blob: BlobHash,
        /// The part.
        span: Span,
    },
    /// A source does not hold a blob.
    Missing {
        /// Who.
        from: S,
        /// The blob.
        blob: BlobHash,
    },
    /// A source holds a blob now.
    Offered {
        /// Who.
        from: S,
        /// The blob.
        blob: BlobHash,
    },
    /// Ask nobody for anything, or go on.
    Pause(bool),
    /// Ask for so many bytes per second at most.
    Cap(Option<u64>),
    /// Time passed. Every second or so is enough; sooner where [`Fetch::wakes`] says so.
    Tick,
}

/// What the machine asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output<S> {
    /// Ask a source for a part.
    Ask {
        /// Whom.
        to: S,
        /// The blob.
        blob: BlobHash,
        /// Its length.
        total: u64,
        /// The part.
        span: Span,
    },
    /// Something to know.
    Event(Event<S>),
}

/// What the machine tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<S> {
    /// All of a blob is here.
    Complete(BlobHash),
    /// No source holds it; it is not fetched any more.
    Nobody(BlobHash),
    /// A source owes something and is silent: the others are asked.
    Stalled(S),
}

/// Where the fetch of one blob stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The blob.
    pub blob: BlobHash,
    /// How urgent.
    pub rank: Rank,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that it has.
    pub total: u64,
}

#[derive(Debug)]
struct Wanted {
    rank: Rank,
    held: Held,
    asked: Held,
}

type Order = (Rank, u64, BlobHash);

/// The machine. Feed it with [`Fetch::handle`], drain it with [`Fetch::poll`].
#[derive(Debug)]
pub struct Fetch<S> {
    wanted: BTreeMap<BlobHash, Wanted>,
    /// Those of which something was not asked for yet.
    open: BTreeSet<Order>,
    sources: BTreeMap<S, Source>,
    pace: Pace,
    paused: bool,
    /// Ask only those for a blob who offered it.
    offers_only: bool,
    outputs: VecDeque<Output<S>>,
}

impl<S> Default for Fetch<S> {
    fn default() -> Self {
        Self {
            wanted: BTreeMap::new(),
            open: BTreeSet::new(),
            sources: BTreeMap::new(),
            pace: Pace::default(),
            paused: false,
            offers_only: false,
            outputs: VecDeque::new(),
        }
    }
}

impl<S: Copy + Ord> Fetch<S> {
    /// A machine that asks only those for a blob who offered it.
    pub fn of_offers() -> Self {
        Self { offers_only: true, ..Self::default() }
    }

    /// Takes one input. Drain [`Fetch::poll`] afterwards.
    pub fn handle(&mut self, now: Millis, input: Input<S>) {
        match input {
            Input::Want(want) => self.want(want),
            Input::Forget(blob) => self.forget(blob),
            Input::Joined(source) => _ = self.sources.insert(source, Source::new(now)),
            Input::Left(source) => self.leave(source),
            Input::Arrived { from, blob, span } => self.arrive(now, from, blob, span),
            Input::Missing { from, blob } => self.miss(now, from, blob),
            Input::Offered { from, blob } => {
                if let Some(source) = self.sources.get_mut(&from) {
                    source.offer(blob);
                }
            }
            Input::Pause(paused) => self.paused = paused,
            Input::Cap(bytes_per_s) => self.pace = Pace::new(bytes_per_s),
            Input::Tick => self.look_for_stalls(now),
        }
        self.ask(now);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output<S>> {
        self.outputs.pop_front()
    }

    /// Whether a blob is being fetched.
    pub fn wants(&self, blob: BlobHash) -> bool {
        self.wanted.contains_key(&blob)
    }

    /// Lengths of all that is being fetched.
    pub fn wanted_bytes(&self) -> u64 {
        self.wanted.values().map(|w| w.held.total()).fold(0, u64::saturating_add)
    }

    /// Where everything stands that is being fetched.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        let standing = |(blob, w): (&BlobHash, &Wanted)| Standing {
            blob: *blob,
            rank: w.rank,
            done: w.held.bytes(),
            total: w.held.total(),
        };
        self.wanted.iter().map(standing)
    }

    /// Whether nothing is being fetched.
    pub fn is_idle(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether nobody is asked at present.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// What is fetched, and nobody who is here offered. Only where offers count.
    pub fn orphans(&self) -> Vec<BlobHash> {
        let offered = |blob: &BlobHash| self.sources.values().any(|s| s.offers.contains(blob));
        self.wanted.keys().filter(|blob| !offered(blob)).copied().collect()
    }

    /// When to call with [`Input::Tick`] at the latest, where a cap holds something back.
    pub fn wakes(&self) -> Option<Millis> {
        let waits = self.pace.is_capped() && !self.paused && !self.open.is_empty();
        waits.then(|| self.pace.free_at())
    }

    fn want(&mut self, want: Want) {
        let Want { blob, rank, held } = want;
        self.sources.values_mut().for_each(|s| _ = s.lacks.remove(&blob));
        if let Some(wanted) = self.wanted.get_mut(&blob) {
            if self.open.remove(&(wanted.rank, wanted.held.total(), blob)) {
                self.open.insert((rank, wanted.held.total(), blob));
            }
            wanted.rank = rank;
            return;
        }
        if held.is_all() {
            self.outputs.push_back(Output::Event(Event::Complete(blob)));
            return;
        }
        self.open.insert((rank, held.total(), blob));
        let asked = Held::none(held.total());
        self.wanted.insert(blob, Wanted { rank, held, asked });
    }

    fn forget(&mut self, blob: BlobHash) {
        if let Some(wanted) = self.wanted.remove(&blob) {
            self.open.remove(&(wanted.rank, wanted.held.total(), blob));
        }
        for source in self.sources.values_mut() {
            source.release_blob(blob);
            source.offers.remove(&blob);
        }
    }

    fn leave(&mut self, source: S) {
        if let Some(gone) = self.sources.remove(&source) {
            gone.owed().for_each(|(blob, span)| self.reopen(blob, span));
        }
    }

    /// Somebody else may be asked for it.
    fn reopen(&mut self, blob: BlobHash, span: Span) {
        if let Some(wanted) = self.wanted.get_mut(&blob) {
            wanted.asked.remove(span);
            self.open.insert((wanted.rank, wanted.held.total(), blob));
        }
    }

    fn arrive(&mut self, now: Millis, from: S, blob: BlobHash, span: Span) {
        if let Some(source) = self.sources.get_mut(&from) {
            source.deliver(now, blob, span);
        }
        let Some(wanted) = self.wanted.get_mut(&blob) else { return };
        wanted.held.add(span);
        if wanted.held.is_all() {
            self.forget(blob);
            self.outputs.push_back(Output::Event(Event::Complete(blob)));
        }
    }

    fn miss(&mut self, now: Millis, from: S, blob: BlobHash) {
        let Some(source) = self.sources.get_mut(&from) else { return };
        source.heard = now;
        source.lacks.insert(blob);
        source.offers.remove(&blob);
        let owed: Vec<Span> = source.owed().filter(|(b, _)| *b == blob).map(|(_, span)| span).collect();
        source.release_blob(blob);
        owed.into_iter().for_each(|span| self.reopen(blob, span));
        let nobody = !self.sources.values().any(|s| s.may_hold(blob, self.offers_only));
        if nobody && self.wanted.contains_key(&blob) {
            self.forget(blob);
            self.outputs.push_back(Output::Event(Event::Nobody(blob)));
        }
    }

    fn look_for_stalls(&mut self, now: Millis) {
        let mut reopened = Vec::new();
        for (id, source) in &mut self.sources {
            if source.is_silent(now) {
                reopened.extend(source.stall());
                self.outputs.push_back(Output::Event(Event::Stalled(*id)));
            }
        }
        reopened.into_iter().for_each(|(blob, span)| self.reopen(blob, span));
    }

    /// Asks every source for as much as it may owe, one slice each in turn.
    fn ask(&mut self, now: Millis) {
        let ids: Vec<S> = self.sources.keys().copied().collect();
        let mut asked = !self.paused && !self.open.is_empty();
        while asked {
            asked = false;
            for id in &ids {
                match self.ask_one(now, *id) {
                    Asked::Nothing => {}
                    Asked::Something => asked = true,
                    Asked::HeldBack => return,
                }
            }
        }
    }

    fn ask_one(&mut self, now: Millis, id: S) -> Asked {
        let Some(source) = self.sources.get_mut(&id) else { return Asked::Nothing };
        let Some(room) = source.room() else { return Asked::Nothing };
        let found = self.open.iter().find(|(_, _, blob)| source.may_hold(*blob, self.offers_only)).copied();
        let Some(order @ (_, total, blob)) = found else { return Asked::Nothing };
        let Some(wanted) = self.wanted.get_mut(&blob) else { return Asked::Nothing };
        let Some(span) = wanted.held.missing(&wanted.asked, room.min(SLICE_BYTES)) else {
            self.open.remove(&order);
            return Asked::Something;
        };
        if !self.pace.take(now, span.bytes) {
            return Asked::HeldBack;
        }
        wanted.asked.add(span);
        if wanted.held.missing_from(&wanted.asked, span.offset, SLICE_BYTES).is_none()
            && wanted.held.missing(&wanted.asked, SLICE_BYTES).is_none()
        {
            self.open.remove(&order);
        }
        source.owe(now, blob, span);
        self.outputs.push_back(Output::Ask { to: id, blob, total, span });
        Asked::Something
    }
}

enum Asked {
    Something,
    Nothing,
    HeldBack,
}
