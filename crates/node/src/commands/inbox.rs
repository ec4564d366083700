//! `inbox`: what waits for somebody, the most urgent first.

use clap::Args;
use proofroom_authority::Role;
use proofroom_ident::{Millis, PersonId};
use proofroom_replica::Membership;
use proofroom_review::{AssetView, SlaState};
use proofroom_workflow::AssetState;
use proofroom_workflow::view::{Wait, WaitFor};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::spoken;
use crate::when;

/// `proofroom inbox`
#[derive(Debug, Args)]
#[command(after_help = "\
Decisions, approvals to carry forward, blockers to acknowledge, decisions to settle, new versions to make; for
moderators also stages to start, close or unblock, forks to pick and routes to settle.

JSON: {\"person\", \"name\", \"items\": [{\"asset\", \"asset_name\", \"version\", \"label\", \"what\", \"stage\", \"due\", \"since\", \"sla\",
\"for\", \"command\"}]}; what is decide, settle_concurrent, acknowledge, carry_forward, new_version, pick, settle_route,
start_stage, close_stage or unblock; for names the assignee whom you stand in for; command is what to type next")]
pub struct Inbox {
    /// Somebody else's inbox, by name or id
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
}

struct Item<'a> {
    asset: &'a AssetView,
    label: String,
    wait: &'a Wait,
    sla: Option<SlaState>,
    stands_in_for: Option<PersonId>,
}

/// Lists what waits for somebody.
///
/// # Errors
/// When the store cannot be read.
pub fn run(args: &Inbox, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let seat = peer.seat(workspace)?;
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let person = match &args.person {
        Some(name) => find::person(&members, name)?,
        None => seat.replica.me().person(),
    };
    let moderates = match (&args.person, seat.replica.membership()) {
        (None, Membership::Member(role)) => role >= Role::Producer,
        _ => {
            let role = members.iter().find(|m| m.person == person).and_then(|m| m.role.parse::<Role>().ok());
            role.is_some_and(|role| role >= Role::Producer)
        }
    };
    let plan = seat.replica.plan(seat.step.store)?;
    let now = seat.step.now;
    let evaluation = seat.replica.workflow(seat.step.store, now)?;
    let mut items = Vec::new();
    for asset in &plan.assets {
        let Some(state) = evaluation.asset(&asset.id) else { continue };
        let waits =
            state.waits.iter().filter(|w| w.person == Some(person) || (w.person.is_none() && moderates));
        items.extend(waits.map(|wait| item(asset, state, wait, person)));
    }
    items.sort_by_key(|i| (i.wait.due.is_none(), i.wait.due, i.wait.since, i.asset.name.clone()));
    Ok(shown(&items, person, &people, now))
}

fn item<'a>(asset: &'a AssetView, state: &'a AssetState, wait: &'a Wait, person: PersonId) -> Item<'a> {
    let run = state.run(&wait.version);
    let stage = wait.stage.as_ref().and_then(|name| run?.stage(name.as_str()));
    let own = stage.and_then(|stage| stage.assignment(&person));
    let other = stage.and_then(|stage| {
        stage.assignments.iter().find(|a| a.stand_ins.contains(&person) && a.due == wait.due)
    });
    let assignment = own.or(other);
    Item {
        asset,
        label: run.map_or_else(|| wait.version.short(), |run| run.label.clone()),
        wait,
        sla: assignment.and_then(|a| a.sla),
        stands_in_for: own.is_none().then(|| other.map(|a| a.person)).flatten(),
    }
}

impl Item<'_> {
    fn what(&self, people: &People) -> String {
        let stage = match &self.wait.stage {
            Some(stage) if stage.as_str() != "review" => format!(" {stage}"),
            _ => String::new(),
        };
        let other = self.stands_in_for.map(|p| format!(" for {}", people.name(p))).unwrap_or_default();
        match self.wait.what {
            WaitFor::NewVersion => "make a new version".into(),
            what => format!("{}{stage}{other}", spoken::wait_word(what)),
        }
    }

    /// What to type next.
    fn command(&self, people: &People) -> String {
        let asset = quoted(&self.asset.name);
        let stage = self.wait.stage.as_ref().map(ToString::to_string).unwrap_or_default();
        let on =
            if stage.is_empty() || stage == "review" { String::new() } else { format!(" --stage {stage}") };
        let other = self.stands_in_for.map(|p| format!(" --on-behalf-of {}", quoted(&people.name(p))));
        let other = other.unwrap_or_default();
        match self.wait.what {
            WaitFor::Decide => format!("proofroom decide {asset} DECISION{on}{other}"),
            WaitFor::SettleConcurrent => format!("proofroom settle {asset} DECISION"),
            WaitFor::Acknowledge => format!("proofroom acknowledge {asset}"),
            WaitFor::CarryForward => format!("proofroom carry-forward {asset}{on}"),
            WaitFor::NewVersion => format!("proofroom version add {asset} FILE"),
            WaitFor::Pick => format!("proofroom version pick {asset} VERSION"),
            WaitFor::SettleRoute => format!("proofroom submit {asset} --route ROUTE"),
            WaitFor::StartStage => format!("proofroom review start {asset} {stage}"),
            WaitFor::CloseStage => format!("proofroom review close {asset} {stage}"),
            WaitFor::Unblock => format!("proofroom review skip {asset} {stage} --reason WHY"),
        }
    }

    fn described(&self, people: &People) -> Value {
        json!({
            "asset": self.asset.id,
            "asset_name": self.asset.name,
            "version": self.wait.version,
            "label": self.label,
            "what": self.wait.what,
            "stage": self.wait.stage,
            "due": self.wait.due,
            "since": self.wait.since,
            "sla": self.sla,
            "for": self.stands_in_for,
            "command": self.command(people),
        })
    }
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().all(plain) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\\\"")) }
}

fn shown(items: &[Item<'_>], person: PersonId, people: &People, now: Millis) -> Report {
    let row = |i: &Item<'_>| {
        let (due, tone) = match (i.wait.due, i.sla) {
            (Some(due), _) if due <= now => (when::shown(due), Tone::Bad),
            (Some(due), Some(SlaState::AtRisk)) => (when::shown(due), Tone::Warn),
            (Some(due), _) => (when::shown(due), Tone::Plain),
            (None, _) => ("-".into(), Tone::Faint),
        };
        vec![
            Cell::new(due, tone),
            Cell::new(&i.asset.name, Tone::Strong),
            Cell::from(&i.label),
            Cell::from(i.what(people)),
        ]
    };
    let json = json!({
        "person": person,
        "name": people.name(person),
        "items": items.iter().map(|i| i.described(people)).collect::<Vec<_>>(),
    });
    let rows = items.iter().map(row).collect();
    let report = Report::new(json).table(&["DUE", "ASSET", "VERSION", "WHAT"], rows, "Nothing waits for you");
    match items.first() {
        Some(first) => report.toned(format!("next: {}", first.command(people)), Tone::Faint),
        None => report,
    }
}
