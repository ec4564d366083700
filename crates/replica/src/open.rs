//! Opening, creating and joining a workspace.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proofroom_authority::{Authority, Op, Role};
use proofroom_entry::{LogWriter, Signed, Verified};
use proofroom_ident::{
    DocId, EntryHash, InviteId, LogClass, LogId, Millis, Nonce, PersonSecret, Signature, SnapshotId,
    WorkspaceId,
};
use proofroom_review::PlanEdit;
use proofroom_seal::{InviteSecret, Keyring, RestKey};
use proofroom_store::{Batch, Store, branch_key};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::docs::OpenDoc;
use crate::error::ReplicaError;
use crate::flow::Flow;
use crate::identity::Me;
use crate::link::{InviteLink, LINK_CHARS_MAX};
use crate::shown::Kept;
use crate::shred::Looked;

/// What one call may touch: durable storage, the time, randomness.
pub struct Step<'a> {
    /// Where entries become durable.
    pub store: &'a mut dyn Store,
    /// The caller's clock; claims only.
    pub now: Millis,
    /// Fresh randomness.
    pub rng: &'a mut dyn CryptoRng,
}

impl Step<'_> {
    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.rng.fill_bytes(&mut out);
        out
    }
}

/// May this process continue the device's last logs?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// The store is provably the same incarnation: append where the device stopped.
    Resume,
    /// In doubt: begin new logs.
    NewLogs,
}

/// This person's standing in the workspace.
#[derive(Clone, Debug)]
pub enum Membership {
    /// A link was taken up, but the membership log has not arrived yet.
    Joining(InviteLink),
    /// A member.
    Member(Role),
    /// Was a member; keeps what was received, writes count no more.
    Removed,
    /// Not known to the membership log.
    Stranger,
}

/// Signs for a capability: domain and message in, signature out.
pub type CapabilitySigner = Box<dyn Fn(&str, &[u8]) -> Signature + Send>;

/// One peer's machine for one workspace.
pub struct Replica {
    pub(crate) workspace: WorkspaceId,
    pub(crate) me: Me,
    pub(crate) authority: Authority,
    pub(crate) keyring: Keyring,
    pub(crate) docs: BTreeMap<DocId, OpenDoc>,
    pub(crate) writers: BTreeMap<(DocId, LogClass), LogWriter>,
    pub(crate) continuation: Continuation,
    pub(crate) joining: Option<InviteLink>,
    /// The invite that let this device in: keys are wrapped for it until their makers hear of the join.
    pub(crate) came_by: Option<InviteSecret>,
    pub(crate) fresh: Vec<Verified>,
    /// Snapshots that were refused.
    pub(crate) declined: BTreeSet<SnapshotId>,
    /// Entries that came of late though a snapshot stands for them: two for one place prove two histories.
    pub(crate) stood_for: VecDeque<Verified>,
    /// Documents of which every entry is wanted.
    pub(crate) whole: BTreeSet<DocId>,
    pub(crate) rest_key: RestKey,
    pub(crate) kept: Kept,
    /// Erased entries of which nothing but the header is here.
    pub(crate) shredded: BTreeSet<EntryHash>,
    /// Erased entries that stay, because nothing that is true was said of what is left of them.
    pub(crate) looked: BTreeMap<DocId, Looked>,
    pub(crate) flow: Flow,
}

impl Replica {
    /// Creates a workspace: its genesis entry, its first keys, its name.
    pub fn create(step: &mut Step<'_>, me: Me, name: &str) -> Result<Self, ReplicaError> {
        let nonce = step.random();
        let op = Op::Genesis { device: me.record.clone(), recovery: me.recovery, nonce };
        let seed = LogId::from_bytes(step.random());
        let author = me.device();
        let mut writer = LogWriter::begin(
            WorkspaceId::ZERO,
            DocId::AUTHORITY,
            LogClass::Authority,
            author,
            seed,
            EntryHash::ZERO,
        );
        let log = writer.log();
        let draft = crate::write::plain_draft(EntryHash::ZERO, step.now);
        let genesis = writer.append(&draft, &op.encode(&[]), &me.secrets.signing)?;
        let workspace = genesis.workspace();
        let mut replica = Self::blank(workspace, me, Continuation::NewLogs);
        replica.authority.insert(&genesis)?;
        let mut batch = Batch::default();
        batch.append(genesis.clone());
        batch.put(
            crate::write::own_log_key(workspace, DocId::AUTHORITY, LogClass::Authority),
            log.as_bytes().to_vec(),
        );
        step.store.commit(batch)?;
        replica.fresh.push(genesis);
        let tip = step.store.tip(workspace, DocId::AUTHORITY, log)?;
        if let Some(tip) = tip {
            replica
                .writers
                .insert((DocId::AUTHORITY, LogClass::Authority), LogWriter::resume(workspace, &tip));
        }
        replica.ensure_keys(step)?;
        replica.write_profile(step)?;
        replica.edit_plan(step, &[PlanEdit::SetName { name: name.to_owned() }])?;
        Ok(replica)
    }

    /// Opens a workspace that the store holds, or one that is being joined.
    pub fn open(
        store: &dyn Store,
        workspace: WorkspaceId,
        me: Me,
        continuation: Continuation,
    ) -> Result<Self, ReplicaError> {
        let mut replica = Self::blank(workspace, me, continuation);
        replica.load_authority(store)?;
        replica.joining = replica.read_joining(store)?;
        replica.came_by = replica.read_came_by(store)?;
        replica.load_keys();
        Ok(replica)
    }

    /// Takes up an invite link. The join completes in [`Replica::finish_join`],
    /// once the membership log has arrived by sync or bundle.
    pub fn join(step: &mut Step<'_>, me: Me, link: &InviteLink) -> Result<Self, ReplicaError> {
        if link.expires.is_some_and(|end| end <= step.now) {
            return Err(ReplicaError::InviteExpired);
        }
        let mut batch = Batch::default();
        let (place, nonce) = (join_key(link.workspace), Nonce::from_bytes(step.random()));
        let text = Zeroizing::new(link.to_string());
        batch.put(place.clone(), RestKey::of(&me.secrets.kex).seal(&place, &nonce, text.as_bytes()));
        step.store.commit(batch)?;
        Self::open(step.store, link.workspace, me, Continuation::NewLogs)
    }

    /// Gives up a join that was not completed.
    pub fn abandon_join(&mut self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        let mut batch = Batch::default();
        batch.delete(join_key(self.workspace));
        step.store.commit(batch)?;
        self.joining = None;
        Ok(())
    }

    fn blank(workspace: WorkspaceId, me: Me, continuation: Continuation) -> Self {
        Self {
            workspace,
            rest_key: RestKey::of(&me.secrets.kex),
            kept: Kept::default(),
            shredded: BTreeSet::new(),
            looked: BTreeMap::new(),
            flow: Flow::default(),
            me,
            authority: Authority::new(workspace),
            keyring: Keyring::default(),
            docs: BTreeMap::new(),
            writers: BTreeMap::new(),
            continuation,
            joining: None,
            came_by: None,
            fresh: Vec::new(),
            declined: BTreeSet::new(),
            stood_for: VecDeque::new(),
            whole: BTreeSet::new(),
        }
    }

    /// What does not open was sealed by another device in this place, or is damaged: the link can be taken up again.
    fn read_joining(&self, store: &dyn Store) -> Result<Option<InviteLink>, ReplicaError> {
        let place = join_key(self.workspace);
        let Some(sealed) = store.get(&place)? else { return Ok(None) };
        let Ok(text) = self.rest_key.open(&place, &sealed, LINK_CHARS_MAX) else { return Ok(None) };
        Ok(Some(std::str::from_utf8(&text).unwrap_or_default().parse()?))
    }

    /// What does not open was sealed by another device in this place, or is damaged: whoever writes next gives
    /// this device the newest key itself, and that one opens those before it.
    fn read_came_by(&self, store: &dyn Store) -> Result<Option<InviteSecret>, ReplicaError> {
        let place = came_key(self.workspace);
        let Some(sealed) = store.get(&place)? else { return Ok(None) };
        let seed = self.rest_key.open(&place, &sealed, 32).ok();
        Ok(seed.and_then(|seed| seed.first_chunk().map(|seed| InviteSecret::from_seed(*seed))))
    }

    fn load_authority(&mut self, store: &dyn Store) -> Result<(), ReplicaError> {
        for tip in store.tips(self.workspace, DocId::AUTHORITY)? {
            for entry in crate::docs::entries_after(store, self.workspace, &tip, 0)? {
                self.authority.insert(&entry)?;
            }
        }
        for (_, other) in store.proofs(self.workspace)? {
            if other.header().doc == DocId::AUTHORITY {
                self.authority.insert(&other)?;
            }
        }
        for (_, bytes) in store.scan(&branch_key(self.workspace, &[]))? {
            self.authority.insert(&Signed::decode(bytes)?.verify(self.workspace)?)?;
        }
        Ok(())
    }

    /// The workspaces that a store knows, those being joined included.
    pub fn known(store: &dyn Store) -> Result<Vec<WorkspaceId>, ReplicaError> {
        let mut all = store.workspaces()?;
        for (key, _) in store.scan(b"join/")? {
            if let Some(id) = key.get(5..).and_then(|k| <[u8; 32]>::try_from(k).ok()) {
                all.push(WorkspaceId::from_bytes(id));
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// This peer.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// This person's standing.
    pub fn membership(&self) -> Membership {
        let state = self.authority.state();
        let here = state.device(self.me.device());
        let gone = state.member(self.me.person()).is_some_and(|m| !m.is_active());
        match (state.role(self.me.person()), &self.joining) {
            (Some(role), _) if here.is_some_and(|d| d.is_active()) => Membership::Member(role),
            (_, Some(link)) => Membership::Joining(link.clone()),
            _ if here.is_some() || gone => Membership::Removed,
            _ => Membership::Stranger,
        }
    }

    /// The role that this device has, or will have by the link that it takes up.
    pub fn role_here(&self) -> Option<Role> {
        match self.membership() {
            Membership::Member(role) => Some(role),
            Membership::Joining(link) => Some(link.role),
            Membership::Removed | Membership::Stranger => None,
        }
    }

    /// What this device proves to a relay beside its own key: the invite that it came by, or is coming by. The
    /// acceptance may not have got there yet, and until it does the relay knows the device as nobody's. A
    /// restored person proves their own key, as another would prove an invite's.
    pub fn capability(&self, person: Option<PersonSecret>) -> Option<(InviteId, CapabilitySigner)> {
        let secret = match self.membership() {
            Membership::Joining(link) => link.secret,
            Membership::Member(_) => {
                self.joining.as_ref().map(|link| &link.secret).or(self.came_by.as_ref())?.clone()
            }
            Membership::Stranger => {
                let person = person?;
                let id = InviteId::from_bytes(*person.id().as_bytes());
                return Some((id, Box::new(move |domain, message| person.sign(domain, message))));
            }
            Membership::Removed => return None,
        };
        Some((secret.id(), Box::new(move |domain, message| secret.sign(domain, message))))
    }

    /// Whether a link was taken up and joining is not complete: [`Replica::finish_join`]
    /// goes on with it, also where an earlier process accepted the invite and stopped.
    pub fn is_joining(&self) -> bool {
        self.joining.is_some()
    }

    /// Entries that became durable here since the last call: push them to peers.
    pub fn take_fresh(&mut self) -> Vec<Verified> {
        std::mem::take(&mut self.fresh)
    }
}

/// Where the secret of the invite that let this device in is kept, sealed at rest, as long as the workspace is here:
/// who makes a key may not have heard of the join for as long as they like.
pub(crate) fn came_key(workspace: WorkspaceId) -> Vec<u8> {
    [b"came/".as_slice(), workspace.as_bytes()].concat()
}

/// Where a link that was taken up waits until the join is complete, sealed at rest.
pub(crate) fn join_key(workspace: WorkspaceId) -> Vec<u8> {
    [b"join/".as_slice(), workspace.as_bytes()].concat()
}
