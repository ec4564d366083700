//! What the workflow says, in the words of people: names for persons, labels for versions, local times.

use proofroom_ident::PersonId;
use proofroom_review::Outcome;
use proofroom_workflow::view::{Wait, WaitFor};
use proofroom_workflow::{AssetState, Block, RunState, Warning};

use crate::people::People;
use crate::report::Tone;
use crate::when;

/// How an outcome stands out.
pub fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Approved => Tone::Good,
        Outcome::ApprovedWithChanges | Outcome::ChangesRequired | Outcome::Expired => Tone::Warn,
        Outcome::Rejected => Tone::Bad,
        Outcome::Superseded | Outcome::Withdrawn | Outcome::Skipped | Outcome::NotApplicable => Tone::Faint,
        Outcome::Pending | Outcome::InProgress => Tone::Plain,
    }
}

/// How a decision stands out.
pub fn decision_tone(decision: proofroom_review::Decision) -> Tone {
    use proofroom_review::Decision;
    match decision {
        Decision::Approved => Tone::Good,
        Decision::ApprovedWithChanges | Decision::ChangesRequired => Tone::Warn,
        Decision::Rejected => Tone::Bad,
        Decision::Abstained => Tone::Faint,
    }
}

/// What holds something up.
pub fn block(block: &Block, state: &AssetState, people: &People) -> String {
    match block {
        Block::Fork(versions) => {
            let label = |v| state.run(v).map_or_else(|| v.short(), |run| run.label.clone());
            let labels: Vec<String> = versions.iter().map(label).collect();
            format!("concurrent versions {}: pick one", labels.join(", "))
        }
        Block::StartsAt(at) => format!("starts {}", when::shown(*at)),
        Block::ClosesAt(at) => format!("closes {}", when::shown(*at)),
        other => people.in_text(&other.to_string()),
    }
}

/// What people should look at.
fn warning(warning: &Warning, people: &People) -> String {
    people.in_text(&warning.to_string())
}

/// What holds the current versions up, each thing once.
pub fn blocks(state: &AssetState, people: &People) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in state.heads().flat_map(RunState::blocks).map(|b| block(b, state, people)) {
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

/// What people should look at in the current versions.
pub fn notices(state: &AssetState, people: &People) -> Vec<String> {
    state.heads().flat_map(|run| run_notices(run, people)).collect()
}

/// What people should look at in one version.
pub fn run_notices(run: &RunState, people: &People) -> Vec<String> {
    let names = |list: &[PersonId]| list.iter().map(|p| people.name(*p)).collect::<Vec<_>>().join(", ");
    let opposed = run.opposed().map(|(approved, against)| {
        let verb = if against.len() == 1 { "does" } else { "do" };
        format!("decisions are opposed: {} approved, {} {verb} not", names(&approved), names(&against))
    });
    opposed.into_iter().chain(run.warnings.iter().map(|w| warning(w, people))).collect()
}

/// What people call the current version: one label, `fork`, or nothing.
pub fn current_label(state: &AssetState) -> Option<String> {
    let mut heads = state.heads();
    match (heads.next(), heads.next()) {
        (None, _) => None,
        (Some(one), None) => Some(one.label.clone()),
        (Some(_), Some(_)) => Some("fork".into()),
    }
}

/// Whom or what an asset waits for, in one line: `legal: Bo, Cy`.
pub fn waits(state: &AssetState, people: &People) -> String {
    let mut parts: Vec<(String, Vec<String>)> = Vec::new();
    for wait in &state.waits {
        let (what, who) = wait_parts(wait, state, people);
        match parts.iter_mut().find(|(held, _)| *held == what) {
            Some((_, people)) if who.as_ref().is_some_and(|who| people.contains(who)) => {}
            Some((_, people)) => people.extend(who),
            None => parts.push((what, who.into_iter().collect())),
        }
    }
    let part = |(what, who): (String, Vec<String>)| match (what.is_empty(), who.is_empty()) {
        (true, _) => who.join(", "),
        (false, true) => what,
        (false, false) => format!("{what}: {}", who.join(", ")),
    };
    let parts: Vec<String> = parts.into_iter().map(part).collect();
    if parts.is_empty() && !state.outcome_is_final() {
        return blocks(state, people).join("; ");
    }
    parts.join("; ")
}

fn wait_parts(wait: &Wait, state: &AssetState, people: &People) -> (String, Option<String>) {
    let run = state.run(&wait.version);
    let stage = match (&wait.stage, run) {
        (Some(stage), Some(run)) if !run.is_built_in() => stage.to_string(),
        _ => String::new(),
    };
    let who = wait.person.map(|person| people.name(person));
    let about = |what: &str| if stage.is_empty() { what.to_owned() } else { format!("{what} {stage}") };
    match wait.what {
        WaitFor::Decide => (stage, who),
        other => (about(wait_word(other)), who),
    }
}

/// What somebody is waited for, in a few words.
pub const fn wait_word(what: WaitFor) -> &'static str {
    match what {
        WaitFor::Decide => "decide",
        WaitFor::SettleConcurrent => "settle two decisions",
        WaitFor::Acknowledge => "acknowledge blockers",
        WaitFor::CarryForward => "carry forward or decide",
        WaitFor::NewVersion => "a new version",
        WaitFor::Pick => "pick a version",
        WaitFor::SettleRoute => "send on one route",
        WaitFor::StartStage => "start",
        WaitFor::CloseStage => "close",
        WaitFor::Unblock => "unblock",
    }
}
