//! The audit trail of an asset, in words.

use proofroom_ident::{AssetId, Audience, Millis, WorkspaceId};
use proofroom_replica::{AuditLine, Mark, ReplicaError};
use proofroom_store::Store;
use proofroom_web_wire::{TrailLine, TrailScreen};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::screens::Names;

/// The most lines that a screen is given: the newest.
const LINES_MAX: usize = 5_000;
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
        let told = replica.audit(store, Some(asset), now)?;
        let maker = |person: Option<_>| person.map_or_else(|| "somebody unknown".into(), |p| names.of(&p));
        let gaps = report.based.iter().filter(|gap| docs.contains(&gap.doc));
        Ok(TrailScreen {
            lines: told.iter().rev().take(LINES_MAX).map(|line| shown(line, &names, &name)).collect(),
            older: told.len().saturating_sub(LINES_MAX) as u64,
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

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}
