//! This machine's peer: identity, store, blobs, and one replica per workspace in use.

use std::collections::BTreeMap;

use proofroom_document::RecordError;
use proofroom_ident::{AssetId, Audience, WorkspaceId};
use proofroom_replica::{Continuation, Me, Membership, Receipt, Replica, ReplicaError, Step};
use proofroom_review::{PlanEdit, ProfileStatement, ReviewEdit};
use proofroom_store::{Batch, Store};
use proofroom_store_redb::RedbStore;
use proofroom_transport::{Authorities, AuthorityError};
use rand_chacha::ChaCha20Rng;

use crate::blobs::Blobs;
use crate::failure::Failure;
use crate::home::{Home, at, for_its_owner_only};
use crate::identity::{HeldPhrase, Identity};
use crate::incarnation::StampedStore;
use crate::lock::Lock;
use crate::people;
use crate::world;

mod book;

pub use book::Port;

/// The store's file in the home directory.
pub const STORE: &str = "store.redb";

/// Everything that one process owns of this machine's peer.
pub struct Peer {
    home: Home,
    identity: Identity,
    store: StampedStore<RedbStore>,
    blobs: Blobs,
    rng: ChaCha20Rng,
    replicas: BTreeMap<WorkspaceId, Replica>,
    authorities: Authorities,
    lock: Lock,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({})", self.home.dir().display())
    }
}

/// One workspace at hand: its replica, and what a step of it touches.
pub struct Seat<'a> {
    /// The workspace's machine.
    pub replica: &'a mut Replica,
    /// Store, time, randomness.
    pub step: Step<'a>,
    /// The machine's blobs.
    pub blobs: &'a Blobs,
}

impl Seat<'_> {
    /// Changes the plan.
    ///
    /// # Errors
    /// When the role may not, or the edit makes no sense; the store is as it was.
    pub fn edit_plan(&mut self, edit: PlanEdit) -> Result<Receipt, Failure> {
        let edited = self.replica.edit_plan(&mut self.step, &[edit]);
        edited.map_err(|e| self.refusal(e))
    }

    /// Changes the plan by several edits: all of them, or none.
    ///
    /// # Errors
    /// As [`Seat::edit_plan`].
    pub fn edit_plan_all(&mut self, edits: &[PlanEdit]) -> Result<Receipt, Failure> {
        let edited = self.replica.edit_plan(&mut self.step, edits);
        edited.map_err(|e| self.refusal(e))
    }

    /// Changes an asset's review.
    ///
    /// # Errors
    /// When the role may not, or the edit makes no sense; the store is as it was.
    pub fn edit_review(
        &mut self,
        asset: AssetId,
        audience: Audience,
        edit: ReviewEdit,
    ) -> Result<Receipt, Failure> {
        let edited = self.replica.edit_review(&mut self.step, asset, audience, &[edit]);
        edited.map_err(|e| self.refusal(e))
    }

    /// Changes an asset's review by several edits: all of them, or none.
    ///
    /// # Errors
    /// As [`Seat::edit_review`].
    pub fn edit_review_all(
        &mut self,
        asset: AssetId,
        audience: Audience,
        edits: &[ReviewEdit],
    ) -> Result<Receipt, Failure> {
        let edited = self.replica.edit_review(&mut self.step, asset, audience, edits);
        edited.map_err(|e| self.refusal(e))
    }

    /// Says whose role it is that may not.
    fn refusal(&self, error: ReplicaError) -> Failure {
        match (&error, self.replica.membership()) {
            (ReplicaError::Record(RecordError::NotAllowed(rule)), Membership::Member(role)) => {
                // The document's rules about other people's things leave out who may all the same.
                let who = if rule.contains("somebody else") { "; owners and producers may" } else { "" };
                Failure::user(format!("{} may not do this: {rule}{who}", people::a(role)))
                    .hint("ask somebody who may; `proofroom members list` shows who is what")
            }
            _ => error.into(),
        }
    }

    /// Fresh random bytes.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.step.rng.fill_bytes(&mut out);
        out
    }
}

impl Peer {
    /// Opens the store that `lock` owns.
    ///
    /// # Errors
    /// When the store does not open.
    pub fn open(home: &Home, lock: Lock, identity: Identity) -> Result<Self, Failure> {
        Self::over(home, STORE, lock, identity)
    }

    /// Opens a store in a file of the home directory; one that is not there is made.
    ///
    /// # Errors
    /// When the store does not open.
    pub fn over(home: &Home, file: &'static str, lock: Lock, identity: Identity) -> Result<Self, Failure> {
        let path = home.path(file);
        let redb = RedbStore::open(&path).map_err(|e| Failure::from(e).at(&path))?;
        for_its_owner_only(&path)?;
        let store = StampedStore::new(redb, home, file, identity.device.signing)
            .map_err(|e| Failure::from(e).at(&path))?;
        let blobs = Blobs::new(home);
        blobs.sweep()?;
        Ok(Self {
            home: home.clone(),
            identity,
            store,
            blobs,
            rng: world::rng(),
            replicas: BTreeMap::new(),
            authorities: Authorities::default(),
            lock,
        })
    }

    /// Lets go of the store, without a word on who may continue its logs: nobody may.
    pub fn into_lock_and_identity(self) -> (Lock, Identity) {
        (self.lock, self.identity)
    }

    /// Ends in good order: the next process may continue this one's logs.
    ///
    /// # Errors
    /// When that cannot be noted down; nothing else is lost.
    pub fn close(mut self) -> Result<(), Failure> {
        let rewritten = self.rewrite_if_due();
        drop(self.replicas);
        self.store.close()?;
        rewritten
    }

    /// Removes files that were erased, whole or half.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_erased(&mut self, workspace: WorkspaceId) -> Result<(), Failure> {
        let Some(replica) = self.replicas.get_mut(&workspace) else { return Ok(()) };
        let folder = self.blobs.folder();
        for blob in replica.blobs_to_forget(&self.store, world::now())? {
            folder.remove(workspace, blob).map_err(at("remove", &folder.path(workspace, blob)))?;
        }
        Ok(())
    }

    /// Makes the store's file anew where something was erased since it was last.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn rewrite_if_due(&mut self) -> Result<(), Failure> {
        Ok(self.store.rewrite_if_due().map(drop)?)
    }

    /// Puts what documents show to rest, for the next process to look at without opening them.
    /// A disk that refuses costs that process time, nothing else.
    pub fn keep_shown(&mut self) {
        let mut step = Step { store: &mut self.store, now: world::now(), rng: &mut self.rng };
        let mut replicas = self.replicas.values_mut();
        let _refused = replicas.try_for_each(|replica| replica.keep_shown(&mut step));
    }

    /// The home directory.
    pub fn home(&self) -> &Home {
        &self.home
    }
    /// Believes these certificate authorities as well, when it connects to relays.
    pub fn believe(&mut self, authorities: Authorities) {
        self.authorities = authorities;
    }
    /// Whom it believes beside the web's certificate authorities.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }
    /// Who this machine is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
    /// The machine's blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }
    /// The store, to read from.
    pub fn store(&self) -> &dyn Store {
        &self.store
    }

    /// Makes durable what came from others.
    ///
    /// # Errors
    /// When the store fails.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.store.flush()?)
    }

    /// The store, for what concerns no replica.
    pub(crate) fn store_mut(&mut self) -> &mut dyn Store {
        &mut self.store
    }

    /// This peer, as replicas want it.
    pub fn me(&self) -> Me {
        Me {
            secrets: self.identity.secrets.clone(),
            record: self.identity.device.clone(),
            recovery: self.identity.recovery,
            recovery_secret: self.identity.phrase.as_ref().and_then(HeldPhrase::parse).map(|p| p.kex()),
            profile: ProfileStatement {
                printed_name: self.identity.profile.name.clone(),
                organisation: self.identity.profile.organisation.clone(),
                role_title: self.identity.profile.role_title.clone(),
            },
        }
    }

    fn continuation(&self) -> Continuation {
        if self.store.may_continue() { Continuation::Resume } else { Continuation::NewLogs }
    }

    /// All workspaces that this machine knows, those being joined or opened included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceId>, Failure> {
        let mut all = Replica::known(&self.store)?;
        for (key, _) in self.store.scan(RELAY_PREFIX)? {
            let id = key.get(RELAY_PREFIX.len()..).and_then(|k| <[u8; 32]>::try_from(k).ok());
            all.extend(id.map(WorkspaceId::from_bytes));
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// A workspace at hand; its replica is opened on first use.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn seat(&mut self, workspace: WorkspaceId) -> Result<Seat<'_>, Failure> {
        if !self.replicas.contains_key(&workspace) {
            let mut replica = Replica::open(&self.store, workspace, self.me(), self.continuation())?;
            let mut step = Step { store: &mut self.store, now: world::now(), rng: &mut self.rng };
            // A process may have died between hearing of an erasure and carrying it out.
            replica.shred(&mut step)?;
            self.replicas.insert(workspace, replica);
            self.forget_erased(workspace)?;
        }
        let replica = self.replicas.get_mut(&workspace).expect("opened above");
        let step = Step { store: &mut self.store, now: world::now(), rng: &mut self.rng };
        Ok(Seat { replica, step, blobs: &self.blobs })
    }

    /// Makes a replica by creating or joining a workspace, and keeps it at hand.
    ///
    /// # Errors
    /// When the replica cannot be made.
    pub fn begin(
        &mut self,
        make: impl FnOnce(&mut Step<'_>, Me) -> Result<Replica, ReplicaError>,
    ) -> Result<WorkspaceId, Failure> {
        let me = self.me();
        let mut step = Step { store: &mut self.store, now: world::now(), rng: &mut self.rng };
        let replica = make(&mut step, me)?;
        let workspace = replica.workspace();
        self.replicas.insert(workspace, replica);
        Ok(workspace)
    }

    /// The workspaces whose replicas are in memory.
    pub fn at_hand(&self) -> Vec<WorkspaceId> {
        self.replicas.keys().copied().collect()
    }

    /// Where a workspace's relay is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn relay(&self, workspace: WorkspaceId) -> Result<Option<String>, Failure> {
        let bytes = self.store.get(&relay_key(workspace))?;
        Ok(bytes.and_then(|b| String::from_utf8(b).ok()).filter(|r| !r.is_empty()))
    }

    /// Notes where a workspace's relay is; an empty address means there is none.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn set_relay(&mut self, workspace: WorkspaceId, relay: &str) -> Result<(), Failure> {
        let mut batch = Batch::new();
        batch.put(relay_key(workspace), relay.as_bytes());
        Ok(self.store.commit(batch)?)
    }

    /// Forgets a workspace that never arrived.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn forget(&mut self, workspace: WorkspaceId) -> Result<(), Failure> {
        self.replicas.remove(&workspace);
        let mut batch = Batch::new();
        batch.delete(relay_key(workspace));
        Ok(self.store.commit(batch)?)
    }
}

const RELAY_PREFIX: &[u8] = b"node/relay/";

fn relay_key(workspace: WorkspaceId) -> Vec<u8> {
    [RELAY_PREFIX, workspace.as_bytes()].concat()
}

/// Reads a relay's address.
///
/// # Errors
/// When it is not a `ws://` or `wss://` address.
pub fn relay_address(text: &str) -> Result<String, String> {
    let address: Result<proofroom_transport::Address, _> = text.trim().parse();
    address.map(|a| a.to_string()).map_err(|e| e.to_string())
}

impl From<AuthorityError> for Failure {
    fn from(error: AuthorityError) -> Self {
        Self::user(error).hint("--ca and PROOFROOM_CA name a PEM file of certificates")
    }
}

impl From<ReplicaError> for Failure {
    fn from(error: ReplicaError) -> Self {
        use proofroom_replica::ErrorKind;
        if let ReplicaError::Store(e) = error {
            return e.into();
        }
        let failure = match (&error, error.kind()) {
            (ReplicaError::Verify(_) | ReplicaError::Decode(_), _) => Failure::verify(&error),
            (_, ErrorKind::User) => Failure::user(&error),
            (_, ErrorKind::Config | ErrorKind::Internal) => Failure::store(&error),
        };
        if error.hint().is_empty() { failure } else { failure.hint(error.hint()) }
    }
}

impl From<proofroom_store::StoreError> for Failure {
    fn from(error: proofroom_store::StoreError) -> Self {
        use proofroom_store::StoreError;
        let hint = match &error {
            StoreError::Locked { .. } => "wait for the other process, or end it, then run the command again",
            StoreError::NewerSchema { .. } => "use a newer proofroom on this directory",
            StoreError::ReadOnly { .. } => "check who owns the file, and its permissions",
            StoreError::Full { .. } => {
                "the disk is full: free some space and run the command again, nothing was changed"
            }
            StoreError::Corrupt { .. } => {
                "`proofroom doctor` says what is readable, `proofroom rebuild` makes a new store of that and of what others hold"
            }
            StoreError::Io { .. } | StoreError::Poisoned { .. } => {
                "check the disk, then run the command again"
            }
            StoreError::Chain(_)
            | StoreError::NotAProof(..)
            | StoreError::NotABase(_)
            | StoreError::TooLarge { .. } => "",
        };
        let failure = Failure::store(&error);
        if hint.is_empty() { failure } else { failure.hint(hint) }
    }
}

#[cfg(test)]
mod tests {
    use super::relay_address;

    #[test]
    fn relay_addresses_are_websocket_addresses() {
        assert_eq!(relay_address(" ws://127.0.0.1:4747/ ").as_deref(), Ok("ws://127.0.0.1:4747"));
        assert_eq!(relay_address("wss://relay.example").as_deref(), Ok("wss://relay.example"));
        for bad in ["", "http://relay.example", "ws://", "ws://a b", "relay.example:4747"] {
            assert!(relay_address(bad).is_err(), "{bad}");
        }
    }
}
