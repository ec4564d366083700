//! `members`: who is in, as what, and what the removed left behind.

use clap::Subcommand;
use proofroom_authority::Role;
use proofroom_replica::{HeldBackLog, MemberView};
use serde_json::{Value, json};

use super::{Call, invite};
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
use crate::people::{self, People};
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom members`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the members, those removed included, and work that is held back
    #[command(after_help = "\
JSON: {\"members\": [{\"person\", \"printed_name\", \"organisation\", \"role\", \"vouched_by\", \"removed\", \"me\",
\"devices\": [{\"device\", \"active\", \"this\", \"claimed_at\"}]}],
\"held_back\": [{\"person\", \"doc\", \"log\", \"first_seq\", \"last_seq\", \"last\", \"removal\", \"claimed_at\"}]}
printed_name and organisation are null until the person's profile has arrived")]
    List,
    /// Remove a person: what they wrote so far counts, nothing after it; the keys change
    #[command(after_help = "\
The invite links that they made or came by admit nobody any more: they know them.

JSON: {\"person\", \"entry\", \"closed_invites\"}; closed_invites are those that could still have been used")]
    Remove {
        /// The person: their printed name or id
        person: String,
    },
    /// Give a person another role
    #[command(after_help = "\
Who is given less loses the invite links that grant more than they have: those that they came by or made.

JSON: {\"person\", \"role\", \"entry\", \"closed_invites\"}; closed_invites are those that could still have been used")]
    Role {
        /// The person: their printed name or id
        person: String,
        /// owner, producer, reviewer, guest or relay
        role: Role,
    },
    /// Let the held-back work of a removed person count
    #[command(after_help = "JSON: {\"person\", \"entries\"}; entries are those that move the line")]
    Adopt {
        /// The person: their printed name or id
        person: String,
    },
}

/// Runs a subcommand.
///
/// # Errors
/// See each function.
pub fn run(command: Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let members = seat.replica.members(seat.step.store)?;
    match command {
        Command::List => list(&mut seat, &members),
        Command::Remove { person } => {
            let person = find::person(&members, &person)?;
            let receipt = seat.replica.remove(&mut seat.step, person)?;
            let name = People::from_members(&members).name(person);
            let closed = seat.replica.closed_by(receipt.entry, seat.step.now);
            let json = json!({"person": person, "entry": receipt.entry, "closed_invites": closed});
            let report = Report::new(json).line(format!("{name} is removed; sync so that others hear of it"));
            Ok(invite::tell_closed(report, &closed))
        }
        Command::Role { person, role } => {
            let person = find::person(&members, &person)?;
            let receipt = seat.replica.set_role(&mut seat.step, person, role)?;
            let name = People::from_members(&members).name(person);
            let closed = seat.replica.closed_by(receipt.entry, seat.step.now);
            let json =
                json!({"person": person, "role": role, "entry": receipt.entry, "closed_invites": closed});
            let report = Report::new(json).line(format!("{name} is {} now", people::a(role)));
            Ok(invite::tell_closed(report, &closed))
        }
        Command::Adopt { person } => {
            let person = find::person(&members, &person)?;
            let receipts = seat.replica.adopt(&mut seat.step, person)?;
            let entries: Vec<_> = receipts.iter().map(|r| r.entry).collect();
            let name = People::from_members(&members).name(person);
            Ok(Report::new(json!({"person": person, "entries": entries}))
                .line(format!("The held-back work of {name} counts now")))
        }
    }
}

fn list(seat: &mut Seat<'_>, members: &[MemberView]) -> Result<Report, Failure> {
    let people = People::from_members(members);
    let held = seat.replica.held_back(&seat.step)?;
    let row = |m: &MemberView| {
        let role = if m.removed { Cell::new("removed", Tone::Bad) } else { Cell::from(&m.role) };
        let devices = m.devices.iter().filter(|d| d.active).count();
        let me = if m.me { " (you)" } else { "" };
        vec![
            Cell::from(m.person.short()),
            Cell::new(format!("{}{me}", people.name(m.person)), Tone::Strong),
            Cell::from(m.organisation.as_deref().unwrap_or_default()),
            role,
            Cell::from(devices),
            Cell::from(m.vouched_by.map_or_else(String::new, |p| people.name(p))),
        ]
    };
    let rows = members.iter().map(row).collect();
    let listed: Vec<Value> = held.iter().map(described).collect();
    let head = ["ID", "NAME", "ORGANISATION", "ROLE", "DEVICES", "VOUCHED FOR BY"];
    let mut report = Report::new(json!({"members": members, "held_back": listed})).table(
        &head,
        rows,
        "No members here yet",
    );
    for h in &held {
        report = report.toned(held_line(h, &people), Tone::Warn);
    }
    Ok(report)
}

fn held_line(h: &HeldBackLog, people: &People) -> String {
    let name = people.name(h.person);
    let n = h.last_seq - h.first_seq + 1;
    let at = when::shown(h.claimed_at);
    format!("held back: {n} entries of {name}, the last one {at}; `proofroom members adopt` lets them count")
}

fn described(h: &HeldBackLog) -> Value {
    json!({
        "person": h.person,
        "doc": h.doc,
        "log": h.log,
        "first_seq": h.first_seq,
        "last_seq": h.last_seq,
        "last": h.last,
        "removal": h.removal,
        "claimed_at": h.claimed_at,
    })
}
