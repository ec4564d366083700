//! The completeness gate: what a request still lacks, by the forms of its categories.

use std::collections::BTreeSet;

use super::{IntakeField, IntakeForm, Verdict, When};
use crate::brief::{Answer, Deliverable, Gap, RequestForm};
use crate::words::Category;

impl IntakeForm {
    /// The forms that a request is measured by: for each of its categories the
    /// workspace's own form, else the default one.
    pub fn for_request<'a>(
        form: &RequestForm,
        own: impl IntoIterator<Item = &'a IntakeForm> + Clone,
    ) -> Vec<IntakeForm> {
        let of = |category: &Category| {
            let own = own.clone().into_iter().find(|f| f.category == *category).cloned();
            own.unwrap_or_else(|| IntakeForm::default_for(*category))
        };
        form.categories.iter().map(of).collect()
    }

    /// The fields that a request is asked for: those whose condition holds.
    pub fn asked<'a>(&'a self, form: &'a RequestForm) -> impl Iterator<Item = &'a IntakeField> + 'a {
        self.fields.iter().filter(|field| field.when.as_ref().is_none_or(|when| when.holds(form)))
    }
}

impl When {
    /// Whether the condition holds for a request.
    pub fn holds(&self, form: &RequestForm) -> bool {
        let any = |words: &[&str]| words.iter().any(|w| self.is.iter().any(|is| is.eq_ignore_ascii_case(w)));
        let parts = |of: fn(&Deliverable) -> Option<&str>| {
            let words: Vec<&str> = form.deliverables.iter().filter_map(of).collect();
            any(&words)
        };
        match self.field.as_str() {
            "category" => any(&form.categories.iter().map(|c| c.word()).collect::<Vec<_>>()),
            "risk_class" => any(&[form.risk_class.word()]),
            "channel" => parts(|d| d.channel.as_deref()),
            "locale" => parts(|d| d.locale.as_deref()),
            key => match form.answers.get(key) {
                Some(Answer::Text(text)) => any(&[text]),
                Some(Answer::YesNo(yes)) => any(&[if *yes { "yes" } else { "no" }]),
                Some(Answer::Number(n)) => any(&[&n.to_string()]),
                Some(Answer::List(items)) => any(&items.iter().map(String::as_str).collect::<Vec<_>>()),
                None => false,
            },
        }
    }
}

impl RequestForm {
    /// The completeness gate: what is missing by these forms before the brief can be accepted.
    pub fn verdict(&self, forms: &[IntakeForm]) -> Verdict {
        // What one of its categories does not insist on, another may.
        let waived = |field: &str| !forms.is_empty() && forms.iter().all(|f| f.optional.contains(field));
        let mut missing: Vec<Gap> = self.problems().into_iter().filter(|gap| !waived(&gap.field)).collect();
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        for field in forms.iter().flat_map(|form| form.asked(self)) {
            if asked.insert(&field.key) {
                missing.extend(self.gap_of(field));
            }
        }
        missing.extend(self.dates());
        Verdict { complete: missing.is_empty(), missing }
    }

    fn gap_of(&self, field: &IntakeField) -> Option<Gap> {
        let hint = match self.answers.get(&field.key) {
            Some(answer) => field.fits(answer).err()?,
            None if field.required => match &field.help {
                Some(help) => format!("{}: {help}", field.label),
                None => format!("{}: {}", field.label, field.kind.wanted()),
            },
            None => return None,
        };
        Some(Gap { field: field.key.clone(), hint })
    }

    /// Dates that cannot be kept: something is due before the work begins, or after the whole is due.
    fn dates(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut bad = |field: &str, hint: String| gaps.push(Gap { field: field.into(), hint });
        if let (Some(start), Some(due)) = (self.start, self.due)
            && due < start
        {
            bad("due", format!("{due} is before the start, {start}"));
        }
        for d in &self.deliverables {
            if let (Some(start), Some(due)) = (self.start, d.due)
                && due < start
            {
                bad("deliverables", format!("{} is due on {due}, before the start, {start}", d.name));
            }
        }
        for m in &self.timeline {
            if self.start.is_some_and(|start| m.due < start) || self.due.is_some_and(|due| m.due > due) {
                bad("timeline", format!("{} on {} is not between start and due date", m.name, m.due));
            }
        }
        gaps
    }
}
