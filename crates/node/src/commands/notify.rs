//! `notify`: the ways on which reminders leave this machine.

use clap::Subcommand;
use proofroom_ident::Millis;
use proofroom_notify::webhook::Key;
use proofroom_notify::{Delivery, Item, Message, Recipient, SETTINGS_EXAMPLE};
use rand_core::Rng as _;
use serde_json::{Value, json};

use super::Call;
use crate::failure::Failure;
use crate::peer::Peer;
use crate::people::People;
use crate::post::{Post, SETTINGS};
use crate::report::{Cell, Report, Tone};
use crate::{find, when, world};

/// `proofroom notify`
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the ways that are set up, and what waits to go out
    #[command(after_help = "\
The settings are in notify.toml in the home directory, readable by you alone: `proofroom notify example` prints one.

JSON: {\"file\", \"ways\": [{\"way\", \"for\"}], \"waiting\": [{\"id\", \"way\", \"to\", \"subject\", \"attempts\", \"since\", \"next\", \"last\"}],
\"given_up\"}; given_up is how many: `proofroom notify dead-letters` lists them")]
    List,
    /// Print settings with everything that they can say
    #[command(after_help = "\
Example:
  (umask 077; proofroom notify example > ~/.local/share/proofroom/notify.toml)

JSON: {\"settings\"}")]
    Example,
    /// Make a secret for a webhook
    #[command(after_help = "\
Receivers check with it that a message is from here: HMAC-SHA256 over `{id}.{timestamp}.{body}`, as the Standard Webhooks
specification says. Put it into notify.toml and into the receiver's settings.

JSON: {\"secret\"}")]
    Secret,
    /// Send a message to yourself, or to somebody else, on every way that reaches them
    #[command(
        after_help = "JSON: {\"to\", \"name\", \"ways\": [text], \"sent\": [as `proofroom remind` prints]}
While `up` runs it is sent from there: `proofroom notify list` shows what came of it."
    )]
    Test {
        /// To whom, by name or id [default: you]
        #[arg(long, value_name = "PERSON")]
        to: Option<String>,
    },
    /// List the messages that were given up
    #[command(after_help = "\
A message is given up when it was refused for good, or after 16 attempts in about nine hours. The last 500 are kept.

JSON: {\"given_up\": [{\"id\", \"way\", \"to\", \"subject\", \"attempts\", \"since\", \"at\", \"last\"}]}")]
    DeadLetters,
    /// Send messages again that were given up
    #[command(after_help = "JSON: {\"retried\", \"sent\": [as `proofroom remind` prints]}")]
    Retry {
        /// Which: an id of `proofroom notify dead-letters` [default: all]
        id: Option<String>,
    },
    /// Drop messages that were given up: what they said counts as said
    #[command(after_help = "JSON: {\"dropped\"}")]
    Drop {
        /// Which: an id of `proofroom notify dead-letters` [default: all]
        id: Option<String>,
    },
}

impl Command {
    /// Whether it hands over something that is then to be carried.
    pub const fn hands_over(&self) -> bool {
        matches!(self, Self::Test { .. } | Self::Retry { .. })
    }

    /// Whether it is of use while the settings have a mistake.
    pub const fn needs_settings(&self) -> bool {
        !matches!(self, Self::Example | Self::Secret)
    }
}

/// Runs a subcommand; what it hands over is carried by the caller.
///
/// # Errors
/// When a person or message is not known, or the outbox fails.
pub fn run(command: &Command, peer: &mut Peer, call: &Call, post: &mut Post) -> Result<Report, Failure> {
    let now = world::now();
    match command {
        Command::List => list(peer, call, post),
        Command::Example => Ok(Report::new(json!({"settings": SETTINGS_EXAMPLE}))
            .line(SETTINGS_EXAMPLE.trim_end())
            .essential()),
        Command::Secret => {
            let mut random = [0; 32];
            world::rng().fill_bytes(&mut random);
            let secret = Key::secret(&random);
            let report = Report::new(json!({"secret": secret.reveal()}));
            Ok(report.line(secret.reveal()).essential())
        }
        Command::Test { to } => test(to.as_deref(), peer, call, post, now),
        Command::DeadLetters => Ok(dead_letters(post)),
        Command::Retry { id } => {
            let n = post.courier().outbox_mut().retry(id.as_deref(), now.0)?;
            Ok(Report::new(json!({"retried": n, "sent": []})).line(format!("{n} sent again")))
        }
        Command::Drop { id } => {
            let n = post.courier().outbox_mut().discard(id.as_deref())?;
            Ok(Report::new(json!({"dropped": n})).line(format!("{n} dropped")))
        }
    }
}

fn list(peer: &mut Peer, call: &Call, post: &mut Post) -> Result<Report, Failure> {
    let file = peer.home().path(SETTINGS);
    let ways = post.courier().settings().all_ways();
    let named: Vec<String> = post.courier().settings().people().iter().map(|p| (*p).to_owned()).collect();
    let outbox = post.courier().outbox();
    let waiting: Vec<Value> = outbox.waiting().iter().map(|d| described(d, "next")).collect();
    let json = json!({
        "file": file,
        "ways": ways.iter().map(|(way, who)| json!({"way": way.to_string(), "for": who})).collect::<Vec<_>>(),
        "waiting": waiting,
        "given_up": outbox.dead().len(),
    });
    let rows = ways.iter().map(|(way, who)| vec![Cell::new(way, Tone::Strong), Cell::from(who)]).collect();
    let none = format!("No way is set up: write {} (`proofroom notify example` prints one)", file.display());
    let mut report = Report::new(json).table(&["WAY", "FOR"], rows, &none);
    if !outbox.waiting().is_empty() {
        report = report.line("").table(&WAITING, outbox.waiting().iter().map(row).collect(), "");
    }
    if !outbox.dead().is_empty() {
        let n = outbox.dead().len();
        report = report.toned(format!("{n} given up: proofroom notify dead-letters"), Tone::Warn);
    }
    for name in unknown(peer, call, &named)? {
        report =
            report.warn(format!("{} names {name}, who is no member of any workspace here", file.display()));
    }
    Ok(report)
}

/// The people of the settings whom no workspace on this machine knows.
fn unknown(peer: &mut Peer, call: &Call, named: &[String]) -> Result<Vec<String>, Failure> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let workspaces = match call.workspace.as_deref() {
        Some(_) => vec![find::workspace(peer, call.workspace.as_deref())?],
        None => peer.workspaces()?,
    };
    let mut members = Vec::new();
    for workspace in workspaces {
        let seat = peer.seat(workspace)?;
        members.extend(seat.replica.members(seat.step.store)?);
    }
    let unknown = named.iter().filter(|name| find::person(&members, name).is_err());
    Ok(unknown.cloned().collect())
}

const WAITING: [&str; 5] = ["MESSAGE", "WAY", "SUBJECT", "TRIED", "LAST"];

fn row(d: &Delivery) -> Vec<Cell> {
    vec![
        Cell::new(&d.id, Tone::Faint),
        Cell::from(d.way.to_string()),
        Cell::from(d.message.subject()),
        Cell::from(format!("{} times", d.attempts)),
        Cell::new(d.last.as_deref().unwrap_or("-"), if d.last.is_some() { Tone::Warn } else { Tone::Faint }),
    ]
}

fn described(d: &Delivery, at: &str) -> Value {
    let mut json = json!({
        "id": d.id,
        "way": d.way.to_string(),
        "to": d.message.to.name,
        "subject": d.message.subject(),
        "attempts": d.attempts,
        "since": d.since_ms,
        "last": d.last,
    });
    json[at] = json!(d.at_ms);
    json
}

fn dead_letters(post: &mut Post) -> Report {
    let dead = post.courier().outbox().dead();
    let listed: Vec<Value> = dead.iter().map(|d| described(d, "at")).collect();
    let rows = dead.iter().map(row).collect();
    let report = Report::new(json!({"given_up": listed})).table(&WAITING, rows, "No message was given up");
    match dead.last() {
        None => report,
        Some(last) => report.toned(
            format!(
                "the last one at {}; send them again with `proofroom notify retry`",
                when::shown(Millis(last.at_ms))
            ),
            Tone::Faint,
        ),
    }
}

fn test(
    to: Option<&str>,
    peer: &mut Peer,
    call: &Call,
    post: &mut Post,
    now: Millis,
) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let seat = peer.seat(workspace)?;
    let members = seat.replica.members(seat.step.store)?;
    let me = seat.replica.me().person();
    let person = match to {
        Some(name) => find::person(&members, name)?,
        None => me,
    };
    let name = People::from_members(&members).name(person);
    let workspace_name = seat.replica.plan(seat.step.store)?.name.clone();
    let ways = post.courier().settings().ways(&person.to_hex(), &name, person == me);
    if ways.is_empty() {
        return Err(Failure::user(format!("no way that is set up here reaches {name}")).hint(format!(
            "write {}: `proofroom notify example` prints one",
            peer.home().path(SETTINGS).display()
        )));
    }
    let item = Item {
        id: format!("test-{}", now.0),
        line: "this is a test: reminders would reach you like this".into(),
        data: json!({"test": true}),
    };
    let to = Recipient { person: person.to_hex(), name: name.clone() };
    let message = Message { to, workspace: workspace_name, items: vec![item] };
    post.courier().outbox_mut().hand_over(&message, &ways, now.0)?;
    let words: Vec<String> = ways.iter().map(ToString::to_string).collect();
    let json = json!({"to": person, "name": name, "ways": words, "sent": []});
    Ok(Report::new(json).line(format!("A test to {name} by {}", words.join(", "))))
}
