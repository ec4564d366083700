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

#[cfg(test)]
mod tests {
    use proofroom_store::MemoryStore;

    use super::*;
    use crate::samples::{change, device, doc};

    const LATER: Millis = Millis(ELSEWHERE_MS);

    /// Three entries of each of these devices, one batch.
    fn live(seeds: &[u8]) -> Live {
        let mut store = MemoryStore::new();
        let entries: Vec<_> = seeds.iter().flat_map(|seed| change(&mut store, *seed, doc(1), 3)).collect();
        Live::batches(&entries).remove(0)
    }

    fn learn(elsewhere: &mut Elsewhere, live: &Live, seq: u64) {
        let (doc, log, _) = live.places()[0];
        elsewhere.learn((doc, log, seq), &Limits::default()).expect("one log");
    }

    #[test]
    fn what_was_brought_is_named_by_where_its_logs_end_and_waited_for() {
        let (mut elsewhere, live) = (Elsewhere::default(), live(&[1, 2]));
        assert!(elsewhere.is_idle());
        let told = elsewhere.wait(Millis(0), &live);
        let [Message::Have(places)] = &told[..] else { panic!("one list: {told:?}") };
        let mut ends: Vec<Place> = live.places().iter().filter(|(_, _, seq)| *seq == 3).copied().collect();
        ends.sort();
        assert_eq!(*places, ends);
        assert!(!elsewhere.is_idle());
        assert!(elsewhere.due(Millis(ELSEWHERE_MS - 1)).is_empty() && !elsewhere.is_idle());
        assert_eq!(elsewhere.due(LATER).len(), 1);
        assert!(elsewhere.is_idle(), "it is handed out once");
    }

    #[test]
    fn what_the_peer_got_meanwhile_is_waited_for_no_longer() {
        let (mut elsewhere, live) = (Elsewhere::default(), live(&[1]));
        elsewhere.wait(Millis(0), &live);
        learn(&mut elsewhere, &live, 2);
        elsewhere.forget_held();
        assert!(!elsewhere.is_idle() && !elsewhere.holds_all(&live));
        learn(&mut elsewhere, &live, 3);
        learn(&mut elsewhere, &live, 1);
        assert!(elsewhere.holds_all(&live), "what is known stays known");
        elsewhere.forget_held();
        assert!(elsewhere.is_idle() && elsewhere.due(LATER).is_empty());
        assert!(elsewhere.wait(Millis(0), &live).is_empty(), "it has it");
        assert!(elsewhere.is_idle());
    }

    #[test]
    fn a_peer_hears_the_authors_that_it_named_last() {
        let (mut elsewhere, both) = (Elsewhere::default(), live(&[1, 2]));
        assert!(!elsewhere.hears_all(&both));
        elsewhere.hear(vec![device(1)]);
        assert!(elsewhere.hears_all(&live(&[1])) && !elsewhere.hears_all(&both));
        elsewhere.hear(vec![device(2), device(1)]);
        assert!(elsewhere.hears_all(&both));
        elsewhere.hear(vec![device(2)]);
        assert!(!elsewhere.hears_all(&both) && !elsewhere.hears_all(&live(&[1])));
        elsewhere.hear(Vec::new());
        assert!(!elsewhere.hears_all(&live(&[2])));
    }

    #[test]
    fn a_peer_names_as_many_logs_as_allowed() {
        let limits = Limits { logs_max: 3, ..Limits::default() };
        let mut elsewhere = Elsewhere::default();
        let place = |n| (doc(1), LogId::from_bytes([n; 16]), 1);
        for n in [1, 2, 3, 3, 1] {
            elsewhere.learn(place(n), &limits).expect("three logs");
        }
        elsewhere.learn(place(4), &limits).expect_err("one more");
        elsewhere.learn(place(5), &limits).expect_err("and another");
    }
}
