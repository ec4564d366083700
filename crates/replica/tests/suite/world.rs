//! A small world: peers with a store each, seeded randomness, one stepped clock.
//! Entries travel only when a test says so.

use std::cell::Cell;
use std::rc::Rc;

use proofroom_authority::Role;
use proofroom_entry::Signed;
use proofroom_ident::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, DeviceRecord, DeviceSecrets, DocId, HashWords as _,
    Millis, PersonId, PersonSecret, VersionHash, WorkspaceId,
};
use proofroom_replica::{
    Continuation, DecisionChoice, IngestOutcome, Ingested, InviteLink, Me, Receipt, Replica, ReplicaError,
    Step,
};
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, Category, CommentLabel, Decision, FileRef, Manifest, PlanEdit,
    ProfileStatement, ReviewEdit, Selector,
};
use proofroom_store::{MemoryStore, Store};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

const START: u64 = 1_700_000_000_000;
/// When somebody looks at it all.
pub const LATER: Millis = Millis(START + 1_000_000_000);
pub const ASSET: AssetId = AssetId::from_bytes([0xa5; 16]);

pub struct Peer {
    pub name: String,
    pub store: MemoryStore,
    pub replica: Replica,
    pub rng: ChaCha20Rng,
    pub clock: Rc<Cell<u64>>,
}

fn seed(name: &str) -> [u8; 32] {
    *ContentHash::of(name.as_bytes()).as_bytes()
}

/// The device of a person; the same name is the same person and device.
pub fn me(name: &str) -> Me {
    let mut rng = ChaCha20Rng::from_seed(seed(&format!("device of {name}")));
    let person = PersonSecret::from_seed(&seed(name));
    let secrets = DeviceSecrets::generate(&mut rng);
    let record = DeviceRecord::by_person(&person, &secrets, Millis(START));
    let profile =
        ProfileStatement { printed_name: name.into(), organisation: "Studio".into(), role_title: None };
    Me { secrets, record, recovery: None, recovery_secret: None, profile }
}

fn tick(clock: &Cell<u64>) -> Millis {
    clock.set(clock.get() + 1_000);
    Millis(clock.get())
}

/// Every entry of a store as a peer would offer it: membership, plan, the rest, then proofs.
pub fn entries_of(store: &MemoryStore, workspace: WorkspaceId) -> Vec<Signed> {
    let mut docs: Vec<DocId> = store.docs(workspace).unwrap().iter().map(|d| d.doc).collect();
    docs.sort_by_key(|d| (*d != DocId::AUTHORITY, *d != workspace.plan_doc(), *d));
    docs.dedup();
    let mut out = Vec::new();
    for doc in docs {
        for tip in store.tips(workspace, doc).unwrap() {
            out.extend(store.entries(workspace, doc, tip.log, 1, usize::MAX).unwrap());
        }
    }
    for (one, other) in store.proofs(workspace).unwrap() {
        out.extend([one, other]);
    }
    out.iter().map(|e| Signed::decode(e.bytes().clone()).unwrap()).collect()
}

impl Peer {
    /// Founds a workspace with one asset in it.
    pub fn found(name: &str) -> Self {
        let clock = Rc::new(Cell::new(START));
        let mut store = MemoryStore::new();
        let mut rng = ChaCha20Rng::from_seed(seed(&format!("randomness of {name}")));
        let mut step = Step { store: &mut store, now: tick(&clock), rng: &mut rng };
        let replica = Replica::create(&mut step, me(name), "Summer").unwrap();
        let mut peer = Self { name: name.into(), store, replica, rng, clock };
        let edit =
            PlanEdit::AddAsset { id: ASSET, name: "Hero".into(), category: Category::Visual, request: None };
        peer.act(|r, s| r.edit_plan(s, &[edit])).unwrap();
        peer
    }

    /// Takes up a link; nothing has arrived yet.
    pub fn take_up(name: &str, link: &InviteLink, clock: &Rc<Cell<u64>>) -> Result<Self, ReplicaError> {
        let mut store = MemoryStore::new();
        let mut rng = ChaCha20Rng::from_seed(seed(&format!("randomness of {name}")));
        let mut step = Step { store: &mut store, now: tick(clock), rng: &mut rng };
        let replica = Replica::join(&mut step, me(name), link)?;
        Ok(Self { name: name.into(), store, replica, rng, clock: clock.clone() })
    }

    /// Invites `name` and exchanges all with them until both know of it.
    pub fn admit(&mut self, name: &str, role: Role) -> Self {
        let link = self.act(|r, s| r.invite(s, role, 1, None, vec![])).unwrap();
        let mut other = Self::take_up(name, &link, &self.clock).unwrap();
        other.hear(&self.store);
        assert!(other.act(|r, s| r.finish_join(s)).unwrap());
        self.hear(&other.store);
        other
    }

    /// One call on the replica, a second after the one before.
    pub fn act<T>(&mut self, call: impl FnOnce(&mut Replica, &mut Step<'_>) -> T) -> T {
        let now = tick(&self.clock);
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        call(&mut self.replica, &mut step)
    }

    pub fn offer(&mut self, entries: Vec<Signed>) -> Ingested {
        self.act(|r, s| r.ingest(s, entries)).unwrap()
    }

    /// Takes everything that a store holds.
    pub fn hear(&mut self, store: &MemoryStore) -> Vec<IngestOutcome> {
        let entries = entries_of(store, self.workspace());
        self.offer(entries).outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The same store and person, as after a restart.
    pub fn restart(&mut self, continuation: Continuation) {
        self.store = std::mem::take(&mut self.store).reopen();
        self.replica = Replica::open(&self.store, self.workspace(), me(&self.name), continuation).unwrap();
    }

    /// A copy of the machine, secrets and all; only its randomness goes its own way.
    pub fn twin(&self) -> Self {
        let store = self.store.clone();
        let replica = Replica::open(&store, self.workspace(), me(&self.name), Continuation::Resume).unwrap();
        let rng = ChaCha20Rng::from_seed(seed(&format!("twin of {}", self.name)));
        Self { name: self.name.clone(), store, replica, rng, clock: self.clock.clone() }
    }

    pub fn workspace(&self) -> WorkspaceId {
        self.replica.workspace()
    }

    pub fn person(&self) -> PersonId {
        self.replica.me().person()
    }

    pub fn rename(&mut self, name: &str) -> Result<Receipt, ReplicaError> {
        let edit = PlanEdit::RenameAsset { asset: ASSET, name: name.into() };
        self.act(|r, s| r.edit_plan(s, &[edit]))
    }

    pub fn asset_name(&mut self) -> String {
        let plan = self.replica.plan(&self.store).unwrap();
        plan.asset(&ASSET).map(|a| a.name.clone()).unwrap_or_default()
    }

    pub fn try_version(&mut self, note: &str, parents: &[VersionHash]) -> Result<VersionHash, ReplicaError> {
        let content = ContentHash::of(note.as_bytes());
        let mut parents = parents.to_vec();
        parents.sort();
        let manifest = Manifest {
            asset: ASSET,
            parents,
            files: vec![FileRef {
                name: "hero.png".into(),
                media_type: "image/png".into(),
                bytes: 1,
                content,
            }],
            note: note.into(),
            author: self.person(),
            claimed_at: Millis(self.clock.get()),
        };
        let hash = manifest.hash().unwrap();
        let blob = BlobRef {
            blob: BlobHash::of(note.as_bytes()),
            key: BlobKeyBytes::from_bytes([7; 32]),
            bytes: 1,
            content,
        };
        let edit = ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs: vec![blob] };
        self.edit(Audience::Everyone, edit).map(|_| hash)
    }

    pub fn version(&mut self, note: &str, parents: &[VersionHash]) -> VersionHash {
        self.try_version(note, parents).unwrap()
    }

    pub fn edit(&mut self, audience: Audience, edit: ReviewEdit) -> Result<Receipt, ReplicaError> {
        self.act(|r, s| r.edit_review(s, ASSET, audience, &[edit]))
    }

    pub fn comment(
        &mut self,
        audience: Audience,
        version: VersionHash,
        body: &str,
    ) -> Result<Receipt, ReplicaError> {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        let anchor = Anchor { version, rendition: None, selectors: vec![Selector::Whole], refined_by: None };
        let edit = ReviewEdit::AddComment {
            id: CommentId::from_bytes(id),
            body: body.into(),
            anchor: Box::new(anchor),
            label: CommentLabel::Change,
            parent: None,
        };
        self.edit(audience, edit)
    }

    pub fn decide(
        &mut self,
        decision: Decision,
        version: Option<VersionHash>,
    ) -> Result<Receipt, ReplicaError> {
        let reason = Some("because".to_owned());
        let choice = DecisionChoice { reason, version, ..DecisionChoice::of(decision) };
        self.act(|r, s| r.decide(s, ASSET, choice)).map(|(receipt, _)| receipt)
    }

    /// What the comments for an audience say, sorted.
    pub fn comments(&mut self, audience: Audience) -> Vec<String> {
        let view = self.replica.review(&self.store, ASSET, audience).unwrap();
        let mut all: Vec<String> = view.comments.iter().map(|c| c.body.clone()).collect();
        all.sort();
        all
    }

    /// The decision of a person that counts on the first version.
    pub fn decision_of(&mut self, person: PersonId) -> Option<Decision> {
        let status = self.replica.status(&self.store, ASSET, LATER).unwrap();
        let decision = status.runs.first()?.stages.first()?.assignment(&person)?.decision?;
        Some(decision.decision)
    }

    /// All that members of every role see, as one text.
    pub fn sees(&mut self) -> String {
        let store = &self.store;
        let plan = self.replica.plan(store).unwrap();
        let review = self.replica.review(store, ASSET, Audience::Everyone).unwrap();
        let status = self.replica.status(store, ASSET, LATER).unwrap();
        let members = self.replica.members(store).unwrap();
        let members: Vec<_> =
            members.iter().map(|m| (m.person, &m.role, m.removed, &m.printed_name, m.vouched_by)).collect();
        format!("{plan:#?}\n{review:#?}\n{status:#?}\n{members:#?}")
    }

    /// The same, with what only the team sees.
    pub fn sees_as_team(&mut self) -> String {
        let team = self.replica.review(&self.store, ASSET, Audience::Team).unwrap();
        format!("{}\n{team:#?}", self.sees())
    }
}

/// Everybody hears everybody until nobody has news.
pub fn meet(peers: &mut [&mut Peer]) {
    for _ in 0..2 {
        for to in 0..peers.len() {
            for from in (0..peers.len()).filter(|from| *from != to) {
                let store = peers[from].store.clone();
                peers[to].hear(&store);
            }
        }
    }
}

pub fn all_see_the_same(peers: &mut [&mut Peer]) {
    let first = peers[0].sees();
    for peer in peers.iter_mut().skip(1) {
        assert_eq!(first, peer.sees(), "{} sees something else", peer.name);
    }
}
