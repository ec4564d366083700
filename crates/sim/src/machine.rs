//! One peer: its process, its disk, its sessions. A thin driver around the product's machines.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use proofroom_authority::Role;
use proofroom_entry::{Signed, SignedSnapshot, Verified};
use proofroom_ident::{Audience, DocId, EntryHash, LogId, Millis, SignerKey, WorkspaceId};
use proofroom_replica::{
    Continuation, ErrorKind, IngestOutcome, InviteLink, Me, Membership, Receipt, Replica, ReplicaError, Step,
};
use proofroom_store::Store as _;
use proofroom_sync::{
    Audiences, ClientConfig, Code, Event, Input, Limits, Output, Refusal, ServerConfig, Session,
};
use rand_chacha::ChaCha20Rng;

use crate::cast::{self, START_MS};
use crate::dice::randomness;
use crate::disk::Disk;

/// One end of a connection.
pub(crate) struct Line {
    pub session: Session,
    /// The other member's device, where it is no relay.
    pub there: Option<SignerKey>,
    /// What the two ends may both read, as last agreed.
    reads: Audiences,
}

/// What an input led to.
#[derive(Default)]
pub(crate) struct Fed {
    /// To be sent on the same connection.
    pub frames: Vec<Bytes>,
    /// Batches that came and are not confirmed: of each, what is refused.
    unconfirmed: VecDeque<Vec<Refusal>>,
    /// Stored here; every other session is told.
    pub heard: Vec<Verified>,
    /// Written here meanwhile; every session is told.
    pub own: Vec<Verified>,
    /// Snapshots that were taken.
    pub snapshots: u64,
    /// The session is over.
    pub closed: Option<Code>,
    /// The storage failed, and the process with it.
    pub died: Option<String>,
    /// Something that must not happen.
    pub fault: Option<String>,
    /// The membership may have changed.
    pub membership: bool,
    /// What a document rested on holds no more: all sessions are to compare anew.
    pub anew: bool,
}

/// Why an act was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The product refused, with reason.
    Declined(String),
    /// The storage failed, and the process with it.
    Died(String),
    /// Something that must not happen.
    Fault(String),
}

impl From<ReplicaError> for Trouble {
    fn from(error: ReplicaError) -> Self {
        match error.kind() {
            ErrorKind::Config => Self::Died(error.to_string()),
            ErrorKind::User => Self::Declined(error.to_string()),
            ErrorKind::Internal => Self::Fault(error.to_string()),
        }
    }
}

/// A peer of the world.
pub(crate) struct Machine {
    pub place: usize,
    pub me: Me,
    pub disk: Disk,
    pub replica: Option<Replica>,
    pub workspace: Option<WorkspaceId>,
    pub up: bool,
    /// Whether the last process ended in good order, on this very disk.
    pub clean: bool,
    pub rng: ChaCha20Rng,
    pub skew_ms: i64,
    pub lines: BTreeMap<u64, Line>,
    /// Whether it was ever given a role that reads the team's documents.
    pub team: bool,
}

impl Machine {
    pub fn new(seed: u64, place: usize) -> Self {
        Self {
            place,
            me: cast::me(seed, place),
            disk: Disk::default(),
            replica: None,
            workspace: None,
            up: true,
            clean: true,
            rng: randomness(seed, &format!("machine of {}", cast::name(place))),
            skew_ms: 0,
            lines: BTreeMap::new(),
            team: false,
        }
    }

    /// A copy of the machine, its secrets and disk; only its randomness goes its own way.
    pub fn twin(&self, seed: u64, place: usize) -> Self {
        Self {
            place,
            me: self.me.clone(),
            disk: self.disk.clone(),
            replica: None,
            workspace: self.workspace,
            up: true,
            clean: true,
            rng: randomness(seed, &format!("machine of {}", cast::name(place))),
            skew_ms: self.skew_ms,
            lines: BTreeMap::new(),
            team: self.team,
        }
    }

    /// Whether its own membership log says so. (A device that is copied between taking up a link and
    /// joining joins twice: the one acceptance has no effect, nor what was written on it.)
    pub fn is_member(&self) -> bool {
        self.replica.as_ref().is_some_and(|r| matches!(r.membership(), Membership::Member(_)))
    }

    pub fn device(&self) -> SignerKey {
        self.me.device()
    }

    /// The machine's own clock.
    pub fn clock(&self, now_ms: u64) -> Millis {
        Millis((START_MS + now_ms).saturating_add_signed(self.skew_ms))
    }

    /// Starts the process: opens the store and the workspace.
    pub fn start(&mut self, now_ms: u64) -> Result<Fed, Trouble> {
        self.up = true;
        self.disk.reopen();
        let Some(workspace) = self.workspace else { return Ok(Fed::default()) };
        let continuation = if self.clean { Continuation::Resume } else { Continuation::NewLogs };
        self.clean = false;
        self.replica = Some(Replica::open(&self.disk, workspace, self.me.clone(), continuation)?);
        let mut fed = Fed::default();
        self.enter(now_ms, &mut fed);
        Ok(fed)
    }

    /// Ends the process.
    pub fn end(&mut self, in_good_order: bool) {
        self.up = false;
        self.clean = in_good_order;
        self.replica = None;
        self.lines.clear();
    }

    /// One call on the replica.
    pub fn act<T>(
        &mut self,
        now_ms: u64,
        call: impl FnOnce(&mut Replica, &mut Step<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, Trouble> {
        let now = self.clock(now_ms);
        let Some(replica) = &mut self.replica else {
            return Err(Trouble::Declined("not in the workspace".into()));
        };
        let mut step = Step { store: &mut self.disk, now, rng: &mut self.rng };
        Ok(call(replica, &mut step)?)
    }

    /// What became durable by this machine's own hand since the last call.
    pub fn fresh(&mut self) -> Vec<Verified> {
        self.replica.as_mut().map(Replica::take_fresh).unwrap_or_default()
    }

    /// Founds the workspace.
    pub fn found(&mut self) -> Result<WorkspaceId, Trouble> {
        let now = self.clock(0);
        let mut step = Step { store: &mut self.disk, now, rng: &mut self.rng };
        let replica = Replica::create(&mut step, self.me.clone(), &format!("Summer {}", cast::SECRET_WORD))?;
        let workspace = replica.workspace();
        (self.workspace, self.replica, self.team) = (Some(workspace), Some(replica), true);
        self.clean = false;
        Ok(workspace)
    }

    /// Takes up an invite link.
    pub fn take_up(&mut self, now_ms: u64, link: &InviteLink) -> Result<(), Trouble> {
        let now = self.clock(now_ms);
        let mut step = Step { store: &mut self.disk, now, rng: &mut self.rng };
        self.replica = Some(Replica::join(&mut step, self.me.clone(), link)?);
        self.workspace = Some(link.workspace);
        self.team |= link.role >= Role::Reviewer;
        self.clean = false;
        Ok(())
    }

    /// Opens a client's end; `None` while there is no workspace to exchange.
    pub fn dial(&mut self, conn: u64, there: Option<SignerKey>) -> Option<()> {
        let shared = self.shared(there);
        let replica = self.replica.as_ref()?;
        let role = replica.role_here();
        let workspace = replica.workspace();
        let config = ClientConfig {
            device: self.me.secrets.signing.clone(),
            workspace,
            invite: replica.capability(None),
            offers: shared.unwrap_or(role.map_or(Audiences::ALL, |r| r.audiences().into_iter().collect())),
            prefer: vec![workspace.plan_doc()],
            expect: there,
            channel: Vec::new(),
            limits: Limits::default(),
        };
        let session = Session::client(config, &mut self.rng);
        self.lines.insert(conn, Line { session, there, reads: shared.unwrap_or_default() });
        Some(())
    }

    /// Opens a server's end; the greeting is in what comes back.
    pub fn answer(&mut self, conn: u64) -> Option<Fed> {
        self.replica.as_ref()?;
        let config = ServerConfig {
            device: self.me.secrets.signing.clone(),
            channel: Vec::new(),
            limits: Limits::default(),
        };
        let mut session = Session::server(config, &mut self.rng);
        let mut fed = Fed::default();
        while let Some(Output::Send(frame)) = session.poll() {
            fed.frames.push(frame);
        }
        self.lines.insert(conn, Line { session, there: None, reads: Audiences::NONE });
        Some(fed)
    }

    /// The driver: one input in, all outputs out.
    pub fn feed(&mut self, conn: u64, now_ms: u64, input: Input) -> Fed {
        let mut fed = Fed::default();
        let Some(mut line) = self.lines.remove(&conn) else { return fed };
        let now = self.clock(now_ms);
        line.session.handle(now, input, &self.disk);
        loop {
            while let Some(output) = line.session.poll() {
                if let Some(answer) = self.obey(&mut line, now_ms, output, &mut fed) {
                    line.session.handle(now, answer, &self.disk);
                }
                if fed.died.is_some() {
                    return fed;
                }
            }
            // What came is confirmed once it is durable.
            let Some(refused) = fed.unconfirmed.pop_front() else { break };
            if let Err(error) = self.disk.flush() {
                fed.died = Some(error.to_string());
                return fed;
            }
            line.session.handle(now, Input::Ingested { refused }, &self.disk);
        }
        if fed.closed.is_none() {
            self.lines.insert(conn, line);
        }
        fed.own.extend(self.fresh());
        fed
    }

    fn obey(&mut self, line: &mut Line, now_ms: u64, output: Output, fed: &mut Fed) -> Option<Input> {
        match output {
            Output::Send(frame) => fed.frames.push(frame),
            Output::Ingest(entries) => self.ingest(now_ms, entries, fed),
            Output::SnapshotOffered { doc, id, .. } => {
                let replica = self.replica.as_ref()?;
                let wanted = replica.wants_snapshot(&self.disk, doc, id);
                return Some(Input::AnswerSnapshot { doc, id, wanted: wanted.unwrap_or(false) });
            }
            Output::TakeSnapshot(offered) => return self.take_snapshot(now_ms, *offered, fed),
            Output::PeerProved { device, workspace, .. } => {
                return Some(self.admit(line, device, workspace));
            }
            Output::Close { code, .. } => fed.closed = Some(code),
            Output::Event(Event::EntriesRefused(_)) => {}
            Output::BlobOffered { blob, .. } => {
                let text = "no files here".to_owned();
                return Some(Input::RefuseBlob { blob, code: Code::MayNotWrite, text });
            }
            _ => {}
        }
        None
    }

    /// What shows another device that it was removed.
    fn parting(&self, there: SignerKey) -> Vec<Arc<[u8]>> {
        self.replica.as_ref().and_then(|r| r.parting(&self.disk, there).ok()).unwrap_or_default()
    }

    /// What this member and another may both read; a relay carries all, and is no member.
    fn shared(&self, there: Option<SignerKey>) -> Option<Audiences> {
        let replica = self.replica.as_ref()?;
        let of = |device| Some(replica.reads_of(device)?.into_iter().collect::<Audiences>());
        Some(of(there?).unwrap_or_default().and(of(self.device()).unwrap_or_default()))
    }

    fn admit(&self, line: &mut Line, device: SignerKey, workspace: WorkspaceId) -> Input {
        let here = self.replica.as_ref().is_some_and(|r| r.workspace() == workspace);
        match self.shared(Some(device)).filter(|_| here) {
            None | Some(Audiences::NONE) => {
                Input::Refuse { code: Code::NotMember, text: "not a member's device".into() }
            }
            Some(reads) => {
                (line.there, line.reads) = (Some(device), reads);
                Input::Admit { reads, may_write: true }
            }
        }
    }

    /// After the membership changed: what sessions with other members are told.
    pub fn reconsider(&mut self) -> Vec<(u64, Input)> {
        let mut out = Vec::new();
        let known: Vec<(u64, SignerKey)> =
            self.lines.iter().filter_map(|(conn, line)| Some((*conn, line.there?))).collect();
        for (conn, there) in known {
            let reads = self.shared(Some(there)).unwrap_or_default();
            let Some(line) = self.lines.get_mut(&conn).filter(|line| line.reads != reads) else { continue };
            let narrower = line.reads.covers(reads) && reads != Audiences::NONE;
            line.reads = reads;
            out.push((
                conn,
                match narrower {
                    true => Input::Admit { reads, may_write: true },
                    false if reads == Audiences::NONE => {
                        Input::Part { entries: self.parting(there), text: "removed".into() }
                    }
                    false => Input::Refuse { code: Code::Reconnect, text: "connect again".into() },
                },
            ));
        }
        out
    }

    fn take_snapshot(&mut self, now_ms: u64, offered: SignedSnapshot, fed: &mut Fed) -> Option<Input> {
        let (doc, id) = (offered.claims().doc, offered.id());
        match self.act(now_ms, |replica, step| replica.take_snapshot(step, offered)) {
            Ok(taken) => {
                fed.snapshots += u64::from(taken.is_ok());
                return Some(Input::SnapshotTaken { doc, id, taken: taken.is_ok() });
            }
            Err(Trouble::Died(text) | Trouble::Declined(text)) => fed.died = Some(text),
            Err(Trouble::Fault(text)) => {
                fed.fault = Some(text.clone());
                fed.died = Some(text);
            }
        }
        None
    }

    /// Its sessions with relays.
    pub fn lines_to_relays(&self) -> Vec<u64> {
        self.lines.iter().filter(|(_, line)| line.there.is_none()).map(|(conn, _)| *conn).collect()
    }

    fn ingest(&mut self, now_ms: u64, entries: Vec<Signed>, fed: &mut Fed) {
        let claims: Vec<_> = entries.iter().map(|e| *e.claims()).collect();
        let ingested = match self.act(now_ms, |replica, step| replica.ingest(step, entries)) {
            Ok(ingested) => ingested,
            Err(Trouble::Died(text) | Trouble::Declined(text)) => {
                fed.died = Some(text);
                return;
            }
            Err(Trouble::Fault(text)) => {
                fed.fault = Some(text.clone());
                fed.died = Some(text);
                return;
            }
        };
        let mut refused: BTreeMap<(DocId, LogId), Refusal> = BTreeMap::new();
        for (claims, (_, outcome)) in claims.iter().zip(&ingested.outcomes) {
            let (code, text) = match outcome {
                IngestOutcome::Stored | IngestOutcome::Known | IngestOutcome::HeldBack => continue,
                IngestOutcome::Missing(text) => (Code::Gap, text.clone()),
                IngestOutcome::Refused(text) => (Code::BadEntry, text.clone()),
                IngestOutcome::Equivocation => (Code::Equivocation, "two histories".into()),
            };
            let first = Refusal { doc: claims.doc, log: claims.log, seq: claims.seq, count: 0, code, text };
            refused.entry((claims.doc, claims.log)).or_insert(first).count += 1;
        }
        fed.anew |= !ingested.refetch.is_empty();
        if ingested.docs.contains(&DocId::AUTHORITY) {
            fed.membership = true;
            self.enter(now_ms, fed);
        }
        fed.heard.extend(ingested.stored);
        fed.unconfirmed.push_back(refused.into_values().collect());
    }

    /// Completes a join, or what an earlier process left of one.
    pub fn enter(&mut self, now_ms: u64, fed: &mut Fed) {
        let Some(replica) = &self.replica else { return };
        if !matches!(replica.membership(), Membership::Joining(_) | Membership::Member(_)) {
            return;
        }
        match self.act(now_ms, |replica, step| replica.finish_join(step)) {
            // A link that is used up by now is the person's problem.
            Ok(_) | Err(Trouble::Declined(_)) => {}
            Err(Trouble::Died(text)) => fed.died = Some(text),
            Err(Trouble::Fault(text)) => fed.fault = Some(text),
        }
        fed.own.extend(self.fresh());
        fed.membership = true;
    }

    /// Whether an entry is durable here, as it is.
    pub fn holds(&self, receipt: &Receipt) -> bool {
        let Some(workspace) = self.workspace else { return false };
        holds(&self.disk, workspace, (receipt.doc, receipt.log, receipt.seq, receipt.entry))
    }
}

/// Whether a disk holds this very entry, or a snapshot stands for it there.
pub(crate) fn holds_or_rests(disk: &Disk, workspace: WorkspaceId, receipt: &Receipt) -> bool {
    let base = disk.durable().base(workspace, receipt.doc, receipt.log).ok().flatten();
    base.is_some_and(|base| base.header().seq >= receipt.seq)
        || holds(disk, workspace, (receipt.doc, receipt.log, receipt.seq, receipt.entry))
}

/// Whether a disk holds this very entry, as an entry or as a part of a proof.
pub(crate) fn holds(
    disk: &Disk,
    workspace: WorkspaceId,
    (doc, log, seq, hash): (DocId, LogId, u64, EntryHash),
) -> bool {
    let store = disk.durable();
    let held = store.entry(workspace, doc, log, seq).ok().flatten();
    if held.is_some_and(|e| e.hash() == hash) {
        return true;
    }
    let proofs = store.proofs(workspace).unwrap_or_default();
    proofs.iter().any(|(one, other)| one.hash() == hash || other.hash() == hash)
        || store
            .get(&[b"branch/".as_slice(), workspace.as_bytes(), hash.as_bytes()].concat())
            .ok()
            .flatten()
            .is_some()
}

/// When everybody looks: after every deadline.
const AFTERWARDS: Millis = Millis(START_MS + 1_000_000_000_000);

/// Everything that members of every role see, as one text; the team's as well where they may.
pub(crate) fn sees(machine: &mut Machine, assets: &[proofroom_ident::AssetId]) -> Result<String, Trouble> {
    let store = &machine.disk;
    let Some(replica) = &mut machine.replica else { return Err(Trouble::Declined("not there".into())) };
    let mut out = format!("{:#?}\n", replica.plan(store)?);
    for asset in assets {
        out += &format!("{:#?}\n", replica.review(store, *asset, Audience::Everyone)?);
        match replica.status(store, *asset, AFTERWARDS) {
            Ok(status) => out += &format!("{status:#?}\n"),
            Err(error) => out += &format!("{error}\n"),
        }
    }
    for m in replica.members(store)? {
        let devices: Vec<_> = m.devices.iter().map(|d| (d.device, d.active)).collect();
        let row = (m.person, &m.role, m.removed, &m.printed_name, m.vouched_by, devices);
        out += &format!("{row:?}\n");
    }
    Ok(out)
}

/// What the team sees beside that.
pub(crate) fn sees_as_team(
    machine: &mut Machine,
    assets: &[proofroom_ident::AssetId],
) -> Result<String, Trouble> {
    let store = &machine.disk;
    let Some(replica) = &mut machine.replica else { return Err(Trouble::Declined("not there".into())) };
    let mut out = String::new();
    for asset in assets {
        out += &format!("{:#?}\n", replica.review(store, *asset, Audience::Team)?);
    }
    Ok(out)
}
