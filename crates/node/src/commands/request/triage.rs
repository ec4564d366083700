//! Triage: accept, return with questions, decline with a reason.

use proofroom_authority::Role;
use proofroom_replica::Membership;
use proofroom_review::{Gap, PlanEdit, RequestState};
use serde_json::{Value, json};

use super::verdict;
use crate::failure::Failure;
use crate::find;
use crate::peer::Seat;
use crate::report::Report;

fn listed(gaps: &[Gap]) -> String {
    gaps.iter().map(|gap| format!("\n  {gap}")).collect()
}

/// The gate: what lacks something is not accepted, unless somebody says why it is.
pub(super) fn accept(seat: &mut Seat<'_>, id: &str, anyway: Option<String>) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let gaps = verdict(&request.form, &plan).missing;
    // Who may not accept at all is told so by the document.
    let may = matches!(seat.replica.membership(), Membership::Member(role) if role >= Role::Producer);
    if may && !gaps.is_empty() && anyway.is_none() {
        let title = &request.form.title;
        return Err(Failure::user(format!("`{title}` is not complete; it lacks{}", listed(&gaps))).hint(
            "ask for it: proofroom request return ID --question TEXT; or accept it as it is: --anyway REASON",
        ));
    }
    let (mut report, mut json) = answer(seat, id, RequestState::Accepted, anyway)?;
    json["missing"] = json!(gaps);
    report = report.with_json(json);
    for gap in gaps {
        report = report.warn(format!("accepted, though the brief lacks {gap}"));
    }
    Ok(report)
}

pub(super) fn send_back(
    seat: &mut Seat<'_>,
    id: &str,
    questions: Vec<String>,
    reason: Option<String>,
) -> Result<Report, Failure> {
    if questions.is_empty() {
        return answer(seat, id, RequestState::Returned, reason).map(|(report, _)| report);
    }
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let (key, title) = (request.key, request.form.title.clone());
    let edit = PlanEdit::ReturnRequest { request: key, questions: questions.clone(), reason: reason.clone() };
    let receipt = seat.edit_plan(edit)?;
    let state = RequestState::Returned;
    let json = json!({
        "request": key.id, "state": state, "reason": reason, "questions": questions, "entry": receipt.entry,
    });
    let n = questions.len();
    let s = if n == 1 { "" } else { "s" };
    Ok(Report::new(json).line(format!("{} `{title}` is {state} with {n} question{s}", key.id.short())))
}

pub(super) fn answer(
    seat: &mut Seat<'_>,
    id: &str,
    state: RequestState,
    reason: Option<String>,
) -> Result<(Report, Value), Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let (key, title) = (request.key, request.form.title.clone());
    let edit = PlanEdit::SetRequestState { request: key, state, reason: reason.clone() };
    let receipt = seat.edit_plan(edit)?;
    let json = json!({"request": key.id, "state": state, "reason": reason, "entry": receipt.entry});
    let report = Report::new(json.clone()).line(format!("{} `{title}` is {state}", key.id.short()));
    Ok((report, json))
}
