//! The audit trail of an asset, in words.

use proofroom_ident::{AssetId, Audience, Millis, WorkspaceId};
use proofroom_replica::{AuditLine, LogLine, LogState, Mark, ReplicaError};
use proofroom_store::Store;
use proofroom_web_wire::{TrailLine, TrailScreen};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::screens::Names;

/// The most lines that a screen is given: the newest.
const LINES_MAX: usize = 5_000;
/// With more entries than this, only what they are is told: values are found by making the documents again entry by
/// entry, which grows faster than they do, and a page waits for it.
const ENTRIES_MAX: u64 = 2_000;
/// The longest text of a line, in characters: a screen shows what changed, the terminal and a certificate all of it.
const VALUE_CHARS_MAX: usize = 400;

impl<S: Store> Desk<S> {
    pub(crate) fn trail(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
    ) -> Result<TrailScreen, DeskError> {
        let names = self.names(workspace)?;
        let (store, replica) = self.replica(workspace)?;
        let name = replica.plan(store)?.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?.name.clone();
        let docs = Audience::ALL.map(|audience| workspace.review_doc(asset, audience));
        let report = replica.trail_of(store, &docs, true)?;
        let read = [&docs[..], &[workspace.plan_doc()]].concat();
        let held = store.docs(workspace)?.into_iter().filter(|d| read.contains(&d.doc));
        let short = held.map(|d| d.entries).sum::<u64>() > ENTRIES_MAX;
        let told: Vec<TrailLine> = match short {
            true => report.lines.iter().map(|line| named(line, &names)).collect(),
            false => {
                let lines = replica.audit(store, Some(asset), now)?;
                lines.iter().map(|line| shown(line, &names, &name)).collect()
            }
        };
        let maker = |person: Option<_>| person.map_or_else(|| "somebody unknown".into(), |p| names.of(&p));
        let gaps = report.based.iter().filter(|gap| docs.contains(&gap.doc));
        Ok(TrailScreen {
            short,
            older: told.len().saturating_sub(LINES_MAX) as u64,
            lines: told.into_iter().rev().take(LINES_MAX).collect(),
            name,
            checked: report.checked,
            problems: report.problems,
            gaps: gaps.map(|gap| (maker(gap.person), gap.entries)).collect(),
        })
    }
}

fn shown(line: &AuditLine, names: &Names, asset: &str) -> TrailLine {
    let name = |person| names.of(&person);
    let value = |text: &Option<String>| cut(text.as_deref().unwrap_or_default());
    let about = line.about_said(name, |_| Some(asset.to_owned()));
    TrailLine {
        short: line.entry.short(),
        what: line.act_said(name),
        about: if about == asset { String::new() } else { about },
        old: value(&line.old),
        new: value(&line.new),
        why: value(&line.why),
        who: line.person.map_or_else(|| "unknown".to_owned(), name),
        device: line.device.short(),
        seq: line.seq,
        claimed_at: line.claimed_at.0,
        marks: line.marks.iter().map(Mark::to_string).map(|mark| names.in_text(&mark)).collect(),
        team: line.audience == Audience::Team,
    }
}

/// An entry, and whether it counts.
fn named(line: &LogLine, names: &Names) -> TrailLine {
    let mark = match &line.state {
        LogState::Counted => None,
        LogState::HeldBack => Some(Mark::HeldBack),
        LogState::Refused(why) => Some(Mark::Refused(names.in_text(why))),
        LogState::Unreadable => Some(Mark::Unreadable),
        LogState::Equivocation => Some(Mark::Equivocation),
    };
    TrailLine {
        short: line.entry.short(),
        what: line.kind.clone(),
        who: line.person.map_or_else(|| "unknown".to_owned(), |person| names.of(&person)),
        device: line.device.short(),
        seq: line.seq,
        claimed_at: line.claimed_at.0,
        marks: mark.iter().map(Mark::to_string).collect(),
        team: line.doc.audience() == Audience::Team,
        ..TrailLine::default()
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}
