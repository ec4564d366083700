//! `peers`: other members' devices, and how they are reached.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use proofroom_ident::{EndpointKey, Millis, PersonId, WorkspaceId};
use proofroom_transport_iroh::{PeerAddress, Ticket, TicketError};
use serde_json::{Value, json};

use crate::failure::{Failure, Kind};
use crate::find;
use crate::net::{LinePicture, Net, PeerPicture, Picture};
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::world;

/// `proofroom peers`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
JSON: {\"up\", \"endpoint\", \"addresses\", \"nearby\", \"strangers\", \"last_stranger\",
\"peers\": [{\"device\", \"person\", \"name\", \"endpoint\", \"linked\", \"path\", \"address\", \"rtt_us\", \"since\",
\"addresses\", \"error\", \"workspaces\": [LINE]}], \"relays\": [LINE with \"url\"]}
LINE {\"workspace\", \"state\", \"since\", \"behind\", \"ahead\", \"sent\", \"received\", \"repeated\", \"bytes\", \"files_sent\",
\"files_received\", \"file_bytes\", \"parts_sent_bytes\", \"error\"}
path is direct, relay or null; state is in_sync, catching_up, connecting or down; behind and ahead count entries
that are lacking here and there, as far as known; strangers counts those who connected with a key of no member's"
)]
pub struct Peers {
    /// Fail unless `proofroom up` runs and answers: for supervisors
    #[arg(long)]
    check: bool,
    /// What to do
    #[command(subcommand)]
    command: Option<Command>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print where this machine is reached: not a secret; for `proofroom peers add` on another one
    #[command(after_help = "JSON: {\"ticket\", \"endpoint\", \"addresses\"}")]
    Ticket,
    /// Remember where another machine is reached
    #[command(
        after_help = "JSON: {\"endpoint\", \"addresses\", \"member\"}; member is null while nobody here has this key"
    )]
    Add {
        /// What `proofroom peers ticket` printed there
        ticket: String,
    },
    /// Forget the addresses of a machine
    #[command(after_help = "JSON: {\"endpoint\", \"forgotten\"}")]
    Forget {
        /// Its endpoint key, or a ticket
        endpoint: String,
    },
}

/// Runs it. `net` is there in the process that stays connected.
///
/// # Errors
/// When `proofroom up` is needed and does not run, or a ticket is mangled.
pub fn run(args: &Peers, peer: &mut Peer, net: Option<&Net>) -> Result<Report, Failure> {
    let picture = net.map(Net::picture);
    match &args.command {
        None => show(peer, picture.as_ref(), args.check),
        Some(Command::Ticket) => ticket(picture.and_then(|p| p.here)),
        Some(Command::Add { ticket }) => add(peer, ticket),
        Some(Command::Forget { endpoint }) => forget(peer, endpoint),
    }
}

fn not_up() -> Failure {
    Failure::new(Kind::Network, "no `proofroom up` runs on this home").hint("start it: proofroom up")
}

fn ticket(here: Option<Ticket>) -> Result<Report, Failure> {
    let here = here.ok_or_else(not_up)?;
    let addresses: Vec<String> = here.addresses.iter().map(ToString::to_string).collect();
    let json = json!({"ticket": here.to_string(), "endpoint": here.endpoint, "addresses": addresses});
    Ok(Report::new(json).line(here.to_string()).essential())
}

fn add(peer: &mut Peer, text: &str) -> Result<Report, Failure> {
    let ticket: Ticket = text.parse()?;
    if ticket.endpoint == peer.identity().device.endpoint {
        return Err(Failure::user("this ticket is this machine's own").hint("add it on the other machine"));
    }
    if ticket.addresses.is_empty() {
        return Err(Failure::user("the ticket names no address")
            .hint("make it while the other machine is on a network"));
    }
    peer.learn(&ticket)?;
    let member = names(peer)?.remove(&ticket.endpoint);
    let addresses: Vec<String> = ticket.addresses.iter().map(ToString::to_string).collect();
    let json = json!({"endpoint": ticket.endpoint, "addresses": addresses, "member": member});
    let report = Report::new(json);
    Ok(match member {
        Some(name) => report.line(format!("{name} is looked for at {}", addresses.join(", "))),
        None => report.warn("no member of a workspace here has this key yet: it is looked for once one has"),
    })
}

fn forget(peer: &mut Peer, text: &str) -> Result<Report, Failure> {
    let by_ticket = text.parse::<Ticket>().map(|t| t.endpoint);
    let endpoint = by_ticket.or_else(|_| text.trim().parse::<EndpointKey>());
    let endpoint =
        endpoint.map_err(|e| Failure::user(e).hint("`proofroom peers --json` lists endpoint keys"))?;
    let forgotten = peer.unlearn(endpoint)?;
    let words = if forgotten { "Forgotten" } else { "Nothing was remembered" };
    Ok(Report::new(json!({"endpoint": endpoint, "forgotten": forgotten})).line(words))
}

impl From<TicketError> for Failure {
    fn from(error: TicketError) -> Self {
        Failure::user(error).hint("on the other machine, while `proofroom up` runs: proofroom peers ticket")
    }
}

/// Whose each endpoint key is, by printed name.
fn names(peer: &mut Peer) -> Result<BTreeMap<EndpointKey, String>, Failure> {
    let mut out = BTreeMap::new();
    for workspace in peer.workspaces()? {
        let mut seat = peer.seat(workspace)?;
        let people = People::of(&mut seat)?;
        out.extend(seat.replica.neighbours().into_iter().map(|n| (n.endpoint, people.name(n.person))));
    }
    Ok(out)
}

fn show(peer: &mut Peer, picture: Option<&Picture>, check: bool) -> Result<Report, Failure> {
    let up = picture.is_some_and(|p| p.here.is_some());
    let names = names(peer)?;
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    let held: Vec<PeerPicture> = match picture {
        Some(picture) if up => picture.peers.clone(),
        _ => remembered(peer)?,
    };
    for other in &held {
        let name = names.get(&other.endpoint).cloned();
        rows.push(row(other, name.as_deref()));
        listed.push(listed_as(other, name.as_deref()));
    }
    let mut relays = Vec::new();
    for line in picture.into_iter().flat_map(|p| &p.relays) {
        let url = peer.relay(line.workspace)?.unwrap_or_default();
        rows.push(relay_row(peer, line, &url)?);
        let mut json = line_json(line);
        json["url"] = json!(url);
        relays.push(json);
    }
    let here = picture.and_then(|p| p.here.as_ref());
    let addresses: Vec<String> = here.iter().flat_map(|t| &t.addresses).map(ToString::to_string).collect();
    let strangers = picture.map_or((0, None), |p| p.strangers);
    let json = json!({
        "up": up,
        "endpoint": peer.identity().device.endpoint,
        "addresses": addresses,
        "nearby": picture.is_some_and(|p| p.nearby),
        "strangers": strangers.0,
        "last_stranger": strangers.1,
        "peers": listed,
        "relays": relays,
    });
    let head = ["PEER", "PATH", "RTT", "SINCE", "WORKSPACES", "BEHIND", "AHEAD", "LAST ERROR"];
    let mut report = Report::new(json).table(&head, rows, "No other member's device is known yet");
    if !up {
        report = report.warn("`proofroom up` does not run: this is what is remembered");
    }
    Ok(if check && !up { report.failing(not_up()) } else { report })
}

/// Without a process that stays connected: who is known, and where they were.
fn remembered(peer: &mut Peer) -> Result<Vec<PeerPicture>, Failure> {
    let mut out: BTreeMap<EndpointKey, PeerPicture> = BTreeMap::new();
    for workspace in peer.workspaces()? {
        for n in peer.seat(workspace)?.replica.neighbours() {
            out.entry(n.endpoint).or_insert_with(|| PeerPicture {
                endpoint: n.endpoint,
                device: n.device,
                person: n.person,
                addresses: Vec::new(),
                path: None,
                since: None,
                error: None,
                lines: Vec::new(),
            });
        }
    }
    for ticket in peer.tickets()? {
        if let Some(other) = out.get_mut(&ticket.endpoint) {
            other.addresses = ticket.addresses.iter().map(ToString::to_string).collect();
        }
    }
    Ok(out.into_values().collect())
}

fn shown_name(name: Option<&str>, person: PersonId) -> String {
    name.map_or_else(|| person.short(), str::to_owned)
}

fn row(other: &PeerPicture, name: Option<&str>) -> Vec<Cell> {
    let name = shown_name(name, other.person);
    let in_sync = other.lines.iter().filter(|l| l.state == "in_sync").count();
    let state = format!("{in_sync}/{} in sync", other.lines.len());
    let (path, rtt, tone) = match &other.path {
        Some(path) => (path.address.to_string(), shown_rtt(path.rtt_us), Tone::Good),
        None => ("none".to_owned(), String::new(), Tone::Faint),
    };
    let errors = other.lines.iter().filter_map(|l| l.error.as_deref());
    let error = other.error.as_deref().into_iter().chain(errors).next().unwrap_or_default();
    vec![
        Cell::new(format!("{name} ({})", other.device.short()), Tone::Strong),
        Cell::new(path, tone),
        Cell::from(rtt),
        Cell::from(ago(other.since)),
        Cell::from(state),
        Cell::from(other.lines.iter().map(|l| l.behind).sum::<u64>()),
        Cell::from(other.lines.iter().map(|l| l.ahead).sum::<u64>()),
        Cell::new(error, Tone::Warn),
    ]
}

fn relay_row(peer: &mut Peer, line: &LinePicture, url: &str) -> Result<Vec<Cell>, Failure> {
    let name = find::workspace_name(peer, line.workspace)?.unwrap_or_else(|| line.workspace.short());
    let tone = if line.state == "down" { Tone::Bad } else { Tone::Good };
    Ok(vec![
        Cell::new("relay", Tone::Strong),
        Cell::new(url, tone),
        Cell::from(""),
        Cell::from(ago(line.since)),
        Cell::from(format!("{name}: {}", line.state.replace('_', " "))),
        Cell::from(line.behind),
        Cell::from(line.ahead),
        Cell::new(line.error.as_deref().unwrap_or_default(), Tone::Warn),
    ])
}

fn shown_rtt(rtt_us: u64) -> String {
    format!("{}.{} ms", rtt_us / 1000, rtt_us % 1000 / 100)
}

fn ago(since: Option<Millis>) -> String {
    since.map_or_else(String::new, |at| format!("{} s", world::now().0.saturating_sub(at.0) / 1000))
}

fn listed_as(other: &PeerPicture, name: Option<&str>) -> Value {
    let kind = other.path.as_ref().map(|path| match path.address {
        PeerAddress::Socket(_) => "direct",
        PeerAddress::Relay(_) => "relay",
    });
    json!({
        "device": other.device,
        "person": other.person,
        "name": name,
        "endpoint": other.endpoint,
        "linked": other.since.is_some(),
        "path": kind,
        "address": other.path.as_ref().map(|p| p.address.to_string()),
        "rtt_us": other.path.as_ref().map(|p| p.rtt_us),
        "since": other.since,
        "addresses": other.addresses,
        "error": other.error,
        "workspaces": other.lines.iter().map(line_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &LinePicture) -> Value {
    let mut json = json!({
        "workspace": WorkspaceId::to_string(&line.workspace),
        "state": line.state,
        "since": line.since,
        "behind": line.behind,
        "ahead": line.ahead,
        "error": line.error,
    });
    super::asset::merge(&mut json, line.tally.to_json());
    json
}
