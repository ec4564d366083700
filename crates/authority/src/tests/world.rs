//! People with devices who write authority entries, and hand them to each other or not.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use proofroom_entry::{Draft, EntryKind, LogWriter, Verified};
use proofroom_ident::{
    Audience, DeviceRecord, DeviceSecrets, DocId, EntryHash, InviteId, KexPublic, KeyId, LogClass, LogId,
    Millis, Nonce, PersonId, PersonSecret, SignerKey, SigningSecret, WorkspaceId,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::op::{Cut, Op, Wrapped, sign_accept};
use crate::{Authority, Inserted, Refusal, Role, Standing, State};

/// A device in somebody's hands, with everything that it has seen.
#[derive(Clone)]
pub struct Peer {
    pub person: PersonSecret,
    pub device: DeviceSecrets,
    pub view: Authority,
    pub entries: BTreeMap<EntryHash, Verified>,
    rng: ChaCha20Rng,
    writer: Option<LogWriter>,
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn person(seed: u8) -> PersonSecret {
    PersonSecret::from_seed(&[seed; 32])
}

/// Making keys costs more than using them: the cast is made once.
static DEVICES: LazyLock<Vec<DeviceSecrets>> =
    LazyLock::new(|| (0..24).map(|n| DeviceSecrets::generate(&mut rng(1000 + n))).collect());

/// An invite's two keys.
#[derive(Clone)]
pub struct Capability(SigningSecret);

impl Capability {
    pub fn new(seed: u8) -> Self {
        Self(SigningSecret::from_seed(&[seed; 32]))
    }
    pub fn id(&self) -> InviteId {
        InviteId::from_bytes(*self.0.public().as_bytes())
    }
    pub fn kex(&self) -> KexPublic {
        KexPublic::from_bytes(*self.0.public().as_bytes())
    }
    pub fn invite(&self, role: Role, uses: u32) -> Op {
        Op::Invite { id: self.id(), kex: self.kex(), role, uses, expires: None }
    }
}

/// The owner of a new workspace, on one device.
pub fn founder(seed: u8) -> Peer {
    let mut rng = rng(u64::from(seed));
    let (person, device) = (person(seed), DEVICES[usize::from(seed)].clone());
    let record = DeviceRecord::by_person(&person, &device, Millis(1));
    let op = Op::Genesis { device: record, recovery: Some(recovery(person.id())), nonce: [7; 32] };
    let log = LogId::from_bytes(bytes(&mut rng));
    let mut writer = LogWriter::begin(
        WorkspaceId::ZERO,
        DocId::AUTHORITY,
        LogClass::Authority,
        device.signing.public(),
        log,
        EntryHash::ZERO,
    );
    let genesis = writer.append(&draft(EntryHash::ZERO, 1), &op.encode(&[]), &device.signing).unwrap();
    let view = Authority::new(genesis.workspace());
    let mut peer = Peer { person, device, view, entries: BTreeMap::new(), rng, writer: None };
    peer.hear(&genesis);
    peer
}

fn draft(auth_head: EntryHash, at: u64) -> Draft {
    Draft {
        kind: EntryKind::Authority,
        auth_head,
        claimed_at: Millis(at),
        key: KeyId::ZERO,
        nonce: Nonce::ZERO,
        tip_commit: [0; 32],
    }
}

fn bytes<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut out = [0; N];
    rng.fill_bytes(&mut out);
    out
}

pub fn recovery(person: PersonId) -> KexPublic {
    KexPublic::from_bytes(person.as_bytes().map(|byte| !byte))
}

impl Peer {
    /// Somebody's device that has seen nothing but the workspace's id.
    pub fn stranger(&self, person_seed: u8, device: usize) -> Peer {
        Peer {
            person: person(person_seed),
            device: DEVICES[device].clone(),
            view: Authority::new(self.view.workspace()),
            entries: BTreeMap::new(),
            rng: rng(u64::from(person_seed) << 8 | device as u64),
            writer: None,
        }
    }

    pub fn id(&self) -> PersonId {
        self.person.id()
    }
    pub fn signer(&self) -> SignerKey {
        self.device.signing.public()
    }
    pub fn kex(&self) -> KexPublic {
        self.device.kex.public()
    }
    pub fn state(&self) -> &State {
        self.view.state()
    }
    pub fn role(&self, of: &Peer) -> Option<Role> {
        self.state().role(of.id())
    }
    pub fn refusal(&self, entry: &Verified) -> Option<&Refusal> {
        self.state().refusal(entry.hash())
    }

    pub fn hear(&mut self, entry: &Verified) -> Inserted {
        self.entries.insert(entry.hash(), entry.clone());
        self.view.insert(entry).unwrap()
    }

    /// Hears everything that `other` knows.
    pub fn meet(&mut self, other: &Peer) {
        for (hash, entry) in &other.entries {
            if !self.entries.contains_key(hash) {
                self.hear(entry);
            }
        }
    }

    /// Writes on top of everything known.
    pub fn writes(&mut self, op: &Op) -> Verified {
        let parents = self.view.parents();
        let mut writer = self.writer.take().unwrap_or_else(|| self.new_log());
        let entry = self.write_in(&mut writer, &parents, op, 1_000);
        self.writer = Some(writer);
        self.hear(&entry);
        entry
    }

    /// Writes in a new log on top of what it chooses, and claims what time it likes.
    pub fn writes_on(&mut self, parents: &[EntryHash], op: &Op, at: u64) -> Verified {
        let mut writer = self.new_log();
        let entry = self.write_in(&mut writer, parents, op, at);
        self.hear(&entry);
        entry
    }

    pub fn new_log(&mut self) -> LogWriter {
        let log = LogId::from_bytes(bytes(&mut self.rng));
        let workspace = self.view.workspace();
        let (doc, author) = (DocId::AUTHORITY, self.signer());
        LogWriter::begin(workspace, doc, LogClass::Authority, author, log, EntryHash::ZERO)
    }

    pub fn write_in(&self, log: &mut LogWriter, parents: &[EntryHash], op: &Op, at: u64) -> Verified {
        let auth_head = *parents.first().expect("an entry stands on something");
        log.append(&draft(auth_head, at), &op.encode(parents), &self.device.signing).unwrap()
    }

    /// Signs whatever it is told to.
    pub fn write_raw(&mut self, auth_head: EntryHash, payload: &[u8]) -> Verified {
        let mut log = self.new_log();
        log.append(&draft(auth_head, 1), payload, &self.device.signing).unwrap()
    }

    /// What a document's entry would name as its `auth_head`.
    pub fn head(&self) -> EntryHash {
        self.view.parents()[0]
    }

    pub fn record(&self) -> DeviceRecord {
        DeviceRecord::by_person(&self.person, &self.device, Millis(1))
    }

    pub fn accept(&self, capability: &Capability) -> Op {
        let proof = sign_accept(self.view.workspace(), self.signer(), self.id(), |domain, message| {
            capability.0.sign(domain, message)
        });
        let recovery = Some(recovery(self.id()));
        Op::Accept { invite: capability.id(), device: self.record(), recovery, proof }
    }

    /// Invites somebody new, who joins at once.
    pub fn brings(&mut self, person_seed: u8, role: Role) -> Peer {
        let capability = Capability::new(100 + person_seed);
        self.writes(&capability.invite(role, 1));
        let mut joiner = self.stranger(person_seed, usize::from(person_seed));
        joiner.meet(self);
        joiner.writes(&joiner.accept(&capability));
        self.meet(&joiner);
        joiner
    }

    pub fn stands(&self, author: &Peer, place: (DocId, LogId, u64), auth_head: EntryHash) -> Standing {
        self.view.standing(author.signer(), place.0, place.1, place.2, auth_head)
    }
}

/// A cut that leaves nothing.
pub fn nothing() -> Arc<Cut> {
    Arc::new(Cut::new())
}

/// A cut of one log.
pub fn up_to(doc: DocId, log: LogId, seq: u64) -> Arc<Cut> {
    Arc::new(Cut::from([((doc, log), (seq, EntryHash::from_bytes([9; 32])))]))
}

pub fn remove(target: &Peer) -> Op {
    Op::Remove { person: target.id(), cut: nothing() }
}

pub fn set_role(target: &Peer, role: Role) -> Op {
    Op::SetRole { person: target.id(), role, cut: nothing() }
}

pub fn wrap(to: KexPublic) -> Wrapped {
    Wrapped { to, enc: [1; 32], sealed: [2; 48] }
}

pub fn rotate(audience: Audience, key: u8, to: impl IntoIterator<Item = KexPublic>) -> Op {
    let wraps: Vec<Wrapped> = to.into_iter().map(wrap).collect();
    Op::RotateKey { audience, key: KeyId::from_bytes([key; 16]), wraps: wraps.into(), previous: [].into() }
}

pub const DOC: DocId = DocId::from_bytes([3; 16]);
pub const LOG: LogId = LogId::from_bytes([4; 16]);

/// ada, who owns; bo, cy and mallory in the given roles. All know everything.
pub fn cast(bo: Role, cy: Role, mallory: Role) -> [Peer; 4] {
    let mut ada = founder(1);
    let mut bo = ada.brings(2, bo);
    let mut cy = ada.brings(3, cy);
    let mallory = ada.brings(4, mallory);
    bo.meet(&ada);
    cy.meet(&ada);
    [ada, bo, cy, mallory]
}

/// Everybody tells everybody everything.
pub fn heal(peers: &mut [&mut Peer]) {
    let all: Vec<Verified> = peers.iter().flat_map(|peer| peer.entries.values().cloned()).collect();
    for peer in peers.iter_mut() {
        for entry in &all {
            if !peer.entries.contains_key(&entry.hash()) {
                peer.hear(entry);
            }
        }
    }
    for pair in peers.windows(2) {
        assert_eq!(pair[0].state(), pair[1].state(), "all know the same and see the same");
    }
}
