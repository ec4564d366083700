//! The machine: connections in, frames and blob operations out.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use proofroom_blobs::Input as FetchInput;
use proofroom_ident::{EndpointKey, InviteId, Millis, SignerKey, WorkspaceId};
use proofroom_store::{Store, StoreError};
use proofroom_sync::{
    Audiences, Code, Input as SessionInput, Message, Output as SessionOutput, Refusal, ServerConfig, Session,
};
use rand_core::CryptoRng;

use crate::admission::{Admission, Denial, Seat, admit};
use crate::config::Config;
use crate::io::{BlobInput, BlobOp, ConnId, Input, Note, Output};
use crate::room::Room;

mod blobs;
mod endpoints;
mod entries;
mod erasing;
mod snapshots;
mod witness;

use entries::Coming;
pub(crate) use snapshots::snapshot_bytes;

/// One connection. Before the handshake is done, it has no seat.
struct Conn {
    id: ConnId,
    session: Session,
    seated: Option<Seated>,
    /// What it brought and is not through.
    coming: VecDeque<Coming>,
    /// Whether somebody else brought the workspace that it brings.
    late: bool,
}

/// Who sits where, and what they may read.
#[derive(Clone, Copy, Debug)]
struct Seated {
    workspace: WorkspaceId,
    device: SignerKey,
    seat: Seat,
    reads: Audiences,
}

/// The relay's machine. After each call, drain [`Relay::poll`]; after one or some,
/// [`Relay::settle`], and drain again. A large batch takes several calls of [`Relay::go_on`].
pub struct Relay {
    config: Config,
    /// Boxed: they are taken out to be fed, and a map would move its neighbours each time.
    conns: BTreeMap<ConnId, Box<Conn>>,
    /// How many connections each device has.
    seats: BTreeMap<SignerKey, usize>,
    rooms: BTreeMap<WorkspaceId, Room>,
    /// Members' endpoint keys of workspaces that nobody uses now, as far as anybody asked.
    resting: BTreeMap<WorkspaceId, BTreeSet<EndpointKey>>,
    outputs: VecDeque<Output>,
    /// Batches that are visible and not confirmed: who brought them, and what of them is refused.
    unconfirmed: VecDeque<(ConnId, Vec<Refusal>)>,
    /// Rooms where somebody is late.
    awaited: BTreeSet<WorkspaceId>,
    /// Rooms where blobs may be asked for.
    due: BTreeSet<WorkspaceId>,
    failed: bool,
}

/// Why somebody is not let in, and what shows it where they were removed.
type Turned = (Denial, Vec<Arc<[u8]>>);

/// How somebody is sent away; who was removed is shown it.
fn refusal(denial: Denial, shown: Vec<Arc<[u8]>>) -> SessionInput {
    let (code, text) = (denial.code(), denial.to_string());
    match denial {
        Denial::Removed => SessionInput::Part { entries: shown, text },
        _ => SessionInput::Refuse { code, text },
    }
}

impl Relay {
    /// A relay without connections.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            conns: BTreeMap::new(),
            seats: BTreeMap::new(),
            rooms: BTreeMap::new(),
            resting: BTreeMap::new(),
            outputs: VecDeque::new(),
            unconfirmed: VecDeque::new(),
            awaited: BTreeSet::new(),
            due: BTreeSet::new(),
            failed: false,
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.conns.len()
    }

    /// How many workspaces are in use.
    pub fn open_workspaces(&self) -> usize {
        self.rooms.len()
    }

    /// Somebody connected.
    pub fn connect(&mut self, id: ConnId, rng: &mut impl CryptoRng) {
        if self.conns.len() >= self.config.quotas.connections_max {
            let (code, text) = (Code::RateLimited, "the relay has as many connections as it may".to_owned());
            let frame = Message::Refuse { code, text: text.clone() }.encode();
            self.outputs.push_back(Output::Send { conn: id, frame });
            self.outputs.push_back(Output::Close { conn: id, code, text });
            return;
        }
        let limits = self.config.limits;
        let config = ServerConfig { device: self.config.device.clone(), channel: Vec::new(), limits };
        let mut conn = Box::new(Conn {
            id,
            session: Session::server(config, rng),
            seated: None,
            coming: VecDeque::new(),
            late: false,
        });
        while let Some(SessionOutput::Send(frame)) = conn.session.poll() {
            self.outputs.push_back(Output::Send { conn: id, frame });
        }
        self.conns.insert(id, conn);
    }

    /// Something happened on a connection. Unknown connections are ignored: they were closed.
    pub fn handle(&mut self, now: Millis, id: ConnId, input: Input, store: &mut dyn Store) {
        let Some(conn) = self.conns.remove(&id) else { return };
        let workspace = conn.seated.map(|seated| seated.workspace);
        match input {
            Input::Closed => self.leave(&conn, now),
            Input::Frame(frame) => self.feed(conn, now, SessionInput::Frame(frame), store),
        }
        workspace.into_iter().for_each(|workspace| self.tell_late(workspace, now, store));
        self.fetch_due(now, store);
    }

    /// The driver did something with a blob.
    pub fn handle_blob(&mut self, now: Millis, input: BlobInput, store: &mut dyn Store) {
        self.on_blob(now, input, store);
        self.fetch_due(now, store);
    }

    /// Time passed: every second is enough.
    pub fn tick(&mut self, now: Millis, store: &mut dyn Store) {
        // Of whoever is behind, nothing is read: what they confirm or ask waits with it.
        let reads = self.conns.values().filter(|conn| conn.coming.is_empty());
        let ids = reads.map(|conn| conn.id).collect();
        self.tell_each(ids, now, store, &SessionInput::Tick);
        let awaited: Vec<_> = self.awaited.iter().copied().collect();
        awaited.into_iter().for_each(|workspace| self.tell_late(workspace, now, store));
        self.due.extend(self.rooms.keys());
        self.fetch_due(now, store);
        for room in self.rooms.values_mut() {
            room.sweep(now);
        }
        self.rooms.retain(|_, room| !room.is_idle());
    }

    /// Whether a device is one of a present member's. A store that fails knows no members.
    pub fn is_member(&self, workspace: WorkspaceId, device: SignerKey, store: &dyn Store) -> bool {
        let known = |room: &Room| room.is_founded() && room.authority.state().actor(device).is_some();
        match self.rooms.get(&workspace) {
            Some(room) => known(room),
            None => Room::open(store, workspace).is_ok_and(|room| known(&room)),
        }
    }

    /// The relay stops: every client is told.
    pub fn shut_down(&mut self, now: Millis, store: &mut dyn Store) {
        let text = "the relay stops; connect again later";
        let ids = self.conns.keys().copied().collect();
        let refuse = SessionInput::Refuse { code: Code::ShuttingDown, text: text.into() };
        self.tell_each(ids, now, store, &refuse);
    }

    fn tell_each(&mut self, ids: Vec<ConnId>, now: Millis, store: &mut dyn Store, input: &SessionInput) {
        for id in ids {
            if let Some(conn) = self.conns.remove(&id) {
                self.feed(conn, now, input.clone(), store);
            }
        }
    }

    /// Feeds a session and does what it asks for; the connection is put back unless it ended.
    fn feed(&mut self, mut conn: Box<Conn>, now: Millis, input: SessionInput, store: &mut dyn Store) {
        self.drive(&mut conn, now, input, store);
        self.put_back(conn, now);
    }

    fn put_back(&mut self, conn: Box<Conn>, now: Millis) {
        match conn.session.is_closed() {
            true => self.leave(&conn, now),
            false => _ = self.conns.insert(conn.id, conn),
        }
    }

    fn drive(&mut self, conn: &mut Conn, now: Millis, input: SessionInput, store: &mut dyn Store) {
        conn.session.handle(now, input, store);
        self.pump(conn, now, store);
    }

    /// Does what a session asks for.
    fn pump(&mut self, conn: &mut Conn, now: Millis, store: &mut dyn Store) {
        while let Some(output) = conn.session.poll() {
            let answer = match output {
                SessionOutput::Send(frame) => {
                    self.outputs.push_back(Output::Send { conn: conn.id, frame });
                    None
                }
                SessionOutput::PeerProved { device, workspace, invite } => {
                    let opens = !self.rooms.contains_key(&workspace);
                    let answer = self.seat(conn, now, (device, workspace, invite), store);
                    // A crash may have come between an erasure and what follows from it.
                    let done =
                        if opens { self.forget_erased(conn.id, workspace, now, store) } else { Ok(()) };
                    Some(done.map_or_else(|error| self.store_failed(&error), |()| answer))
                }
                SessionOutput::Ingest(entries) => {
                    self.on_entries(conn, now, entries, store);
                    None
                }
                SessionOutput::Close { code, text } => {
                    self.note(Note::Refused { conn: conn.id, code, text: text.clone() });
                    self.outputs.push_back(Output::Close { conn: conn.id, code, text });
                    None
                }
                SessionOutput::Event(event) => {
                    self.note_event(conn, now, &event);
                    None
                }
                SessionOutput::WitnessAsked { doc, rows } => {
                    Some(self.on_witness_asked(conn, now, doc, &rows, store))
                }
                snapshot @ (SessionOutput::SnapshotOffered { .. } | SessionOutput::TakeSnapshot(_)) => {
                    self.on_snapshot_output(conn, now, snapshot, store)
                }
                blob => self.on_blob_output(conn, now, blob, store),
            };
            if let Some(answer) = answer {
                conn.session.handle(now, answer, store);
            }
        }
    }

    fn leave(&mut self, conn: &Conn, now: Millis) {
        let Some(seated) = &conn.seated else { return };
        if !conn.coming.is_empty() {
            // What was taken of it is read by others: it becomes durable like all that is.
            self.unconfirmed.push_back((conn.id, Vec::new()));
        }
        if let Some(count) = self.seats.get_mut(&seated.device) {
            *count -= 1;
            if *count == 0 {
                self.seats.remove(&seated.device);
            }
        }
        if let Some(room) = self.rooms.get_mut(&seated.workspace) {
            room.conns.remove(&conn.id);
            for blob in room.bring_no_more(now, conn.id) {
                let (conn, workspace) = (conn.id, seated.workspace);
                self.outputs.push_back(Output::Blob { conn, workspace, op: BlobOp::Rest(blob) });
            }
            self.due.insert(seated.workspace);
            room.sweep(now);
            if room.is_idle() {
                self.rooms.remove(&seated.workspace);
            }
        }
    }

    /// A client proved its key: let it in, or say why not.
    fn seat(
        &mut self,
        conn: &mut Conn,
        now: Millis,
        (device, workspace, invite): (SignerKey, WorkspaceId, Option<InviteId>),
        store: &dyn Store,
    ) -> SessionInput {
        match self.try_seat(conn.id, now, (device, workspace, invite), store) {
            Err(error) => self.store_failed(&error),
            Ok(Err((denial, shown))) => refusal(denial, shown),
            Ok(Ok(Admission { seat, reads })) => {
                conn.seated = Some(Seated { workspace, device, seat, reads });
                *self.seats.entry(device).or_default() += 1;
                self.note(Note::Admitted { conn: conn.id, workspace, device });
                SessionInput::Admit { reads, may_write: true }
            }
        }
    }

    fn try_seat(
        &mut self,
        id: ConnId,
        now: Millis,
        (device, workspace, invite): (SignerKey, WorkspaceId, Option<InviteId>),
        store: &dyn Store,
    ) -> Result<Result<Admission, Turned>, StoreError> {
        let twins = self.seats.get(&device).copied().unwrap_or_default();
        if twins >= self.config.quotas.device_connections_max {
            return Ok(Err((Denial::TooManyConnections, Vec::new())));
        }
        let room = match self.rooms.entry(workspace) {
            Entry::Occupied(room) => room.into_mut(),
            Entry::Vacant(door) => {
                self.resting.remove(&workspace);
                door.insert(Room::open(store, workspace)?)
            }
        };
        let held = || Ok::<_, StoreError>(store.workspaces()?.len());
        let admission = if room.is_founded() {
            admit(room.authority.state(), device, invite, now)
        } else if !self.config.creators.allow(device) {
            Err(Denial::MayNotCreate)
        } else if held()? >= self.config.quotas.workspaces_max {
            Err(Denial::Full)
        } else {
            Ok(Admission { seat: Seat::Bringer, reads: Audiences::ALL })
        };
        let denial = match admission {
            Ok(admission) => {
                room.conns.insert(id);
                room.fetch.handle(now, FetchInput::Joined(id));
                return Ok(Ok(admission));
            }
            Err(denial) => denial,
        };
        let by_members = matches!(denial, Denial::NotMember | Denial::Removed | Denial::InviteUnknown);
        if by_members && self.is_growing(workspace) {
            // Half of it may say that somebody is no member who is one by the whole.
            return Ok(Err((Denial::ComeAgain, Vec::new())));
        }
        let Some(room) = self.rooms.get_mut(&workspace) else { return Ok(Err((denial, Vec::new()))) };
        let shown = if denial == Denial::Removed {
            room.parting(device, &self.config.quotas, now, store)?
        } else {
            Vec::new()
        };
        if room.is_idle() {
            self.rooms.remove(&workspace);
        }
        Ok(Err((denial, shown)))
    }

    /// The store is the ground that all stands on: without it, everybody is sent away.
    fn store_failed(&mut self, error: &StoreError) -> SessionInput {
        if !std::mem::replace(&mut self.failed, true) {
            self.note(Note::StoreFailed(error.to_string()));
        }
        SessionInput::Refuse { code: Code::Internal, text: "the relay's store failed".into() }
    }

    fn note(&mut self, note: Note) {
        self.outputs.push_back(Output::Note(note));
    }
}
