//! Filing a request from a brief file, and changing it.

use std::path::Path;

use proofroom_ident::{PersonId, RequestId};
use proofroom_review::{PlanEdit, PlanView, RequestForm, RequestKey};
use serde_json::json;

use super::{described, twins, verdict};
use crate::failure::Failure;
use crate::find;
use crate::peer::Seat;
use crate::people::People;
use crate::report::Report;
use crate::splice::splice;

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path"))
}

fn form_of(path: &Path) -> Result<RequestForm, Failure> {
    RequestForm::from_toml(&read(path)?).map_err(|e| {
        Failure::user(format!("{}: {e}", path.display())).hint("see `proofroom request new --help`")
    })
}

/// Names of approvers that are no member's: nobody could be asked under them.
fn strangers(form: &RequestForm, people: &People) -> Vec<String> {
    form.approvers.iter().filter(|name| people.find(name).is_none()).cloned().collect()
}

fn remarks(mut report: Report, form: &RequestForm, plan: &PlanView, people: &People) -> Report {
    for gap in verdict(form, plan).missing {
        report = report.warn(format!("the brief lacks {gap}"));
    }
    for name in strangers(form, people) {
        report = report.warn(format!("the approver `{name}` is no member yet: invite them"));
    }
    report
}

pub(super) fn file(seat: &mut Seat<'_>, me: PersonId, path: &Path) -> Result<Report, Failure> {
    let form = form_of(path)?;
    let id = RequestId::from_bytes(seat.random());
    let brief = form.brief_text();
    let edit = PlanEdit::AddRequest { id, form: Box::new(form), brief };
    let receipt = seat.edit_plan(edit)?;
    let key = RequestKey::new(me, id);
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request =
        plan.request(&key).ok_or_else(|| Failure::store("the request was recorded but is not shown"))?;
    let mut json = described(request, &plan, &people);
    json["entry"] = json!(receipt.entry);
    let mut report = Report::new(json).line(format!("Filed {} `{}`", id.short(), request.form.title));
    for twin in twins(request, &plan) {
        let (id, from) = (twin.key.id.short(), people.name(twin.key.owner));
        report = report.warn(format!("the same request is there already: {id}, {}, from {from}", twin.state));
    }
    Ok(remarks(report, &request.form, &plan, &people))
}

pub(super) fn edit(
    seat: &mut Seat<'_>,
    id: &str,
    brief: Option<&Path>,
    from: Option<&Path>,
) -> Result<Report, Failure> {
    let form = from.map(form_of).transpose()?;
    let text = brief.map(read).transpose()?;
    let people = People::of(seat)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let (key, old) = (request.key, request.brief.clone());
    let mut entry = None;
    if let Some(form) = form.clone().filter(|form| *form != request.form) {
        entry = Some(seat.edit_plan(PlanEdit::SetForm { request: key, form: Box::new(form) })?.entry);
    }
    if let Some(change) = text.and_then(|text| splice(&old, &text)) {
        let edit = PlanEdit::SpliceBrief {
            request: key,
            at: change.at,
            delete: change.delete,
            insert: change.insert,
        };
        entry = Some(seat.edit_plan(edit)?.entry);
    }
    let said = if entry.is_some() { "The brief is changed" } else { "The brief says so already" };
    let report = Report::new(json!({"request": key.id, "entry": entry})).line(said);
    Ok(match form {
        Some(form) => remarks(report, &form, &plan, &people),
        None => report,
    })
}
