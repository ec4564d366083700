//! `hold`: legal holds and periods of retention.

use clap::{Args, Subcommand};
use proofroom_ident::{AssetId, EntryHash, Millis};
use proofroom_replica::Keeping;
use proofroom_review::{PlanView, RecordAct};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when::{self, Until};

/// `proofroom hold`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put assets, or all, under legal hold: nothing of them is erased until it is released
    #[command(after_help = "\
Examples:
  proofroom hold set --reason \"Velo AG v. Nord, preserve everything\"
  proofroom hold set Hero Spot --reason \"claim of 3 March\" --until 2030-01-01

Owners and producers hold and release; it is signed, and every machine that hears of it obeys: `erase` and `blobs gc` refuse
and name the hold, and what somebody erases who had not heard of it stays on the machines that had.

JSON: {\"entry\", \"class\", \"assets\", \"names\", \"until\", \"reason\", \"by\", \"by_name\", \"at\"}")]
    Set(Set),
    /// Say how long records are kept, by their class in the organisation's schedule
    #[command(after_help = "\
Examples:
  proofroom hold keep marketing --until 6y --reason \"FINRA 4511\"
  proofroom hold keep final-art Hero --until 2032-12-31 --reason contract

JSON: as `proofroom hold set`")]
    Keep(Keep),
    /// List the holds and periods of retention in force
    #[command(after_help = "JSON: {\"holds\": [as `proofroom hold set` prints]}")]
    List,
    /// End a hold, or a period of retention, before its time
    #[command(after_help = "JSON: {\"released\", \"entry\", \"reason\"}")]
    Release {
        /// Its id, or the beginning of it
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// `proofroom hold set`
#[derive(Debug, Args)]
pub struct Set {
    /// The assets, by name or id; without any: all, those to come included
    assets: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Until when, unless it is released before: 2030-01-01, or 6y
    #[arg(long, value_name = "TIME", value_parser = Until::read)]
    until: Option<Until>,
}

/// `proofroom hold keep`
#[derive(Debug, Args)]
pub struct Keep {
    /// The class of records
    class: String,
    /// The assets, by name or id; without any: all, those to come included
    assets: Vec<String>,
    /// Until when: 2032-12-31, or 6y
    #[arg(long, value_name = "TIME", value_parser = Until::read)]
    until: Until,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs a subcommand.
///
/// # Errors
/// When this person may not, there is no such asset or hold, or the store fails.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let report = match command {
        Command::List => return list(&mut seat),
        Command::Set(set) => {
            let assets = assets(&mut seat, &set.assets)?;
            let until =
                set.until.map(|until| until.from(seat.step.now)).transpose().map_err(Failure::usage)?;
            say(&mut seat, RecordAct::Hold { assets, until }, &set.reason)?
        }
        Command::Keep(keep) => {
            let assets = assets(&mut seat, &keep.assets)?;
            let until = keep.until.from(seat.step.now).map_err(Failure::usage)?;
            say(&mut seat, RecordAct::Retain { class: keep.class, assets, until }, &keep.reason)?
        }
        Command::Release { id, reason } => release(&mut seat, &id, &reason)?,
    };
    peer.forget_erased(workspace)?;
    Ok(report)
}

fn assets(seat: &mut Seat<'_>, named: &[String]) -> Result<Vec<AssetId>, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let mut assets =
        named.iter().map(|name| Ok(find::asset(&plan, name)?.id)).collect::<Result<Vec<_>, Failure>>()?;
    assets.sort_unstable();
    assets.dedup();
    Ok(assets)
}

fn say(seat: &mut Seat<'_>, act: RecordAct, reason: &str) -> Result<Report, Failure> {
    let entry = seat.replica.keep(&mut seat.step, act, reason)?.entry;
    let (people, plan) = (People::of(seat)?, seat.replica.plan(seat.step.store)?);
    let keepings = seat.replica.keepings(seat.step.store, seat.step.now)?;
    let Some(keeping) = keepings.iter().find(|k| k.entry == entry) else {
        return Err(Failure::user("it would be over before it began").hint("--until lies in the past"));
    };
    let word = shown(keeping, &plan);
    Ok(Report::new(described(keeping, &plan, &people))
        .toned(format!("{} {word}", keeping.entry.short()), Tone::Good))
}

fn release(seat: &mut Seat<'_>, id: &str, reason: &str) -> Result<Report, Failure> {
    let keepings = seat.replica.keepings(seat.step.store, seat.step.now)?;
    let all: Vec<EntryHash> = keepings.iter().map(|k| k.entry).collect();
    let record = find::entry(&all, "hold", id, "`proofroom hold list` lists those in force")?;
    let entry = seat.replica.keep(&mut seat.step, RecordAct::Release { ends: record }, reason)?.entry;
    let json = json!({"released": record, "entry": entry, "reason": reason});
    Ok(Report::new(json).toned(format!("{} is released", record.short()), Tone::Good))
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let (people, plan) = (People::of(seat)?, seat.replica.plan(seat.step.store)?);
    let keepings = seat.replica.keepings(seat.step.store, seat.step.now)?;
    let listed: Vec<Value> = keepings.iter().map(|k| described(k, &plan, &people)).collect();
    let row = |k: &Keeping| {
        vec![
            Cell::from(k.entry.short()),
            Cell::new(shown(k, &plan), Tone::Strong),
            Cell::from(people.name(k.person)),
            Cell::from(when::shown(k.claimed_at)),
            Cell::from(&k.reason),
        ]
    };
    let rows = keepings.iter().map(row).collect();
    let head = ["ID", "WHAT", "BY", "AT", "WHY"];
    Ok(Report::new(json!({"holds": listed})).table(&head, rows, "Nothing is held, and nothing is to be kept"))
}

/// What is in force of an asset, in words.
pub fn of_asset(
    seat: &mut Seat<'_>,
    asset: &AssetId,
    plan: &PlanView,
) -> Result<Vec<(Value, String)>, Failure> {
    let people = People::of(seat)?;
    let keepings = seat.replica.keepings(seat.step.store, seat.step.now)?;
    let covering = keepings.iter().filter(|k| k.covers(asset));
    Ok(covering.map(|k| (described(k, plan, &people), format!("{}: {}", shown(k, plan), k.reason))).collect())
}

fn names(keeping: &Keeping, plan: &PlanView) -> Vec<String> {
    let name = |id: &AssetId| plan.asset(id).map_or_else(|| id.short(), |a| a.name.clone());
    keeping.assets.iter().map(name).collect()
}

fn shown(keeping: &Keeping, plan: &PlanView) -> String {
    let names = names(keeping, plan);
    let about = if names.is_empty() { "all assets".to_owned() } else { names.join(", ") };
    let until = keeping.until.map_or_else(String::new, |at: Millis| format!(" until {}", when::shown(at)));
    match &keeping.class {
        None => format!("legal hold on {about}{until}"),
        Some(class) => format!("{class}: {about} to be kept{until}"),
    }
}

fn described(keeping: &Keeping, plan: &PlanView, people: &People) -> Value {
    json!({
        "entry": keeping.entry,
        "class": keeping.class,
        "assets": keeping.assets,
        "names": names(keeping, plan),
        "until": keeping.until,
        "reason": keeping.reason,
        "by": keeping.person,
        "by_name": people.name(keeping.person),
        "at": keeping.claimed_at,
    })
}
