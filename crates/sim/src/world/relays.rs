//! What relays do in the world: at once, and piece by piece.

use super::{Event, World};
use crate::conn::{Node, Parcel};
use crate::station::Relayed;

/// What a relay takes for a piece of a batch; others come between two.
const PIECE_MS: u64 = 1;

impl World<'_> {
    pub(super) fn settle_relay(&mut self, station: usize, relayed: Relayed) {
        for (conn, frame) in relayed.frames {
            self.check_durable(Node::Relay(station), &frame);
            if !self.stations[station].keeps_back(&frame) {
                self.send(conn, false, Parcel::Frame(frame));
            }
        }
        for conn in relayed.closed {
            self.send(conn, false, Parcel::End);
        }
        if let Some(text) = relayed.died {
            self.crash(Node::Relay(station), &text);
        }
    }

    pub(super) fn go_on_soon(&mut self, relay: usize, conn: u64) {
        if self.stations[relay].is_behind(conn) {
            self.at(self.now + PIECE_MS, Event::GoOn { relay, conn });
        }
    }

    pub(super) fn go_on(&mut self, relay: usize, conn: u64) {
        let relayed = self.stations[relay].go_on(self.now, conn);
        self.settle_relay(relay, relayed);
        self.go_on_soon(relay, conn);
    }
}
