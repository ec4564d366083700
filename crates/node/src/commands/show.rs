//! `show`: an asset's review as it was.

use std::str::FromStr as _;

use clap::Args;
use proofroom_ident::{AssetId, Audience, LogId};
use proofroom_replica::{Heads, PastReview};
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom show Hero --at 2026-03-01T12:00    what was written by then, by its authors' clocks
  proofroom show Hero --at 4f2a9c              what whoever signed this decision or act had in front of them
  proofroom show Hero --at LOG:7,LOG:12        at these heads, as `--json` prints them

The state is computed again from signed entries; any state that ever was can be shown.

JSON: {\"asset\", \"name\", \"heads\": {LOG: SEQ}, \"versions\", \"comments\", \"decisions\", \"waiting\"}")]
pub struct Show {
    /// The asset: its name or id
    asset: String,
    /// A time in this machine's zone, the beginning of an entry's hash, or heads
    #[arg(long, value_name = "WHEN")]
    at: String,
}

/// Shows a past state.
///
/// # Errors
/// When there is no such state, or entries are missing here.
pub fn run(args: &Show, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, &args.asset)?;
    let (heads, what) = heads(&mut seat, asset.id, &args.at)?;
    let past = seat.replica.review_at(seat.step.store, asset.id, heads)?;
    let people = People::of(&mut seat)?;
    let numbered = past.view.numbered();
    let versions: Vec<_> = numbered
        .iter()
        .filter_map(|n| Some(json!({"version": n.version, "label": n.label, "manifest": past.view.versions.get(&n.version)?})))
        .collect();
    let json = json!({
        "asset": asset.id,
        "name": asset.name,
        "audience": Audience::Everyone,
        "heads": past.heads,
        "versions": versions,
        "comments": past.view.comments,
        "decisions": past.decisions,
        "waiting": past.waiting,
    });
    let report = Report::new(json).toned(format!("{}, {what}", asset.name), Tone::Strong);
    let report = tables(report, &past, &people);
    Ok(match past.waiting {
        0 => report,
        n => report.warn(format!("{n} changes stand on others that claim to be later, and are left out")),
    })
}

fn tables(report: Report, past: &PastReview, people: &People) -> Report {
    let label = |version| {
        let found = past.view.numbered().into_iter().find(|n| n.version == version);
        found.map_or_else(|| version.short(), |n| n.label)
    };
    let versions = past.view.numbered().into_iter().filter_map(|n| {
        let manifest = past.view.versions.get(&n.version)?;
        let files: Vec<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
        Some(vec![
            Cell::from(n.label),
            Cell::from(people.name(manifest.author)),
            Cell::from(when::shown(manifest.claimed_at)),
            Cell::from(files.join(", ")),
            Cell::from(n.version.short()),
        ])
    });
    let comments = past.view.comments.iter().map(|c| {
        vec![
            Cell::from(c.key.id.short()),
            Cell::from(people.name(c.key.owner)),
            Cell::from(label(c.anchor.version)),
            Cell::from(c.label),
            Cell::from(c.state),
            Cell::from(c.body.lines().next().unwrap_or_default()),
        ]
    });
    let decisions = past.decisions.iter().map(|d| {
        vec![
            Cell::from(people.name(d.person)),
            Cell::from(label(d.statement.version_hash)),
            Cell::from(&d.statement.stage),
            Cell::from(d.statement.decision),
            Cell::from(when::shown(d.statement.claimed_at)),
            Cell::from(d.entry.short()),
        ]
    });
    report
        .table(&["VERSION", "BY", "AT", "FILES", "HASH"], versions.collect(), "No version yet")
        .table(&["ID", "BY", "ON", "LABEL", "STATE", "COMMENT"], comments.collect(), "No comments yet")
        .table(&["BY", "ON", "STAGE", "DECISION", "AT", "ENTRY"], decisions.collect(), "No decisions yet")
}

/// What somebody means by a moment.
fn heads(seat: &mut Seat<'_>, asset: AssetId, text: &str) -> Result<(Heads, String), Failure> {
    let store = &*seat.step.store;
    if text.contains(':') && !text.contains('-') {
        return Ok((listed(text)?, "at the heads that were given".into()));
    }
    if let Some(at) = when::moment(text) {
        return Ok((seat.replica.heads_at(store, asset, at)?, format!("as of {}", when::shown(at))));
    }
    let digits = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let found = if digits { seat.replica.heads_of(store, asset, &text.to_lowercase())? } else { None };
    found.map(|(entry, heads)| (heads, format!("as whoever signed {} saw it", entry.short()))).ok_or_else(
        || {
            Failure::user(format!("`{text}` is no time, and no decision or act on this asset begins so"))
                .hint("write 2026-03-01T12:00, or an entry that `proofroom audit --json` lists")
        },
    )
}

fn listed(text: &str) -> Result<Heads, Failure> {
    let head = |part: &str| -> Option<(LogId, u64)> {
        let (log, seq) = part.trim().split_once(':')?;
        Some((LogId::from_str(log).ok()?, seq.parse().ok()?))
    };
    let all: Option<Heads> = text.split(',').map(head).collect();
    all.ok_or_else(|| Failure::user(format!("`{text}` are no heads: write LOG:SEQ,LOG:SEQ")))
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn heads_are_read_as_they_are_printed() {
        let log = "00".repeat(16);
        let heads = listed(&format!("{log}:7")).expect("one head");
        assert_eq!(heads.values().copied().collect::<Vec<_>>(), [7]);
        for wrong in ["x:1", ":", "00:x", ""] {
            assert!(listed(wrong).is_err(), "{wrong}");
        }
    }
}
