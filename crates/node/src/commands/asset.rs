//! `asset`: the logical things across time, and who reviews them.

mod renditions;

use std::path::PathBuf;

use clap::Subcommand;
use proofroom_ident::AssetId;
use proofroom_review::{AssetView, Category, Current, PlanEdit, PlanView, RequestKey, ReviewerRole};
use serde_json::{Value, json};

use super::Call;
use super::version::{Draft, VersionReport};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};

pub(super) use renditions::Workshop;

/// `proofroom asset`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an asset with its first version
    #[command(after_help = "\
Examples:
  proofroom asset add hero.jpg --name Hero --category visual
  proofroom asset add spot.mp4 spot.srt --name Spot --category video --request 4f2a --slot \"Spot 30s\"

JSON: {\"asset\", \"name\", \"category\", \"request\", \"version\", \"label\", \"note\", \"entry\",
\"files\": [{\"name\", \"media_type\", \"bytes\", \"content\", \"blob\"}],
\"duplicates\": [{\"file\", \"content\", \"asset\", \"asset_name\", \"version\", \"label\", \"name\"}]}
duplicates are files whose very bytes are in the workspace already, and where;
renditions: [as `proofroom asset renditions` prints]")]
    Add {
        /// The file, or the files of one version
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it is: visual, video, written, design_source or campaign
        #[arg(long)]
        category: Category,
        /// The request that it answers
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// The deliverable of the request that it is
        #[arg(long, value_name = "NAME", requires = "request")]
        slot: Option<String>,
        /// What to say about the first version
        #[arg(long, default_value = "")]
        note: String,
        /// Make no thumbnails, tiles, pages, proxies or waveforms now
        #[arg(long)]
        no_renditions: bool,
    },
    /// List what was made of a version's files for screens: thumbnails, tiles, pages, proxies, waveforms
    #[command(after_help = "\
Examples:
  proofroom asset renditions Spot
  proofroom asset renditions Spot v1 --make

A rendition is a file of its own beside the signed version, with the recipe that made it. Films and sound are
decoded by ffmpeg where it is installed; where it is not, the file itself is shown.

JSON: {\"asset\", \"name\", \"version\", \"label\", \"entry\", \"renditions\": [{\"file\", \"of\", \"kind\", \"state\", \"reason\",
\"content\", \"media_type\", \"bytes\", \"size\", \"recipe\": {\"tool\", \"settings\"}, \"by\", \"here\"}]}
state is made, missing, not_applicable or failed; here says whether its bytes have reached this machine")]
    Renditions {
        /// The asset: its name or id
        asset: String,
        /// The version: v1, or the beginning of its hash; the current one unless it is given
        version: Option<String>,
        /// Make what is missing
        #[arg(long)]
        make: bool,
    },
    /// Say where in the workspace a file's very bytes are
    #[command(after_help = "\
JSON: {\"file\", \"content\", \"bytes\", \"found\": [{\"asset\", \"asset_name\", \"version\", \"label\", \"name\"}]}")]
    Find {
        /// The file
        file: PathBuf,
    },
    /// Say which deliverable of its request an asset is
    #[command(after_help = "JSON: {\"asset\", \"slot\", \"entry\"}; slot is null when it is none")]
    Slot {
        /// The asset: its name or id
        asset: String,
        /// The deliverable's name, or none
        slot: String,
    },
    /// List the assets
    #[command(after_help = "\
JSON: {\"assets\": [{\"asset\", \"name\", \"category\", \"request\", \"author\", \"created_at\", \"versions\", \"current\"}]}
current is the current version's label, null without versions, and \"fork\" while concurrent versions wait for a pick")]
    List,
    /// Rename an asset
    #[command(after_help = "JSON: {\"asset\", \"name\", \"entry\"}")]
    Rename {
        /// The asset: its name or id
        asset: String,
        /// Its new name
        name: String,
    },
    /// Say what a person is to an asset's review
    #[command(
        after_help = "JSON: {\"asset\", \"person\", \"role\", \"entry\"}; role is null when they are taken off"
    )]
    Assign {
        /// The asset: its name or id
        asset: String,
        /// The person: their printed name or id
        person: String,
        /// viewer, reviewer, mandatory_reviewer, approver, gatekeeper, key_approver; or none
        role: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let home = peer.home().clone();
    let shop = Workshop { workspace, call, home: &home };
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::Find { file } => super::duplicates::find(&mut seat, &call.path(&file)),
        Command::Slot { asset, slot } => self::slot(&mut seat, &asset, slot),
        Command::Renditions { asset, version, make } => {
            renditions::run(&shop, &mut seat, &asset, version.as_deref(), make)
        }
        Command::Add { files, name, category, request, slot, note, no_renditions } => {
            let files = files.iter().map(|f| call.path(f)).collect();
            let new = New { files, name, category, request, slot, note };
            add(&shop, &mut seat, new, !no_renditions)
        }
        Command::List => list(&mut seat),
        Command::Rename { asset, name } => rename(&mut seat, &asset, name),
        Command::Assign { asset, person, role } => assign(&mut seat, &asset, &person, &role),
    }
}

struct New {
    files: Vec<PathBuf>,
    name: String,
    category: Category,
    request: Option<String>,
    slot: Option<String>,
    note: String,
}

fn add(shop: &Workshop<'_>, seat: &mut Seat<'_>, new: New, renditions: bool) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let request = new.request.as_deref().map(|r| find::request(&plan, r).map(|r| r.key)).transpose()?;
    if plan.assets.iter().any(|a| a.name.to_lowercase() == new.name.to_lowercase()) {
        return Err(Failure::user(format!("there is an asset `{}` already", new.name))
            .hint("choose another name, or add a version: proofroom version add ASSET FILE"));
    }
    let asset = AssetId::from_bytes(seat.random());
    check_slot(&plan, request, new.slot.as_deref())?;
    let draft = Draft::read(shop.workspace, seat, shop.call, asset, &new.files)?;
    let twins = super::duplicates::of(seat, &plan, &draft.files)?;
    let add = PlanEdit::AddAsset { id: asset, name: new.name.clone(), category: new.category, request };
    let slot = new.slot.clone().map(|slot| PlanEdit::FillSlot { asset, slot: Some(slot) });
    let edits: Vec<PlanEdit> = std::iter::once(add).chain(slot).collect();
    if let Err(e) = seat.edit_plan_all(&edits) {
        draft.discard(seat);
        return Err(e);
    }
    let added = draft.record(seat, Vec::new(), &new.note)?;
    let mut json = json!({
        "asset": asset,
        "name": new.name,
        "category": new.category,
        "request": request.map(|r| r.id),
    });
    merge(&mut json, added.to_json());
    let report = told(Report::new(json), asset, &new.name, new.category, &added);
    let report = super::duplicates::warned(report, &twins);
    Ok(if renditions { shop.make_at_ingest(seat, report, asset, added.version) } else { report })
}

/// A slot is a deliverable of the request.
fn check_slot(plan: &PlanView, request: Option<RequestKey>, slot: Option<&str>) -> Result<(), Failure> {
    let Some(slot) = slot else { return Ok(()) };
    let Some(request) = request.and_then(|key| plan.request(&key)) else {
        return Err(Failure::user("an asset that answers no request fills no deliverable")
            .hint("name the request: --request ID"));
    };
    let names: Vec<&str> = request.form.deliverables.iter().map(|d| d.name.as_str()).collect();
    if names.iter().any(|name| name.to_lowercase() == slot.to_lowercase()) {
        return Ok(());
    }
    Err(Failure::user(format!("`{}` lists no deliverable `{slot}`", request.form.title))
        .hint(format!("it lists: {}", names.join(", "))))
}

fn slot(seat: &mut Seat<'_>, asset: &str, slot: String) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let slot = Some(slot).filter(|slot| slot != "none");
    check_slot(&plan, asset.request, slot.as_deref())?;
    let receipt = seat.edit_plan(PlanEdit::FillSlot { asset: asset.id, slot: slot.clone() })?;
    let said = match &slot {
        Some(slot) => format!("{} is the deliverable {slot}", asset.name),
        None => format!("{} is no deliverable by its own name", asset.name),
    };
    Ok(Report::new(json!({"asset": asset.id, "slot": slot, "entry": receipt.entry})).line(said))
}

fn told(report: Report, asset: AssetId, name: &str, category: Category, added: &VersionReport) -> Report {
    let report = report
        .line(format!("Added {name} ({category}), {} file{}", added.files.len(), plural(added.files.len())))
        .fields([("asset", Cell::from(asset.short())), ("version", Cell::from(&added.label))]);
    added.warn_of_misfits(report, category)
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Adds the fields of `more` to `json`.
pub(super) fn merge(json: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (json.as_object_mut(), more) {
        into.extend(more);
    }
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for asset in &plan.assets {
        let view = seat.replica.review(seat.step.store, asset.id, proofroom_ident::Audience::Everyone)?;
        let numbered = view.numbered();
        let label = |v| numbered.iter().find(|n| n.version == v).map(|n| n.label.clone());
        let current = match view.current() {
            Current::None => None,
            Current::One(version) => label(version),
            Current::Fork(_) => Some("fork".into()),
        };
        rows.push(row(asset, current.as_deref()));
        listed.push(json!({
            "asset": asset.id,
            "name": asset.name,
            "category": asset.category,
            "request": asset.request.map(|r| r.id),
            "author": asset.author,
            "created_at": asset.created_at,
            "versions": numbered.len(),
            "current": current,
        }));
    }
    let empty = "No assets yet: proofroom asset add FILE --name NAME --category CATEGORY";
    Ok(Report::new(json!({"assets": listed})).table(&["ID", "NAME", "CATEGORY", "VERSION"], rows, empty))
}

fn row(asset: &AssetView, current: Option<&str>) -> Vec<Cell> {
    let tone = if current == Some("fork") { Tone::Warn } else { Tone::Plain };
    vec![
        Cell::from(asset.id.short()),
        Cell::new(&asset.name, Tone::Strong),
        Cell::from(asset.category),
        Cell::new(current.unwrap_or("none"), tone),
    ]
}

fn rename(seat: &mut Seat<'_>, asset: &str, name: String) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?.id;
    let edit = PlanEdit::RenameAsset { asset, name: name.clone() };
    let receipt = seat.edit_plan(edit)?;
    Ok(Report::new(json!({"asset": asset, "name": name, "entry": receipt.entry}))
        .line(format!("{} is now called {name}", asset.short())))
}

fn assign(seat: &mut Seat<'_>, asset: &str, person: &str, role: &str) -> Result<Report, Failure> {
    let role: Option<ReviewerRole> = match role {
        "none" => None,
        word => Some(word.parse().map_err(|e| Failure::user(e).hint("or none, to take them off"))?),
    };
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = find::asset(&plan, asset)?;
    let members = seat.replica.members(seat.step.store)?;
    let person = find::person(&members, person)?;
    let edit = PlanEdit::SetAssignment { asset: asset.id, person, role };
    let receipt = seat.edit_plan(edit)?;
    let name = People::from_members(&members).name(person);
    let shown = role.map_or_else(|| "no longer asked".to_owned(), |r| r.to_string());
    Ok(Report::new(json!({"asset": asset.id, "person": person, "role": role, "entry": receipt.entry}))
        .line(format!("{}: {name} is {shown}", asset.name)))
}
