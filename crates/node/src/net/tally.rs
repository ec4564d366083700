//! What an exchange did.

use proofroom_ident::SignerKey;
use proofroom_sync::Refusal;
use serde_json::{Value, json};

/// Counts of one workspace's exchange.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Entries that are durable at the relay now.
    pub sent: u64,
    /// Entries that are durable here now.
    pub received: u64,
    /// Of these, entries beyond their author's removal.
    pub held_back: u64,
    /// Entries that did not come, because snapshots stand for them here.
    pub stood_for: u64,
    /// Entries that came though they were here already.
    pub repeated: u64,
    /// Bytes of entries, both ways.
    pub bytes: u64,
    /// Files that are durable at the relay now.
    pub files_sent: u64,
    /// Files that are durable here now.
    pub files_received: u64,
    /// Bytes of files, both ways.
    pub file_bytes: u64,
    /// Bytes of parts of files that went out from here, whatever became of them.
    pub parts_sent_bytes: u64,
    /// Files that the relay does not hold yet.
    pub files_missing: u64,
    /// Logs of which the relay takes no more.
    pub refused_there: Vec<Refusal>,
    /// Why entries of the relay's were refused here.
    pub refused_here: Vec<String>,
    /// Files that the relay does not take, and why.
    pub files_refused: Vec<String>,
    /// Files that could not be kept here, or fetched, and why.
    pub files_failed: Vec<String>,
    /// Snapshots that did not hold here, and why: their entries were fetched.
    pub snapshots_declined: Vec<String>,
    /// Devices that sent wrong bytes.
    pub liars: Vec<SignerKey>,
}

/// Refusals beyond these are counted, not listed.
const LISTED_MAX: usize = 100;

impl Tally {
    /// Notes a refusal of this side.
    pub fn refuse_here(&mut self, why: String) {
        if self.refused_here.len() < LISTED_MAX {
            self.refused_here.push(why);
        }
    }

    /// Notes a file that this side could not have.
    pub fn fail_file(&mut self, why: String) {
        if self.files_failed.len() < LISTED_MAX && !self.files_failed.contains(&why) {
            self.files_failed.push(why);
        }
    }

    /// Notes a snapshot that did not hold.
    pub fn decline_snapshot(&mut self, why: String) {
        if self.snapshots_declined.len() < LISTED_MAX {
            self.snapshots_declined.push(why);
        }
    }

    /// What two exchanges did.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.stood_for += other.stood_for;
        self.held_back += other.held_back;
        self.repeated += other.repeated;
        self.bytes += other.bytes;
        self.files_sent += other.files_sent;
        self.files_received += other.files_received;
        self.file_bytes += other.file_bytes;
        self.parts_sent_bytes += other.parts_sent_bytes;
        for why in &other.refused_here {
            self.refuse_here(why.clone());
        }
    }

    /// What was done since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            received: self.received - before.received,
            stood_for: self.stood_for - before.stood_for,
            held_back: self.held_back - before.held_back,
            repeated: self.repeated - before.repeated,
            bytes: self.bytes - before.bytes,
            files_sent: self.files_sent - before.files_sent,
            files_received: self.files_received - before.files_received,
            file_bytes: self.file_bytes - before.file_bytes,
            parts_sent_bytes: self.parts_sent_bytes - before.parts_sent_bytes,
            files_missing: self.files_missing,
            refused_there: self.refused_there.iter().skip(before.refused_there.len()).cloned().collect(),
            refused_here: self.refused_here.iter().skip(before.refused_here.len()).cloned().collect(),
            files_refused: self.files_refused.iter().skip(before.files_refused.len()).cloned().collect(),
            files_failed: self.files_failed.iter().skip(before.files_failed.len()).cloned().collect(),
            snapshots_declined: self
                .snapshots_declined
                .iter()
                .skip(before.snapshots_declined.len())
                .cloned()
                .collect(),
            liars: self.liars.iter().skip(before.liars.len()).copied().collect(),
        }
    }

    /// The counts and refusals as JSON fields.
    pub fn to_json(&self) -> Value {
        let refusal = |r: &Refusal| {
            json!({
                "doc": r.doc,
                "log": r.log,
                "seq": r.seq,
                "entries": r.count,
                "code": r.code.to_string(),
                "text": r.text,
            })
        };
        json!({
            "sent": self.sent,
            "received": self.received,
            "stood_for": self.stood_for,
            "held_back": self.held_back,
            "repeated": self.repeated,
            "bytes": self.bytes,
            "files_sent": self.files_sent,
            "files_received": self.files_received,
            "file_bytes": self.file_bytes,
            "parts_sent_bytes": self.parts_sent_bytes,
            "files_missing": self.files_missing,
            "refused_there": self.refused_there.iter().map(refusal).collect::<Vec<_>>(),
            "refused_here": self.refused_here,
            "files_refused": self.files_refused,
            "files_failed": self.files_failed,
            "snapshots_declined": self.snapshots_declined,
            "liars": self.liars,
        })
    }
}
