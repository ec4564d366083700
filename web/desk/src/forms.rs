//! Request forms, between what a page holds and what a document takes.

use std::collections::BTreeMap;

use proofroom_review::intake::{FieldKind, IntakeField};
use proofroom_review::{
    Answer, Category, Day, Deliverable, IntakeForm, Milestone, PlanView, RequestForm, RiskClass,
};
use proofroom_web_wire::{AnswerDraft, DeliverableDraft, FieldCard, FormCheck, FormDraft};

use crate::desk::parse;
use crate::fault::DeskError;

/// What a document takes. Empty lines of lists are left out; a date that is none is an error.
pub(crate) fn form_of(draft: &FormDraft, plan: &PlanView) -> Result<RequestForm, DeskError> {
    let categories = draft.categories.iter().map(|c| parse::<Category>(c, "a category"));
    let mut categories: Vec<Category> = categories.collect::<Result<_, _>>()?;
    categories.sort_unstable();
    categories.dedup();
    let deliverables = draft.deliverables.iter().filter(|d| !d.name.trim().is_empty()).map(deliverable_of);
    let timeline = draft.timeline.iter().filter(|(name, _)| !name.trim().is_empty()).map(|(name, due)| {
        let due = day(due)?.ok_or_else(|| DeskError::malformed(name, "a milestone with a date"))?;
        Ok::<_, DeskError>(Milestone { name: name.trim().to_owned(), due })
    });
    let mut form = RequestForm {
        title: draft.title.trim().to_owned(),
        categories,
        objective: draft.objective.trim().to_owned(),
        audience: draft.audience.trim().to_owned(),
        message: draft.message.trim().to_owned(),
        mandatories: lines(&draft.mandatories),
        deliverables: deliverables.collect::<Result<_, _>>()?,
        due: day(&draft.due)?,
        approvers: lines(&draft.approvers),
        risk_class: match draft.risk_class.as_str() {
            "" => RiskClass::Standard,
            word => parse(word, "a risk class")?,
        },
        start: day(&draft.start)?,
        timeline: timeline.collect::<Result<_, _>>()?,
        answers: BTreeMap::new(),
    };
    // A field may be asked because of an answer before it.
    let forms = IntakeForm::for_request(&form, &plan.library.forms);
    for field in forms.iter().flat_map(|f| &f.fields) {
        let given = draft.answers.get(&field.key).and_then(|given| answer_of(field, given));
        form.answers.extend(given.map(|answer| (field.key.clone(), answer)));
    }
    Ok(form)
}

fn lines(of: &[String]) -> Vec<String> {
    of.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn day(text: &str) -> Result<Option<Day>, DeskError> {
    match text.trim() {
        "" => Ok(None),
        text => parse(text, "a date: YYYY-MM-DD is wanted, and the day must exist").map(Some),
    }
}

fn deliverable_of(draft: &DeliverableDraft) -> Result<Deliverable, DeskError> {
    let some = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Deliverable {
        name: draft.name.trim().to_owned(),
        channel: some(&draft.channel),
        spec: some(&draft.spec),
        locale: some(&draft.locale),
        size: some(&draft.size),
        due: day(&draft.due)?,
    })
}

/// An answer in the field's own type; what does not fit stays a text, and the gate says so.
fn answer_of(field: &IntakeField, given: &AnswerDraft) -> Option<Answer> {
    match (field.kind, given) {
        (_, AnswerDraft::YesNo(yes)) => Some(Answer::YesNo(*yes)),
        (_, AnswerDraft::List(items)) => {
            Some(Answer::List(lines(items))).filter(|a| *a != Answer::List(vec![]))
        }
        (_, AnswerDraft::Text(text)) if text.trim().is_empty() => None,
        (FieldKind::Number, AnswerDraft::Text(text)) => {
            let text = text.trim();
            Some(text.parse().map_or_else(|_| Answer::Text(text.to_owned()), Answer::Number))
        }
        (_, AnswerDraft::Text(text)) => Some(Answer::Text(text.trim().to_owned())),
    }
}

/// What a page holds of a form.
pub(crate) fn draft_of(form: &RequestForm) -> FormDraft {
    let date = |day: Option<Day>| day.map(|d| d.to_string()).unwrap_or_default();
    let answer = |answer: &Answer| match answer {
        Answer::YesNo(yes) => AnswerDraft::YesNo(*yes),
        Answer::List(items) => AnswerDraft::List(items.clone()),
        Answer::Number(_) | Answer::Text(_) => AnswerDraft::Text(answer.to_string()),
    };
    FormDraft {
        title: form.title.clone(),
        categories: form.categories.iter().map(ToString::to_string).collect(),
        objective: form.objective.clone(),
        audience: form.audience.clone(),
        message: form.message.clone(),
        mandatories: form.mandatories.clone(),
        deliverables: form.deliverables.iter().map(deliverable_draft).collect(),
        start: date(form.start),
        due: date(form.due),
        timeline: form.timeline.iter().map(|m| (m.name.clone(), m.due.to_string())).collect(),
        approvers: form.approvers.clone(),
        risk_class: form.risk_class.to_string(),
        answers: form.answers.iter().map(|(key, given)| (key.clone(), answer(given))).collect(),
    }
}

pub(crate) fn deliverable_draft(of: &Deliverable) -> DeliverableDraft {
    DeliverableDraft {
        name: of.name.clone(),
        channel: of.channel.clone().unwrap_or_default(),
        spec: of.spec.clone().unwrap_or_default(),
        size: of.size.clone().unwrap_or_default(),
        locale: of.locale.clone().unwrap_or_default(),
        due: of.due.map(|d| d.to_string()).unwrap_or_default(),
    }
}

/// What a form is asked for and lacks. `names` are the members' printed names.
pub(crate) fn check(form: &RequestForm, plan: &PlanView, names: &[String]) -> FormCheck {
    let forms = IntakeForm::for_request(form, &plan.library.forms);
    let mut fields: Vec<FieldCard> = Vec::new();
    for field in forms.iter().flat_map(|f| f.asked(form)) {
        if fields.iter().all(|known| known.key != field.key) {
            fields.push(field_card(field));
        }
    }
    let known = |name: &&String| names.iter().any(|n| n.to_lowercase() == name.to_lowercase());
    FormCheck {
        fields,
        missing: form.verdict(&forms).missing.into_iter().map(|gap| (gap.field, gap.hint)).collect(),
        strangers: form.approvers.iter().filter(|name| !known(name)).cloned().collect(),
    }
}

/// How many things a form lacks.
pub(crate) fn gaps(form: &RequestForm, plan: &PlanView) -> u32 {
    let missing = form.verdict(&IntakeForm::for_request(form, &plan.library.forms)).missing.len();
    u32::try_from(missing).unwrap_or(u32::MAX)
}

fn field_card(field: &IntakeField) -> FieldCard {
    let kind = match field.kind {
        FieldKind::Line => "line",
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::Date => "date",
        FieldKind::YesNo => "yes_no",
        FieldKind::Choice => "choice",
        FieldKind::Choices => "choices",
        FieldKind::List => "list",
    };
    FieldCard {
        key: field.key.clone(),
        label: field.label.clone(),
        kind: kind.to_owned(),
        of: field.of.clone(),
        required: field.required,
        help: field.help.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, draft_of, form_of};
    use proofroom_review::PlanView;
    use proofroom_web_wire::{AnswerDraft, DeliverableDraft, FormDraft};

    fn draft() -> FormDraft {
        FormDraft {
            title: " Bright mornings ".into(),
            categories: vec!["visual".into()],
            mandatories: vec!["Logo bottom right".into(), "  ".into()],
            deliverables: vec![DeliverableDraft {
                name: "Hero".into(),
                channel: "print".into(),
                ..Default::default()
            }],
            due: "2026-03-01".into(),
            approvers: vec!["Bo Ek".into(), "Nobody".into()],
            answers: [("dimensions".to_owned(), AnswerDraft::Text("A2".into()))].into(),
            ..FormDraft::default()
        }
    }

    #[test]
    fn a_form_survives_the_way_to_the_page_and_back() {
        let plan = PlanView::default();
        let form = form_of(&draft(), &plan).expect("it holds");
        assert_eq!(form.title, "Bright mornings");
        assert_eq!(form.mandatories, ["Logo bottom right"]);
        assert_eq!(form_of(&draft_of(&form), &plan).expect("it holds"), form);
    }

    #[test]
    fn a_check_names_what_is_missing_and_who_is_no_member() {
        let plan = PlanView::default();
        let form = form_of(&draft(), &plan).expect("it holds");
        let found = check(&form, &plan, &["bo ek".into()]);
        assert_eq!(found.strangers, ["Nobody"]);
        assert!(found.missing.iter().any(|(field, _)| field == "objective"), "{found:?}");
        assert!(found.fields.iter().any(|field| field.key == "dimensions"), "{found:?}");
    }

    #[test]
    fn a_day_that_does_not_exist_is_told() {
        let draft = FormDraft { due: "2026-02-30".into(), ..draft() };
        let told = form_of(&draft, &PlanView::default()).expect_err("no such day");
        assert!(told.to_string().contains("2026-02-30"), "{told}");
    }
}
