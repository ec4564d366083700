//! Conditional routing: which template a request takes, whom it asks besides, and why.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_review::route::{AddedReviewer, RoutingRule, When};
use proofroom_review::{
    AssetView, Category, Deliverable, RequestView, RiskClass, RouteChoice, RouteTemplate, RoutingRules,
    RuleVerdict,
};

/// What the rules are measured by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingInput {
    /// The asset's or the request's categories.
    pub categories: Vec<Category>,
    /// The risk class.
    pub risk_class: RiskClass,
    /// The deliverables' channels.
    pub channels: Vec<String>,
    /// The deliverables' locales.
    pub locales: Vec<String>,
    /// Fields of the brief, by name.
    pub fields: BTreeMap<String, String>,
}

impl RoutingInput {
    /// What the rules are measured by for an asset and the request that it answers. Where the asset
    /// is one of the request's deliverables, channel and locale are that one's.
    pub fn of(asset: &AssetView, request: Option<&RequestView>) -> Self {
        let form = request.map(|r| &r.form);
        let deliverables = form.map(|f| f.deliverables.as_slice()).unwrap_or_default();
        let slot = asset.slot.as_ref().and_then(|slot| deliverables.iter().find(|d| d.name == *slot));
        let relevant: Vec<&Deliverable> = match slot {
            Some(one) => vec![one],
            None => deliverables.iter().collect(),
        };
        let all = |of: fn(&Deliverable) -> Option<&String>| {
            let values: BTreeSet<String> = relevant.iter().filter_map(|d| of(d).cloned()).collect();
            values.into_iter().collect()
        };
        let mut fields = BTreeMap::new();
        if let Some(form) = form {
            let texts = [
                ("title", &form.title),
                ("objective", &form.objective),
                ("audience", &form.audience),
                ("message", &form.message),
            ];
            let said = texts.into_iter().filter(|(_, text)| !text.trim().is_empty());
            fields.extend(said.map(|(name, text)| (name.to_owned(), text.clone())));
            fields.extend(form.answers.iter().map(|(key, answer)| (key.clone(), answer.to_string())));
        }
        Self {
            categories: vec![asset.category],
            risk_class: form.map_or(RiskClass::Standard, |form| form.risk_class),
            channels: all(|d| d.channel.as_ref()),
            locales: all(|d| d.locale.as_ref()),
            fields,
        }
    }
}

/// A route, and why it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The template, with those reviewers whom rules added.
    pub template: RouteTemplate,
    /// What the submission keeps.
    pub choice: RouteChoice,
}

/// The template that the rules choose among `templates`; `None` where the chosen one is not among them.
pub fn choose(rules: &RoutingRules, templates: &[RouteTemplate], input: &RoutingInput) -> Option<Routed> {
    let verdicts: Vec<Verdict<'_>> = rules.rules.iter().map(|rule| verdict(rule, input)).collect();
    let chosen = verdicts.iter().find(|v| v.matched && v.rule.route.is_some());
    let name = chosen.and_then(|v| v.rule.route.as_ref()).unwrap_or(&rules.otherwise);
    let mut template = templates.iter().find(|t| t.name == *name)?.clone();
    for added in verdicts.iter().filter(|v| v.matched).flat_map(|v| &v.rule.add) {
        add(&mut template, added);
    }
    let rule = chosen.map(|v| v.rule.name.clone());
    let considered = verdicts.into_iter().map(|v| RuleVerdict {
        rule: v.rule.name.clone(),
        matched: v.matched,
        because: v.because,
    });
    let choice =
        RouteChoice { route: name.clone(), rule, inputs: inputs(input), considered: considered.collect() };
    Some(Routed { template, choice })
}

/// Why a review takes its route, in sentences.
pub fn explain(choice: &RouteChoice) -> Vec<String> {
    let first = match &choice.rule {
        Some(rule) => format!("route {} was chosen by the rule \"{rule}\"", choice.route),
        None => format!("route {} was chosen because no rule chose another", choice.route),
    };
    let inputs = choice.inputs.iter().map(|(name, values)| {
        let values = if values.is_empty() { "nothing".to_owned() } else { values.join(", ") };
        format!("measured: {name} = {values}")
    });
    let rules = choice.considered.iter().map(|v| {
        let word = if v.matched { "matched" } else { "did not match" };
        format!("rule \"{}\" {word}: {}", v.rule, v.because.join("; "))
    });
    std::iter::once(first).chain(inputs).chain(rules).collect()
}

fn add(template: &mut RouteTemplate, added: &AddedReviewer) {
    if let Some(stage) = template.stages.iter_mut().find(|s| s.name == added.stage)
        && !stage.reviewers.contains(&added.reviewer)
    {
        stage.reviewers.push(added.reviewer.clone());
    }
}

struct Verdict<'a> {
    rule: &'a RoutingRule,
    matched: bool,
    because: Vec<String>,
}

fn verdict<'a>(rule: &'a RoutingRule, input: &RoutingInput) -> Verdict<'a> {
    let conditions = conditions(&rule.when, input);
    let matched = conditions.iter().all(|(held, _)| *held);
    let because: Vec<String> =
        conditions.into_iter().filter(|(held, _)| *held == matched).map(|(_, text)| text).collect();
    let because = if because.is_empty() { vec!["it holds for everything".into()] } else { because };
    Verdict { rule, matched, because }
}

/// Each condition: whether it held, and in words.
fn conditions(when: &When, input: &RoutingInput) -> Vec<(bool, String)> {
    let mut out = Vec::new();
    let mut condition = |name: &str, wanted: Vec<String>, have: Vec<String>| {
        if !wanted.is_empty() {
            let held = have.iter().any(|value| wanted.iter().any(|pattern| matches(pattern, value)));
            let have = if have.is_empty() { "nothing".to_owned() } else { have.join(", ") };
            let word = if held { "is among" } else { "is not among" };
            out.push((held, format!("{name} ({have}) {word} {}", wanted.join(", "))));
        }
    };
    let words = |list: &[Category]| list.iter().map(Category::to_string).collect();
    condition("category", words(&when.category), words(&input.categories));
    let risks = when.risk_class.iter().map(RiskClass::to_string).collect();
    condition("risk class", risks, vec![input.risk_class.to_string()]);
    condition("channel", when.channel.clone(), input.channels.clone());
    condition("locale", when.locale.clone(), input.locales.clone());
    for (field, wanted) in &when.fields {
        condition(field, wanted.clone(), input.fields.get(field).cloned().into_iter().collect());
    }
    out
}

/// Whether a value is what a pattern says, whatever the case; `*` at the end stands for anything.
fn matches(pattern: &str, value: &str) -> bool {
    let (pattern, value) = (pattern.trim().to_lowercase(), value.trim().to_lowercase());
    match pattern.strip_suffix('*') {
        Some(begin) => value.starts_with(begin),
        None => value == pattern,
    }
}

fn inputs(input: &RoutingInput) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::from([
        ("category".to_owned(), input.categories.iter().map(Category::to_string).collect()),
        ("risk class".to_owned(), vec![input.risk_class.to_string()]),
        ("channel".to_owned(), input.channels.clone()),
        ("locale".to_owned(), input.locales.clone()),
    ]);
    let fields = input.fields.iter().map(|(name, value)| (format!("field {name}"), vec![value.clone()]));
    out.extend(fields);
    out
}
