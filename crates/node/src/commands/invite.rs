//! `invite` and `join`: a link lets somebody in.

use clap::{Args, Subcommand};
use proofroom_authority::Role;
use proofroom_ident::InviteId;
use proofroom_replica::{InviteLink, Membership, Replica};
use serde_json::json;

use super::{Call, Exchange, Next, Purpose};
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people;
use crate::report::{Cell, Report, Tone};
use crate::when::{self, Expiry};

/// `proofroom invite`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Example:
  proofroom invite --role reviewer --uses 3 --expires 7d

The link is a secret: whoever holds it may join, and read. Sync once before you hand it out. Once it has done its
work, proofroom invite revoke ID, and it opens nothing new.

JSON: {\"link\", \"invite\", \"role\", \"uses\", \"expires\"}; expires is null for an invite that does not end"
)]
pub struct Invite {
    /// What the link makes its holder: producer, reviewer, guest, relay (an owner also makes owners)
    #[arg(long, required = true)]
    role: Option<Role>,
    /// How many people may use it
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    uses: u32,
    /// When it ends: 7d, 12h, P7D, or never
    #[arg(long, default_value = "14d", value_name = "DURATION")]
    expires: Expiry,
    #[command(subcommand)]
    command: Option<InviteCommand>,
}

/// What else there is to do with invites.
#[derive(Debug, Subcommand)]
pub enum InviteCommand {
    /// List the invites that were made
    #[command(after_help = "\
JSON: {\"invites\": [{\"invite\", \"role\", \"uses_left\", \"expires\", \"revoked\"}]}")]
    List,
    /// End an invite; the keys change, also where it was used up, so that the link reads nothing new. Who joined by it
    /// stays, unless nobody here has heard of them yet
    #[command(after_help = "JSON: {\"invite\", \"entry\"}")]
    Revoke {
        /// The invite
        id: String,
    },
}

/// `proofroom join`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  proofroom join proofroom:join/aea4...

The workspace is fetched at once from the relay that the link names. With --later, or where the link names no
relay, it is fetched by the next `proofroom sync` or `proofroom bundle import`.

JSON: as `proofroom sync`")]
pub struct Join {
    /// The invite link
    link: String,
    /// Fetch the workspace later
    #[arg(long)]
    later: bool,
}

/// Makes, lists or revokes invites.
///
/// # Errors
/// When the role may not, or the invite is not known.
pub fn invite(args: Invite, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let relay = peer.relay(workspace)?;
    let mut seat = peer.seat(workspace)?;
    match (args.command, args.role) {
        (Some(InviteCommand::List), _) => Ok(list(seat.replica)),
        (Some(InviteCommand::Revoke { id }), _) => {
            let id = find_invite(seat.replica, &id)?;
            let receipt = seat.replica.revoke_invite(&mut seat.step, id)?;
            Ok(Report::new(json!({"invite": id, "entry": receipt.entry}))
                .line(format!("The invite {} admits no one any more", id.short())))
        }
        (None, None) => Err(Failure::usage("say which role: --role reviewer")),
        (None, Some(role)) => {
            let expires = args.expires.from(seat.step.now);
            let relays = relay.clone().into_iter().collect();
            let link = seat.replica.invite(&mut seat.step, role, args.uses, expires, relays)?;
            let report = made(&link, args.uses);
            Ok(match relay {
                Some(_) => report,
                None => report.warn("the workspace has no relay: the new member needs a bundle file"),
            })
        }
    }
}

fn made(link: &InviteLink, uses: u32) -> Report {
    let ends = link.expires.map_or_else(|| "never".into(), when::shown);
    let text = link.to_string();
    Report::new(json!({
        "link": text,
        "invite": link.secret.id(),
        "role": link.role,
        "uses": uses,
        "expires": link.expires,
    }))
    .fields([
        ("role", Cell::from(link.role)),
        ("uses", Cell::from(uses)),
        ("ends", Cell::from(ends)),
        ("invite", Cell::from(link.secret.id().short())),
    ])
    .line("")
    .toned(&text, Tone::Strong)
    .line("")
    .toned("Whoever holds the link may join: proofroom join LINK", Tone::Faint)
}

fn list(replica: &Replica) -> Report {
    let invites = replica.invites();
    let row = |i: &proofroom_replica::InviteView| {
        let ends = i.expires.map_or_else(|| "never".into(), when::shown);
        let left = if i.revoked { "revoked".into() } else { i.uses_left.to_string() };
        vec![Cell::from(i.invite.short()), Cell::from(&i.role), Cell::from(left), Cell::from(ends)]
    };
    let rows = invites.iter().map(row).collect();
    Report::new(json!({"invites": invites})).table(
        &["ID", "ROLE", "USES LEFT", "ENDS"],
        rows,
        "No invites were made",
    )
}

/// Says which links died with somebody's removal or demotion.
pub fn tell_closed(report: Report, closed: &[InviteId]) -> Report {
    match closed {
        [] => report,
        [one] => report.line(format!(
            "The link {}, which is known there, admits nobody any more: whoever was still to come needs another",
            one.short()
        )),
        several => report.line(format!(
            "{} links that are known there admit nobody any more: whoever was still to come needs another",
            several.len()
        )),
    }
}

fn find_invite(replica: &Replica, text: &str) -> Result<InviteId, Failure> {
    let text = text.trim().to_lowercase();
    let mut found =
        replica.invites().into_iter().filter(|i| text.len() >= 4 && i.invite.to_hex().starts_with(&text));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.invite),
        (Some(_), Some(_)) => {
            Err(Failure::user(format!("`{text}` may mean several invites")).hint("give more digits"))
        }
        (None, _) => Err(Failure::user(format!("there is no invite `{text}`")).hint("proofroom invite list")),
    }
}

/// Takes up a link; the workspace is fetched next.
///
/// # Errors
/// When the link is mangled or expired, or this person is a member already.
pub fn join(args: &Join, peer: &mut Peer) -> Result<Next, Failure> {
    let link: InviteLink = args.link.parse().map_err(proofroom_replica::ReplicaError::from)?;
    let workspace = link.workspace;
    if peer.workspaces()?.contains(&workspace)
        && let Membership::Member(role) = peer.seat(workspace)?.replica.membership()
    {
        return Err(Failure::user(format!("you are {} of this workspace already", people::a(role)))
            .hint("leave the link to somebody else"));
    }
    let relay = link.relays.iter().find_map(|r| crate::peer::relay_address(r).ok());
    peer.begin(|step, me| Replica::join(step, me, &link))?;
    peer.set_relay(workspace, relay.as_deref().unwrap_or_default())?;
    if args.later || relay.is_none() {
        let report = Report::new(json!({"workspace": workspace, "state": "joining", "relay": relay}));
        return Ok(Next::Done(
            report.line("The link is taken up. Next: proofroom sync, or proofroom bundle import FILE"),
        ));
    }
    Ok(Next::Exchange(Exchange { workspaces: vec![workspace], purpose: Purpose::Join }))
}
