//! The audit trail of an asset, in words.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Audience, EntryHash, WorkspaceId};
use proofroom_replica::{LogLine, LogState, ReplicaError};
use proofroom_store::Store;
use proofroom_web_wire::{TrailLine, TrailScreen};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::screens::Names;

/// The most lines that a screen is given: the newest.
const LINES_MAX: usize = 5_000;

impl<S: Store> Desk<S> {
    pub(crate) fn trail(&mut self, workspace: WorkspaceId, asset: AssetId) -> Result<TrailScreen, DeskError> {
        let names = self.names(workspace)?;
        let (store, replica) = self.replica(workspace)?;
        let name = replica.plan(store)?.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?.name.clone();
        let docs = Audience::ALL.map(|audience| workspace.review_doc(asset, audience));
        let report = replica.trail_of(store, &docs, true)?;
        let decisions: BTreeMap<EntryHash, String> = replica
            .decisions(store, asset)?
            .iter()
            .map(|d| (d.entry, said(d.statement.decision, d.statement.reason.as_deref())))
            .collect();
        let team = workspace.review_doc(asset, Audience::Team);
        let lines = report.lines.iter().rev().take(LINES_MAX).map(|line| TrailLine {
            team: line.doc == team,
            detail: decisions.get(&line.entry).cloned().unwrap_or_default(),
            ..shown(line, &names)
        });
        let maker = |person: Option<_>| person.map_or_else(|| "somebody unknown".into(), |p| names.of(&p));
        let gaps = report.based.iter().filter(|gap| docs.contains(&gap.doc));
        Ok(TrailScreen {
            name,
            lines: lines.collect(),
            checked: report.checked,
            problems: report.problems.clone(),
            gaps: gaps.map(|gap| (maker(gap.person), gap.entries)).collect(),
        })
    }
}

fn said(decision: proofroom_review::Decision, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{decision}: {reason}"),
        None => decision.to_string(),
    }
}

fn shown(line: &LogLine, names: &Names) -> TrailLine {
    let (state, why) = match &line.state {
        LogState::Counted => ("counted", String::new()),
        LogState::HeldBack => ("held_back", "written after its author was removed".to_owned()),
        LogState::Refused(why) => ("refused", names.in_text(why)),
        LogState::Unreadable => ("unreadable", "its key has not reached this browser".to_owned()),
        LogState::Equivocation => ("equivocation", "its author signed two histories from here on".to_owned()),
    };
    TrailLine {
        entry: line.entry.to_hex(),
        short: line.entry.short(),
        what: line.kind.clone(),
        who: line.person.map_or_else(|| "unknown".to_owned(), |person| names.of(&person)),
        device: line.device.short(),
        seq: line.seq,
        claimed_at: line.claimed_at.0,
        state: state.to_owned(),
        why,
        ..TrailLine::default()
    }
}
