//! `delegate`: who decides for whom, and until when.

use clap::{Args, Subcommand};
use proofroom_ident::{EntryHash, Millis};
use proofroom_replica::SignedDelegation;
use proofroom_review::{Delegation, Scope, StageName};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom delegate`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let somebody decide for you, for a while
    #[command(after_help = "\
Examples:
  proofroom delegate to Cy --for 2w
  proofroom delegate to Cy --for 3d --stage legal --asset Hero --reason \"on leave\"

Their decisions are shown as \"Cy for you\"; they cannot hand it on. You may still decide yourself.

JSON: {\"delegation\", \"by\", \"to\", \"from\", \"until\", \"assets\", \"stages\", \"reason\", \"revoked\", \"standing\"}")]
    To(To),
    /// List all delegations of the workspace
    #[command(
        after_help = "JSON: {\"delegations\": [as `proofroom delegate to` prints, and \"by_name\", \"to_name\"]}
standing is coming, running, over or revoked"
    )]
    List,
    /// End one of your delegations now
    #[command(after_help = "JSON: {\"delegation\", \"entry\"}")]
    Revoke {
        /// The delegation's id, or the beginning of it
        id: String,
    },
}

/// `proofroom delegate to`
#[derive(Debug, Args)]
pub struct To {
    /// Who is to decide for you, by name or id
    person: String,
    /// For how long: 3d, 2w, 12h
    #[arg(long = "for", value_name = "TIME", value_parser = when::duration_ms)]
    for_ms: u64,
    /// Beginning in so long, and not now
    #[arg(long = "in", value_name = "TIME", value_parser = when::duration_ms)]
    in_ms: Option<u64>,
    /// About this asset only; may be given several times
    #[arg(long = "asset", value_name = "ASSET")]
    assets: Vec<String>,
    /// In stages of this name only; may be given several times
    #[arg(long = "stage", value_name = "STAGE")]
    stages: Vec<StageName>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

/// Runs a subcommand.
///
/// # Errors
/// When the person is no member, or the delegation would have no effect.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::To(args) => to(&mut seat, args),
        Command::List => list(&mut seat),
        Command::Revoke { id } => revoke(&mut seat, &id),
    }
}

fn to(seat: &mut Seat<'_>, args: To) -> Result<Report, Failure> {
    let members = seat.replica.members(seat.step.store)?;
    let person = find::person(&members, &args.person)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let assets = args.assets.iter().map(|name| find::asset(&plan, name).map(|asset| asset.id));
    let mut assets = assets.collect::<Result<Vec<_>, _>>()?;
    assets.sort_unstable();
    assets.dedup();
    let from = Millis(seat.step.now.0.saturating_add(args.in_ms.unwrap_or(0)));
    let until = Millis(from.0.saturating_add(args.for_ms));
    let scope = Scope { assets, stages: args.stages };
    let grant = Delegation::Grant { to: person, scope, from, until };
    let (receipt, _) = seat.replica.delegate(&mut seat.step, grant, args.reason)?;
    let all = seat.replica.delegations(seat.step.store)?;
    let made = all.iter().find(|d| d.entry == receipt.entry);
    let made = made.ok_or_else(|| Failure::store("the delegation was recorded but is not shown"))?;
    let json = described(made, &all, seat.step.now, None).unwrap_or_default();
    let name = People::from_members(&members).name(person);
    Ok(Report::new(json).line(format!("{name} may decide for you until {}", when::shown(until))))
}

/// Who ended a grant, and when.
fn revoked_at(grant: &SignedDelegation, all: &[SignedDelegation]) -> Option<Millis> {
    let ends = all.iter().filter(|other| {
        other.person == grant.person
            && matches!(other.statement.delegation, Delegation::Revoke { grant: of } if of == grant.entry)
    });
    ends.map(|other| other.statement.claimed_at).min()
}

fn standing(from: Millis, until: Millis, revoked: Option<Millis>, now: Millis) -> &'static str {
    match () {
        () if revoked.is_some_and(|at| at <= now) => "revoked",
        () if until <= now => "over",
        () if now < from => "coming",
        () => "running",
    }
}

/// A grant as JSON; `None` for a revocation, which is shown with what it revokes.
fn described(
    d: &SignedDelegation,
    all: &[SignedDelegation],
    now: Millis,
    people: Option<&People>,
) -> Option<Value> {
    let Delegation::Grant { to, scope, from, until } = &d.statement.delegation else { return None };
    let revoked = revoked_at(d, all);
    let mut json = json!({
        "delegation": d.entry,
        "by": d.person,
        "to": to,
        "from": from,
        "until": until,
        "assets": scope.assets,
        "stages": scope.stages,
        "reason": d.statement.reason,
        "revoked": revoked,
        "standing": standing(*from, *until, revoked, now),
    });
    if let Some(people) = people {
        json["by_name"] = json!(people.name(d.person));
        json["to_name"] = json!(people.name(*to));
    }
    Some(json)
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let people = People::of(seat)?;
    let now = seat.step.now;
    let plan = seat.replica.plan(seat.step.store)?;
    let mut all = seat.replica.delegations(seat.step.store)?;
    all.sort_by_key(|d| (d.statement.claimed_at, d.entry));
    let listed: Vec<Value> = all.iter().filter_map(|d| described(d, &all, now, Some(&people))).collect();
    let row = |d: &SignedDelegation| {
        let Delegation::Grant { to, scope, from, until } = &d.statement.delegation else { return None };
        let standing = standing(*from, *until, revoked_at(d, &all), now);
        let tone = if standing == "running" { Tone::Good } else { Tone::Faint };
        let asset = |id| plan.asset(id).map_or_else(|| id.short(), |a| a.name.clone());
        let about = scope.stages.iter().map(ToString::to_string).chain(scope.assets.iter().map(asset));
        let about: Vec<String> = about.collect();
        let about = if about.is_empty() { "everything".into() } else { about.join(", ") };
        Some(vec![
            Cell::from(d.entry.short()),
            Cell::from(people.name(d.person)),
            Cell::from(people.name(*to)),
            Cell::new(standing, tone),
            Cell::from(when::shown(*until)),
            Cell::from(about),
        ])
    };
    let rows = all.iter().filter_map(row).collect();
    let empty = "Nobody decides for somebody else: proofroom delegate to PERSON --for 2w";
    let head = ["ID", "FOR", "DECIDES", "", "UNTIL", "ABOUT"];
    Ok(Report::new(json!({"delegations": listed})).table(&head, rows, empty))
}

fn revoke(seat: &mut Seat<'_>, id: &str) -> Result<Report, Failure> {
    let me = seat.replica.me().person();
    let all = seat.replica.delegations(seat.step.store)?;
    let mine =
        |d: &&SignedDelegation| d.person == me && matches!(d.statement.delegation, Delegation::Grant { .. });
    let mine: Vec<EntryHash> = all.iter().filter(mine).map(|d| d.entry).collect();
    let grant = find::entry(&mine, "delegation of yours", id, "`proofroom delegate list` lists them")?;
    let (receipt, _) = seat.replica.delegate(&mut seat.step, Delegation::Revoke { grant }, None)?;
    let json = json!({"delegation": grant, "entry": receipt.entry});
    Ok(Report::new(json).line(format!("Delegation {} has ended", grant.short())))
}
