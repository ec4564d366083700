//! Blobs on their way: which line is asked for what, and the thread that has the files.
//!
//! ```text
//! Line --Word--> Net::tend_blobs --Task--> thread
//!   ^                |    ^                  |
//!   +----AskBlob-----+    +------Answer------+
//! ```
//!
//! All lines of a workspace are sources of one fetch.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_blob_files::{Answer, Task, Worker};
use proofroom_blobs::{
    Event as FetchEvent, Fetch, Input as FetchInput, Output as FetchOutput, Pace, Rank, Slice, Span, Want,
};
use proofroom_ident::{BlobHash, SignerKey, WorkspaceId};
use proofroom_sync::{Direction, Input};
use tokio::sync::mpsc;

use super::Net;
use super::line::Line;
use super::news::News;
use crate::blobs::holders::{Holder, Holders};
use crate::blobs::policy::Policy;
use crate::failure::{Failure, io_hint};
use crate::peer::Peer;
use crate::world;

/// What a line says about blobs.
#[derive(Debug)]
pub(super) enum Word {
    /// The other end asks for a slice.
    Read(BlobHash, Span),
    /// A slice came, and is right.
    Slice { blob: BlobHash, total: u64, slice: Slice },
    /// The other end does not hold it.
    Missing(BlobHash),
    /// The other end holds it.
    Held(BlobHash),
    /// It is to be fetched.
    Want { blob: BlobHash, total: u64, rank: Rank },
}

/// A slice that waits until the cap lets it go.
type Waiting = (u64, WorkspaceId, BlobHash, Span);

/// What one workspace fetches.
#[derive(Default)]
struct Errand {
    fetch: Fetch<u64>,
    joined: BTreeSet<u64>,
    /// What waits for the thread to say what is here.
    begun: BTreeMap<BlobHash, Rank>,
    policy: Policy,
    sending: Pace,
    waiting: Vec<Waiting>,
}

/// All fetches of this process.
pub(super) struct Fetching {
    worker: Option<Worker<u64>>,
    post: mpsc::UnboundedSender<Answer<u64>>,
    answers: mpsc::UnboundedReceiver<Answer<u64>>,
    errands: BTreeMap<WorkspaceId, Errand>,
    holders: Holders,
    /// Answers that came while the loop waited.
    pending: Vec<Answer<u64>>,
}

impl Fetching {
    pub(super) fn new() -> Self {
        let (post, answers) = mpsc::unbounded_channel();
        let (errands, holders) = (BTreeMap::new(), Holders::default());
        Self { worker: None, post, answers, errands, holders, pending: Vec::new() }
    }

    /// Waits for the thread.
    pub(super) async fn wait(&mut self) {
        if let Some(answer) = self.answers.recv().await {
            self.pending.push(answer);
        }
    }

    fn next_answer(&mut self) -> Option<Answer<u64>> {
        if self.pending.is_empty() { self.answers.try_recv().ok() } else { Some(self.pending.remove(0)) }
    }

    fn ask(&mut self, peer: &Peer, task: Task<u64>) -> Result<(), Failure> {
        if self.worker.is_none() {
            let post = self.post.clone();
            let answer = move |answer| {
                // The loop may have ended: then nobody waits for it.
                _ = post.send(answer);
            };
            let made = proofroom_blob_files::spawn(peer.blobs().folder().clone(), answer);
            self.worker = Some(made.map_err(|e| Failure::store(format!("a thread for files: {e}")))?);
        }
        match self.worker.as_ref().is_some_and(|worker| worker.ask(task)) {
            true => Ok(()),
            false => Err(Failure::store("the thread for files ended")),
        }
    }

    /// When a cap lets the next slice go or come.
    pub(super) fn wakes_in(&self) -> Option<std::time::Duration> {
        let now = world::now();
        let waits = self.errands.values().flat_map(|e| {
            let sends = (!e.waiting.is_empty() && !e.policy.paused).then(|| e.sending.free_at());
            [sends, e.fetch.wakes()].into_iter().flatten()
        });
        let first = waits.min()?;
        Some(std::time::Duration::from_millis(first.0.saturating_sub(now.0).max(1)))
    }

    /// Notes down who holds what.
    pub(super) fn note_holders(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        Ok(self.holders.save(peer.store_mut())?)
    }
}

impl Net {
    /// Does what lines, thread and fetches ask of each other, until none asks for more.
    pub(super) fn tend_blobs(&mut self, peer: &mut Peer) -> Result<Vec<News>, Failure> {
        let mut news = Vec::new();
        self.seat_lines(peer)?;
        loop {
            let mut quiet = true;
            for (serial, workspace, there, word) in self.words() {
                quiet = false;
                self.obey_word(peer, (serial, workspace, there), word)?;
            }
            while let Some(answer) = self.fetching.next_answer() {
                quiet = false;
                news.extend(self.on_answer(peer, answer));
            }
            self.send_waiting(peer)?;
            let asks = self.asks(&mut news);
            quiet &= asks.is_empty();
            for (serial, input) in asks {
                if let Some(line) = self.line_mut(serial) {
                    news.extend(line.feed(peer, input));
                }
            }
            if quiet {
                return Ok(news);
            }
        }
    }

    fn line_mut(&mut self, serial: u64) -> Option<&mut Line> {
        self.lines.get_mut(&serial)
    }

    fn lines_mut_of(&mut self, workspace: WorkspaceId) -> impl Iterator<Item = &mut Line> {
        self.lines.values_mut().filter(move |line| line.workspace == workspace)
    }

    fn words(&mut self) -> Vec<(u64, WorkspaceId, Option<SignerKey>, Word)> {
        let mut out = Vec::new();
        for line in self.lines.values_mut() {
            let (serial, workspace, there) = (line.serial(), line.workspace, line.there);
            out.extend(line.words.drain(..).map(|word| (serial, workspace, there, word)));
        }
        out
    }

    /// Lines that exchanged their entries become sources; those that broke are none any more.
    fn seat_lines(&mut self, peer: &Peer) -> Result<(), Failure> {
        let now = world::now();
        let up: BTreeMap<u64, WorkspaceId> =
            self.lines.values().filter(|l| l.is_source()).map(|l| (l.serial(), l.workspace)).collect();
        for (serial, workspace) in &up {
            if !self.fetching.errands.contains_key(workspace) {
                let policy = Policy::load(peer.store(), *workspace)?;
                self.fetching.errands.insert(*workspace, Errand::under(policy));
            }
            let Some(errand) = self.fetching.errands.get_mut(workspace) else { continue };
            if errand.joined.insert(*serial) {
                errand.fetch.handle(now, FetchInput::Joined(*serial));
            }
        }
        for (workspace, errand) in &mut self.fetching.errands {
            let gone: Vec<u64> =
                errand.joined.iter().filter(|s| up.get(s) != Some(workspace)).copied().collect();
            for serial in gone {
                errand.joined.remove(&serial);
                errand.waiting.retain(|(to, ..)| *to != serial);
                errand.fetch.handle(now, FetchInput::Left(serial));
            }
        }
        Ok(())
    }

    fn obey_word(
        &mut self,
        peer: &Peer,
        (serial, workspace, there): (u64, WorkspaceId, Option<SignerKey>),
        word: Word,
    ) -> Result<(), Failure> {
        let now = world::now();
        let mut learn = |blob| {
            if let Some(device) = there {
                self.fetching.holders.learn(workspace, blob, Holder { device, at: now });
            }
        };
        match word {
            Word::Read(blob, span) => {
                let errand = self.fetching.errands.entry(workspace).or_default();
                errand.waiting.push((serial, workspace, blob, span));
            }
            Word::Slice { blob, total, slice } => {
                if slice.span.offset == 0 {
                    learn(blob);
                    if let Some(line) = self.line_mut(serial) {
                        line.files.held_there.insert(blob);
                    }
                }
                return self.fetching.ask(peer, Task::Write { from: serial, workspace, blob, total, slice });
            }
            Word::Held(blob) => {
                learn(blob);
                self.fetch(workspace, FetchInput::Offered { from: serial, blob });
            }
            Word::Missing(blob) => self.fetch(workspace, FetchInput::Missing { from: serial, blob }),
            Word::Want { blob, total, rank } => {
                self.fetching.errands.entry(workspace).or_default().begun.insert(blob, rank);
                return self.fetching.ask(peer, Task::Begin { workspace, blob, total });
            }
        }
        Ok(())
    }

    fn fetch(&mut self, workspace: WorkspaceId, input: FetchInput<u64>) {
        if let Some(errand) = self.fetching.errands.get_mut(&workspace) {
            errand.fetch.handle(world::now(), input);
        }
    }

    fn on_answer(&mut self, peer: &mut Peer, answer: Answer<u64>) -> Vec<News> {
        match answer {
            Answer::Piece { to, blob, total, span, encoded } => {
                let input = Input::BlobRead { blob, total, span, encoded: encoded.into() };
                let Some(line) = self.line_mut(to) else { return Vec::new() };
                line.tally.parts_sent_bytes += span.bytes;
                line.feed(peer, input)
            }
            Answer::Missing { to, blob, .. } => {
                self.line_mut(to).map(|line| line.feed(peer, Input::BlobMissing(blob))).unwrap_or_default()
            }
            Answer::Begun { workspace, blob, held } => {
                let errand = self.fetching.errands.entry(workspace).or_default();
                if let Some(rank) = errand.begun.remove(&blob) {
                    errand.fetch.handle(world::now(), FetchInput::Want(Want { blob, rank, held }));
                }
                Vec::new()
            }
            Answer::Written { from, workspace, blob, span } => {
                self.fetch(workspace, FetchInput::Arrived { from, blob, span });
                Vec::new()
            }
            Answer::Kept { workspace, blob, bytes } => self.on_kept(peer, workspace, blob, bytes),
            Answer::Failed { workspace, blob, error } => {
                self.fetch(workspace, FetchInput::Forget(blob));
                self.fetching.errands.entry(workspace).or_default().begun.remove(&blob);
                let hint = io_hint(&error).map(|hint| format!(" ({hint})")).unwrap_or_default();
                let why = format!("file {} cannot be kept here: {error}{hint}", blob.short());
                for line in self.lines_mut_of(workspace) {
                    line.files.lost(blob);
                    line.tally.fail_file(why.clone());
                }
                Vec::new()
            }
        }
    }

    /// A blob is whole and durable: those who brought it are told.
    fn on_kept(&mut self, peer: &mut Peer, workspace: WorkspaceId, blob: BlobHash, bytes: u64) -> Vec<News> {
        self.fetching.errands.entry(workspace).or_default().begun.remove(&blob);
        self.fetch(workspace, FetchInput::Forget(blob));
        let mut news = Vec::new();
        let mut counted = false;
        for line in self.lines_mut_of(workspace) {
            if line.files.arrived(blob) && !counted {
                counted = true;
                line.tally.files_received += 1;
                line.tally.file_bytes += bytes;
            }
            line.tally.files_missing = line.files.missing.len() as u64;
            news.extend(line.feed(peer, Input::BlobHeld(blob)));
        }
        if counted {
            news.push(News::File { workspace, direction: Direction::In, blob, bytes });
        }
        news
    }

    /// Slices that the cap lets go are read.
    fn send_waiting(&mut self, peer: &Peer) -> Result<(), Failure> {
        let now = world::now();
        let mut tasks = Vec::new();
        for errand in self.fetching.errands.values_mut() {
            if errand.policy.paused {
                continue;
            }
            let mut left = std::mem::take(&mut errand.waiting).into_iter();
            for (to, workspace, blob, span) in left.by_ref() {
                if !errand.sending.take(now, span.bytes) {
                    errand.waiting.push((to, workspace, blob, span));
                    break;
                }
                tasks.push(Task::Read { to, workspace, blob, span });
            }
            errand.waiting.extend(left);
        }
        tasks.into_iter().try_for_each(|task| self.fetching.ask(peer, task))
    }

    fn asks(&mut self, news: &mut Vec<News>) -> Vec<(u64, Input)> {
        let mut asks = Vec::new();
        let mut nobody = Vec::new();
        for (workspace, errand) in &mut self.fetching.errands {
            while let Some(output) = errand.fetch.poll() {
                match output {
                    FetchOutput::Ask { to, blob, total, span } => {
                        asks.push((to, Input::AskBlob { blob, total, span }));
                    }
                    FetchOutput::Event(FetchEvent::Nobody(blob)) => nobody.push((*workspace, blob)),
                    FetchOutput::Event(FetchEvent::Stalled(_)) => {
                        news.push(News::Stalled { workspace: *workspace });
                    }
                    // It counts once it is durable.
                    FetchOutput::Event(FetchEvent::Complete(_)) => {}
                }
            }
        }
        for (workspace, blob) in nobody {
            for line in self.lines_mut_of(workspace) {
                line.files.lacking(blob);
                line.tally.files_missing = line.files.missing.len() as u64;
            }
        }
        asks
    }

    /// Time passed: silent lines lose what they owe, and what changed in the policies counts.
    pub(super) fn tick_blobs(&mut self, peer: &mut Peer) -> Result<(), Failure> {
        let now = world::now();
        for (workspace, errand) in &mut self.fetching.errands {
            let policy = Policy::load(peer.store(), *workspace)?;
            if policy != errand.policy {
                errand.adopt(policy);
                self.lines
                    .values_mut()
                    .filter(|l| l.workspace == *workspace)
                    .for_each(|l| l.files.look_again());
            }
            errand.fetch.handle(now, FetchInput::Tick);
        }
        self.fetching.note_holders(peer)
    }
}

impl Errand {
    fn under(policy: Policy) -> Self {
        let mut errand = Self::default();
        errand.adopt(policy);
        errand
    }

    fn adopt(&mut self, policy: Policy) {
        let now = world::now();
        if policy.send_bytes_per_s != self.policy.send_bytes_per_s {
            self.sending = Pace::new(policy.send_bytes_per_s);
        }
        if policy.receive_bytes_per_s != self.policy.receive_bytes_per_s {
            self.fetch.handle(now, FetchInput::Cap(policy.receive_bytes_per_s));
        }
        self.fetch.handle(now, FetchInput::Pause(policy.paused));
        self.policy = policy;
    }
}
