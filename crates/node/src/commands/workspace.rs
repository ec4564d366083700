//! `workspace`: create, list, locate, and say where the relay is.

use clap::Subcommand;
use proofroom_replica::device_link::{CodeError, Locator};
use proofroom_replica::{Membership, Replica};
use serde_json::json;

use super::{Call, Exchange, Next, Purpose};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, relay_address};
use crate::report::{Cell, Report, Tone};

/// `proofroom workspace`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a workspace; you become its owner
    #[command(after_help = "\
Example:
  proofroom workspace create \"Spring campaign\" --relay ws://127.0.0.1:4747

JSON: {\"workspace\", \"name\", \"relay\"}")]
    Create {
        /// Its name
        name: String,
        /// The relay that carries it
        #[arg(long, value_name = "URL", value_parser = relay_address)]
        relay: Option<String>,
    },
    /// List the workspaces on this machine
    #[command(after_help = "\
JSON: {\"workspaces\": [{\"workspace\", \"name\", \"role\", \"relay\", \"state\"}]}
state is member, joining, removed or stranger; role is null unless member; name and relay may be null")]
    List,
    /// Show or change where the workspace's relay is
    #[command(after_help = "JSON: {\"workspace\", \"relay\"}")]
    Relay {
        /// The new address; without it the present one is shown
        #[arg(value_name = "URL", value_parser = relay_address, conflicts_with = "none")]
        url: Option<String>,
        /// Use no relay: exchange by bundles only
        #[arg(long)]
        none: bool,
    },
    /// Rename the workspace
    #[command(after_help = "JSON: {\"workspace\", \"name\", \"entry\"}")]
    Rename {
        /// Its new name
        name: String,
    },
    /// Print where the workspace is found: not a secret, and no invite
    #[command(after_help = "JSON: {\"workspace\", \"relay\", \"locator\"}")]
    Locate,
    /// Fetch a workspace of which this person is a member already: after `proofroom recover`
    #[command(after_help = "JSON: as `proofroom sync`")]
    Open {
        /// What `proofroom workspace locate` printed
        locator: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Next, Failure> {
    match command {
        Command::Create { name, relay } => create(peer, &name, relay.as_deref()).map(Next::from),
        Command::List => list(peer).map(Next::from),
        Command::Relay { url, none } => relay(peer, call, url.or(none.then(String::new))).map(Next::from),
        Command::Rename { name } => rename(peer, call, &name).map(Next::from),
        Command::Locate => locate(peer, call).map(Next::from),
        Command::Open { locator } => open(peer, &locator),
    }
}

fn create(peer: &mut Peer, name: &str, relay: Option<&str>) -> Result<Report, Failure> {
    let workspace = peer.begin(|step, me| Replica::create(step, me, name))?;
    if let Some(relay) = relay {
        peer.set_relay(workspace, relay)?;
    }
    let next = if relay.is_some() { "proofroom sync, then proofroom invite" } else { "proofroom invite" };
    Ok(Report::new(json!({"workspace": workspace, "name": name, "relay": relay}))
        .fields([
            ("workspace", Cell::new(name, Tone::Strong)),
            ("id", Cell::from(workspace.short())),
            ("relay", Cell::from(relay.unwrap_or("none"))),
        ])
        .toned(format!("Next: {next}"), Tone::Faint))
}

fn list(peer: &mut Peer) -> Result<Report, Failure> {
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for id in peer.workspaces()? {
        let name = find::workspace_name(peer, id)?;
        let relay = peer.relay(id)?;
        let (state, role) = match peer.seat(id)?.replica.membership() {
            Membership::Member(role) => ("member", Some(role)),
            Membership::Joining(_) => ("joining", None),
            Membership::Removed => ("removed", None),
            Membership::Stranger => ("stranger", None),
        };
        rows.push(vec![
            Cell::from(id.short()),
            Cell::new(name.as_deref().unwrap_or("(not arrived yet)"), Tone::Strong),
            Cell::from(role.map_or_else(|| state.to_owned(), |r| r.to_string())),
            Cell::from(relay.as_deref().unwrap_or("none")),
        ]);
        listed.push(json!({"workspace": id, "name": name, "role": role, "relay": relay, "state": state}));
    }
    let empty = "No workspaces yet: proofroom workspace create \"Spring campaign\"";
    Ok(Report::new(json!({"workspaces": listed})).table(&["ID", "NAME", "ROLE", "RELAY"], rows, empty))
}

fn relay(peer: &mut Peer, call: &Call, to: Option<String>) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    if let Some(url) = to {
        peer.set_relay(workspace, &url)?;
    }
    let relay = peer.relay(workspace)?;
    let shown = relay.clone().unwrap_or_else(|| "none".into());
    Ok(Report::new(json!({"workspace": workspace, "relay": relay})).line(shown))
}

fn rename(peer: &mut Peer, call: &Call, name: &str) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let edit = proofroom_review::PlanEdit::SetName { name: name.to_owned() };
    let receipt = seat.edit_plan(edit)?;
    Ok(Report::new(json!({"workspace": workspace, "name": name, "entry": receipt.entry}))
        .line(format!("The workspace is now called {name}")))
}

fn locate(peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let relay = peer.relay(workspace)?;
    let locator = Locator { workspace, relay: relay.clone().unwrap_or_default() }.to_string();
    Ok(Report::new(json!({"workspace": workspace, "relay": relay, "locator": locator}))
        .line(&locator)
        .essential())
}

fn open(peer: &mut Peer, text: &str) -> Result<Next, Failure> {
    let refused = |why: String| {
        Failure::user(why).hint("`proofroom workspace locate` prints it on any member's machine")
    };
    let Locator { workspace, relay } = text.parse().map_err(|e: CodeError| refused(e.to_string()))?;
    let relay = if relay.is_empty() { relay } else { relay_address(&relay).map_err(refused)? };
    peer.set_relay(workspace, &relay)?;
    Ok(Next::Exchange(Exchange { workspaces: vec![workspace], purpose: Purpose::Open }))
}
