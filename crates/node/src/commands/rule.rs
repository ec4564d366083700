//! `rule`: which route a version takes, and whom it asks besides.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use proofroom_review::route::{RoutingRule, When};
use proofroom_review::{LibraryItem, LibraryKey, PlanEdit, RouteName, RouteTemplate, RoutingRules};
use serde_json::{Value, json};

use super::Call;
use super::route::{file_failure, text_of, write_new};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};

/// `proofroom rule`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the routing rules in their order
    #[command(
        after_help = "JSON: {\"otherwise\", \"rules\": [{\"name\", \"when\", \"route\", \"add\"}]}; otherwise is null without rules"
    )]
    List,
    /// Write the rules to a file, to change them
    #[command(after_help = "JSON: {\"file\"}")]
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Check a rule file without using it
    #[command(after_help = "JSON: as `proofroom rule list`")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Use the rules of a file from now on
    #[command(after_help = "\
A rule file:
  otherwise = \"quick\"

  [[rules]]
  name = \"medicines\"
  when = { risk_class = [\"regulated\"] }
  route = \"medical-legal-regulatory\"

  [[rules]]
  name = \"german\"
  when = { locale = [\"de-*\"] }
  add = [{ stage = \"legal\", reviewer = { role = \"legal-de\" } }]

The first rule with a route that matches chooses it; every rule that matches adds its reviewers. A rule may ask for
category, risk_class, channel, locale, and fields of the brief.

JSON: as `proofroom rule list`, and \"entry\"")]
    Import {
        /// The file
        file: PathBuf,
    },
    /// Remove all rules: versions take the built-in route unless one is named
    #[command(after_help = "JSON: {\"entry\"}")]
    Remove,
    /// Say which route an asset would take, and why
    #[command(
        after_help = "JSON: {\"asset\", \"route\", \"rule\", \"inputs\", \"considered\": [{\"rule\", \"matched\", \"because\"}]}"
    )]
    Try {
        /// The asset: its name or id
        asset: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// When a file cannot be read, does not hold, or the role may not.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::List => {
            let plan = seat.replica.plan(seat.step.store)?;
            Ok(plan.library.rules.as_ref().map_or_else(none, shown))
        }
        Command::Export { file } => export(&mut seat, &call.path(&file)),
        Command::Check { file } => Ok(shown(&read(&mut seat, &call.path(&file))?).line("The rules hold")),
        Command::Import { file } => import(&mut seat, &call.path(&file)),
        Command::Remove => {
            let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Rules })?;
            Ok(Report::new(json!({"entry": receipt.entry})).line("No rule chooses routes any more"))
        }
        Command::Try { asset } => tried(&mut seat, &asset),
    }
}

fn none() -> Report {
    Report::new(json!({"otherwise": null, "rules": []}))
        .line("No rules: a version takes the built-in route unless one is named")
        .toned("proofroom rule import --help shows a rule file", Tone::Faint)
}

fn templates(seat: &mut Seat<'_>) -> Result<Vec<RouteTemplate>, Failure> {
    Ok(seat.replica.templates(seat.step.store)?.into_iter().map(|held| held.template).collect())
}

fn read(seat: &mut Seat<'_>, path: &Path) -> Result<RoutingRules, Failure> {
    let templates = templates(seat)?;
    RoutingRules::from_toml(&text_of(path)?, &templates).map_err(|e| file_failure(path, &e))
}

fn described(rules: &RoutingRules) -> Value {
    json!({"otherwise": rules.otherwise, "rules": rules.rules})
}

fn shown(rules: &RoutingRules) -> Report {
    let rows = rules.rules.iter().map(row).collect();
    Report::new(described(rules))
        .table(&["RULE", "WHEN", "ROUTE", "ADDS"], rows, "No rules")
        .line(format!("otherwise: {}", rules.otherwise))
}

fn row(rule: &RoutingRule) -> Vec<Cell> {
    let adds = rule.add.iter().map(|added| {
        let slot = &added.reviewer;
        let who = slot.role.iter().map(ToString::to_string).chain(slot.people.iter().cloned());
        format!("{} to {}", who.collect::<Vec<_>>().join(", "), added.stage)
    });
    vec![
        Cell::new(&rule.name, Tone::Strong),
        Cell::from(when(&rule.when)),
        Cell::from(rule.route.as_ref().map(RouteName::to_string).unwrap_or_default()),
        Cell::from(adds.collect::<Vec<_>>().join("; ")),
    ]
}

fn when(when: &When) -> String {
    let words = |name: &str, values: Vec<String>| {
        (!values.is_empty()).then(|| format!("{name} {}", values.join(" or ")))
    };
    let parts = [
        words("category", when.category.iter().map(ToString::to_string).collect()),
        words("risk", when.risk_class.iter().map(ToString::to_string).collect()),
        words("channel", when.channel.clone()),
        words("locale", when.locale.clone()),
    ];
    let fields = when.fields.iter().map(|(field, values)| format!("{field} {}", values.join(" or ")));
    let parts: Vec<String> = parts.into_iter().flatten().chain(fields).collect();
    if parts.is_empty() { "always".into() } else { parts.join(", ") }
}

fn export(seat: &mut Seat<'_>, file: &Path) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let Some(rules) = &plan.library.rules else {
        return Err(
            Failure::user("there are no rules yet").hint("proofroom rule import --help shows a rule file")
        );
    };
    write_new(file, &rules.to_toml().map_err(Failure::store)?)?;
    Ok(Report::new(json!({"file": file})).line(format!("Wrote {}", file.display())))
}

fn import(seat: &mut Seat<'_>, file: &Path) -> Result<Report, Failure> {
    let rules = read(seat, file)?;
    let mut json = described(&rules);
    let said = match rules.rules.len() {
        1 => "1 rule chooses routes from now on".to_owned(),
        n => format!("{n} rules choose routes from now on"),
    };
    let receipt = seat.edit_plan(PlanEdit::Shelve { item: Box::new(LibraryItem::Rules(rules)) })?;
    json["entry"] = json!(receipt.entry);
    Ok(Report::new(json).line(said))
}

fn tried(seat: &mut Seat<'_>, asset: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let chosen = seat.replica.choose_route(seat.step.store, asset.id, None)?;
    let Some(choice) = chosen.choice else {
        return Ok(none().with_json(
            json!({"asset": asset.id, "route": RouteName::built_in(), "rule": null, "inputs": {}, "considered": []}),
        ));
    };
    let mut json = json!({"asset": asset.id});
    super::asset::merge(&mut json, serde_json::to_value(&choice).map_err(Failure::store)?);
    Ok(proofroom_workflow::explain(&choice).into_iter().fold(Report::new(json), Report::line))
}
