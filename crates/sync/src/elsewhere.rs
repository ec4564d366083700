//! What the peer gets elsewhere: so that two paths to it do not carry the same.
//!
//! What came from a third party is not sent on at once. The peer is told that it
//! is here (`Have`), and is sent it only if it has not said the same of itself
//! after a moment. A peer that hears some authors themselves says so (`Direct`);
//! what those write is treated alike.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_ident::{DocId, LogId, Millis, SignerKey};

use crate::Live;
use crate::fault::Fault;
use crate::limits::{DIRECT_MAX, ELSEWHERE_MS, HAVE_PAGE, Limits};
use crate::message::Message;

/// Where a log ends, at the sender of this.
pub(crate) type Place = (DocId, LogId, u64);

/// One session's knowledge.
#[derive(Debug, Default)]
pub(crate) struct Elsewhere {
    /// How far the peer said, or showed, that it holds a log.
    has: BTreeMap<(DocId, LogId), u64>,
    /// Authors that the peer hears themselves.
    direct: BTreeSet<SignerKey>,
    /// What the peer may get elsewhere, and until when that is waited for.
    waiting: Vec<(Millis, Live)>,
}

impl Elsewhere {
    /// A third party brought these. Returns what to tell the peer.
    pub fn wait(&mut self, now: Millis, live: &Live) -> Vec<Message> {
        if self.holds_all(live) {
            return Vec::new();
        }
        let mut tips: BTreeMap<(DocId, LogId), u64> = BTreeMap::new();
        for (doc, log, seq) in live.places() {
            let tip = tips.entry((*doc, *log)).or_insert(*seq);
            *tip = (*tip).max(*seq);
        }
        self.waiting.push((Millis(now.0.saturating_add(ELSEWHERE_MS)), live.clone()));
        let places: Vec<Place> = tips.into_iter().map(|((doc, log), seq)| (doc, log, seq)).collect();
        places.chunks(HAVE_PAGE).map(|page| Message::Have(page.to_vec())).collect()
    }

    /// Whether the peer hears every author of these themselves.
    pub fn hears_all(&self, live: &Live) -> bool {
        !self.direct.is_empty() && live.authors().iter().all(|author| self.direct.contains(author))
    }

    /// Whether the peer holds all of these.
    pub fn holds_all(&self, live: &Live) -> bool {
        live.places().iter().all(|place| self.holds(place))
    }

    /// Whether the peer holds this.
    pub fn holds(&self, (doc, log, seq): &Place) -> bool {
        self.has.get(&(*doc, *log)).is_some_and(|held| seq <= held)
    }

    /// The peer holds a log up to here.
    pub fn learn(&mut self, (doc, log, seq): Place, limits: &Limits) -> Result<(), Fault> {
        let held = self.has.entry((doc, log)).or_insert(seq);
        *held = (*held).max(seq);
        match self.has.len() > limits.logs_max {
            true => Err(Fault::message(format!("more than {} logs", limits.logs_max))),
            false => Ok(()),
        }
    }

    /// The peer hears these authors themselves, and no others.
    pub fn hear(&mut self, authors: Vec<SignerKey>) {
        self.direct = authors.into_iter().take(DIRECT_MAX).collect();
    }

    /// What waited in vain, without what the peer got meanwhile.
    pub fn due(&mut self, now: Millis) -> Vec<Live> {
        let waiting = std::mem::take(&mut self.waiting);
        let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(until, _)| *until <= now);
        self.waiting = later;
        self.forget_held();
        due.into_iter().map(|(_, live)| live).filter(|live| !self.holds_all(live)).collect()
    }

    /// Forgets what the peer got.
    pub fn forget_held(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting = waiting.into_iter().filter(|(_, live)| !self.holds_all(live)).collect();
    }

    /// Whether nothing is held back.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}
