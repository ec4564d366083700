//! `route`: templates of stages that versions are sent on.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use proofroom_replica::HeldTemplate;
use proofroom_review::route::{CloseRule, Problem, RouteFileError, StartRule, ready_files};
use proofroom_review::{LibraryItem, LibraryKey, PlanEdit, RouteName, RouteTemplate, Slot};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::home::write_atomic;
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};

/// `proofroom route`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the routes: those that come with the program, and the workspace's own
    #[command(
        after_help = "JSON: {\"routes\": [{\"route\", \"about\", \"own\", \"regulated\", \"stages\": [name]}]}"
    )]
    List,
    /// Show a route's stages: when they start and close, whom they ask, how long it takes
    #[command(after_help = "JSON: {\"route\", \"own\", \"template\", \"problems\": [text]}
template is the route as a route file spells it; problems say what keeps it from being used by the people of now")]
    Show {
        /// The route's name
        route: RouteName,
    },
    /// Write a route to a file, to change it
    #[command(after_help = "JSON: {\"route\", \"file\"}")]
    Export {
        /// The route's name
        route: RouteName,
        /// The file to write
        file: PathBuf,
    },
    /// Check a route file without using it
    #[command(after_help = "\
What is wrong is told with its line and what to write instead: misspelt keys, stages that wait for each other or can
never start, quorums that can never be met, deadlines before their start; and, as warnings, names and roles that the
workspace does not know.

JSON: {\"route\", \"own\", \"template\", \"problems\": [text]}")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Put a route into the workspace, in the place of one of the same name
    #[command(after_help = "\
Example:
  proofroom route export brand-legal ours.toml
  $EDITOR ours.toml
  proofroom route import ours.toml

Reviews that run go on as they were sent. JSON: {\"route\", \"own\", \"template\", \"problems\", \"entry\"}")]
    Import {
        /// The file
        file: PathBuf,
    },
    /// Take a route of the workspace's own out again
    #[command(after_help = "JSON: {\"route\", \"entry\"}")]
    Remove {
        /// The route's name
        route: RouteName,
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
        Command::List => list(&mut seat),
        Command::Show { route } => {
            let held = found(&mut seat, &route)?;
            let problems = unbound(&mut seat, &held.template)?;
            Ok(shown(&held.template, held.own, &problems))
        }
        Command::Export { route, file } => export(&mut seat, &route, &call.path(&file)),
        Command::Check { file } => {
            let template = read(&call.path(&file))?;
            let problems = unbound(&mut seat, &template)?;
            let report = shown(&template, true, &problems);
            Ok(if problems.is_empty() { report.line("The route holds") } else { report })
        }
        Command::Import { file } => import(&mut seat, read(&call.path(&file))?),
        Command::Remove { route } => remove(&mut seat, &route),
    }
}

fn found(seat: &mut Seat<'_>, route: &RouteName) -> Result<HeldTemplate, Failure> {
    let all = seat.replica.templates(seat.step.store)?;
    let names: Vec<String> = all.iter().map(|held| held.template.name.to_string()).collect();
    all.into_iter().find(|held| held.template.name == *route).ok_or_else(|| {
        Failure::user(format!("there is no route `{route}`")).hint(format!("there are {}", names.join(", ")))
    })
}

/// Reads a file that people write, up to its limit.
///
/// # Errors
/// When it cannot be read.
pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path"))
}

/// What is wrong in a file, a line each: `routes/ours.toml:12: stages[1].start: ...`.
pub(super) fn file_failure(path: &Path, error: &RouteFileError) -> Failure {
    let line = |(line, problem): &(usize, Problem)| match line {
        0 => format!("{}: {problem}", path.display()),
        n => format!("{}:{n}: {problem}", path.display()),
    };
    Failure::user(error.problems.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn read(path: &Path) -> Result<RouteTemplate, Failure> {
    RouteTemplate::from_toml(&text_of(path)?).map_err(|e| {
        file_failure(path, &e).hint("`proofroom route export brand-legal FILE` writes a route that holds")
    })
}

/// What keeps a template from being used by the people of now.
fn unbound(seat: &mut Seat<'_>, template: &RouteTemplate) -> Result<Vec<String>, Failure> {
    let cast = seat.replica.cast(seat.step.store, None)?;
    Ok(match template.bind(&cast) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            // A stage whose reviewers are not there yet has nobody to decide either: once is enough.
            let stage = |p: &Problem| p.path.split('.').next().unwrap_or_default().to_owned();
            let vacant: Vec<String> =
                problems.0.iter().filter(|p| p.path.contains(".reviewers[")).map(stage).collect();
            let follows = |p: &&Problem| !p.path.contains(".reviewers[") && vacant.contains(&stage(p));
            problems.0.iter().filter(|p| !follows(p)).map(ToString::to_string).collect()
        }
    })
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let all = seat.replica.templates(seat.step.store)?;
    let names = |t: &RouteTemplate| t.stages.iter().map(|s| s.name.to_string()).collect::<Vec<_>>();
    let listed: Vec<Value> = all
        .iter()
        .map(|held| {
            let t = &held.template;
            json!({"route": t.name, "about": t.about, "own": held.own, "regulated": t.regulated, "stages": names(t)})
        })
        .collect();
    let rows = all
        .iter()
        .map(|held| {
            let regulated = if held.template.regulated { "regulated" } else { "" };
            let whose = if held.own { "own" } else { "as it comes" };
            vec![
                Cell::new(&held.template.name, Tone::Strong),
                Cell::from(names(&held.template).join(", ")),
                Cell::new(whose, Tone::Faint),
                Cell::new(regulated, Tone::Warn),
            ]
        })
        .collect();
    let report = Report::new(json!({"routes": listed}));
    Ok(report.table(&["ROUTE", "STAGES", "", ""], rows, "No routes").toned(
        "A version that is sent without a route, where no rule chooses one, takes the built-in one: a single stage",
        Tone::Faint,
    ))
}

fn described(template: &RouteTemplate, own: bool, problems: &[String]) -> Value {
    json!({"route": template.name, "own": own, "template": template, "problems": problems})
}

fn shown(template: &RouteTemplate, own: bool, problems: &[String]) -> Report {
    let mut report = Report::new(described(template, own, problems)).toned(&template.name, Tone::Strong);
    if !template.about.is_empty() {
        report = report.line(&template.about);
    }
    if template.regulated {
        let rules = "regulated: every decision gives a reason, no approval with changes, nothing is skipped";
        report = report.toned(rules, Tone::Warn);
    }
    if let Some(calendar) = &template.calendar {
        report = report.line(format!("calendar: {calendar}"));
    }
    let rows = template
        .stages
        .iter()
        .map(|s| {
            let due = s.due.map(|d| d.to_string()).or_else(|| s.due_at.map(|at| format!("until {at}")));
            vec![
                Cell::new(&s.name, Tone::Strong),
                Cell::from(starts(&s.start)),
                Cell::from(closes(&s.close)),
                Cell::from(s.reviewers.iter().map(asked).collect::<Vec<_>>().join(", ")),
                Cell::from(due.unwrap_or_default()),
            ]
        })
        .collect();
    report = report.table(&["STAGE", "STARTS", "CLOSES", "ASKS", "DUE"], rows, "No stages");
    for stage in template.stages.iter().filter(|s| !s.checklist.is_empty()) {
        report = report.line(format!("checklist of {}:", stage.name));
        for item in &stage.checklist {
            let must = if item.required { "" } else { " (optional)" };
            report = report.line(format!("  {}{must}: {}", item.item, item.text));
        }
    }
    problems.iter().fold(report, |report, problem| report.warn(problem))
}

fn asked(slot: &Slot) -> String {
    let who = match (&slot.role, slot.people.as_slice()) {
        (Some(role), []) => role.to_string(),
        (_, people) => people.join(" + "),
    };
    let backup = slot.backup.as_ref().map(|b| format!(", else {b}")).unwrap_or_default();
    if slot.duty.is_mandatory() { format!("{who}{backup}") } else { format!("{who} ({}){backup}", slot.duty) }
}

fn starts(rule: &StartRule) -> String {
    let several = |rules: &[StartRule], word: &str| rules.iter().map(starts).collect::<Vec<_>>().join(word);
    match rule {
        StartRule::OnSubmit => "at once".into(),
        StartRule::Manual => "by hand".into(),
        StartRule::At(at) => at.to_string(),
        StartRule::After { stages, outcomes } => {
            let stages: Vec<&str> = stages.iter().map(|s| s.as_str()).collect();
            let outcomes: Vec<&str> = outcomes.iter().map(|o| o.word()).collect();
            let outcome =
                if outcomes.is_empty() { String::new() } else { format!(" is {}", outcomes.join(" or ")) };
            format!("after {}{outcome}", stages.join(" and "))
        }
        StartRule::All(rules) => several(rules, ", and "),
        StartRule::Any(rules) => several(rules, ", or "),
    }
}

fn closes(rule: &CloseRule) -> String {
    match rule {
        CloseRule::AllMandatory => "all decided".into(),
        CloseRule::AnyOne => "any one decided".into(),
        CloseRule::Quorum(n) => format!("{n} decided"),
        CloseRule::QuorumByRole(by) => {
            by.iter().map(|(role, n)| format!("{n} of {role}")).collect::<Vec<_>>().join(", ")
        }
        CloseRule::Majority => "most decided".into(),
        CloseRule::KeyApprover => "key approver".into(),
        CloseRule::Manual => "by hand".into(),
        CloseRule::Deadline => "at the deadline".into(),
    }
}

fn export(seat: &mut Seat<'_>, route: &RouteName, file: &Path) -> Result<Report, Failure> {
    let held = found(seat, route)?;
    let ready = ready_files();
    let as_it_comes = ready.iter().find(|text| {
        !held.own && RouteTemplate::from_toml(text).is_ok_and(|template| template.name == *route)
    });
    let text = match as_it_comes {
        Some(text) => (*text).to_owned(),
        None => held.template.to_toml().map_err(Failure::store)?,
    };
    write_new(file, &text)?;
    let json = json!({"route": route, "file": file});
    Ok(Report::new(json).line(format!("Wrote {}", file.display())))
}

/// Writes a file that is not there yet.
///
/// # Errors
/// When it is, or cannot be written.
pub(super) fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::user(format!("{} is there already", file.display())).hint("name another file"));
    }
    Ok(write_atomic(file, text.as_bytes())?)
}

fn import(seat: &mut Seat<'_>, template: RouteTemplate) -> Result<Report, Failure> {
    if template.name == RouteName::built_in() {
        return Err(Failure::user("`built-in` is the name of the route that needs no file")
            .hint("give the route another name"));
    }
    let problems = unbound(seat, &template)?;
    let mut json = described(&template, true, &problems);
    let said = format!("Versions may be sent on {} from now on", template.name);
    let receipt = seat.edit_plan(PlanEdit::Shelve { item: Box::new(LibraryItem::Route(template)) })?;
    json["entry"] = json!(receipt.entry);
    let report = Report::new(json).line(said);
    Ok(problems.iter().fold(report, |report, problem| report.warn(problem)))
}

fn remove(seat: &mut Seat<'_>, route: &RouteName) -> Result<Report, Failure> {
    let held = found(seat, route)?;
    if !held.own {
        return Err(Failure::user(format!("{route} comes with the program and cannot be removed"))
            .hint("import a route of the same name to take its place"));
    }
    let plan = seat.replica.plan(seat.step.store)?;
    let ready =
        ready_files().iter().filter_map(|text| RouteTemplate::from_toml(text).ok()).any(|t| t.name == *route);
    let rules = plan.library.rules.as_ref().filter(|_| !ready);
    let uses = rules.is_some_and(|rules| {
        rules.otherwise == *route || rules.rules.iter().any(|rule| rule.route.as_ref() == Some(route))
    });
    if uses {
        return Err(Failure::user(format!("a routing rule chooses {route}"))
            .hint("change the rules first: proofroom rule export FILE, then proofroom rule import FILE"));
    }
    let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Route(route.clone()) })?;
    let said = if ready { format!("{route} is again as it comes") } else { format!("{route} is removed") };
    Ok(Report::new(json!({"route": route, "entry": receipt.entry})).line(said))
}
