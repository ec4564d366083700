//! `quiet`: when somebody wants to be left in peace.

use clap::Args;
use proofroom_review::{Hours, LibraryItem, LibraryKey, Peace, PeaceOf, PlanEdit, TimeOfDay};
use proofroom_workflow::calendar::zone;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::report::{Cell, Report};

/// `proofroom quiet`
#[derive(Debug, Args)]
#[command(after_help = "\
Whoever sends reminders keeps to this, on every machine. Without options it is shown.

Examples:
  proofroom quiet --hours 19:00-08:00 --zone Europe/Zurich
  proofroom quiet --digest 09:00                 everything at once, each day at nine
  proofroom quiet --daily-max 5                  what is more waits for the next day
  proofroom quiet --clear

JSON: {\"person\", \"zone\", \"quiet\", \"digest\", \"daily_max\", \"entry\"}")]
pub struct Quiet {
    /// When nothing is to reach you; may go over midnight
    #[arg(long, value_name = "HH:MM-HH:MM")]
    hours: Option<Hours>,
    /// When everything is to reach you at once, each day
    #[arg(long, value_name = "HH:MM")]
    digest: Option<TimeOfDay>,
    /// How many reminders a day at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    daily_max: Option<u32>,
    /// The time zone that you live in [default: that of the workspace's first calendar]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Take everything back first
    #[arg(long)]
    clear: bool,
}

/// Shows or changes when this person wants to be left in peace.
///
/// # Errors
/// When there is no such time zone, or the store fails.
pub fn run(args: &Quiet, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    if let Some(name) = args.zone.as_deref().filter(|name| zone(name).is_none()) {
        return Err(Failure::user(format!("there is no time zone `{name}`"))
            .hint("zones are called as `Europe/Zurich`, `America/New_York` or `Asia/Tokyo`"));
    }
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let person = seat.replica.me().person();
    let held = seat.replica.plan(seat.step.store)?.library.peace.get(&person).cloned();
    let base = held.clone().filter(|_| !args.clear).unwrap_or_default();
    let peace = Peace {
        zone: args.zone.clone().or(base.zone),
        quiet: args.hours.or(base.quiet),
        digest: args.digest.or(base.digest),
        daily_max: args.daily_max.or(base.daily_max),
    };
    let mut json = json!({
        "person": person,
        "zone": peace.zone,
        "quiet": peace.quiet,
        "digest": peace.digest,
        "daily_max": peace.daily_max,
    });
    if held.clone().unwrap_or_default() != peace {
        let edit = match peace == Peace::default() {
            true => PlanEdit::Unshelve { key: LibraryKey::Peace(person) },
            false => PlanEdit::Shelve {
                item: Box::new(LibraryItem::Peace(PeaceOf { person, peace: peace.clone() })),
            },
        };
        json["entry"] = json!(seat.edit_plan(edit)?.entry);
    }
    Ok(Report::new(json).fields(words(&peace)))
}

fn words(peace: &Peace) -> Vec<(&'static str, Cell)> {
    let text = |value: Option<String>, none: &str| Cell::from(value.unwrap_or_else(|| none.to_owned()));
    vec![
        ("quiet hours", text(peace.quiet.map(|h| h.to_string()), "none")),
        (
            "digest",
            text(peace.digest.map(|t| format!("each day at {t}")), "none: reminders come as they are due"),
        ),
        ("a day at most", text(peace.daily_max.map(|n| n.to_string()), "as many as are due")),
        ("time zone", text(peace.zone.clone(), "that of the workspace's first calendar")),
    ]
}
