//! `remind`: sends what is due, once: for those who do not keep `up` running.

use clap::Args;
use proofroom_notify::Sent;
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::post::{Due, Post, Round, due, sent, ways_text};
use crate::report::{Cell, Report, Tone};

/// `proofroom remind`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
`proofroom up` does this by itself. Reminders follow a ladder: half of the time has passed and it was not opened; three
quarters; the deadline; then the backup, where one is named. Each step is said once, by whichever machine is first,
outside quiet hours (`proofroom quiet`), and only the last of several. How they go out is set in notify.toml in the home
directory: `proofroom notify example` prints one. A reminder is written down once it was handed over.

From a timer, as an example: */15 * * * * proofroom sync && proofroom remind && proofroom sync

JSON: {\"dry_run\", \"reminders\": [{\"to\", \"name\", \"line\", \"ways\", \"outcome\", \"reminder\"}], \"sent\": [{\"id\", \"way\", \"to\",
\"outcome\", \"reason\", \"items\"}]}; outcome of a reminder is told, unreached or due; of what was sent delivered, tried again
later or given up")]
pub struct Remind {
    /// Show what is due and by which ways it would go, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Hands over what is due, or shows it.
///
/// # Errors
/// When the outbox or the store fails.
pub fn run(args: &Remind, peer: &mut Peer, call: &Call, post: &mut Post) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let now = seat.step.now;
    let all = due(&mut seat, now)?;
    if args.dry_run {
        let mut ways = |d: &Due| post.courier().settings().ways(&d.to.to_hex(), &d.name, d.me);
        let listed: Vec<(Due, Vec<String>, &str)> =
            all.into_iter().map(|d| (d.clone(), ways_text(&ways(&d)), "due")).collect();
        return Ok(shown(&listed, true));
    }
    let Round { told, unreached } = post.round(&mut seat, all, now)?;
    let told = told.into_iter().map(|t| (t.due, ways_text(&t.ways), "told"));
    let unreached = unreached.into_iter().map(|d| (d, Vec::new(), "unreached"));
    Ok(shown(&told.chain(unreached).collect::<Vec<_>>(), false))
}

fn shown(listed: &[(Due, Vec<String>, &str)], dry_run: bool) -> Report {
    let row = |(due, ways, outcome): &(Due, Vec<String>, &str)| {
        let (by, tone) = match (ways.as_slice(), due.me, *outcome) {
            (_, _, "unreached") => ("nothing here reaches them".to_owned(), Tone::Warn),
            ([], true, _) => ("this machine".to_owned(), Tone::Plain),
            ([], false, _) => ("nothing here reaches them".to_owned(), Tone::Warn),
            (ways, ..) => (ways.join(", "), Tone::Plain),
        };
        vec![Cell::new(&due.name, Tone::Strong), Cell::new(by, tone), Cell::from(&due.item.line)]
    };
    let described: Vec<Value> = listed
        .iter()
        .map(|(due, ways, outcome)| {
            json!({
                "to": due.to,
                "name": due.name,
                "line": due.item.line,
                "ways": ways,
                "outcome": outcome,
                "reminder": due.item.data,
            })
        })
        .collect();
    let rows = listed.iter().map(row).collect();
    let json = json!({"dry_run": dry_run, "reminders": described, "sent": []});
    let report =
        Report::new(json).table(&["TO", "BY", "REMINDER"], rows, "Nobody is to be reminded of anything now");
    let unreached = listed.iter().filter(|(due, ways, _)| ways.is_empty() && !due.me).count();
    match unreached {
        0 => report,
        n => report.toned(
            format!("{n} not sent from here: set up mail or a webhook in notify.toml, or leave it to another machine"),
            Tone::Faint,
        ),
    }
}

/// Adds what came of the deliveries.
pub fn carried(report: Report, all: &[Sent]) -> Report {
    let mut json = report.to_json();
    let described: Vec<Value> = all.iter().map(|s| sent(s).2).collect();
    json["sent"] = json!(described);
    all.iter().fold(report.with_json(json), |report, s| {
        let (text, tone, _) = sent(s);
        report.toned(text, tone)
    })
}
