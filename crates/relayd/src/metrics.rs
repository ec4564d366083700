//! Counters, in the text format of Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use proofroom_relay::Note;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    code: String,
}

/// What is counted. Cheap to share: every field is a handle.
pub(crate) struct Metrics {
    registry: Registry,
    pub connections: Gauge,
    pub workspaces: Gauge,
    pub waiting: Gauge,
    pub handle_seconds: Histogram,
    connected: Counter,
    admitted: Counter,
    refused: Family<Why, Counter>,
    entries: Counter,
    entry_bytes: Counter,
    deliveries: Counter,
    entries_refused: Family<Why, Counter>,
    equivocations: Counter,
    lies: Counter,
    snapshots: Counter,
    blobs: Counter,
    blob_bytes_in: Counter,
    pub blob_bytes_out: Counter<u64, AtomicU64>,
    pub packet_bytes: Gauge,
}

impl Metrics {
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("proofroom_relay"),
            connections: Gauge::default(),
            workspaces: Gauge::default(),
            waiting: Gauge::default(),
            handle_seconds: Histogram::new(exponential_buckets(0.000_05, 4.0, 9)),
            connected: Counter::default(),
            admitted: Counter::default(),
            refused: Family::default(),
            entries: Counter::default(),
            entry_bytes: Counter::default(),
            deliveries: Counter::default(),
            entries_refused: Family::default(),
            equivocations: Counter::default(),
            lies: Counter::default(),
            snapshots: Counter::default(),
            blobs: Counter::default(),
            blob_bytes_in: Counter::default(),
            blob_bytes_out: Counter::default(),
            packet_bytes: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("connections", "Connections now", self.connections.clone());
        r.register("workspaces_open", "Workspaces in use now", self.workspaces.clone());
        let help = "Devices that brought much and wait for their turn";
        r.register("devices_waiting", help, self.waiting.clone());
        let help = "Time of one turn: a frame, or a piece of a large one";
        r.register("handle_seconds", help, self.handle_seconds.clone());
        r.register("connected", "Connections so far", self.connected.clone());
        r.register("sessions", "Sessions that were let in", self.admitted.clone());
        r.register("refusals", "Sessions refused or ended from this side", self.refused.clone());
        r.register("entries", "Entries made durable", self.entries.clone());
        r.register("entry_bytes", "Their size", self.entry_bytes.clone());
        r.register("deliveries", "Entries times readers they went to at once", self.deliveries.clone());
        r.register("entries_refused", "Entries that were not taken", self.entries_refused.clone());
        r.register("wrong_blobs", "Devices that sent wrong bytes", self.lies.clone());
        r.register("equivocations", "Proofs of two histories", self.equivocations.clone());
        r.register("snapshots", "Snapshots kept for newcomers", self.snapshots.clone());
        r.register("blobs", "Blobs made durable", self.blobs.clone());
        r.register("blob_bytes_in", "Their size", self.blob_bytes_in.clone());
        r.register("blob_bytes_out", "Bytes of blobs sent", self.blob_bytes_out.clone());
        let help = "Bytes of packets passed on between peers, so far";
        r.register("packet_bytes", help, self.packet_bytes.clone());
    }

    /// One more connection.
    pub fn on_connected(&self) {
        self.connected.inc();
    }

    /// Counts what the machine noted.
    pub fn on_note(&self, note: &Note) {
        match note {
            Note::Admitted { .. } => _ = self.admitted.inc(),
            Note::Refused { code, .. } => {
                self.refused.get_or_create(&Why { code: code.to_string() }).inc();
            }
            Note::Stored { entries, bytes, readers, .. } => {
                self.entries.inc_by(*entries);
                self.entry_bytes.inc_by(*bytes);
                self.deliveries.inc_by(entries * readers);
            }
            Note::EntriesRefused { entries, code, .. } => {
                self.entries_refused.get_or_create(&Why { code: code.to_string() }).inc_by(*entries);
            }
            Note::Equivocation { .. } => _ = self.equivocations.inc(),
            Note::SnapshotKept { .. } => _ = self.snapshots.inc(),
            Note::BlobKept { bytes } => {
                self.blobs.inc();
                self.blob_bytes_in.inc_by(*bytes);
            }
            Note::BlobSent { bytes } => _ = self.blob_bytes_out.inc_by(*bytes),
            Note::Lied { .. } => _ = self.lies.inc(),
            Note::Created(_) | Note::StoreFailed(_) | Note::Stalled { .. } | Note::Erased { .. } => {}
        }
    }

    /// The text for a scrape.
    pub fn text(&self) -> String {
        let mut out = String::new();
        encode(&mut out, &self.registry).expect("a String takes every text");
        out
    }
}
