//! What the operator says on the command line.

use std::path::PathBuf;

use proofroom_ident::SignerKey;
use proofroom_relay::{Creators, Quotas};
use proofroom_sync::Limits;

use crate::TlsFiles;

/// How to run a relay.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen, `HOST:PORT`; port 0 lets the system choose.
    pub listen: String,
    /// The data directory; made if it is missing.
    pub data: PathBuf,
    /// The certificate to serve by; without one, connections are plain.
    pub tls: Option<TlsFiles>,
    /// Whether packets are passed on between members' devices that cannot reach each other.
    pub packets: bool,
    /// Who may bring new workspaces.
    pub creators: Creators,
    /// How much is stored.
    pub quotas: Quotas,
    /// What one session accepts.
    pub limits: Limits,
    /// Memory for the store's pages, in bytes.
    pub cache_bytes: usize,
}

impl Config {
    /// The defaults.
    pub fn new(listen: impl Into<String>, data: impl Into<PathBuf>) -> Self {
        Self {
            listen: listen.into(),
            data: data.into(),
            tls: None,
            packets: false,
            creators: Creators::Anyone,
            quotas: Quotas::default(),
            limits: Limits::default(),
            cache_bytes: 8 << 20,
        }
    }

    /// Only these devices may bring new workspaces.
    #[must_use]
    pub fn only_for(mut self, devices: impl IntoIterator<Item = SignerKey>) -> Self {
        self.creators = Creators::Devices(devices.into_iter().collect());
        self
    }
}
