//! One workspace's exchange: a session, and what it asks of this peer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proofroom_entry::Verified;
use proofroom_ident::{BlobHash, DocId, Millis, Signature, SignerKey, WorkspaceId};
use proofroom_sync::{Audiences, Code, Direction, Event, Input, Live, Output, Refusal, Session, is_bulk};

use super::far::{Far, PeerEnd};
use super::fetching::Word;
use super::files::Files;
use super::news::News;
use super::refusal::refusal;
use super::side;
use super::snapshots::Snapshots;
use super::socket::{Out, Parcel};
use super::words::Asked;
use super::{Standing, Tally};
use crate::failure::Failure;
use crate::peer::Peer;
use crate::world;

/// A line that brings the workspace up to date and heard nothing for this long no longer holds up others.
const PROGRESS_MAX: Duration = Duration::from_secs(3);

/// One connection attempt of one workspace.
pub(super) struct Line {
    pub(super) workspace: WorkspaceId,
    pub(super) far: Far,
    serial: u64,
    pub(super) session: Session,
    out: Option<Out>,
    pub(super) tally: Tally,
    attempts: u32,
    down: Option<Failure>,
    retry_planned: bool,
    wants_reconnect: bool,
    in_sync: bool,
    pub(super) files: Files,
    /// The other end's device, once it proved it.
    pub(super) there: Option<SignerKey>,
    pub(super) snapshots: Snapshots,
    /// What is said about blobs, for who fetches them.
    pub(super) words: Vec<Word>,
    /// Since when the other end is proved.
    since: Option<Millis>,
    /// When the last frame came.
    heard: Option<Instant>,
    /// Whether this side answered, and waits for the other to say who it is.
    serving: bool,
    /// The other end proved its device and asks to be let in.
    pub(super) proved: Option<(SignerKey, WorkspaceId)>,
    /// What came and is not confirmed yet: of each batch, what is refused.
    unconfirmed: Vec<Vec<Refusal>>,
    /// What came and was taken here: other lines are told.
    pub(super) passing_on: Vec<Verified>,
    /// What a document rested on holds no more: every line is to compare anew.
    pub(super) compares_anew: bool,
    /// The membership log grew by what came.
    pub(super) authority_grew: bool,
    /// Entries that are known to come.
    pub(super) behind: u64,
    /// Entries that are known to be lacking there.
    ahead: u64,
    /// Whom the relay was told to be heard here themselves.
    direct: BTreeSet<SignerKey>,
    /// Reviews for which the relay was asked for its word, and what it said.
    pub(super) asked: BTreeMap<DocId, Asked>,
    pub(super) answered: Vec<(DocId, Option<(Millis, Signature)>)>,
    /// What is exchanged with the other end.
    pub(super) reads: Audiences,
    /// What the session said when it closed.
    closed: Option<Code>,
    /// This side gave way to another line.
    stood_back: bool,
}

impl Line {
    /// The side that connected.
    pub(super) fn client(
        peer: &mut Peer,
        workspace: WorkspaceId,
        far: Far,
        serial: u64,
        out: Out,
        mut tally: Tally,
        attempts: u32,
    ) -> Result<Self, Failure> {
        tally.files_missing = 0;
        let config = side::client(peer, workspace, &far)?;
        let session = Session::client(config, &mut world::rng());
        let line = Self::over(workspace, far, session, serial, out);
        Ok(Self { tally, attempts, ..line })
    }

    /// The side that was connected to: which workspace it is for, the other end says.
    pub(super) fn server(peer: &mut Peer, end: PeerEnd, serial: u64, out: Out) -> (Self, Vec<News>) {
        let session = Session::server(side::server(peer, &end), &mut world::rng());
        let line = Self::over(WorkspaceId::ZERO, Far::Peer(end), session, serial, out);
        let mut line = Self { serving: true, ..line };
        let news = line.on_tick(peer);
        (line, news)
    }

    fn over(workspace: WorkspaceId, far: Far, session: Session, serial: u64, out: Out) -> Self {
        Self {
            workspace,
            far,
            serial,
            session,
            out: Some(out),
            tally: Tally::default(),
            attempts: 0,
            down: None,
            retry_planned: false,
            wants_reconnect: false,
            in_sync: false,
            files: Files::new(),
            there: None,
            snapshots: Snapshots::default(),
            words: Vec::new(),
            since: None,
            heard: None,
            serving: false,
            proved: None,
            unconfirmed: Vec::new(),
            passing_on: Vec::new(),
            compares_anew: false,
            authority_grew: false,
            behind: 0,
            ahead: 0,
            direct: BTreeSet::new(),
            asked: BTreeMap::new(),
            answered: Vec::new(),
            reads: Audiences::NONE,
            closed: None,
            stood_back: false,
        }
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }
    pub(super) fn is_down(&self) -> bool {
        self.down.is_some()
    }
    pub(super) fn wants_reconnect(&self) -> bool {
        self.wants_reconnect
    }
    /// The relay asks for new connections without end.
    pub(super) fn stop_reconnecting(&mut self) {
        self.wants_reconnect = false;
    }
    pub(super) fn retry_planned(&self) -> bool {
        self.retry_planned
    }
    pub(super) fn plan_retry(&mut self) {
        self.retry_planned = true;
    }
    /// Since when the other end is proved.
    pub(super) fn since(&self) -> Option<Millis> {
        self.since.filter(|_| self.down.is_none())
    }
    /// Entries that are known to be lacking here, and there.
    pub(super) fn behind_and_ahead(&self) -> (u64, u64) {
        (self.behind, self.ahead)
    }
    /// Why it broke.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.down.as_ref()
    }
    /// Whether this side answered.
    pub(super) fn is_serving(&self) -> bool {
        self.serving
    }
    /// What the other end, or this one, said when it closed.
    pub(super) fn closed(&self) -> Option<Code> {
        self.closed
    }
    /// Whether the next frame is the first of a server, after which this side says what it holds.
    pub(super) fn awaits_greeting(&self) -> bool {
        !self.serving && self.heard.is_none() && self.down.is_none()
    }
    /// Gives way to another line: no failure, and nobody is told.
    pub(super) fn stand_back(&mut self) {
        self.out = None;
        self.stood_back = true;
        self.down.get_or_insert_with(|| Failure::network("another line carries the workspace"));
    }
    /// Whether it gave way to another line.
    pub(super) fn stood_back(&self) -> bool {
        self.stood_back
    }
    /// Whether it is bringing the workspace up to date, and getting on with it.
    pub(super) fn is_catching_up(&self) -> bool {
        let gets_on = self.heard.is_some_and(|at| at.elapsed() < PROGRESS_MAX);
        self.down.is_none() && !self.in_sync && gets_on && !self.workspace.is_zero()
    }
    /// Whether entries are exchanged, so that files may follow.
    pub(super) fn entries_settled(&self) -> bool {
        self.down.is_none() && self.in_sync && self.session.is_in_sync()
    }

    /// Whether it can be asked for files: entries went first.
    pub(super) fn is_source(&self) -> bool {
        self.down.is_none() && self.in_sync
    }

    /// When files are to be looked at again.
    pub(super) fn wakes(&self) -> Option<Instant> {
        (self.files.to_be_looked_at() && self.entries_settled()).then_some(self.files.after)
    }

    pub(super) fn standing(&self) -> Standing {
        match &self.down {
            Some(_) if self.wants_reconnect => Standing::Busy,
            Some(failure) => Standing::Failed(failure.clone()),
            None => {
                if self.entries_settled() && self.files.settled() {
                    Standing::Settled
                } else {
                    Standing::Busy
                }
            }
        }
    }

    pub(super) fn on_frame(&mut self, peer: &mut Peer, frame: Bytes) -> Vec<News> {
        self.heard = Some(Instant::now());
        self.feed(peer, Input::Frame(frame))
    }

    pub(super) fn on_stored(&mut self, peer: &mut Peer, live: Live) -> Vec<News> {
        self.files.due = true;
        self.feed(peer, Input::Stored(live))
    }

    /// Another line brought these: the other end need not be sent them if it has them, too.
    pub(super) fn on_heard(&mut self, peer: &mut Peer, live: Live) -> Vec<News> {
        self.files.due = true;
        self.feed(peer, Input::Heard(live))
    }

    /// The devices that this one hears themselves, as far as they concern the relay.
    pub(super) fn hear_directly(&mut self, peer: &mut Peer, devices: &BTreeSet<SignerKey>) -> Vec<News> {
        if self.direct == *devices || self.since().is_none() {
            return Vec::new();
        }
        self.direct.clone_from(devices);
        self.feed(peer, Input::Direct(devices.iter().copied().collect()))
    }

    /// Whether the other end waits to hear that what it sent is durable here.
    pub(super) fn owes_confirmation(&self) -> bool {
        self.down.is_none() && !self.unconfirmed.is_empty()
    }

    /// Says so; the caller has made it durable.
    pub(super) fn confirm(&mut self, peer: &mut Peer) -> Vec<News> {
        let batches = std::mem::take(&mut self.unconfirmed);
        batches.into_iter().flat_map(|refused| self.feed(peer, Input::Ingested { refused })).collect()
    }

    pub(super) fn on_tick(&mut self, peer: &mut Peer) -> Vec<News> {
        self.feed(peer, Input::Tick)
    }

    pub(super) fn on_down(&mut self, failure: Failure) -> Vec<News> {
        self.out = None;
        if self.down.is_some() {
            return Vec::new();
        }
        self.down = Some(failure.clone());
        vec![News::Down { workspace: self.workspace, failure }]
    }

    /// The driver: one input in, all outputs out, until the session wants nothing more.
    pub(super) fn feed(&mut self, peer: &mut Peer, input: Input) -> Vec<News> {
        let mut news = Vec::new();
        if self.down.is_some() {
            return news;
        }
        self.session.handle(world::now(), input, peer.store());
        while let Some(output) = self.session.poll() {
            let answer = match self.obey(peer, output, &mut news) {
                Ok(answer) => answer,
                Err(failure) => {
                    news.extend(self.on_down(failure));
                    return news;
                }
            };
            if let Some(answer) = answer {
                self.session.handle(world::now(), answer, peer.store());
            }
        }
        news
    }

    /// Does one thing that the session asks for; some need an answer.
    fn obey(
        &mut self,
        peer: &mut Peer,
        output: Output,
        news: &mut Vec<News>,
    ) -> Result<Option<Input>, Failure> {
        match output {
            Output::Send(frame) => {
                if let Some(out) = &self.out {
                    // A socket that is gone tells the loop itself.
                    let _gone = out.send(Parcel { bulk: is_bulk(&frame), frame });
                }
            }
            Output::Ingest(entries) => {
                let refused = self.ingest(peer, entries, news)?;
                self.unconfirmed.push(refused);
            }
            Output::SnapshotOffered { doc, id, .. } => return self.answer_snapshot(peer, doc, id).map(Some),
            Output::TakeSnapshot(offered) => return self.take_snapshot(peer, *offered, news).map(Some),
            Output::BlobOffered { blob, bytes } => return Ok(Some(self.answer_offer(peer, blob, bytes))),
            Output::ReadBlob { blob, span } => self.words.push(Word::Read(blob, span)),
            Output::BlobSlice { blob, total, slice } => self.words.push(Word::Slice { blob, total, slice }),
            Output::Event(event) => self.tell(event, news),
            Output::Close { code, text } => {
                self.wants_reconnect = code == Code::Reconnect;
                self.closed = Some(code);
                let told = self.on_down(refusal(&self.far, code, &text));
                // Two lines found out which of them goes on: nothing went wrong.
                let gave_way = matches!(code, Code::Busy | Code::Duplicate);
                news.extend(told.into_iter().filter(|_| !gave_way));
            }
            // Members' machines sign receipts of their own.
            Output::WitnessAsked { doc, .. } => return Ok(Some(Input::Witness { doc, word: None })),
            Output::PeerProved { device, workspace, .. } => self.proved = Some((device, workspace)),
        }
        Ok(None)
    }

    fn answer_offer(&mut self, peer: &Peer, blob: BlobHash, bytes: u64) -> Input {
        self.words.push(Word::Held(blob));
        if peer.blobs().held(self.workspace, blob) == Some(bytes) {
            return Input::BlobHeld(blob);
        }
        // Files are fetched because a version names them, not because somebody offers them.
        Input::RefuseBlob {
            blob,
            code: Code::MayNotWrite,
            text: "files are fetched when a version names them".into(),
        }
    }

    fn tell(&mut self, event: Event, news: &mut Vec<News>) {
        let workspace = self.workspace;
        match event {
            Event::Admitted { peer, reads, .. } => {
                self.reads = reads;
                self.there = Some(peer);
                self.since = Some(world::now());
                news.push(News::Up { workspace });
            }
            Event::InSync => {
                self.in_sync = true;
                self.attempts = 0;
                self.files.due = true;
                self.snapshots.look(false);
                news.push(News::InSync { workspace });
            }
            Event::Delivered { entries, bytes, outstanding } => {
                self.ahead = outstanding;
                self.tally.sent += entries;
                self.tally.bytes += bytes;
                self.snapshots.look(true);
                news.push(News::Delivered { workspace, entries });
            }
            Event::EntriesRefused(refusal) => self.tally.refused_there.push(refusal),
            Event::BlobDelivered { blob, bytes } => {
                self.files.offered.remove(&blob);
                self.files.held_there.insert(blob);
                self.words.push(Word::Held(blob));
                // Otherwise the relay had it already.
                if self.files.sending.remove(&blob) {
                    self.tally.files_sent += 1;
                    self.tally.file_bytes += bytes;
                    news.push(News::File { workspace, direction: Direction::Out, blob, bytes });
                }
            }
            Event::BlobMissing(blob) => self.words.push(Word::Missing(blob)),
            Event::BlobOtherSize { blob, wanted, told } => {
                self.words.push(Word::Missing(blob));
                self.tally.fail_file(format!(
                    "file {} has {told} bytes there, and {wanted} according to its version: somebody is wrong",
                    blob.short()
                ));
            }
            // A member heard that it is here, and asks if it wants it.
            Event::BlobRefused { blob, .. } if !self.far.is_relay() => {
                self.files.offered.remove(&blob);
                self.files.held_there.insert(blob);
            }
            Event::BlobRefused { blob, text, .. } => {
                self.files.offered.remove(&blob);
                self.files.incomplete();
                self.tally.files_refused.push(format!("{}: {text}", blob.short()));
            }
            Event::BlobProgress { direction, blob, bytes, .. } => {
                if direction == Direction::Out {
                    self.files.sending.insert(blob);
                }
                news.push(News::Progress { bytes, expected: 0 });
            }
            Event::BlobWrong(blob) => {
                let device = self.there.unwrap_or(SignerKey::ZERO);
                self.tally.liars.push(device);
                news.push(News::Lied { workspace, device, blob });
            }
            Event::Outgoing { entries } => self.ahead = entries,
            Event::Incoming { entries } => self.behind = entries,
            Event::Witnessed { doc, word } => self.answered.push((doc, word)),
            Event::Covered(rows) => self.snapshots.hear(&rows),
            Event::SnapshotDelivered { .. } | Event::Refused { .. } | Event::Received { .. } => {}
        }
    }
}
