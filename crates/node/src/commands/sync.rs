//! `sync`: exchange what is new with the relay, once or for as long as it runs.

use clap::Args;
use proofroom_ident::WorkspaceId;
use proofroom_replica::Membership;
use serde_json::{Value, json};

use super::{Call, Exchange, Next, Purpose};
use crate::console::Console;
use crate::failure::{Failure, Kind};
use crate::find;
use crate::net::{Net, News, Standing, Tally};
use crate::peer::Peer;
use crate::people;
use crate::report::{Cell, Report, Tone};

/// `proofroom sync`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --workspace, every workspace that has a relay is exchanged. While `sync --watch` runs, other commands work
as always; what they write is delivered at once.

JSON: {\"workspaces\": [{\"workspace\", \"name\", \"relay\", \"state\", \"role\", \"sent\", \"received\", \"held_back\", \"stood_for\", \"bytes\",
\"files_sent\", \"files_received\", \"file_bytes\", \"parts_sent_bytes\", \"files_missing\", \"refused_there\", \"refused_here\", \"files_refused\", \"snapshots_declined\",
\"error\"}]}; state is in_sync or failed; sent and received count entries that are durable on the other side

JSON with --watch, one object per line: {\"event\", \"workspace\", ...}
  watching {\"pid\"}   connected   in_sync   delivered {\"entries\"}   received {\"entries\"}   joined {\"role\"}
  snapshot {\"entries\"}   file {\"direction\", \"blob\", \"bytes\"}   disconnected {\"error\"}   retry {\"after_ms\"}")]
pub struct Sync {
    /// Stay connected: deliver and receive as things happen
    #[arg(long)]
    pub watch: bool,
}

/// Which workspaces are to be exchanged.
///
/// # Errors
/// When none has a relay.
pub fn plan(_args: &Sync, peer: &mut Peer, call: &Call) -> Result<Next, Failure> {
    let workspaces = match &call.workspace {
        Some(text) => vec![find::workspace(peer, Some(text))?],
        None => with_relay(peer)?,
    };
    if workspaces.is_empty() {
        // Says whether there is no workspace at all, or none with a relay.
        let one = find::workspace(peer, None)?;
        return Err(Failure::user(format!("workspace {} has no relay", one.short()))
            .hint("proofroom workspace relay URL, or exchange a file: proofroom bundle export FILE"));
    }
    Ok(Next::Exchange(Exchange { workspaces, purpose: Purpose::Sync }))
}

/// All workspaces that have a relay.
///
/// # Errors
/// When the store cannot be read.
pub fn with_relay(peer: &mut Peer) -> Result<Vec<WorkspaceId>, Failure> {
    let mut found = Vec::new();
    for workspace in peer.workspaces()? {
        if peer.relay(workspace)?.is_some() {
            found.push(workspace);
        }
    }
    Ok(found)
}

/// Exchanges until everything is settled or broken off.
///
/// # Errors
/// When the store fails, or a line cannot be begun.
pub async fn exchange(
    peer: &mut Peer,
    exchange: &Exchange,
    console: &mut Console,
) -> Result<Report, Failure> {
    let mut net = Net::new(false);
    for workspace in &exchange.workspaces {
        net.begin(peer, *workspace)?;
    }
    let mut progress = console.progress("files", 0);
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        for news in net.settle(peer)? {
            if let News::Progress { bytes, expected } = news {
                progress.grow(expected);
                progress.advance(bytes);
            }
        }
        if !exchange.workspaces.iter().any(|w| net.standing(*w) == Standing::Busy) {
            break;
        }
        let news = tokio::select! {
            event = net.next() => net.on(peer, event),
            _ = tick.tick() => net.tick(peer)?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::network("interrupted: what was exchanged so far is kept")),
        };
        for news in news {
            if let News::Progress { bytes, .. } = news {
                progress.advance(bytes);
            }
        }
    }
    drop(progress);
    let outcomes: Vec<Outcome> = exchange
        .workspaces
        .iter()
        .map(|w| Outcome { workspace: *w, standing: net.standing(*w), tally: net.tally(*w) })
        .collect();
    net.close(peer).await?;
    conclude(peer, exchange.purpose, &outcomes)
}

/// How the exchange of one workspace ended.
pub struct Outcome {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Settled, or failed.
    pub standing: Standing,
    /// What was done.
    pub tally: Tally,
}

/// Tells what an exchange did; gives up a join that did not succeed.
///
/// # Errors
/// When a join fails, or the store does.
pub fn conclude(peer: &mut Peer, purpose: Purpose, outcomes: &[Outcome]) -> Result<Report, Failure> {
    let (mut listed, mut verdict, mut lines) = (Vec::new(), None, Vec::new());
    for outcome in outcomes {
        let failure = judged(outcome);
        if let (Purpose::Join | Purpose::Open, Some(failure)) = (purpose, &failure) {
            give_up(peer, outcome.workspace)?;
            return Err(failure.clone());
        }
        let name = find::workspace_name(peer, outcome.workspace)?;
        listed.push(listed_as(peer, outcome, name.as_deref(), failure.as_ref())?);
        lines.push(row(outcome, name.as_deref(), failure.as_ref()));
        verdict = verdict.or(failure);
    }
    let head = ["WORKSPACE", "STATE", "SENT", "RECEIVED", "FILES SENT", "FILES RECEIVED"];
    let mut report = Report::new(json!({"workspaces": listed})).table(&head, lines, "Nothing to exchange");
    for outcome in outcomes {
        report = remarks(report, &outcome.tally);
    }
    if let (Purpose::Join | Purpose::Open, [outcome]) = (purpose, outcomes) {
        report = welcome(report, peer, outcome.workspace)?;
    }
    Ok(match verdict {
        Some(failure) => report.failing(failure),
        None => report,
    })
}

/// A broken line fails; so does a relay that hands out what does not hold.
fn judged(outcome: &Outcome) -> Option<Failure> {
    match (&outcome.standing, outcome.tally.refused_here.first()) {
        (Standing::Failed(failure), _) => Some(failure.clone()),
        (_, Some(first)) => Some(
            Failure::new(Kind::Verify, format!("the relay handed out entries that do not hold: {first}"))
                .hint("nothing of them was kept; tell whoever runs the relay"),
        ),
        _ => None,
    }
}

fn listed_as(
    peer: &mut Peer,
    outcome: &Outcome,
    name: Option<&str>,
    failure: Option<&Failure>,
) -> Result<Value, Failure> {
    let role = match peer.seat(outcome.workspace)?.replica.membership() {
        Membership::Member(role) => Some(role),
        _ => None,
    };
    let mut json = json!({
        "workspace": outcome.workspace,
        "name": name,
        "relay": peer.relay(outcome.workspace)?,
        "state": if outcome.standing == Standing::Settled { "in_sync" } else { "failed" },
        "role": role,
        "error": failure.map(|f| f.what.clone()),
    });
    super::asset::merge(&mut json, outcome.tally.to_json());
    Ok(json)
}

fn row(outcome: &Outcome, name: Option<&str>, failure: Option<&Failure>) -> Vec<Cell> {
    let state = match failure {
        None => Cell::new("in sync", Tone::Good),
        Some(_) => Cell::new("failed", Tone::Bad),
    };
    let t = &outcome.tally;
    let name = name.map_or_else(|| outcome.workspace.short(), str::to_owned);
    let counts = [t.sent, t.received, t.files_sent, t.files_received].map(Cell::from);
    [Cell::new(name, Tone::Strong), state].into_iter().chain(counts).collect()
}

fn remarks(mut report: Report, tally: &Tally) -> Report {
    if tally.stood_for > 0 {
        report = report
            .line(format!("Snapshots stand for {} entries, which did not have to come", tally.stood_for));
    }
    for why in &tally.snapshots_declined {
        report = report.warn(format!("a snapshot was not taken, its entries were fetched instead: {why}"));
    }
    if tally.held_back > 0 {
        report = report.warn(format!(
            "{} entries are held back: their author was removed before; `proofroom members list` shows whose",
            tally.held_back
        ));
    }
    if tally.files_missing > 0 {
        report = report.warn(format!(
            "{} files have not reached the relay yet: whoever added them must sync",
            tally.files_missing
        ));
    }
    for refusal in &tally.refused_there {
        report = report.warn(format!(
            "the relay takes nothing of log {} from entry {} on ({}): {}",
            refusal.log.short(),
            refusal.seq,
            refusal.code,
            refusal.text
        ));
    }
    for device in &tally.liars {
        report = report
            .warn(format!("device {device} sent wrong bytes and was sent away; nothing of it was kept"));
    }
    for why in &tally.files_failed {
        report = report.warn(why);
    }
    for why in &tally.files_refused {
        report = report.warn(format!("the relay does not take a file: {why}"));
    }
    report
}

fn welcome(report: Report, peer: &mut Peer, workspace: WorkspaceId) -> Result<Report, Failure> {
    let name = find::workspace_name(peer, workspace)?.unwrap_or_else(|| workspace.short());
    Ok(match peer.seat(workspace)?.replica.membership() {
        Membership::Member(role) => {
            report.toned(format!("You are {} of {name}", people::a(role)), Tone::Good)
        }
        _ => report.warn(format!("{name} is here, but you are no member of it")),
    })
}

/// Leaves no trace of a join that did not succeed.
fn give_up(peer: &mut Peer, workspace: WorkspaceId) -> Result<(), Failure> {
    let mut seat = peer.seat(workspace)?;
    if matches!(seat.replica.membership(), Membership::Joining(_)) {
        seat.replica.abandon_join(&mut seat.step)?;
    }
    peer.forget(workspace)
}

fn line(json: Value, text: String, tone: Tone) -> Option<Report> {
    Some(Report::new(json).toned(text, tone))
}

/// One line of `sync --watch`.
pub fn told(news: &News) -> Option<Report> {
    match news {
        News::Up { workspace } => line(
            json!({"event": "connected", "workspace": workspace}),
            format!("{} connected", workspace.short()),
            Tone::Faint,
        ),
        News::InSync { workspace } => line(
            json!({"event": "in_sync", "workspace": workspace}),
            format!("{} in sync", workspace.short()),
            Tone::Good,
        ),
        News::Delivered { workspace, entries } => line(
            json!({"event": "delivered", "workspace": workspace, "entries": entries}),
            format!("{} delivered {entries}", workspace.short()),
            Tone::Plain,
        ),
        News::Received { workspace, entries } => line(
            json!({"event": "received", "workspace": workspace, "entries": entries}),
            format!("{} received {entries}", workspace.short()),
            Tone::Plain,
        ),
        News::Snapshot { workspace, entries } => line(
            json!({"event": "snapshot", "workspace": workspace, "entries": entries}),
            format!("{} took a snapshot in place of {entries} entries", workspace.short()),
            Tone::Plain,
        ),
        News::File { workspace, direction, blob, bytes } => {
            let way = if *direction == proofroom_sync::Direction::Out { "sent" } else { "received" };
            line(
                json!({"event": "file", "workspace": workspace, "direction": way, "blob": blob, "bytes": bytes}),
                format!("{} {way} a file of {bytes} bytes", workspace.short()),
                Tone::Plain,
            )
        }
        News::Joined { workspace, role } => line(
            json!({"event": "joined", "workspace": workspace, "role": role}),
            format!("{} joined as {role}", workspace.short()),
            Tone::Good,
        ),
        News::Witnessed { workspace, asset, name, entry, relay } => {
            let with =
                relay.map(|key| format!(", with the word of relay {}", key.short())).unwrap_or_default();
            line(
                json!({"event": "witnessed", "workspace": workspace, "asset": asset, "name": name, "entry": entry, "relay": relay}),
                format!("Witnessed the decisions on {name}{with}"),
                Tone::Faint,
            )
        }
        News::Progress { .. } => None,
        trouble => told_of_trouble(trouble),
    }
}

/// The same of what is not as it should be.
fn told_of_trouble(news: &News) -> Option<Report> {
    match news {
        News::Down { workspace, failure } => line(
            json!({"event": "disconnected", "workspace": workspace, "error": failure.what}),
            format!("{} disconnected: {}", workspace.short(), failure.what),
            Tone::Warn,
        ),
        News::Retry { workspace, after_ms } => line(
            json!({"event": "retry", "workspace": workspace, "after_ms": after_ms}),
            format!("{} trying again in {after_ms} ms", workspace.short()),
            Tone::Faint,
        ),
        News::Lied { workspace, device, blob } => {
            let (of, file) = (workspace.short(), blob.short());
            line(
                json!({"event": "lied", "workspace": workspace, "device": device, "blob": blob}),
                format!("{of} device {device} sent wrong bytes for file {file} and was sent away"),
                Tone::Bad,
            )
        }
        News::Stalled { workspace } => line(
            json!({"event": "stalled", "workspace": workspace}),
            format!("{} somebody owes parts of files and is silent", workspace.short()),
            Tone::Faint,
        ),
        News::Trouble { failure } => line(
            json!({"event": "trouble", "error": failure.what}),
            format!("peers cannot be met: {}", failure.what),
            Tone::Warn,
        ),
        _ => None,
    }
}
