//! `rebuild`: a new store of what is readable of a damaged one, and of what others hold.
//!
//! The old file is copied before anything opens it: opening repairs, and may write over what nobody else
//! holds. The new one is filled under a name of its own, and then put in the old one's place: whenever this
//! is cut off, one of them is there.
//! Entries go in by the door by which a stranger's come: each proves itself again. What is known of
//! own logs is not taken over, so the next own entry begins a new one: peers may hold more of the
//! old logs than could be read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::Args;
use proofroom_ident::{DocId, WorkspaceId};
use proofroom_replica::IngestOutcome;
use proofroom_store::{Batch, KeyValue, Store as _, StoreError};
use proofroom_store_redb::RedbStore;
use serde_json::{Value, json};

use super::sync::{exchange, with_relay};
use super::{Exchange, Purpose};
use crate::cli::Globals;
use crate::console::Console;
use crate::failure::{Failure, io_hint};
use crate::find;
use crate::home::{Home, at, sync_dir};
use crate::identity::Identity;
use crate::lock::Lock;
use crate::peer::{Peer, STORE, relay_address};
use crate::report::{Cell, Report, Tone};
use crate::salvage::{self, Found, Piece};
use crate::survey::survey;

/// The new store, while it is filled.
const UNFINISHED: &str = "store.redb.rebuilding";
/// The copy of the old one, while it is made.
const COPYING: &str = "store.redb.copying";
/// Values that are taken over where they are readable: relays, joins that wait, what a join came by (sealed), other
/// devices, policies, ports.
const KEPT: [&[u8]; 6] =
    [b"node/relay/", b"join/", b"came/", b"node/peer/", b"node/blobs/policy/", b"node/up/"];
/// Entries that are taken in at a time, in bytes.
const TAKE_BYTES: usize = 4 << 20;

/// `proofroom rebuild`
#[derive(Debug, Args)]
#[command(after_help = "\
The damaged store is kept beside the new one, as store.redb.old-1. What is not readable comes from the
relays at once, and from other members' devices by `proofroom up` or `proofroom bundle import`. Entries
that follow one that is missing wait: once it has come, take them in with --from. No log of this
device's is continued: a new one begins.

Examples:
  proofroom rebuild
  proofroom rebuild --relay wss://relay.example    where the relay's address was not readable
  proofroom rebuild --from store.redb.old-1        once more, when others have brought the rest

JSON: {\"kept_aside\", \"problems\", \"lost\", \"unread_bytes\", \"workspaces\": [{\"workspace\", \"name\", \"relay\", \"readable\",
\"own\", \"taken\", \"known\", \"waiting\", \"own_waiting\", \"refused\"}], \"exchanges\": [as `sync` tells of each workspace]}")]
pub struct Rebuild {
    /// Take in what is readable of this file: a store that an earlier rebuild kept aside
    #[arg(long, value_name = "FILE", conflicts_with = "anyway")]
    from: Option<PathBuf>,
    /// Even where nothing is found to be wrong
    #[arg(long)]
    anyway: bool,
    /// Ask no relay for what is missing
    #[arg(long)]
    offline: bool,
    /// The relay of the workspaces of which no relay is known any more
    #[arg(long, value_name = "URL", value_parser = relay_address)]
    relay: Option<String>,
}

/// What is done so far.
#[derive(Default)]
struct Done {
    kept_aside: Option<PathBuf>,
    problems: Vec<String>,
    lost: Vec<String>,
    unread_bytes: u64,
    tallies: BTreeMap<WorkspaceId, Tally>,
    exchanges: Vec<Value>,
    warnings: Vec<String>,
}

/// What became of a workspace's entries.
#[derive(Default)]
struct Tally {
    readable: usize,
    own: usize,
    taken: u64,
    known: u64,
    waiting: Vec<Piece>,
    refused: Vec<String>,
}

/// Rebuilds the store, or takes in once more what is readable of an old one.
///
/// # Errors
/// When nothing is wrong with the store, another process holds it, it is of a newer version, or the disk fails.
pub fn run(args: &Rebuild, home: &Home, globals: &Globals, console: &mut Console) -> Result<Report, Failure> {
    if !Identity::exists(home)? {
        return Err(crate::home::HomeError::Empty(home.dir().to_owned()).into());
    }
    let lock = super::identity::own(home)?;
    let identity = Identity::load(home, super::identity::passphrase)?;
    let mut done = Done::default();
    let (mut peer, old) = match &args.from {
        Some(file) => {
            let file = std::path::absolute(home.dir().join(file)).map_err(at("resolve", file))?;
            let found = look_through(&file, console)?;
            let mut peer = Peer::open(home, lock, identity)?;
            done.take_all(&mut peer, &file, found)?;
            (peer, file)
        }
        None => anew(args, home, lock, identity, console, &mut done)?,
    };
    peer.believe(globals.authorities()?);
    if let Some(relay) = &args.relay {
        for workspace in peer.workspaces()? {
            if peer.relay(workspace)?.is_none() {
                peer.set_relay(workspace, relay)?;
            }
        }
    }
    if !args.offline {
        done.fetch(&mut peer, &old, console)?;
    }
    let report = done.told(&mut peer, &old)?;
    peer.keep_shown();
    peer.close()?;
    Ok(report)
}

/// Fills a new store from the old file, and puts it in its place.
fn anew(
    args: &Rebuild,
    home: &Home,
    lock: Lock,
    identity: Identity,
    console: &Console,
    done: &mut Done,
) -> Result<(Peer, PathBuf), Failure> {
    let path = home.path(STORE);
    if !path.exists() {
        return Err(Failure::user(format!("there is no {}", path.display())).hint(
            "any other command makes a new one; `proofroom rebuild --from FILE` fills it from an old one",
        ));
    }
    for leftover in [UNFINISHED.to_owned(), format!("{UNFINISHED}.new"), COPYING.to_owned()] {
        home.remove(&leftover)?;
    }
    let aside = set_aside(home, &path)?;
    let kept = examine(&path, done).and_then(|kept| match done.problems.is_empty() && !args.anyway {
        false => Ok(kept),
        true => Err(Failure::user(format!("nothing is wrong with {}", path.display()))
            .hint("--anyway makes a new store all the same")),
    });
    let kept = kept.inspect_err(|_| drop(fs::remove_file(&aside)))?;
    let found = look_through(&aside, console)?;
    let mut peer = Peer::over(home, UNFINISHED, lock, identity)?;
    let mut batch = Batch::new();
    for (key, value) in kept {
        batch.put(key, value);
    }
    peer.store_mut().commit(batch)?;
    done.take_all(&mut peer, &aside, found)?;
    let (lock, identity) = peer.into_lock_and_identity();
    fs::rename(home.path(UNFINISHED), &path).map_err(at("replace", &path))?;
    sync_dir(home.dir())?;
    done.kept_aside = Some(aside.clone());
    Ok((Peer::open(home, lock, identity)?, aside))
}

/// Looks for what is wrong with the old store, and reads those of its values that are worth keeping.
fn examine(path: &Path, done: &mut Done) -> Result<Vec<KeyValue>, Failure> {
    let store = match RedbStore::open(path) {
        Ok(store) => store,
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Io { .. })) => {
            done.problems.push(error.to_string());
            done.lost.push("relays, other devices, policies".into());
            return Ok(Vec::new());
        }
        // Held by another process, of a newer version, on a disk that is full or read-only: no damage.
        Err(error) => return Err(Failure::from(error).at(path)),
    };
    let mut kept = Vec::new();
    for prefix in KEPT {
        match store.scan(prefix) {
            Ok(values) => kept.extend(values),
            Err(error) => done.lost.push(format!("{}: {error}", String::from_utf8_lossy(prefix))),
        }
    }
    done.problems = survey(&store);
    Ok(kept)
}

fn look_through(path: &Path, console: &Console) -> Result<Found, Failure> {
    let bytes = fs::metadata(path).map_err(at("look at", path))?.len();
    let mut progress = console.progress("looking through", bytes);
    Ok(salvage::find(path, |n| progress.advance(n))?)
}

/// Copies the old store to the first name that is free.
fn set_aside(home: &Home, path: &Path) -> Result<PathBuf, Failure> {
    let free = (1u32..).map(|n| home.path(&format!("{STORE}.old-{n}"))).find(|name| !name.exists());
    let aside = free.ok_or_else(|| Failure::store("no name is left to keep the old store under"))?;
    let copying = home.path(COPYING);
    let copied = fs::copy(path, &copying).and_then(|_| File::open(&copying)?.sync_all());
    match copied {
        Ok(()) => fs::rename(&copying, &aside).map_err(at("keep", &aside))?,
        Err(error) if io_hint(&error).is_some() => return Err(at("copy", path)(error).into()),
        // The disk cannot read all of it: then it is as it is that the old store is kept.
        Err(_) => {
            home.remove(COPYING)?;
            fs::hard_link(path, &aside).map_err(at("keep", &aside))?;
        }
    }
    sync_dir(home.dir())?;
    Ok(aside)
}

impl Done {
    /// Takes in every entry that was found.
    fn take_all(&mut self, peer: &mut Peer, path: &Path, found: Found) -> Result<(), Failure> {
        self.unread_bytes = found.unread_bytes;
        let me = peer.identity().device.signing;
        for workspace in found.pieces.keys() {
            let (readable, own) = found.count(*workspace, me);
            self.tallies.insert(*workspace, Tally { readable, own, ..Tally::default() });
        }
        for (workspace, pieces) in found.pieces {
            self.take(peer, path, workspace, pieces)?;
        }
        // What is readable here may be nowhere else.
        peer.flush()
    }

    /// Takes in entries of one workspace; those that follow one that is missing wait.
    fn take(
        &mut self,
        peer: &mut Peer,
        path: &Path,
        workspace: WorkspaceId,
        pieces: Vec<Piece>,
    ) -> Result<(), Failure> {
        let file = File::open(path).map_err(at("open", path))?;
        let tally = self.tallies.entry(workspace).or_default();
        let mut rest = pieces.as_slice();
        while !rest.is_empty() {
            // The whole membership comes before what stands on it.
            let authority = rest[0].doc == DocId::AUTHORITY;
            let mut bytes = 0;
            let fits = |piece: &&Piece| {
                bytes += piece.bytes;
                (bytes <= TAKE_BYTES || bytes == piece.bytes) && (piece.doc == DocId::AUTHORITY) == authority
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count());
            rest = later;
            let read = now.iter().map(|piece| salvage::entry(&file, path, piece));
            let entries = read.collect::<Result<Vec<_>, _>>()?;
            let mut seat = peer.seat(workspace)?;
            let ingested = seat.replica.ingest(&mut seat.step, entries)?;
            for (piece, (entry, outcome)) in now.iter().zip(ingested.outcomes) {
                match outcome {
                    IngestOutcome::Stored | IngestOutcome::HeldBack | IngestOutcome::Equivocation => {
                        tally.taken += 1;
                    }
                    IngestOutcome::Known => tally.known += 1,
                    IngestOutcome::Missing(_) => tally.waiting.push(*piece),
                    // Nobody erased its payload: it is damaged, and as good as not there.
                    IngestOutcome::Refused(_) if piece.bare => {}
                    IngestOutcome::Refused(why) => tally.refused.push(format!("{}: {why}", entry.short())),
                }
            }
        }
        Ok(())
    }

    /// Exchanges with the relays, then takes in what waited for what came, and exchanges that.
    fn fetch(&mut self, peer: &mut Peer, path: &Path, console: &mut Console) -> Result<(), Failure> {
        self.exchange(peer, console)?;
        let waiting: Vec<_> = self.tallies.iter().map(|(w, tally)| (*w, tally.waiting.clone())).collect();
        let taken = |done: &Self| done.tallies.values().map(|tally| tally.taken).sum::<u64>();
        let before = taken(self);
        for (workspace, pieces) in waiting.into_iter().filter(|(_, pieces)| !pieces.is_empty()) {
            self.tallies.entry(workspace).or_default().waiting.clear();
            self.take(peer, path, workspace, pieces)?;
        }
        peer.flush()?;
        if taken(self) > before {
            self.exchange(peer, console)?;
        }
        Ok(())
    }

    fn exchange(&mut self, peer: &mut Peer, console: &mut Console) -> Result<(), Failure> {
        let workspaces = with_relay(peer)?;
        if workspaces.is_empty() {
            return Ok(());
        }
        let all = Exchange { workspaces, purpose: Purpose::Sync };
        let report = crate::runtime()?.block_on(exchange(peer, &all, console))?;
        self.exchanges = report.to_json()["workspaces"].as_array().cloned().unwrap_or_default();
        // The store is rebuilt all the same.
        let failed =
            report.verdict().map(|failure| format!("{}; `proofroom sync` tries again", failure.what));
        self.warnings = failed.into_iter().collect();
        Ok(())
    }

    fn told(self, peer: &mut Peer, old: &Path) -> Result<Report, Failure> {
        let me = peer.identity().device.signing;
        let (mut rows, mut listed, mut warnings) = (Vec::new(), Vec::new(), self.warnings);
        for (workspace, tally) in &self.tallies {
            let name = find::workspace_name(peer, *workspace)?;
            let shown = name.clone().unwrap_or_else(|| workspace.short());
            let relay = peer.relay(*workspace)?;
            let own_waiting = tally.waiting.iter().filter(|piece| piece.author == me).count();
            if relay.is_none() {
                warnings
                    .push(format!("no relay of {shown} is known; name it: proofroom workspace relay URL"));
            }
            if !tally.waiting.is_empty() {
                warnings.push(format!(
                    "{} entries of {shown} wait for what is missing before them, {own_waiting} of them yours; \
                     when others have brought it: proofroom rebuild --from {}",
                    tally.waiting.len(),
                    old.file_name().unwrap_or_default().display()
                ));
            }
            let counts =
                [tally.readable, tally.own, tally.waiting.len(), tally.refused.len()].map(Cell::from);
            rows.push([Cell::new(shown, Tone::Strong)].into_iter().chain(counts).collect());
            listed.push(
                json!({"workspace": workspace, "name": name, "relay": relay, "readable": tally.readable,
                "own": tally.own, "taken": tally.taken, "known": tally.known, "waiting": tally.waiting.len(),
                "own_waiting": own_waiting, "refused": tally.refused}),
            );
        }
        if !self.lost.is_empty() {
            warnings.push(format!("not readable any more: {}", self.lost.join("; ")));
        }
        let json = json!({"kept_aside": self.kept_aside, "problems": self.problems, "lost": self.lost,
            "unread_bytes": self.unread_bytes, "workspaces": listed, "exchanges": self.exchanges});
        let head = ["WORKSPACE", "READABLE", "YOURS", "WAITING", "REFUSED"];
        let mut report = Report::new(json).table(&head, rows, "No entry was readable");
        if let Some(aside) = &self.kept_aside {
            report = report.line(format!(
                "The old store is kept as {}: once `proofroom doctor` finds nothing, remove it",
                aside.display()
            ));
        }
        Ok(warnings.into_iter().fold(report, Report::warn))
    }
}
