//! Routing rules: which route a request takes, and whom it asks besides.
//!
//! ```toml
//! otherwise = "quick"
//!
//! [[rules]]
//! name = "medicines"
//! when = { risk_class = ["regulated"], category = ["written", "visual"] }
//! route = "medical-legal-regulatory"
//!
//! [[rules]]
//! name = "german"
//! when = { locale = ["de-*"], fields = { product = ["Tram *"] } }
//! add = [{ stage = "legal", reviewer = { role = "legal-de", as = "mandatory_reviewer" } }]
//! ```
//!
//! The first rule with a `route` that matches chooses it. Every rule that matches adds its
//! reviewers. Within a condition one value is enough, conditions hold together; `*` stands for any
//! text at the end of a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Problem, RouteTemplate, Slot};
use crate::names::{RouteName, StageName};
use crate::words::{Category, RiskClass};

/// The rules of a workspace, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRules {
    /// The route where no rule chooses one.
    pub otherwise: RouteName,
    /// The rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RoutingRule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// What people call it.
    pub name: String,
    /// When it matches.
    #[serde(default)]
    pub when: When,
    /// The route that it chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteName>,
    /// The reviewers that it adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<AddedReviewer>,
}

/// The conditions of a rule; an empty one holds for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// One of the asset's or request's categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<Category>,
    /// The risk class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risk_class: Vec<RiskClass>,
    /// One of the deliverables' channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel: Vec<String>,
    /// One of the deliverables' locales.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locale: Vec<String>,
    /// Fields of the brief, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Vec<String>>,
}

/// A reviewer whom a rule adds to a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedReviewer {
    /// To which stage; ignored where the chosen route has none of that name.
    pub stage: StageName,
    /// Whom.
    pub reviewer: Slot,
}

const RULES_MAX: usize = 500;

impl RoutingRules {
    /// Everything that keeps the rules from being used, among these templates.
    pub fn problems(&self, templates: &[RouteTemplate]) -> Vec<Problem> {
        let mut out = Vec::new();
        let known = |route: &RouteName| templates.iter().find(|t| t.name == *route);
        let unknown = |route: &RouteName| {
            let names: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
            format!("there is no route `{route}`: one of {} is wanted", names.join(", "))
        };
        if known(&self.otherwise).is_none() {
            out.push(Problem::new("otherwise", unknown(&self.otherwise)));
        }
        if self.rules.len() > RULES_MAX {
            out.push(Problem::new("rules", format!("{} rules, the limit is {RULES_MAX}", self.rules.len())));
        }
        let mut names = BTreeSet::new();
        for (i, rule) in self.rules.iter().enumerate() {
            let at = |field: &str| format!("rules[{i}]{field}");
            if rule.name.trim().is_empty() || !names.insert(rule.name.as_str()) {
                out.push(Problem::new(at(".name"), "rules have names of their own: give it another one"));
            }
            if rule.route.is_none() && rule.add.is_empty() {
                out.push(Problem::new(
                    at(""),
                    "the rule does nothing: give it a `route` or somebody to `add`",
                ));
            }
            if let Some(route) = rule.route.as_ref().filter(|route| known(route).is_none()) {
                out.push(Problem::new(at(".route"), unknown(route)));
            }
            if rule.when == When::default() && rule.route.is_some() && i + 1 < self.rules.len() {
                out.push(Problem::new(
                    at(".when"),
                    "the rule matches everything, so no later rule can choose a route: put it last or use `otherwise`",
                ));
            }
            for (j, added) in rule.add.iter().enumerate() {
                let anywhere = templates.iter().any(|t| t.stage(added.stage.as_str()).is_some());
                if !anywhere {
                    let text = format!("no route has a stage `{}`: name one of theirs", added.stage);
                    out.push(Problem::new(at(&format!(".add[{j}].stage")), text));
                }
                if added.reviewer.role.is_none() && added.reviewer.people.is_empty() {
                    let text = "it asks nobody: give a `role`, `people` or both";
                    out.push(Problem::new(at(&format!(".add[{j}].reviewer")), text));
                }
            }
        }
        out
    }
}
