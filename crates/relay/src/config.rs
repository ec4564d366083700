//! What a relay's operator decides.

use std::collections::BTreeSet;

use proofroom_ident::{SignerKey, SigningSecret};
use proofroom_sync::Limits;

/// Who may bring new workspaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Creators {
    /// Whoever connects.
    #[default]
    Anyone,
    /// These devices.
    Devices(BTreeSet<SignerKey>),
    /// Nobody: the relay serves the workspaces that it holds.
    Nobody,
}

impl Creators {
    /// Whether `device` may.
    pub fn allow(&self, device: SignerKey) -> bool {
        match self {
            Self::Anyone => true,
            Self::Devices(devices) => devices.contains(&device),
            Self::Nobody => false,
        }
    }
}

/// How much is stored, for whom, how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Workspaces.
    pub workspaces_max: usize,
    /// Entries of one workspace, in bytes.
    pub workspace_bytes_max: u64,
    /// Membership entries of one workspace, in bytes: they are kept in memory.
    pub authority_bytes_max: u64,
    /// Blobs of one workspace, in bytes.
    pub workspace_blob_bytes_max: u64,
    /// Entries that one device brought to one workspace.
    pub device_entries_max: u64,
    /// Their size.
    pub device_bytes_max: u64,
    /// Connections of one device at a time.
    pub device_connections_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Entries that one device brings at once before it is slowed down.
    pub burst_entries: u64,
    /// Their size.
    pub burst_bytes: u64,
    /// Entries per second after that.
    pub entries_per_s: u64,
    /// Bytes per second after that.
    pub bytes_per_s: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            workspaces_max: 10_000,
            workspace_bytes_max: 8 << 30,
            authority_bytes_max: 32 << 20,
            workspace_blob_bytes_max: 1 << 40,
            device_entries_max: 10_000_000,
            device_bytes_max: 4 << 30,
            device_connections_max: 256,
            connections_max: 20_000,
            burst_entries: 500_000,
            burst_bytes: 1 << 30,
            entries_per_s: 2_000,
            bytes_per_s: 16 << 20,
        }
    }
}

/// A relay's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The relay's own device key, which its clients may pin.
    pub device: SigningSecret,
    /// Who may bring new workspaces.
    pub creators: Creators,
    /// How much is stored.
    pub quotas: Quotas,
    /// What one session accepts.
    pub limits: Limits,
    /// Entries of a batch that are judged at a stretch, before anybody else may have a turn.
    pub piece_entries_max: usize,
}

/// Some two milliseconds of signatures.
const PIECE_ENTRIES_MAX: usize = 32;

impl Config {
    /// The defaults, for this key.
    pub fn new(device: SigningSecret) -> Self {
        Self {
            device,
            creators: Creators::default(),
            quotas: Quotas::default(),
            limits: Limits::default(),
            piece_entries_max: PIECE_ENTRIES_MAX,
        }
    }
}
