//! `package`: versions that are approved and handed off together.

use clap::Subcommand;
use proofroom_ident::{Audience, ContentHash};
use proofroom_review::{LibraryItem, LibraryKey, Package, PackageItem, PlanEdit, PlanView};
use proofroom_workflow::PackageState;
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};
use crate::spoken;

/// `proofroom package`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the packages and where they stand
    #[command(
        after_help = "JSON: {\"packages\": [{\"package\", \"name\", \"outcome\", \"whole\", \"items\": [{\"asset\", \"name\",
\"version\", \"label\", \"outcome\"}]}]}"
    )]
    List,
    /// Show what is in a package, and what holds it back
    #[command(after_help = "JSON: as one of `proofroom package list`")]
    Show {
        /// The package: its name or id
        package: String,
    },
    /// Put versions together: the current one of each asset, unless ASSET@v2 says otherwise
    #[command(after_help = "\
Example:
  proofroom package add \"Spring launch\" Hero Spot@v2 Copy
  proofroom package add \"Spring launch\" Hero Spot --whole \"Launch deck\"

A package is what it is: with another version in it, it is another package. Its outcome is that of its items together,
and of the review of the whole where an asset stands for it. What holds back one holds back all.

JSON: as one of `proofroom package list`, and \"entry\"")]
    Add {
        /// What people call it
        name: String,
        /// The assets, by name or id; ASSET@v2 for an earlier version
        #[arg(required = true, value_name = "ASSET")]
        assets: Vec<String>,
        /// The asset whose review is about the package as a whole
        #[arg(long, value_name = "ASSET")]
        whole: Option<String>,
    },
    /// Take a package apart; its versions stay
    #[command(after_help = "JSON: {\"package\", \"name\", \"entry\"}")]
    Remove {
        /// The package: its name or id
        package: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// When an asset or package is not known, or the role may not.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::List => list(&mut seat),
        Command::Show { package } => show(&mut seat, &package),
        Command::Add { name, assets, whole } => add(&mut seat, name, &assets, whole.as_deref()),
        Command::Remove { package } => {
            let plan = seat.replica.plan(seat.step.store)?;
            let (id, package) = found(&plan, &package)?;
            let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Package(id) })?;
            let json = json!({"package": id, "name": package.name, "entry": receipt.entry});
            Ok(Report::new(json).line(format!("Package {} is no more; its versions stay", package.name)))
        }
    }
}

/// A package and its id.
///
/// # Errors
/// When none, or several, may be meant.
pub(super) fn found<'p>(plan: &'p PlanView, text: &str) -> Result<(ContentHash, &'p Package), Failure> {
    let all = plan.library.packages.iter().filter_map(|package| Some((id(package)?, package)));
    find::package(all, text)
}

/// A package's id: its hash. Packages of the plan have one.
fn id(package: &Package) -> Option<ContentHash> {
    package.hash().ok().map(|hash| ContentHash::from_bytes(*hash.as_bytes()))
}

fn states(seat: &mut Seat<'_>) -> Result<Vec<(ContentHash, Package, PackageState)>, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let states = seat.replica.workflow(seat.step.store, seat.step.now)?.packages();
    let packages = plan.library.packages.iter().cloned().zip(states);
    Ok(packages.filter_map(|(package, state)| Some((id(&package)?, package, state))).collect())
}

fn described(
    seat: &mut Seat<'_>,
    id: ContentHash,
    package: &Package,
    state: &PackageState,
) -> Result<Value, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let mut items = Vec::new();
    for (item, (_, outcome)) in package.items.iter().zip(&state.items) {
        let asset = seat.replica.status(seat.step.store, item.asset, seat.step.now).ok();
        let label = asset.and_then(|a| a.run(&item.version).map(|run| run.label.clone()));
        items.push(json!({
            "asset": item.asset,
            "name": plan.asset(&item.asset).map(|a| &a.name),
            "version": item.version,
            "label": label,
            "outcome": outcome,
        }));
    }
    Ok(
        json!({"package": id, "name": state.name, "outcome": state.outcome, "whole": state.whole, "items": items}),
    )
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for (id, package, state) in states(seat)? {
        listed.push(described(seat, id, &package, &state)?);
        let approved = state.items.iter().filter(|(_, outcome)| outcome.approves()).count();
        rows.push(vec![
            Cell::from(id.short()),
            Cell::new(&state.name, Tone::Strong),
            Cell::new(state.outcome, spoken::tone(state.outcome)),
            Cell::from(format!("{approved} of {} approved", state.items.len())),
        ]);
    }
    let empty = "No packages: proofroom package add NAME ASSET ...";
    Ok(Report::new(json!({"packages": listed})).table(&["ID", "PACKAGE", "OUTCOME", "ITEMS"], rows, empty))
}

fn show(seat: &mut Seat<'_>, text: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let (wanted, _) = found(&plan, text)?;
    let all = states(seat)?;
    let Some((id, package, state)) = all.into_iter().find(|(id, ..)| *id == wanted) else {
        return Err(Failure::store("the package is listed but has no state"));
    };
    let json = described(seat, id, &package, &state)?;
    Ok(shown(json, &state))
}

fn shown(json: Value, state: &PackageState) -> Report {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let items = json["items"].as_array().cloned().unwrap_or_default();
    let rows = items
        .iter()
        .zip(&state.items)
        .map(|(item, (_, outcome))| {
            vec![
                Cell::new(text(&item["name"]), Tone::Strong),
                Cell::from(text(&item["label"])),
                Cell::new(outcome, spoken::tone(*outcome)),
            ]
        })
        .collect();
    let mut report = Report::new(json).fields([
        ("package", Cell::new(&state.name, Tone::Strong)),
        ("outcome", Cell::new(state.outcome, spoken::tone(state.outcome))),
    ]);
    if let Some(whole) = state.whole {
        report = report.fields([("as a whole", Cell::new(whole, spoken::tone(whole)))]);
    }
    report.table(&["ASSET", "VERSION", "OUTCOME"], rows, "It is empty")
}

fn add(seat: &mut Seat<'_>, name: String, assets: &[String], whole: Option<&str>) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let mut items = Vec::new();
    for text in assets {
        items.push(item(seat, &plan, text)?);
    }
    items.sort_unstable();
    let whole = whole.map(|text| find::asset(&plan, text)).transpose()?.map(|asset| asset.id);
    let package = Package { name, items, whole };
    package.check().map_err(Failure::user)?;
    let key = id(&package).ok_or_else(|| Failure::user("the package has no canonical form"))?;
    if plan.library.packages.contains(&package) {
        return Err(
            Failure::user("there is this very package already").hint("`proofroom package list` lists them")
        );
    }
    let item = Box::new(LibraryItem::Package(package.clone()));
    let receipt = seat.edit_plan(PlanEdit::Shelve { item })?;
    let all = states(seat)?;
    let Some((id, package, state)) = all.into_iter().find(|(id, ..)| *id == key) else {
        return Err(Failure::store("the package was recorded but is not shown"));
    };
    let mut json = described(seat, id, &package, &state)?;
    json["entry"] = json!(receipt.entry);
    Ok(shown(json, &state))
}

/// `Hero`, or `Hero@v2`.
fn item(seat: &mut Seat<'_>, plan: &PlanView, text: &str) -> Result<PackageItem, Failure> {
    let (name, version) = match (find::asset(plan, text), text.rsplit_once('@')) {
        (Err(_), Some((name, version))) => (name, Some(version)),
        _ => (text, None),
    };
    let asset = find::asset(plan, name)?;
    let view = seat.replica.review(seat.step.store, asset.id, Audience::Everyone)?;
    let version = match version {
        Some(version) => find::version(&view, version)?,
        None => {
            let state = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
            match state.current.heads() {
                [one] => *one,
                [] => return Err(Failure::user(format!("{} has no version yet", asset.name))),
                _ => {
                    return Err(Failure::user(format!("{} has concurrent versions", asset.name))
                        .hint("say which one: ASSET@v3a"));
                }
            }
        }
    };
    Ok(PackageItem { asset: asset.id, version })
}
