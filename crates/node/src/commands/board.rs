//! `board`: every asset at its stage, and how far each person has come.

use clap::Args;
use proofroom_ident::Millis;
use proofroom_review::{AssetView, Outcome};
use proofroom_workflow::{AssetState, AssignmentState, Phase, RunState};
use serde_json::{Value, json};

use super::{Call, status};
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::spoken;

/// `proofroom board`
#[derive(Debug, Args)]
#[command(after_help = "\
Columns are stages: an asset stands in every stage that runs. Below a stage's name each asset tells how long it has
been there and how far each person has come: synced, opened, commented, decided.

JSON: {\"columns\": [{\"column\", \"cards\": [{\"asset\", \"name\", \"label\", \"outcome\", \"since\", \"due\", \"people\": [{\"person\",
\"name\", \"progress\", \"decision\", \"due\", \"sla\"}], \"blocked_by\": [text]}]}]}")]
pub struct Board {
    /// Only columns whose name contains this
    #[arg(long, value_name = "TEXT")]
    column: Option<String>,
}

struct Card {
    column: String,
    /// Columns before the stages, the stages, and those after.
    place: u8,
    name: String,
    label: String,
    outcome: Outcome,
    since: Option<Millis>,
    due: Option<Millis>,
    people: Vec<AssignmentState>,
    json: Value,
    waits: String,
}

/// Shows the board.
///
/// # Errors
/// When the store cannot be read.
pub fn run(args: &Board, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let people = People::of(&mut seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let now = seat.step.now;
    let evaluation = seat.replica.workflow(seat.step.store, now)?;
    let mut cards = Vec::new();
    for asset in &plan.assets {
        if let Some(state) = evaluation.asset(&asset.id) {
            cards.extend(cards_of(asset, state, &people));
        }
    }
    if let Some(wanted) = &args.column {
        let wanted = wanted.to_lowercase();
        cards.retain(|card| card.column.to_lowercase().contains(&wanted));
    }
    cards.sort_by(|a, b| {
        let key = |c: &Card| (c.place, c.column.clone(), c.due.is_none(), c.due, c.since, c.name.clone());
        key(a).cmp(&key(b))
    });
    Ok(shown(&cards, &people, now))
}

fn cards_of(asset: &AssetView, state: &AssetState, people: &People) -> Vec<Card> {
    let heads: Vec<&RunState> = state.heads().collect();
    let card = |column: &str, place: u8, run: Option<&RunState>, assigned: Vec<AssignmentState>, since| {
        let due = assigned.iter().filter(|a| a.end.is_none()).filter_map(|a| a.due).min();
        let label = run.map(|run| run.label.clone()).unwrap_or_default();
        let person = |a: &AssignmentState| {
            json!({
                "person": a.person,
                "name": people.name(a.person),
                "progress": status::progress(a).replace(' ', "_"),
                "decision": a.decision.map(|d| d.decision),
                "due": a.due,
                "sla": a.sla,
            })
        };
        let blocks = run.map(RunState::blocks).unwrap_or_default();
        let json = json!({
            "asset": asset.id,
            "name": asset.name,
            "label": label,
            "outcome": state.outcome,
            "since": since,
            "due": due,
            "people": assigned.iter().map(person).collect::<Vec<_>>(),
            "blocked_by": blocks.into_iter().map(|b| spoken::block(b, state, people)).collect::<Vec<_>>(),
        });
        Card {
            column: column.to_owned(),
            place,
            name: asset.name.clone(),
            label,
            outcome: state.outcome,
            since,
            due,
            people: assigned,
            json,
            waits: spoken::waits(state, people),
        }
    };
    let run = match heads.as_slice() {
        [] if state.outcome == Outcome::Withdrawn => {
            return vec![card("withdrawn", 9, None, Vec::new(), None)];
        }
        [] if state.runs.is_empty() => return vec![card("no version yet", 0, None, Vec::new(), None)],
        [] => return vec![card("draft", 1, state.runs.last(), Vec::new(), None)],
        [one] => *one,
        _ => return vec![card("fork: pick a version", 2, None, Vec::new(), None)],
    };
    if let Some(released) = run.released.last() {
        return vec![card("released", 8, Some(run), Vec::new(), Some(released.at))];
    }
    let closed_at = run.stages.iter().filter_map(|s| s.closed_at).max();
    if state.outcome_is_final() {
        let held = matches!(state.outcome, Outcome::ChangesRequired | Outcome::Rejected);
        let place = if held { 6 } else { 7 };
        return vec![card(state.outcome.word(), place, Some(run), Vec::new(), closed_at)];
    }
    let running = run.stages.iter().filter(|s| s.phase == Phase::Running);
    let mut cards: Vec<Card> = running
        .map(|stage| {
            let name = match run.is_built_in() {
                true => "review".to_owned(),
                false => format!("{}: {}", run.route, stage.stage),
            };
            card(&name, 4, Some(run), stage.assignments.clone(), stage.started_at)
        })
        .collect();
    if cards.is_empty() {
        cards.push(card("waits to start", 3, Some(run), Vec::new(), Some(run.submitted_at)));
    }
    cards
}

/// How long ago something was, in the largest unit: `3d`, `5h`, `12m`.
fn age(since: Option<Millis>, now: Millis) -> String {
    let Some(since) = since else { return String::new() };
    let minutes = now.0.saturating_sub(since.0) / 60_000;
    match minutes {
        0..60 => format!("{minutes}m"),
        60..1_440 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1_440),
    }
}

fn shown(cards: &[Card], people: &People, now: Millis) -> Report {
    let mut columns: Vec<(&str, Vec<&Card>)> = Vec::new();
    for card in cards {
        match columns.last_mut() {
            Some((column, held)) if *column == card.column => held.push(card),
            _ => columns.push((&card.column, vec![card])),
        }
    }
    let json: Vec<Value> = columns
        .iter()
        .map(|(column, cards)| json!({"column": column, "cards": cards.iter().map(|c| &c.json).collect::<Vec<_>>()}))
        .collect();
    let mut report = Report::new(json!({"columns": json}));
    if columns.is_empty() {
        return report
            .toned("No assets yet: proofroom asset add FILE --name NAME --category CATEGORY", Tone::Faint);
    }
    for (column, cards) in columns {
        let rows = cards.iter().map(|card| row(card, people, now)).collect();
        report = report.toned(format!("{column} ({})", cards.len()), Tone::Strong).table(
            &["  ASSET", "VERSION", "FOR", "PEOPLE"],
            rows,
            "",
        );
    }
    report
}

fn row(card: &Card, people: &People, now: Millis) -> Vec<Cell> {
    let person = |a: &AssignmentState| {
        let word = match a.decision {
            Some(d) => d.decision.word(),
            None => status::progress(a),
        };
        let late = if a.end.is_none() && a.due.is_some_and(|due| due <= now) { ", late" } else { "" };
        format!("{}: {word}{late}", people.name(a.person))
    };
    let progress = match card.people.is_empty() {
        true => card.waits.clone(),
        false => card.people.iter().map(person).collect::<Vec<_>>().join("; "),
    };
    vec![
        Cell::new(format!("  {}", card.name), spoken::tone(card.outcome)),
        Cell::from(&card.label),
        Cell::new(age(card.since, now), Tone::Faint),
        Cell::from(progress),
    ]
}
