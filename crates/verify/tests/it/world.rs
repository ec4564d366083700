//! A small world that makes certificates: peers with a store each, seeded randomness, one stepped clock.

use std::cell::Cell;
use std::rc::Rc;

use proofroom_authority::Role;
use proofroom_certificate::{
    Archive, Attachment, CERTIFICATE_NAME, Certificate, Draft, Maker, Subject, held,
};
use proofroom_entry::Signed;
use proofroom_ident::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, DeviceRecord, DeviceSecrets, DocId, HashWords as _,
    Millis, PersonId, PersonSecret, SigningSecret, VersionHash,
};
use proofroom_replica::{DecisionChoice, Disclosure, Me, Receipt, Replica, Step};
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, Category, CommentLabel, Decision, FileRef, Manifest, PlanEdit,
    ProfileStatement, RelayWord, ReviewEdit, ReviewerRole, Selector,
};
use proofroom_store::{MemoryStore, Store as _};
use proofroom_verify::{Check, State, Verdict, verify};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

const START: u64 = 1_700_000_000_000;
pub const ASSET: AssetId = AssetId::from_bytes([0xa5; 16]);

pub struct Peer {
    pub store: MemoryStore,
    pub replica: Replica,
    rng: ChaCha20Rng,
    clock: Rc<Cell<u64>>,
}

fn seed(name: &str) -> [u8; 32] {
    *ContentHash::of(name.as_bytes()).as_bytes()
}

pub fn me(name: &str) -> Me {
    let mut rng = ChaCha20Rng::from_seed(seed(&format!("device of {name}")));
    let person = PersonSecret::from_seed(&seed(name));
    let secrets = DeviceSecrets::generate(&mut rng);
    let record = DeviceRecord::by_person(&person, &secrets, Millis(START));
    let profile =
        ProfileStatement { printed_name: name.into(), organisation: "Nord".into(), role_title: None };
    Me { secrets, record, recovery: None, recovery_secret: None, profile }
}

impl Peer {
    /// Founds a workspace with one asset, of which `ada` is asked.
    pub fn found(name: &str) -> Self {
        let clock = Rc::new(Cell::new(START));
        let mut store = MemoryStore::new();
        let mut rng = ChaCha20Rng::from_seed(seed(&format!("randomness of {name}")));
        let mut step = Step { store: &mut store, now: Millis(START), rng: &mut rng };
        let replica = Replica::create(&mut step, me(name), "Summer").expect("a new workspace");
        let mut peer = Self { store, replica, rng, clock };
        let add =
            PlanEdit::AddAsset { id: ASSET, name: "Hero".into(), category: Category::Visual, request: None };
        peer.act(|r, s| r.edit_plan(s, &[add])).expect("an owner adds assets");
        peer
    }

    pub fn act<T>(&mut self, call: impl FnOnce(&mut Replica, &mut Step<'_>) -> T) -> T {
        self.clock.set(self.clock.get() + 1_000);
        let mut step = Step { store: &mut self.store, now: Millis(self.clock.get()), rng: &mut self.rng };
        call(&mut self.replica, &mut step)
    }

    pub fn admit(&mut self, name: &str, role: Role) -> Self {
        let link = self.act(|r, s| r.invite(s, role, 1, None, vec![])).expect("an owner invites");
        let mut store = MemoryStore::new();
        let mut rng = ChaCha20Rng::from_seed(seed(&format!("randomness of {name}")));
        let mut step = Step { store: &mut store, now: Millis(self.clock.get()), rng: &mut rng };
        let replica = Replica::join(&mut step, me(name), &link).expect("a fresh link");
        let mut other = Self { store, replica, rng, clock: self.clock.clone() };
        other.hear(self);
        assert!(other.act(|r, s| r.finish_join(s)).expect("the workspace is there"));
        self.hear(&other);
        other
    }

    pub fn hear(&mut self, from: &Self) {
        let workspace = self.replica.workspace();
        let mut docs: Vec<DocId> =
            from.store.docs(workspace).expect("memory").iter().map(|d| d.doc).collect();
        docs.sort_by_key(|d| (*d != DocId::AUTHORITY, *d != workspace.plan_doc(), *d));
        let mut entries = Vec::new();
        for doc in docs {
            for tip in from.store.tips(workspace, doc).expect("memory") {
                entries.extend(from.store.entries(workspace, doc, tip.log, 1, usize::MAX).expect("memory"));
            }
        }
        for (one, other) in from.store.proofs(workspace).expect("memory") {
            entries.extend([one, other]);
        }
        let signed = entries.iter().map(|e| Signed::decode(e.bytes().clone()).expect("an entry")).collect();
        self.act(|r, s| r.ingest(s, signed)).expect("honest entries");
    }

    pub fn person(&self) -> PersonId {
        self.replica.me().person()
    }

    pub fn assign(&mut self, person: PersonId, role: ReviewerRole) {
        let edit = PlanEdit::SetAssignment { asset: ASSET, person, role: Some(role) };
        self.act(|r, s| r.edit_plan(s, &[edit])).expect("an owner assigns");
    }

    pub fn version(&mut self, bytes: &[u8], parents: &[VersionHash]) -> VersionHash {
        let content = ContentHash::of(bytes);
        let file = FileRef {
            name: "hero.png".into(),
            media_type: "image/png".into(),
            bytes: bytes.len() as u64,
            content,
        };
        let manifest = Manifest {
            asset: ASSET,
            parents: parents.to_vec(),
            files: vec![file],
            note: String::from_utf8_lossy(bytes).into_owned(),
            author: self.person(),
            claimed_at: Millis(self.clock.get()),
        };
        let hash = manifest.hash().expect("small numbers");
        let key = BlobKeyBytes::from_bytes([7; 32]);
        let blob = BlobRef { blob: BlobHash::of(bytes), key, bytes: bytes.len() as u64, content };
        self.edit(
            Audience::Everyone,
            ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs: vec![blob] },
        );
        hash
    }

    pub fn edit(&mut self, audience: Audience, edit: ReviewEdit) -> Receipt {
        self.act(|r, s| r.edit_review(s, ASSET, audience, &[edit])).expect("a member edits")
    }

    pub fn comment(&mut self, audience: Audience, version: VersionHash, body: &str, label: CommentLabel) {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        let anchor = Anchor { version, rendition: None, selectors: vec![Selector::Whole], refined_by: None };
        let id = CommentId::from_bytes(id);
        let anchor = Box::new(anchor);
        self.edit(audience, ReviewEdit::AddComment { id, body: body.into(), anchor, label, parent: None });
    }

    pub fn decide(&mut self, decision: Decision, version: VersionHash) {
        let choice = DecisionChoice {
            reason: Some("because".into()),
            version: Some(version),
            utc_offset_min: 60,
            ..DecisionChoice::of(decision)
        };
        self.act(|r, s| r.decide(s, ASSET, choice)).expect("a member decides");
    }

    pub fn draft(&mut self, version: VersionHash, disclosure: Disclosure) -> Draft {
        let subject = Subject::Version { asset: ASSET, version };
        let now = Millis(self.clock.get());
        self.replica.certificate(&self.store, subject, disclosure, now).expect("everything is here")
    }

    /// The certificate with one attachment, as an archive's members.
    pub fn certify(&mut self, version: VersionHash) -> Members {
        let draft = self.draft(version, Disclosure::Full);
        self.sign(&draft)
    }

    /// Signs any draft: what a member who lies can do as well.
    pub fn sign(&self, draft: &Draft) -> Members {
        let report = b"<p>for people</p>".to_vec();
        let maker = Maker {
            device: self.replica.me().device(),
            person: self.person(),
            printed_name: self.replica.me().profile.printed_name.clone(),
            organisation: "Nord".into(),
            made_at: Millis(self.clock.get()),
            attachments: vec![Attachment::of("report.html", &report)],
        };
        let certificate = draft.sign(&maker, &self.replica.me().secrets.signing).expect("it is small");
        vec![(CERTIFICATE_NAME.into(), certificate), ("report.html".into(), report)]
    }
}

pub type Members = Vec<(String, Vec<u8>)>;

pub fn archive(members: &Members) -> Archive<'_> {
    let mut archive = Archive::default();
    for (name, bytes) in members {
        archive.add(name, bytes).expect("plain names");
    }
    archive
}

pub fn verdict(members: &Members) -> Verdict {
    verify(&archive(members))
}

pub fn certificate(members: &Members) -> Certificate {
    Certificate::decode(&members[0].1).expect("it was made here")
}

/// The checks that fail.
pub fn failing(verdict: &Verdict) -> Vec<Check> {
    verdict.rows.iter().filter(|r| r.state == State::Fails).map(|r| r.check).collect()
}

/// A certificate of a small review: ada founds and makes versions, bo comments and approves, cy reviews.
pub struct Story {
    pub ada: Peer,
    pub bo: Peer,
    pub cy: Peer,
    pub v1: VersionHash,
    pub v2: VersionHash,
}

/// The story until bo has looked at the second version.
pub fn begun() -> Story {
    let mut ada = Peer::found("ada");
    let mut bo = ada.admit("bo", Role::Reviewer);
    let mut cy = ada.admit("cy", Role::Guest);
    bo.hear(&ada);
    ada.assign(bo.person(), ReviewerRole::Approver);
    ada.assign(cy.person(), ReviewerRole::Reviewer);
    let v1 = ada.version(b"first", &[]);
    bo.hear(&ada);
    bo.comment(Audience::Everyone, v1, "The horizon is crooked", CommentLabel::Blocker);
    bo.comment(Audience::Team, v1, "Between us: it is hopeless", CommentLabel::Info);
    bo.decide(Decision::ChangesRequired, v1);
    ada.hear(&bo);
    let v2 = ada.version(b"second", &[v1]);
    cy.hear(&ada);
    bo.hear(&ada);
    Story { ada, bo, cy, v1, v2 }
}

/// The whole of it.
pub fn story() -> Story {
    let Story { mut ada, mut bo, mut cy, v1, v2 } = begun();
    cy.comment(Audience::Everyone, v2, "Lovely light", CommentLabel::Praise);
    cy.decide(Decision::Approved, v2);
    bo.hear(&cy);
    bo.decide(Decision::Approved, v2);
    ada.hear(&bo);
    cy.hear(&bo);
    Story { ada, bo, cy, v1, v2 }
}

/// A receipt of this peer's with a relay's word for all that is there, as `said`. When the relay gave it.
pub fn worded(peer: &mut Peer, relay: &SigningSecret, said: impl Fn(RelayWord) -> RelayWord) -> Millis {
    let key = relay.public();
    let draft = peer.act(|r, s| r.draft_witness_of_relay(s.store, ASSET, key, s.now));
    let statement = draft.expect("it is here").expect("there are decisions");
    let at = Millis(statement.claimed_at.0 + 10);
    let signature = held(peer.replica.workspace(), &statement).sign(at, relay);
    let statement = statement.with_relay(said(RelayWord { key, at, signature }));
    peer.act(|r, s| r.witness(s, &statement)).expect("a member witnesses");
    at
}
