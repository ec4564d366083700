//! `form`: what a request is asked for, by category.

use std::path::PathBuf;

use clap::Subcommand;
use proofroom_review::intake::IntakeField;
use proofroom_review::{Category, IntakeForm, LibraryItem, LibraryKey, PlanEdit, PlanView};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::home::write_atomic;
use crate::peer::{Peer, Seat};
use crate::report::{Cell, Report, Tone};

/// `proofroom form`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the request forms, one for each category
    #[command(
        after_help = "JSON: {\"forms\": [{\"category\", \"title\", \"own\", \"optional\", \"fields\"}]}
own is false for a form that comes with the program"
    )]
    List,
    /// Show what a category's form asks for
    #[command(after_help = "\
JSON: {\"category\", \"title\", \"own\", \"optional\": [field], \"fields\": [{\"key\", \"label\", \"type\", \"of\", \"required\",
\"help\", \"when\": {\"field\", \"is\"}}]}")]
    Show {
        /// visual, video, written, design_source or campaign
        category: Category,
    },
    /// Write a form to a file, to change it
    #[command(after_help = "JSON: {\"category\", \"file\"}")]
    Export {
        /// visual, video, written, design_source or campaign
        category: Category,
        /// The file to write
        file: PathBuf,
    },
    /// Check a form file without using it
    #[command(after_help = "JSON: as `proofroom form show`")]
    Check {
        /// The file
        file: PathBuf,
    },
    /// Use a form file for its category from now on
    #[command(after_help = "\
Example:
  proofroom form export visual visual.toml
  $EDITOR visual.toml
  proofroom form import visual.toml

JSON: {\"category\", \"title\", \"fields\", \"entry\"}")]
    Import {
        /// The file
        file: PathBuf,
    },
    /// Go back to the form that comes with the program
    #[command(after_help = "JSON: {\"category\", \"entry\"}")]
    Reset {
        /// visual, video, written, design_source or campaign
        category: Category,
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
        Command::Show { category } => {
            let plan = seat.replica.plan(seat.step.store)?;
            let (form, own) = effective(&plan, category);
            Ok(shown(&form, own))
        }
        Command::Export { category, file } => {
            let plan = seat.replica.plan(seat.step.store)?;
            export(&plan, category, &call.path(&file))
        }
        Command::Check { file } => Ok(shown(&read(&call.path(&file))?, true).line("The form holds")),
        Command::Import { file } => import(&mut seat, read(&call.path(&file))?),
        Command::Reset { category } => {
            let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Form(category) })?;
            let json = json!({"category": category, "entry": receipt.entry});
            Ok(Report::new(json).line(format!("Requests for {category} use the form of the program again")))
        }
    }
}

/// Asks this program for a category's form, in a process of its own: whoever owns the store answers.
///
/// # Errors
/// When it cannot be asked, or refuses.
pub fn ask_program(
    home: &crate::home::Home,
    workspace: Option<&str>,
    category: Category,
) -> Result<IntakeForm, Failure> {
    let lost = |e: std::io::Error| Failure::store(format!("cannot ask for the form of {category}: {e}"));
    let mut command = std::process::Command::new(std::env::current_exe().map_err(lost)?);
    command.arg("--home").arg(home.dir()).args(["--json", "form", "show", category.word()]);
    command.args(workspace.iter().flat_map(|w| ["--workspace", w]));
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(lost)?;
    let mut form: Value = serde_json::from_slice(&output.stdout).map_err(|_| {
        Failure::user(format!("the form of {category} cannot be shown"))
            .hint(format!("see what `proofroom form show {category}` says"))
    })?;
    form.as_object_mut().map(|fields| fields.remove("own"));
    serde_json::from_value(form).map_err(Failure::store)
}

fn effective(plan: &PlanView, category: Category) -> (IntakeForm, bool) {
    match plan.library.forms.iter().find(|f| f.category == category) {
        Some(own) => (own.clone(), true),
        None => (IntakeForm::default_for(category), false),
    }
}

fn read(path: &std::path::Path) -> Result<IntakeForm, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::user(format!("cannot read {}: {e}", path.display())).hint("check the path"))?;
    IntakeForm::from_toml(&text).map_err(|e| {
        Failure::user(format!("{}: {e}", path.display()))
            .hint("`proofroom form export visual FILE` writes a form that holds")
    })
}

fn described(form: &IntakeForm, own: bool) -> Value {
    json!({
        "category": form.category,
        "title": form.title,
        "own": own,
        "optional": form.optional,
        "fields": form.fields,
    })
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let forms: Vec<(IntakeForm, bool)> = Category::ALL.iter().map(|c| effective(&plan, *c)).collect();
    let row = |(form, own): &(IntakeForm, bool)| {
        let required = form.fields.iter().filter(|f| f.required).count();
        vec![
            Cell::new(form.category, Tone::Strong),
            Cell::from(&form.title),
            Cell::from(format!("{} fields, {required} required", form.fields.len())),
            Cell::new(if *own { "own" } else { "as it comes" }, Tone::Faint),
        ]
    };
    let rows = forms.iter().map(row).collect();
    let listed: Vec<Value> = forms.iter().map(|(form, own)| described(form, *own)).collect();
    Ok(Report::new(json!({"forms": listed})).table(&["CATEGORY", "FORM", "ASKS FOR", ""], rows, "No forms"))
}

fn shown(form: &IntakeForm, own: bool) -> Report {
    let row = |f: &IntakeField| {
        let kind = serde_json::to_value(f.kind).ok().and_then(|v| v.as_str().map(str::to_owned));
        let when = f.when.as_ref().map(|w| format!("if {} is {}", w.field, w.is.join(" or ")));
        vec![
            Cell::new(&f.key, Tone::Strong),
            Cell::from(kind.unwrap_or_default()),
            Cell::new(if f.required { "required" } else { "" }, Tone::Warn),
            Cell::from(when.unwrap_or_default()),
            Cell::from(f.help.as_deref().unwrap_or(&f.label)),
        ]
    };
    let rows = form.fields.iter().map(row).collect();
    let report = Report::new(described(form, own)).toned(&form.title, Tone::Strong).table(
        &["KEY", "TYPE", "", "ASKED", "HELP"],
        rows,
        "It asks for nothing beyond the standard fields",
    );
    match form.optional.is_empty() {
        true => report,
        false => report.line(format!(
            "not insisted on: {}",
            form.optional.iter().cloned().collect::<Vec<_>>().join(", ")
        )),
    }
}

fn export(plan: &PlanView, category: Category, file: &std::path::Path) -> Result<Report, Failure> {
    let text = match effective(plan, category) {
        (form, true) => form.to_toml().map_err(Failure::store)?,
        (_, false) => IntakeForm::default_file(category).to_owned(),
    };
    if file.exists() {
        return Err(Failure::user(format!("{} is there already", file.display())).hint("name another file"));
    }
    write_atomic(file, text.as_bytes())?;
    let json = json!({"category": category, "file": file});
    Ok(Report::new(json).line(format!("Wrote {}", file.display())))
}

fn import(seat: &mut Seat<'_>, form: IntakeForm) -> Result<Report, Failure> {
    let mut json = json!({"category": form.category, "title": form.title, "fields": form.fields});
    let said = format!("Requests for {} are asked by `{}` from now on", form.category, form.title);
    let receipt = seat.edit_plan(PlanEdit::Shelve { item: Box::new(LibraryItem::Form(form)) })?;
    json["entry"] = json!(receipt.entry);
    Ok(Report::new(json).line(said))
}
