//! `cast`: who plays which role of the routes.

use std::collections::BTreeSet;

use clap::Subcommand;
use proofroom_ident::PersonId;
use proofroom_review::{Casting, LibraryItem, LibraryKey, PlanEdit, RoleName};
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Cell, Report, Tone};

/// `proofroom cast`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the roles that routes ask for, and who plays them
    #[command(
        after_help = "JSON: {\"roles\": [{\"role\", \"people\": [{\"person\", \"name\", \"removed\"}], \"routes\": [name]}]}"
    )]
    List,
    /// Say who plays a role, in the place of those who did
    #[command(after_help = "\
Example:
  proofroom cast set legal Cy \"Di Dorn\"

Reviews that run go on with the people whom they were sent to. JSON: {\"role\", \"people\": [id], \"entry\"}")]
    Set {
        /// The role
        role: RoleName,
        /// The people, by name or id
        #[arg(required = true, value_name = "PERSON")]
        people: Vec<String>,
    },
    /// Leave a role to nobody
    #[command(after_help = "JSON: {\"role\", \"entry\"}")]
    Remove {
        /// The role
        role: RoleName,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// When a person is not known, or the role may not.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    match command {
        Command::List => list(&mut seat),
        Command::Set { role, people } => set(&mut seat, role, &people),
        Command::Remove { role } => {
            let plan = seat.replica.plan(seat.step.store)?;
            if !plan.library.cast.contains_key(&role) {
                return Err(Failure::user(format!("nobody plays {role}"))
                    .hint("`proofroom cast list` lists the roles"));
            }
            let receipt = seat.edit_plan(PlanEdit::Unshelve { key: LibraryKey::Cast(role.clone()) })?;
            Ok(Report::new(json!({"role": role, "entry": receipt.entry}))
                .line(format!("Nobody plays {role} any more")))
        }
    }
}

fn list(seat: &mut Seat<'_>) -> Result<Report, Failure> {
    let members = seat.replica.members(seat.step.store)?;
    let people = People::from_members(&members);
    let gone: BTreeSet<PersonId> = members.iter().filter(|m| m.removed).map(|m| m.person).collect();
    let plan = seat.replica.plan(seat.step.store)?;
    let templates = seat.replica.templates(seat.step.store)?;
    let asks = |role: &RoleName| -> Vec<String> {
        let asks = templates.iter().map(|held| &held.template).filter(|t| {
            t.stages.iter().flat_map(|s| &s.reviewers).any(|slot| slot.role.as_ref() == Some(role))
        });
        asks.map(|t| t.name.to_string()).collect()
    };
    let asked = templates.iter().flat_map(|held| &held.template.stages).flat_map(|s| &s.reviewers);
    let mut roles: BTreeSet<RoleName> = asked.filter_map(|slot| slot.role.clone()).collect();
    roles.extend(plan.library.cast.keys().cloned());
    let (mut rows, mut listed) = (Vec::new(), Vec::new());
    for role in &roles {
        let cast = plan.library.cast.get(role).map(Vec::as_slice).unwrap_or_default();
        let one = |p: &PersonId| json!({"person": p, "name": people.name(*p), "removed": gone.contains(p)});
        let described: Vec<Value> = cast.iter().map(one).collect();
        listed.push(json!({"role": role, "people": described, "routes": asks(role)}));
        let names: Vec<String> = cast
            .iter()
            .map(|p| if gone.contains(p) { format!("{} (left)", people.name(*p)) } else { people.name(*p) })
            .collect();
        let who = match names.is_empty() {
            true => Cell::new("nobody", Tone::Faint),
            false => Cell::from(names.join(", ")),
        };
        rows.push(vec![Cell::new(role, Tone::Strong), who, Cell::new(asks(role).join(", "), Tone::Faint)]);
    }
    let report = Report::new(json!({"roles": listed}));
    Ok(report.table(&["ROLE", "PLAYED BY", "ASKED BY"], rows, "No route asks for a role"))
}

fn set(seat: &mut Seat<'_>, role: RoleName, names: &[String]) -> Result<Report, Failure> {
    let members = seat.replica.members(seat.step.store)?;
    let mut people = names.iter().map(|name| find::person(&members, name)).collect::<Result<Vec<_>, _>>()?;
    people.sort_unstable();
    people.dedup();
    if let Some(gone) = members.iter().find(|m| m.removed && people.contains(&m.person)) {
        let name = gone.printed_name.clone().unwrap_or_else(|| gone.person.short());
        return Err(Failure::user(format!("{name} has left the workspace")).hint("name somebody else"));
    }
    let shown: Vec<String> = people.iter().map(|p| People::from_members(&members).name(*p)).collect();
    let said = format!("{role} is played by {}", shown.join(", "));
    let mut json = json!({"role": role, "people": people});
    let item = Box::new(LibraryItem::Cast(Casting { role, people }));
    let receipt = seat.edit_plan(PlanEdit::Shelve { item })?;
    json["entry"] = json!(receipt.entry);
    Ok(Report::new(json).line(said))
}
