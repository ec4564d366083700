//! The post: reminders that are due become messages, and facts.
//!
//! ```text
//! Evaluation::reminders --Due--> to whom, by which ways --hand_over--> outbox (durable)
//!                                                   \--note--> the act `remind` (signed)
//! ```
//!
//! The act is written once the message is durable in the outbox: a crash in between
//! hands it over again, and the outbox knows it. Several machines may be up. Each
//! waits a little, by its own lot, before it speaks: mostly the first one's act
//! arrives in time, and where it does not, two equal acts are one fact.
//!
//! Whom no way here reaches is left to other machines; whoever sits at this one is
//! reached in any case, by `proofroom inbox` and by what `up` prints, but last.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofroom_authority::Role;
use proofroom_ident::{AssetId, Millis, PersonId, VersionHash, WorkspaceId};
use proofroom_notify::{
    Courier, Item, Message, OutboxError, Recipient, Sent, Settings, SettingsError, Verdict, Way,
};
use proofroom_replica::Membership;
use proofroom_review::{Act, ReminderKey, Threshold};
use proofroom_workflow::calendar::{Zone, zone};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::home::Home;
use crate::peer::{Peer, Seat};
use crate::people::People;
use crate::report::{Report, Tone};

/// The settings' file in the home directory.
pub const SETTINGS: &str = "notify.toml";
/// The outbox's folder in the home directory.
const FOLDER: &str = "notify";
/// How often `up` looks for reminders.
const ROUND: Duration = Duration::from_secs(5);
/// How much later a machine speaks that reaches nobody but whoever sits at it.
const ALONE: u32 = 3;

/// A reminder that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The asset.
    pub asset: AssetId,
    /// The version.
    pub version: VersionHash,
    /// What it is about.
    pub key: ReminderKey,
    /// Whom it is to reach.
    pub to: PersonId,
    /// Their name.
    pub name: String,
    /// Whether they sit at this machine.
    pub me: bool,
    /// What it says, and to programs.
    pub item: Item,
}

/// What became of a reminder.
#[derive(Clone, Debug)]
pub struct Told {
    /// The reminder.
    pub due: Due,
    /// The ways that took it over; none for whoever sits here.
    pub ways: Vec<Way>,
}

/// What one round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Those that were told.
    pub told: Vec<Told>,
    /// Those whom nothing on this machine reaches.
    pub unreached: Vec<Due>,
}

/// Settings, outbox, and since when what is due.
pub struct Post {
    home: Home,
    courier: Courier,
    since: BTreeMap<String, Instant>,
    next: Instant,
    trouble: Option<String>,
}

impl Post {
    /// The post of a home directory.
    ///
    /// # Errors
    /// When the settings have a mistake, or the outbox cannot be opened.
    pub fn open(home: &Home) -> Result<Self, Failure> {
        Self::with(home, Settings::load(&home.path(SETTINGS))?)
    }

    /// The post of a home directory that must open: a mistake in the settings is told in every round
    /// instead, until it is mended.
    ///
    /// # Errors
    /// When the outbox cannot be opened.
    pub fn open_anyway(home: &Home) -> Result<Self, Failure> {
        Self::with(home, Settings::load(&home.path(SETTINGS)).unwrap_or_default())
    }

    fn with(home: &Home, settings: Settings) -> Result<Self, Failure> {
        let courier = Courier::open(&home.path(FOLDER), settings)?;
        Ok(Self { home: home.clone(), courier, since: BTreeMap::new(), next: Instant::now(), trouble: None })
    }

    /// Settings, outbox, and what is on its way.
    pub fn courier(&mut self) -> &mut Courier {
        &mut self.courier
    }

    /// One round of `up`: hands over what is due and has waited long enough, and sets out with what
    /// waits in the outbox. Says what is worth telling.
    ///
    /// # Errors
    /// When the store fails.
    pub fn tick(
        &mut self,
        peer: &mut Peer,
        only: Option<WorkspaceId>,
        now: Millis,
    ) -> Result<Vec<Report>, Failure> {
        self.courier.start(now.0);
        if Instant::now() < self.next {
            return Ok(Vec::new());
        }
        self.next = Instant::now() + ROUND;
        let mut reports: Vec<Report> = self.reload().into_iter().collect();
        let mut waiting = BTreeMap::new();
        for workspace in peer.workspaces()? {
            if only.is_some_and(|o| o != workspace) {
                continue;
            }
            let mut seat = peer.seat(workspace)?;
            let mut due = due(&mut seat, now)?;
            let lot = seat.replica.me().record.signing;
            due.retain(|d| {
                let since = self.since.get(&d.item.id).copied().unwrap_or_else(Instant::now);
                waiting.insert(d.item.id.clone(), since);
                since.elapsed() >= self.patience(d, lot.as_bytes())
            });
            match self.round(&mut seat, due, now) {
                Ok(round) => reports.extend(round.told.iter().map(told)),
                Err(failure) => reports.extend(self.trouble(failure.to_string())),
            }
        }
        self.since = waiting;
        self.courier.start(now.0);
        Ok(reports)
    }

    /// How long to let others go first with this one.
    fn patience(&self, due: &Due, lot: &[u8]) -> Duration {
        let wait = Duration::from_secs(self.courier.settings().wait_s);
        let alone = self.ways(due).is_empty();
        let lot = blake3::hash(&[lot, due.item.id.as_bytes()].concat());
        let share = u32::from(lot.as_bytes()[0]);
        if alone { wait * ALONE } else { wait * share / 255 }
    }

    fn ways(&self, due: &Due) -> Vec<Way> {
        self.courier.settings().ways(&due.to.to_hex(), &due.name, due.me)
    }

    /// Hands over what is due, person by person, and writes it down as facts.
    ///
    /// # Errors
    /// When the outbox or the store fails; what was handed over is written down the next time.
    pub fn round(&mut self, seat: &mut Seat<'_>, due: Vec<Due>, now: Millis) -> Result<Round, Failure> {
        let workspace = seat.replica.plan(seat.step.store)?.name.clone();
        let mut of: BTreeMap<PersonId, Vec<Due>> = BTreeMap::new();
        due.into_iter().for_each(|d| of.entry(d.to).or_default().push(d));
        let (mut round, mut refused) = (Round::default(), None);
        for (person, due) in of {
            let ways = due.first().map(|d| self.ways(d)).unwrap_or_default();
            let me = due.iter().any(|d| d.me);
            if ways.is_empty() && !me {
                round.unreached.extend(due);
                continue;
            }
            let name = due.first().map(|d| d.name.clone()).unwrap_or_default();
            let message = Message {
                to: Recipient { person: person.to_hex(), name },
                workspace: workspace.clone(),
                items: due.iter().map(|d| d.item.clone()).collect(),
            };
            self.courier.outbox_mut().hand_over(&message, &ways, now.0)?;
            for due in due {
                let act = Act::Remind(due.key.clone());
                match seat.replica.note(&mut seat.step, due.asset, due.version, act) {
                    Ok(_) => round.told.push(Told { due, ways: ways.clone() }),
                    Err(e) => refused = Some(e),
                }
            }
        }
        refused.map_or(Ok(round), |e| Err(e.into()))
    }

    /// Reads the settings again; says so when they are wrong, once for each mistake.
    fn reload(&mut self) -> Option<Report> {
        match Settings::load(&self.home.path(SETTINGS)) {
            Ok(settings) => {
                if settings != *self.courier.settings() {
                    self.courier.set(settings);
                }
                self.trouble = None;
                None
            }
            Err(e) => self.trouble(e.to_string()),
        }
    }

    fn trouble(&mut self, what: String) -> Option<Report> {
        if self.trouble.as_ref() == Some(&what) {
            return None;
        }
        let report = Report::new(json!({"event": "trouble", "error": what}));
        let report = report.toned(format!("Reminders: {what}"), Tone::Warn);
        self.trouble = Some(what);
        Some(report)
    }

    /// Waits for the next delivery to be over, and notes it; for ever while none is on its way.
    ///
    /// # Errors
    /// When it cannot be noted.
    pub async fn next(&mut self, now: impl Fn() -> Millis) -> Result<Sent, Failure> {
        let over = self.courier.next().await;
        let sent = self.courier.note(over, now().0)?;
        self.courier.start(now().0);
        Ok(sent)
    }
}

/// The reminders that are due in a workspace, where this person may send any.
///
/// # Errors
/// When the store fails.
pub fn due(seat: &mut Seat<'_>, now: Millis) -> Result<Vec<Due>, Failure> {
    if !matches!(seat.replica.membership(), Membership::Member(role) if role >= Role::Reviewer) {
        return Ok(Vec::new());
    }
    let reminders = seat.replica.workflow(seat.step.store, now)?.reminders();
    if reminders.is_empty() {
        return Ok(Vec::new());
    }
    let people = People::of(seat)?;
    let (workspace, me) = (seat.replica.workspace(), seat.replica.me().person());
    let plan = seat.replica.plan(seat.step.store)?;
    let evaluation = seat.replica.workflow(seat.step.store, now)?;
    let mut out = Vec::new();
    for r in reminders {
        let (asset, key, to) = (r.asset, r.reminder.key, r.reminder.to);
        let run = evaluation.asset(&asset).and_then(|state| state.run(&r.reminder.version));
        let stage = run.and_then(|run| run.stage(key.stage.as_str()));
        let due = stage.and_then(|stage| stage.assignment(&key.person)).and_then(|a| a.due);
        let name = plan.asset(&asset).map_or_else(|| asset.short(), |a| a.name.clone());
        let label = run.map_or_else(|| r.reminder.version.short(), |run| run.label.clone());
        let built_in = run.is_none_or(proofroom_workflow::RunState::is_built_in);
        let zone = zone_of(&plan.library, &to);
        let line =
            line(&Words { key: &key, to, name: &name, label: &label, built_in, due, zone, people: &people });
        let data = json!({
            "workspace": workspace,
            "asset": asset,
            "asset_name": name,
            "version": r.reminder.version,
            "label": label,
            "stage": key.stage,
            "person": key.person,
            "person_name": people.name(key.person),
            "step": key.threshold,
            "due": due,
        });
        let item = Item { id: id(workspace, asset, r.reminder.version, &key), line, data };
        let (version, name) = (r.reminder.version, people.name(to));
        out.push(Due { asset, version, key, to, name, me: to == me, item });
    }
    Ok(out)
}

/// Where somebody lives: their own zone, or that of the workspace's first calendar.
fn zone_of(library: &proofroom_review::Library, person: &PersonId) -> (String, Zone) {
    let own = library.peace.get(person).and_then(|peace| peace.zone.clone());
    let first = library.calendars.iter().min_by(|a, b| a.name.cmp(&b.name)).map(|c| c.zone.clone());
    let name = own.or(first).unwrap_or_else(|| "UTC".into());
    zone(&name).map_or_else(|| ("UTC".into(), Zone::utc()), |zone| (name, zone))
}

/// The same for the same reminder, on every machine.
fn id(workspace: WorkspaceId, asset: AssetId, version: VersionHash, key: &ReminderKey) -> String {
    let text = format!("{workspace}/{asset}/{version}/{}/{}/{}", key.stage, key.person, key.threshold);
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

struct Words<'a> {
    key: &'a ReminderKey,
    to: PersonId,
    name: &'a str,
    label: &'a str,
    built_in: bool,
    due: Option<Millis>,
    zone: (String, Zone),
    people: &'a People,
}

fn line(w: &Words<'_>) -> String {
    let (zone, clock) = &w.zone;
    let local = w.due.and_then(|due| clock.local(due));
    let due = local.map(|local| format!("{} {zone}", local.to_string().replace('T', " ")));
    let due = due.unwrap_or_else(|| "its deadline".into());
    let what = format!("{} {}", w.name, w.label);
    let stage = if w.built_in { String::new() } else { format!(" in {}", w.key.stage) };
    let about = w.people.name(w.key.person);
    let whose =
        if w.to == w.key.person { "your decision".to_owned() } else { format!("the decision of {about}") };
    match w.key.threshold {
        Threshold::HalfUnopened => {
            format!(
                "{what}: half of the time for {whose}{stage} has passed, and it was not opened; due {due}"
            )
        }
        Threshold::AtRisk => format!("{what}: {whose}{stage} is due {due}"),
        Threshold::Overdue => format!("{what}: {whose}{stage} was due {due}"),
        Threshold::Escalated => {
            format!(
                "{what}: {about} has not decided{stage}, due {due}; you are the backup and may decide for them"
            )
        }
    }
}

/// A reminder that went out, as `up` tells it.
fn told(told: &Told) -> Report {
    let json = json!({
        "event": "reminded",
        "to": told.due.to,
        "name": told.due.name,
        "line": told.due.item.line,
        "reminder": told.due.item.data,
        "ways": ways_text(&told.ways),
    });
    let by = match told.ways.as_slice() {
        [] => "you".to_owned(),
        ways => format!("{} by {}", told.due.name, ways_text(ways).join(", ")),
    };
    Report::new(json).line(format!("Reminder to {by}: {}", told.due.item.line))
}

/// Ways in words.
pub fn ways_text(ways: &[Way]) -> Vec<String> {
    ways.iter().map(Way::to_string).collect()
}

/// What a delivery came to, in words and for programs.
pub fn sent(sent: &Sent) -> (String, Tone, Value) {
    let way = &sent.delivery.way;
    let to = &sent.delivery.message.to.name;
    let (word, tone, why) = match (&sent.verdict, sent.given_up) {
        (Verdict::Delivered, _) => ("delivered", Tone::Good, None),
        (Verdict::Later(why), false) => ("tried again later", Tone::Warn, Some(why)),
        (Verdict::Later(why) | Verdict::Never(why), _) => ("given up", Tone::Bad, Some(why)),
    };
    let reason = why.map(|why| format!(" ({why})")).unwrap_or_default();
    let json = json!({
        "id": sent.delivery.id,
        "way": way.to_string(),
        "to": to,
        "outcome": word,
        "reason": why,
        "items": sent.delivery.message.items.len(),
    });
    (format!("{way}, for {to}: {word}{reason}"), tone, json)
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::user(&error)
            .hint("`proofroom notify example` prints settings with everything that they can say")
    }
}

impl From<OutboxError> for Failure {
    fn from(error: OutboxError) -> Self {
        match &error {
            OutboxError::Full | OutboxError::Unknown(_) => Self::user(&error),
            OutboxError::Io { .. } | OutboxError::Damaged { .. } => Self::store(&error),
        }
    }
}
