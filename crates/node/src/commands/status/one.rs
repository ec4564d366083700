//! One asset in detail: versions, stages, people.

use proofroom_review::{AssignmentEnd, Outcome, SlaState};
use proofroom_workflow::{AssetState, AssignmentState, Phase, Progress, RunState, StageState};
use serde_json::{Value, json};

use crate::commands::hold;
use crate::failure::Failure;
use crate::find;
use crate::peer::Seat;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::spoken;
use crate::when;

pub(super) fn one(seat: &mut Seat<'_>, asset: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let people = People::of(seat)?;
    let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let kept = hold::of_asset(seat, &asset.id, &plan)?;
    let labelled = |run: &RunState| json!({"version": run.version, "label": run.label});
    let json = json!({
        "asset": asset.id,
        "name": asset.name,
        "category": asset.category,
        "request": asset.request.map(|r| r.id),
        "outcome": state.outcome,
        "fork": state.current.heads().len() > 1,
        "kept": kept.iter().map(|(json, _)| json).collect::<Vec<_>>(),
        "current": state.heads().map(labelled).collect::<Vec<_>>(),
        "release": {
            "ready": state.release.ready,
            "covered_by": state.release.covered_by,
            "open": state.release.open.iter().map(|b| spoken::block(b, &state, &people)).collect::<Vec<_>>(),
        },
        "versions": state.runs.iter().map(|run| described(run, &state, &people)).collect::<Vec<_>>(),
    });
    let mut report = Report::new(json).fields([
        ("asset", Cell::new(&asset.name, Tone::Strong)),
        ("category", Cell::from(asset.category)),
        ("outcome", Cell::new(state.outcome, spoken::tone(state.outcome))),
    ]);
    for (_, words) in &kept {
        report = report.toned(words, Tone::Warn);
    }
    if state.runs.is_empty() {
        return Ok(report.toned("No version yet: proofroom version add ASSET FILE", Tone::Faint));
    }
    for run in state.runs.iter().rev() {
        report = shown(report, run, &state, &people);
    }
    Ok(report)
}

/// One version's review as JSON.
fn described(run: &RunState, state: &AssetState, people: &People) -> Value {
    let stages: Vec<Value> = run.stages.iter().map(|s| described_stage(s, state, people)).collect();
    let conditions = run.conditions.iter().map(|c| {
        json!({
            "person": c.person,
            "name": people.name(c.person),
            "decision": c.decision,
            "index": c.index,
            "text": c.condition.text,
            "met": c.met,
        })
    });
    json!({
        "version": run.version,
        "label": run.label,
        "outcome": run.outcome,
        "so_far": run.so_far,
        "submitted": run.submitted,
        "submitted_at": run.submitted_at,
        "route": run.route,
        "route_hash": run.route_hash,
        "chosen": run.chosen,
        "stages": stages,
        "conditions": conditions.collect::<Vec<_>>(),
        "open_comments": run.open_comments.iter().map(|c| c.id).collect::<Vec<_>>(),
        "late_comments": run.late_comments.iter().map(|c| c.id).collect::<Vec<_>>(),
        "blocked_by": run.blocks().into_iter().map(|b| spoken::block(b, state, people)).collect::<Vec<_>>(),
        "notices": spoken::run_notices(run, people),
        "released": run.released,
    })
}

fn described_stage(stage: &StageState, state: &AssetState, people: &People) -> Value {
    let person = |a: &AssignmentState| {
        json!({
            "person": a.person,
            "name": people.name(a.person),
            "role": a.duty,
            "must_decide": a.must_decide,
            "progress": a.progress,
            "decision": a.decision.map(|d| d.decision),
            "by": a.decision.map(|d| d.by),
            "carried": a.decision.is_some_and(|d| d.carried),
            "entry": a.decision.map(|d| d.entry),
            "end": a.end,
            "due": a.due,
            "sla": a.sla,
            "stand_ins": a.stand_ins,
        })
    };
    json!({
        "stage": stage.stage,
        "phase": stage.phase,
        "outcome": stage.outcome,
        "so_far": stage.so_far,
        "started_at": stage.started_at,
        "closed_at": stage.closed_at,
        "people": stage.assignments.iter().map(person).collect::<Vec<_>>(),
        "blocked_by": stage.blocked_by.iter().map(|b| spoken::block(b, state, people)).collect::<Vec<_>>(),
    })
}

fn shown(report: Report, run: &RunState, state: &AssetState, people: &People) -> Report {
    let route = if run.is_built_in() { String::new() } else { format!(", route {}", run.route) };
    let draft = if run.submitted { "" } else { ", not sent on its route yet" };
    let head = format!("{} ({}): {}{route}{draft}", run.label, run.version.short(), run.outcome);
    let mut report = report.line("").toned(head, Tone::Strong);
    let rows = run.stages.iter().flat_map(|stage| stage_rows(stage, run, people)).collect();
    report = report.table(&["STAGE", "WHO", "DECIDES", "HAS", "DECISION", "DUE"], rows, "Nobody is asked");
    for c in &run.conditions {
        let met = if c.met { "met" } else { "open" };
        report = report.line(format!("condition of {} ({met}): {}", people.name(c.person), c.condition.text));
    }
    if !run.open_comments.is_empty() {
        let late = match run.late_comments.len() {
            0 => String::new(),
            n => format!(", {n} written after it closed"),
        };
        report = report.line(format!("{} open comments{late}", run.open_comments.len()));
    }
    for block in run.blocks() {
        report = report.toned(format!("waits: {}", spoken::block(block, state, people)), Tone::Warn);
    }
    for notice in spoken::run_notices(run, people) {
        report = report.toned(format!("notice: {notice}"), Tone::Warn);
    }
    for released in &run.released {
        let line = format!("released by {} on {}", people.name(released.person), when::shown(released.at));
        report = report.toned(line, Tone::Good);
    }
    report
}

/// A stage's people, the stage named with its outcome in the first row.
fn stage_rows(stage: &StageState, run: &RunState, people: &People) -> Vec<Vec<Cell>> {
    let past = matches!(run.outcome, Outcome::Superseded | Outcome::Withdrawn);
    let name = match (run.is_built_in(), stage.phase) {
        (true, _) => Cell::new(stage.outcome, spoken::tone(stage.outcome)),
        (false, Phase::Waiting) => Cell::new(format!("{} (waits)", stage.stage), Tone::Faint),
        (false, Phase::Running) if past => Cell::new(format!("{} (not closed)", stage.stage), Tone::Faint),
        (false, Phase::Running) => Cell::new(format!("{} (runs)", stage.stage), Tone::Strong),
        (false, Phase::Closed) => {
            Cell::new(format!("{}: {}", stage.stage, stage.outcome), spoken::tone(stage.outcome))
        }
    };
    let mut name = Some(name);
    let mut rows: Vec<Vec<Cell>> = stage
        .assignments
        .iter()
        .map(|a| {
            let mut row = vec![name.take().unwrap_or_else(|| Cell::from(""))];
            row.extend(person_cells(a, people));
            row
        })
        .collect();
    if let Some(name) = name {
        rows.push(vec![name, Cell::new("nobody", Tone::Faint)]);
    }
    rows
}

fn person_cells(a: &AssignmentState, people: &People) -> [Cell; 5] {
    let duty = match (a.must_decide, a.duty.counts()) {
        (true, _) => "must",
        (false, true) => "may",
        (false, false) => "looks on",
    };
    [
        Cell::from(people.name(a.person)),
        Cell::new(duty, Tone::Faint),
        Cell::from(progress(a)),
        decision(a, people),
        due(a),
    ]
}

/// How far somebody has come, in one word.
pub(in crate::commands) fn progress(a: &AssignmentState) -> &'static str {
    match (a.end, a.progress) {
        (Some(AssignmentEnd::Decided), _) => "decided",
        (Some(AssignmentEnd::Completed), _) => "completed",
        (Some(AssignmentEnd::Recused), _) => "recused",
        (Some(AssignmentEnd::Skipped), _) => "skipped",
        (Some(AssignmentEnd::Delegated), _) => "delegated",
        (_, Progress::Waiting) => "-",
        (_, Progress::Asked) => "not synced",
        (_, Progress::Synced) => "synced",
        (_, Progress::Opened) => "opened",
        (_, Progress::Commented) => "commented",
        (_, Progress::Ended) => "ended",
    }
}

fn decision(a: &AssignmentState, people: &People) -> Cell {
    let Some(d) = a.decision else {
        return match a.end {
            Some(AssignmentEnd::NoResponse) => Cell::new("no response", Tone::Warn),
            _ => Cell::new("-", Tone::Faint),
        };
    };
    let by = if d.by == a.person { String::new() } else { format!(", by {}", people.name(d.by)) };
    let carried = if d.carried { ", carried" } else { "" };
    Cell::new(format!("{}{by}{carried}", d.decision), spoken::decision_tone(d.decision))
}

fn due(a: &AssignmentState) -> Cell {
    let tone = match a.sla {
        Some(SlaState::Missed) => Tone::Bad,
        Some(SlaState::AtRisk | SlaState::Indeterminate) => Tone::Warn,
        Some(SlaState::Paused) => Tone::Faint,
        Some(SlaState::Met) | None => Tone::Plain,
    };
    match (a.due, a.sla) {
        (Some(at), Some(sla)) => Cell::new(format!("{} {sla}", when::shown(at)), tone),
        (Some(at), None) => Cell::new(when::shown(at), tone),
        (None, Some(sla)) => Cell::new(sla, tone),
        (None, None) => Cell::from(""),
    }
}
