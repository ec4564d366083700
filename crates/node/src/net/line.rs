//! One workspace's exchange: a session, and what it asks of this peer.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use proofroom_entry::Signed;
use proofroom_ident::{BlobHash, DocId, InviteId, SignerKey, WorkspaceId};
use proofroom_replica::{IngestOutcome, Membership};
use proofroom_sync::limits::Limits;
use proofroom_sync::{
    Audiences, ClientConfig, Code, Direction, Event, Input, InviteSigner, Live, Output, Refusal, Session,
};
use proofroom_transport::Address;

use super::fetching::Word;
use super::files::Files;
use super::news::News;
use super::refusal::refusal;
use super::socket::Out;
use super::{Standing, Tally};
use crate::failure::Failure;
use crate::identity::HeldPhrase;
use crate::peer::{Peer, Seat};
use crate::world;

/// One connection attempt of one workspace.
pub(super) struct Line {
    pub(super) workspace: WorkspaceId,
    relay: Address,
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
    /// The relay's key, once it proved it.
    pub(super) there: Option<SignerKey>,
    /// What is said about blobs, for who fetches them.
    pub(super) words: Vec<Word>,
}

impl Line {
    pub(super) fn new(
        peer: &mut Peer,
        workspace: WorkspaceId,
        relay: Address,
        serial: u64,
        out: Out,
        mut tally: Tally,
        attempts: u32,
    ) -> Result<Self, Failure> {
        tally.files_missing = 0;
        let config = client(peer, workspace)?;
        let session = Session::client(config, &mut world::rng());
        Ok(Self {
            workspace,
            relay,
            serial,
            session,
            out: Some(out),
            tally,
            attempts,
            down: None,
            retry_planned: false,
            wants_reconnect: false,
            in_sync: false,
            files: Files::new(),
            there: None,
            words: Vec::new(),
        })
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
        self.feed(peer, Input::Frame(frame))
    }

    pub(super) fn on_stored(&mut self, peer: &mut Peer, live: Live) -> Vec<News> {
        self.files.due = true;
        self.feed(peer, Input::Stored(live))
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
                    let _gone = out.send(frame);
                }
            }
            Output::Ingest(entries) => return self.ingest(peer, entries, news).map(Some),
            Output::BlobOffered { blob, bytes } => return Ok(Some(self.answer_offer(peer, blob, bytes))),
            Output::ReadBlob { blob, span } => self.words.push(Word::Read(blob, span)),
            Output::BlobSlice { blob, total, slice } => self.words.push(Word::Slice { blob, total, slice }),
            Output::Event(event) => self.tell(event, news),
            Output::Close { code, text } => {
                self.wants_reconnect = code == Code::Reconnect;
                news.extend(self.on_down(refusal(&self.relay, code, &text)));
            }
            // Only servers are asked to admit somebody.
            Output::PeerProved { .. } => {}
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
            Event::Admitted { peer, .. } => {
                self.there = Some(peer);
                news.push(News::Up { workspace });
            }
            Event::InSync => {
                self.in_sync = true;
                self.attempts = 0;
                self.files.due = true;
                news.push(News::InSync { workspace });
            }
            Event::Delivered { entries, bytes, .. } => {
                self.tally.sent += entries;
                self.tally.bytes += bytes;
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
            Event::Refused { .. }
            | Event::Outgoing { .. }
            | Event::Incoming { .. }
            | Event::Received { .. } => {}
        }
    }

    /// Verifies and stores what came; afterwards a join may be complete.
    fn ingest(
        &mut self,
        peer: &mut Peer,
        entries: Vec<Signed>,
        news: &mut Vec<News>,
    ) -> Result<Input, Failure> {
        let claims: Vec<_> = entries.iter().map(|e| *e.claims()).collect();
        let mut seat = peer.seat(self.workspace)?;
        let ingested = seat.replica.ingest(&mut seat.step, entries)?;
        let mut refused: BTreeMap<_, Refusal> = BTreeMap::new();
        for (claims, (_, outcome)) in claims.iter().zip(&ingested.outcomes) {
            let (code, text) = match outcome {
                IngestOutcome::Stored | IngestOutcome::Known => continue,
                IngestOutcome::HeldBack => {
                    self.tally.held_back += 1;
                    continue;
                }
                IngestOutcome::Missing(text) => (Code::Gap, text.clone()),
                IngestOutcome::Refused(text) => (Code::BadEntry, text.clone()),
                IngestOutcome::Equivocation => (Code::Equivocation, "its author signed two histories".into()),
            };
            let first = refused.entry((claims.doc, claims.log)).or_insert_with(|| {
                self.tally.refuse_here(format!("log {} entry {}: {text}", claims.log.short(), claims.seq));
                Refusal { doc: claims.doc, log: claims.log, seq: claims.seq, count: 0, code, text }
            });
            first.count += 1;
        }
        let stored = ingested.stored.len() as u64;
        self.tally.received += stored;
        self.tally.bytes += ingested.stored.iter().map(|e| e.bytes().len() as u64).sum::<u64>();
        if stored > 0 {
            self.files.due = true;
            news.push(News::Received { workspace: self.workspace, entries: stored });
        }
        if ingested.docs.contains(&DocId::AUTHORITY) {
            news.extend(enter(&mut seat, self.workspace)?);
        }
        Ok(Input::Ingested { refused: refused.into_values().collect() })
    }
}

/// Completes what was begun before the membership log was here: a join, or a recovery.
pub fn enter(seat: &mut Seat<'_>, workspace: WorkspaceId) -> Result<Option<News>, Failure> {
    let entered = match seat.replica.membership() {
        Membership::Joining(_) => seat.replica.finish_join(&mut seat.step)?,
        Membership::Stranger if seat.replica.me().recovery_secret.is_some() => {
            seat.replica.introduce_device(&mut seat.step)?
        }
        _ => false,
    };
    match seat.replica.membership() {
        Membership::Member(role) if entered => Ok(Some(News::Joined { workspace, role })),
        _ => Ok(None),
    }
}

/// What this peer brings to a session.
fn client(peer: &mut Peer, workspace: WorkspaceId) -> Result<ClientConfig, Failure> {
    let person = peer.identity().phrase.as_ref().and_then(HeldPhrase::parse).map(|p| p.person());
    let seat = peer.seat(workspace)?;
    let (role, invite) = match (seat.replica.membership(), person) {
        (Membership::Member(role), _) => (Some(role), None),
        (Membership::Joining(link), _) => {
            let secret = link.secret.clone();
            let sign: InviteSigner = Box::new(move |domain, message| secret.sign(domain, message));
            (Some(link.role), Some((link.secret.id(), sign)))
        }
        // A restored person proves their own key, as another would prove an invite's.
        (Membership::Stranger, Some(person)) => {
            let id = InviteId::from_bytes(*person.id().as_bytes());
            let sign: InviteSigner = Box::new(move |domain, message| person.sign(domain, message));
            (None, Some((id, sign)))
        }
        (Membership::Removed | Membership::Stranger, _) => (None, None),
    };
    Ok(ClientConfig {
        device: seat.replica.me().secrets.signing.clone(),
        workspace,
        invite,
        offers: role.map_or(Audiences::ALL, |r| r.audiences().into_iter().collect()),
        prefer: vec![workspace.plan_doc()],
        expect: None,
        channel: Vec::new(),
        limits: Limits::default(),
    })
}
