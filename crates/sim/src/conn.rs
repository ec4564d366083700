//! Connections: frames on their way, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::act::Span;
use crate::dice::Dice;
use crate::scenario::Net;

/// Who is at an end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    /// A machine of the cast.
    Machine(usize),
    /// A relay.
    Relay(usize),
}

/// What travels.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    /// A frame.
    Frame(Bytes),
    /// The sender closed the connection after all before.
    End,
}

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipe {
    /// On their way, by serial.
    pub parcels: BTreeMap<u64, Parcel>,
    /// Arrived at a partition, in order; they go on when it heals.
    pub stuck: Vec<u64>,
    /// Nothing overtakes what was sent before.
    last_at: u64,
    /// When the line is free again.
    free_at: u64,
}

/// A connection between a client and a server.
#[derive(Clone, Debug)]
pub(crate) struct Conn {
    pub client: usize,
    pub server: Node,
    /// When it was opened.
    pub since: u64,
    pub up: Pipe,
    pub down: Pipe,
}

impl Conn {
    pub fn pipe(&mut self, to_server: bool) -> &mut Pipe {
        if to_server { &mut self.up } else { &mut self.down }
    }
}

/// What the network does with a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives at these times: none, one, or two.
    Arrives(Vec<u64>),
    /// The connection is lost.
    Cut,
}

/// The links' weather.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub net: Net,
    dice: Dice,
    out_cut: BTreeSet<Node>,
    in_cut: BTreeSet<Node>,
}

impl Weather {
    pub fn new(seed: u64, net: Net) -> Self {
        Self { net, dice: Dice::new(seed, "network"), out_cut: BTreeSet::new(), in_cut: BTreeSet::new() }
    }

    pub fn cut(&mut self, node: Node, span: Span) {
        if span != Span::In {
            self.out_cut.insert(node);
        }
        if span != Span::Out {
            self.in_cut.insert(node);
        }
    }

    pub fn heal(&mut self, node: Node) {
        self.out_cut.remove(&node);
        self.in_cut.remove(&node);
    }

    /// From now on nothing goes wrong.
    pub fn heal_all(&mut self) {
        self.out_cut.clear();
        self.in_cut.clear();
        self.net = Net { latency_ms: 5, jitter_ms: 5, ..Net::default() };
    }

    pub fn is_cut(&self, from: Node, to: Node) -> bool {
        self.out_cut.contains(&from) || self.in_cut.contains(&to)
    }

    /// Some time from now, for dialling again.
    pub fn patience(&mut self, from_ms: u64, span_ms: u64) -> u64 {
        from_ms + self.dice.below(span_ms)
    }

    pub fn fate(&mut self, now: u64, bytes: usize, pipe: &mut Pipe) -> Fate {
        if self.dice.chance(self.net.cut) {
            return Fate::Cut;
        }
        if self.dice.chance(self.net.lost) {
            return Fate::Arrives(Vec::new());
        }
        let mut sent_at = now;
        if let Some(busy_ms) = (bytes as u64).checked_div(self.net.bytes_per_ms) {
            sent_at = pipe.free_at.max(now) + busy_ms;
            pipe.free_at = sent_at;
        }
        let mut at = sent_at + self.net.latency_ms + self.dice.below(self.net.jitter_ms + 1);
        if !self.dice.chance(self.net.reordered) {
            at = at.max(pipe.last_at);
            pipe.last_at = at;
        }
        let again = self.dice.chance(self.net.doubled);
        Fate::Arrives(if again { vec![at, at + self.dice.below(500)] } else { vec![at] })
    }
}
