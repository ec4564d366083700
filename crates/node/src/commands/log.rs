//! `log`: every entry that is held, and whether it counts.

use clap::Args;
use proofroom_replica::{LogLine, LogState};
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom log`
#[derive(Debug, Args)]
#[command(after_help = "\
JSON: {\"entries\": [{\"entry\", \"kind\", \"doc\", \"log\", \"seq\", \"device\", \"person\", \"claimed_at\", \"bytes\", \"state\"}],
\"logs\", \"checked\", \"problems\", \"equivocations\", \"based\": [{\"doc\", \"logs\", \"entries\", \"maker\", \"person\"}]}
based lists documents whose earlier entries are not here, because a snapshot stands for them
state is counted, held_back, unreadable, equivocation, or {\"refused\": why}")]
pub struct Log {
    /// Check every signature, payload hash and chain link again; exit code 5 if one does not hold
    #[arg(long)]
    verify: bool,
    /// How many of the latest entries to print; JSON has them all
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// Lists the entries.
///
/// # Errors
/// When the store cannot be read.
pub fn run(args: &Log, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let people = People::of(&mut seat)?;
    let trail = seat.replica.trail(seat.step.store, args.verify)?;
    let skipped = trail.lines.len().saturating_sub(args.limit);
    let rows = trail.lines.iter().skip(skipped).map(|line| row(line, &people)).collect();
    let head = ["AT", "BY", "KIND", "LOG", "SEQ", "BYTES", "STATE"];
    let json = json!({
        "entries": trail.lines,
        "logs": trail.logs,
        "checked": trail.checked,
        "problems": trail.problems,
        "equivocations": trail.equivocations,
        "based": trail.based,
    });
    let mut report = Report::new(json).table(&head, rows, "Nothing is held yet");
    if skipped > 0 {
        report = report.toned(format!("{skipped} earlier entries are not shown: --limit"), Tone::Faint);
    }
    if trail.equivocations > 0 {
        report = report
            .warn(format!("{} logs are frozen: their authors signed two histories", trail.equivocations));
    }
    for based in &trail.based {
        let by = based.person.map_or_else(|| based.maker.short(), |person| people.name(person));
        let (entries, doc) = (based.entries, based.doc.short());
        let text = format!("document {doc}: a snapshot by {by} stands for {entries} earlier entries");
        report = report.toned(text, Tone::Faint);
    }
    if !args.verify {
        return Ok(report);
    }
    let verdict = |first: &String| {
        Failure::verify(format!(
            "{} of the stored logs do not hold; the first: {first}",
            trail.problems.len()
        ))
        .hint("restore the store from a backup; what was synced comes back from the relay")
    };
    Ok(match trail.problems.first() {
        Some(first) => report.failing(verdict(first)),
        None => report.toned(
            format!(
                "{} entries in {} logs checked: every signature, hash and link holds",
                trail.checked, trail.logs
            ),
            Tone::Good,
        ),
    })
}

fn row(line: &LogLine, people: &People) -> Vec<Cell> {
    let (state, tone) = match &line.state {
        LogState::Counted => ("counted".to_owned(), Tone::Plain),
        LogState::HeldBack => ("held back".to_owned(), Tone::Warn),
        LogState::Refused(why) => (format!("refused: {why}"), Tone::Bad),
        LogState::Unreadable => ("unreadable: its key has not arrived".to_owned(), Tone::Warn),
        LogState::Equivocation => ("two histories".to_owned(), Tone::Bad),
    };
    let by = line.person.map_or_else(|| line.device.short(), |p| people.name(p));
    vec![
        Cell::from(when::shown(line.claimed_at)),
        Cell::from(by),
        Cell::from(&line.kind),
        Cell::from(line.log.short()),
        Cell::from(line.seq),
        Cell::from(line.bytes),
        Cell::new(state, tone),
    ]
}
