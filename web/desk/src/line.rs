//! One workspace's connection to a relay: a session, and what it asks of the desk.

use std::collections::BTreeMap;

use bytes::Bytes;
use proofroom_blobs::{Fetch, Held, Input as Fetched, Output as Fetching, Slice, Span};
use proofroom_entry::Signed;
use proofroom_ident::{BlobHash, DocId, Millis, PersonSecret, WorkspaceId};
use proofroom_replica::{IngestOutcome, Ingested, Replica, ReplicaError, Step};
use proofroom_sync::limits::Limits;
use proofroom_sync::{Audiences, ClientConfig, Code, Event, Input, Live, Output, Refusal, Session};
use proofroom_web_wire::{Badge, Link};
use rand_core::CryptoRng;

use crate::files::Looking;

/// Where a relay exchanges entries, below its address.
const SYNC_PATH: &str = "/v1/sync";

/// What a session wants of the world.
#[derive(Debug)]
pub(crate) enum Want {
    Send(Bytes),
    Hangup,
    Write { blob: BlobHash, total: u64, slice: Slice },
    Lacks(BlobHash),
    Changed(Vec<DocId>),
    Settled,
    Read { blob: BlobHash, span: Span },
    Delivered(BlobHash),
    NotTaken(BlobHash, String),
}

/// A connection, or the wish for one.
pub(crate) struct Line {
    session: Option<Session>,
    pub(crate) badge: Badge,
    /// Files as a whole.
    fetch: Fetch<()>,
    /// Whether this connection is asked for files.
    joined: bool,
    /// Parts that somebody looks at.
    looking: Looking,
    /// The relays that carry the workspace.
    pub(crate) relays: Vec<String>,
    /// What a document rested on holds no more: its entries are to be fetched.
    compares_anew: bool,
    /// How many attempts in a row failed.
    pub(crate) attempts: u32,
}

impl Line {
    pub(crate) fn new(relays: Vec<String>) -> Self {
        Self {
            session: None,
            badge: Badge::default(),
            fetch: Fetch::default(),
            joined: false,
            looking: Looking::default(),
            relays,
            compares_anew: false,
            attempts: 0,
        }
    }

    /// The address of the relay to try next.
    pub(crate) fn relay(&self) -> Option<String> {
        let n = self.relays.len();
        let relay = (n > 0).then(|| self.relays[self.attempts as usize % n].trim_end_matches('/'))?;
        Some(format!("{relay}{SYNC_PATH}"))
    }

    /// A socket is being opened.
    pub(crate) fn connecting(&mut self) {
        self.badge.link = Link::Connecting;
    }

    pub(crate) fn up(&mut self, replica: &Replica, proof: Option<PersonSecret>, rng: &mut impl CryptoRng) {
        self.session = Some(Session::client(client(replica, proof), rng));
        self.badge.link = Link::Exchanging;
        self.looking = Looking::default();
    }

    /// The socket is gone.
    pub(crate) fn down(&mut self) {
        self.session = None;
        self.looking = Looking::default();
        self.joined = false;
        self.fetch.handle(Millis(0), Fetched::Left(()));
        self.attempts = self.attempts.saturating_add(1);
        if self.badge.link != Link::Refused {
            self.badge.link = Link::Offline;
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.session.is_some()
    }

    /// Pushes what just became durable here; counts what waits where there is no session.
    pub(crate) fn stored(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
    ) -> Result<Vec<Want>, ReplicaError> {
        let fresh = replica.take_fresh();
        self.badge.waiting += fresh.len() as u64;
        let mut wants = Vec::new();
        for live in Live::batches(&fresh) {
            wants.extend(self.feed(replica, step, Input::Stored(live))?);
        }
        Ok(wants)
    }

    /// What to ask for, so that some bytes of a blob come; `None` where the relay lacks them.
    pub(crate) fn look(
        &mut self,
        now: Millis,
        blob: BlobHash,
        held: &Held,
        offset: u64,
        end: u64,
    ) -> Option<Vec<Span>> {
        self.looking.look(now, blob, held, offset, end)
    }

    /// Entries went first: from now on this connection is asked for files.
    pub(crate) fn join(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
    ) -> Result<Vec<Want>, ReplicaError> {
        match std::mem::replace(&mut self.joined, true) {
            true => Ok(Vec::new()),
            false => self.fetched(replica, step, Fetched::Joined(())),
        }
    }

    /// One input for the fetch of files, and what it asks for.
    pub(crate) fn fetched(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
        input: Fetched<()>,
    ) -> Result<Vec<Want>, ReplicaError> {
        self.fetch.handle(step.now, input);
        let mut wants = Vec::new();
        while let Some(output) = self.fetch.poll() {
            if let Fetching::Ask { blob, total, span, .. } = output {
                wants.extend(self.feed(replica, step, Input::AskBlob { blob, total, span })?);
            }
        }
        Ok(wants)
    }

    /// One input in, all outputs out.
    pub(crate) fn feed(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
        input: Input,
    ) -> Result<Vec<Want>, ReplicaError> {
        let mut wants = Vec::new();
        let Some(mut session) = self.session.take() else { return Ok(wants) };
        session.handle(step.now, input, &*step.store);
        while let Some(output) = session.poll() {
            if let Some(answer) = self.obey(replica, step, output, &mut wants)? {
                session.handle(step.now, answer, &*step.store);
            }
            if std::mem::take(&mut self.compares_anew) {
                let text = "entries are to be fetched anew: connect again".to_owned();
                session.handle(step.now, Input::Refuse { code: Code::Reconnect, text }, &*step.store);
            }
        }
        if !session.is_closed() {
            self.session = Some(session);
        }
        Ok(wants)
    }

    fn obey(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
        output: Output,
        wants: &mut Vec<Want>,
    ) -> Result<Option<Input>, ReplicaError> {
        match output {
            Output::Send(frame) => wants.push(Want::Send(frame)),
            Output::Ingest(entries) => return self.ingest(replica, step, entries, wants).map(Some),
            Output::SnapshotOffered { doc, id, .. } => {
                let wanted = replica.wants_snapshot(&*step.store, doc, id)?;
                return Ok(Some(Input::AnswerSnapshot { doc, id, wanted }));
            }
            Output::TakeSnapshot(offered) => {
                let (doc, id) = (offered.claims().doc, offered.id());
                let taken = replica.take_snapshot(step, *offered)?.is_ok();
                if taken {
                    wants.push(Want::Changed(vec![doc]));
                }
                return Ok(Some(Input::SnapshotTaken { doc, id, taken }));
            }
            Output::BlobOffered { blob, .. } => {
                let text = "files are fetched when a version names them".into();
                return Ok(Some(Input::RefuseBlob { blob, code: Code::MayNotWrite, text }));
            }
            Output::ReadBlob { blob, span } => wants.push(Want::Read { blob, span }),
            Output::BlobSlice { blob, total, slice } => {
                self.looking.arrived(blob, slice.span);
                wants.push(Want::Write { blob, total, slice });
            }
            Output::Event(event) => self.note(event, step, wants),
            Output::Close { code, text } => {
                if !matches!(code, Code::Reconnect) {
                    self.badge.link = Link::Refused;
                    self.badge.text = text;
                    self.badge.removed = code == Code::Removed;
                }
                wants.push(Want::Hangup);
            }
            Output::PeerProved { .. } | Output::WitnessAsked { .. } => {}
        }
        Ok(None)
    }

    fn note(&mut self, event: Event, step: &Step<'_>, wants: &mut Vec<Want>) {
        match event {
            Event::InSync => {
                self.attempts = 0;
                self.badge =
                    Badge { link: Link::InSync, waiting: 0, synced_at: step.now.0, ..self.badge.clone() };
                self.badge.text.clear();
                wants.push(Want::Settled);
            }
            Event::Delivered { entries, .. } => {
                self.badge.waiting = self.badge.waiting.saturating_sub(entries);
                if self.badge.waiting == 0 && self.badge.link == Link::InSync {
                    self.badge.synced_at = step.now.0;
                }
            }
            Event::EntriesRefused(refusal) => self.badge.text = refusal.text,
            Event::BlobDelivered { blob, .. } => wants.push(Want::Delivered(blob)),
            Event::BlobRefused { blob, text, .. } => wants.push(Want::NotTaken(blob, text)),
            Event::BlobMissing(blob) | Event::BlobOtherSize { blob, .. } => {
                self.looking.missing(step.now, blob);
                wants.push(Want::Lacks(blob));
            }
            Event::BlobWrong(blob) => {
                self.badge.text = format!("the relay sent wrong bytes for {}", blob.short())
            }
            _ => {}
        }
    }

    fn ingest(
        &mut self,
        replica: &mut Replica,
        step: &mut Step<'_>,
        entries: Vec<Signed>,
        wants: &mut Vec<Want>,
    ) -> Result<Input, ReplicaError> {
        let places: Vec<_> =
            entries.iter().map(|e| (e.claims().doc, e.claims().log, e.claims().seq)).collect();
        let ingested = replica.ingest(step, entries)?;
        step.store.flush()?;
        self.compares_anew |= !ingested.refetch.is_empty();
        let refused = refusals(&places, &ingested);
        if let Some(first) = refused.first() {
            self.badge.text = first.text.clone();
        }
        if ingested.docs.contains(&DocId::AUTHORITY) {
            replica.enter(step)?;
        }
        if !ingested.docs.is_empty() {
            wants.push(Want::Changed(ingested.docs));
        }
        Ok(Input::Ingested { refused })
    }
}

/// One refusal per log, at its first entry that does not hold.
fn refusals(places: &[(DocId, proofroom_ident::LogId, u64)], ingested: &Ingested) -> Vec<Refusal> {
    let mut refused: BTreeMap<_, Refusal> = BTreeMap::new();
    for ((doc, log, seq), (_, outcome)) in places.iter().zip(&ingested.outcomes) {
        let (code, text) = match outcome {
            IngestOutcome::Stored | IngestOutcome::Known | IngestOutcome::HeldBack => continue,
            IngestOutcome::Missing(text) => (Code::Gap, text.clone()),
            IngestOutcome::Refused(text) => (Code::BadEntry, text.clone()),
            IngestOutcome::Equivocation => (Code::Equivocation, "its author signed two histories".into()),
        };
        let first = refused.entry((*doc, *log)).or_insert_with(|| Refusal {
            doc: *doc,
            log: *log,
            seq: *seq,
            count: 0,
            code,
            text,
        });
        first.count += 1;
    }
    refused.into_values().collect()
}

/// What this browser brings to a session.
fn client(replica: &Replica, proof: Option<PersonSecret>) -> ClientConfig {
    let workspace: WorkspaceId = replica.workspace();
    ClientConfig {
        device: replica.me().secrets.signing.clone(),
        workspace,
        invite: replica.capability(proof),
        offers: replica.role_here().map_or(Audiences::ALL, |r| r.audiences().into_iter().collect()),
        prefer: vec![workspace.plan_doc()],
        expect: None,
        channel: Vec::new(),
        limits: Limits::default(),
    }
}
