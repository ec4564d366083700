//! `blobs`: which files are here, which are to come, and what is kept.

use clap::Subcommand;
use proofroom_ident::WorkspaceId;

use super::{Call, Exchange, Next, Purpose};
use crate::blobs::policy::{Keep, Policy, RECENT_DEFAULT};
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::report::Report;

mod census;
mod gc;
mod status;

pub use census::{Stored, census};

/// `proofroom blobs`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which files are here, on their way, or nowhere: and who last had them
    #[command(after_help = "\
Example:
  proofroom blobs status Hero

JSON: {\"workspace\", \"policy\", \"held\", \"held_bytes\", \"missing\", \"missing_bytes\", \"unused_bytes\", \"files\": [{\"asset\",
\"name\", \"blob\", \"bytes\", \"here_bytes\", \"state\", \"wanted\", \"last_holder\"}]}
state is here, partial or missing; last_holder is {\"device\", \"name\", \"at\"} or null")]
    Status {
        /// Only this asset's files: its name or id
        asset: Option<String>,
    },
    /// Always keep an asset's files, whatever the policy
    #[command(after_help = "JSON: {\"asset\", \"pinned\"}")]
    Pin {
        /// The asset: its name or id
        asset: String,
    },
    /// Keep an asset's files only as far as the policy says
    #[command(after_help = "JSON: {\"asset\", \"pinned\"}")]
    Unpin {
        /// The asset: its name or id
        asset: String,
    },
    /// Fetch an asset's files now, before all others
    #[command(after_help = "JSON: that of `proofroom sync`; {\"asset\", \"files\": 0} when all are here")]
    Fetch {
        /// The asset: its name or id
        asset: String,
    },
    /// Remove files that nothing refers to any more
    #[command(after_help = "\
Files that any version of any document names stay, whatever the policy.

JSON: {\"workspace\", \"removed\", \"freed_bytes\", \"dry_run\"}")]
    Gc {
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Show or set which files come by themselves, and how fast
    #[command(after_help = "\
Examples:
  proofroom blobs policy                          shows it
  proofroom blobs policy recent --versions 3      files of the three latest versions of every asset
  proofroom blobs policy --receive 2M --send 500K  at most 2 MB/s in, 500 kB/s out; `none` lifts a cap

JSON: {\"workspace\", \"keep\", \"versions\", \"pins\", \"receive_bytes_per_s\", \"send_bytes_per_s\", \"paused\"}")]
    Policy {
        /// Which files come by themselves
        #[arg(value_enum)]
        keep: Option<Which>,
        /// With `recent`: how many of the latest versions of every asset
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        versions: Option<u32>,
        /// Most bytes per second that files may come with: 800K, 2M, none
        #[arg(long, value_name = "RATE", value_parser = rate)]
        receive: Option<Cap>,
        /// Most bytes per second that files may go with
        #[arg(long, value_name = "RATE", value_parser = rate)]
        send: Option<Cap>,
    },
    /// Let no files come or go; entries go on
    #[command(after_help = "JSON: {\"workspace\", \"paused\"}")]
    Pause {
        /// Let them come and go again
        #[arg(long)]
        off: bool,
    },
}

/// Which files come by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// All that a version names
    All,
    /// Those of the latest versions
    Recent,
    /// Those of pinned assets
    Pinned,
    /// None, until `blobs fetch`
    OnDemand,
}

/// A cap, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap(Option<u64>);

fn rate(text: &str) -> Result<Cap, String> {
    if text == "none" {
        return Ok(Cap(None));
    }
    let unit = match text.chars().last() {
        Some('k' | 'K') => 1_000,
        Some('m' | 'M') => 1_000_000,
        Some('g' | 'G') => 1_000_000_000,
        _ => 1,
    };
    let number = if unit == 1 { text } else { &text[..text.len() - 1] };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n > 0);
    bytes
        .map(|n| Cap(Some(n)))
        .ok_or_else(|| "a number of bytes per second, such as 800K or 2M, or none".into())
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Next, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    match command {
        Command::Status { asset } => status::status(peer, workspace, asset.as_deref()).map(Next::from),
        Command::Pin { asset } => pin(peer, workspace, &asset, true).map(Next::from),
        Command::Unpin { asset } => pin(peer, workspace, &asset, false).map(Next::from),
        Command::Fetch { asset } => fetch(peer, workspace, &asset),
        Command::Gc { dry_run } => gc::gc(peer, workspace, dry_run).map(Next::from),
        Command::Policy { keep, versions, receive, send } => {
            set_policy(peer, workspace, keep, versions, receive, send).map(Next::from)
        }
        Command::Pause { off } => {
            let mut policy = Policy::load(peer.store(), workspace)?;
            policy.paused = !off;
            policy.save(peer.store_mut(), workspace)?;
            let json = serde_json::json!({"workspace": workspace, "paused": policy.paused});
            let said = if off { "Files come and go again" } else { "Files are paused; entries go on" };
            Ok(Report::new(json).line(said).into())
        }
    }
}

fn pin(peer: &mut Peer, workspace: WorkspaceId, asset: &str, pinned: bool) -> Result<Report, Failure> {
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let mut policy = Policy::load(seat.step.store, workspace)?;
    if pinned {
        policy.pins.insert(asset.id)
    } else {
        policy.pins.remove(&asset.id)
    };
    let (id, name) = (asset.id, asset.name.clone());
    policy.save(peer.store_mut(), workspace)?;
    let json = serde_json::json!({"asset": id, "pinned": pinned});
    Ok(Report::new(json).line(match pinned {
        true => format!("All files of {} are kept on this machine; they come with the next sync", name),
        false => format!("Files of {} are kept as far as the policy says", name),
    }))
}

/// Notes down that the asset's files are wanted before all others, then syncs.
fn fetch(peer: &mut Peer, workspace: WorkspaceId, asset: &str) -> Result<Next, Failure> {
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let (id, name) = (asset.id, asset.name.clone());
    let census = census(peer, workspace)?;
    let lacking: Vec<_> =
        census.files.iter().filter(|f| f.asset == id && !f.is_here()).map(|f| f.blob).collect();
    if lacking.is_empty() {
        let json = serde_json::json!({"asset": id, "files": 0});
        return Ok(Report::new(json).line(format!("All files of {name} are here")).into());
    }
    let mut policy = Policy::load(peer.store(), workspace)?;
    if policy.paused {
        return Err(Failure::user("files are paused").hint("proofroom blobs pause --off"));
    }
    // What arrived meanwhile need not be remembered.
    policy.asked.retain(|blob| peer.blobs().held(workspace, *blob).is_none());
    policy.asked.extend(lacking);
    policy.save(peer.store_mut(), workspace)?;
    Ok(Next::Exchange(Exchange { workspaces: vec![workspace], purpose: Purpose::Sync }))
}

fn set_policy(
    peer: &mut Peer,
    workspace: WorkspaceId,
    keep: Option<Which>,
    versions: Option<u32>,
    receive: Option<Cap>,
    send: Option<Cap>,
) -> Result<Report, Failure> {
    let mut policy = Policy::load(peer.store(), workspace)?;
    let before = policy.clone();
    policy.keep = match (keep, versions, policy.keep) {
        (Some(Which::Recent), n, _) => Keep::Recent(n.unwrap_or(RECENT_DEFAULT)),
        (None, Some(n), Keep::Recent(_)) => Keep::Recent(n),
        (_, Some(_), _) => return Err(Failure::usage("--versions belongs to `recent`")),
        (Some(Which::All), ..) => Keep::All,
        (Some(Which::Pinned), ..) => Keep::Pinned,
        (Some(Which::OnDemand), ..) => Keep::OnDemand,
        (None, None, keep) => keep,
    };
    if let Some(Cap(cap)) = receive {
        policy.receive_bytes_per_s = cap;
    }
    if let Some(Cap(cap)) = send {
        policy.send_bytes_per_s = cap;
    }
    if policy != before {
        policy.save(peer.store_mut(), workspace)?;
    }
    Ok(status::shown_policy(workspace, &policy))
}

#[cfg(test)]
mod tests {
    use super::{Cap, rate};

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, bytes) in [("800K", 800_000), ("2M", 2_000_000), ("1g", 1_000_000_000), ("5000", 5_000)] {
            assert_eq!(rate(text), Ok(Cap(Some(bytes))));
        }
        assert_eq!(rate("none"), Ok(Cap(None)));
        for bad in ["", "K", "0", "-1M", "2MB", "fast", "99999999999999999999"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
