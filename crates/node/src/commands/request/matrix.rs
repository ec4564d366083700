//! The deliverables matrix of a request.

use proofroom_ident::Millis;
use proofroom_review::{AssetView, Day, Deliverable, Outcome, RequestView};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::find;
use crate::peer::Seat;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// A deliverable, and the asset that fills it.
struct Slot<'a> {
    deliverable: &'a Deliverable,
    due: Option<Day>,
    filled: Option<Filled<'a>>,
}

struct Filled<'a> {
    asset: &'a AssetView,
    /// The current version's label; absent before the first, `fork` while several are current.
    version: Option<String>,
    outcome: Outcome,
}

impl Slot<'_> {
    fn state(&self) -> &'static str {
        match &self.filled {
            Some(Filled { outcome, .. }) if outcome.approves() => "approved",
            Some(Filled { version: Some(_), .. }) => "filled",
            _ => "expected",
        }
    }

    /// Due and not there.
    fn late(&self, today: Day) -> bool {
        self.state() == "expected" && self.due.is_some_and(|due| due < today)
    }

    fn described(&self, today: Day) -> Value {
        let d = self.deliverable;
        let asset = self.filled.as_ref().map(|f| f.asset);
        json!({
            "name": d.name,
            "channel": d.channel,
            "spec": d.spec,
            "size": d.size,
            "locale": d.locale,
            "due": self.due,
            "state": self.state(),
            "late": self.late(today),
            "asset": asset.map(|a| a.id),
            "asset_name": asset.map(|a| &a.name),
            "version": self.filled.as_ref().and_then(|f| f.version.clone()),
            "outcome": self.filled.as_ref().map(|f| f.outcome),
        })
    }

    fn row(&self, today: Day) -> Vec<Cell> {
        let d = self.deliverable;
        let text = |t: &Option<String>| Cell::from(t.clone().unwrap_or_default());
        let (state, tone) = match (self.late(today), self.state()) {
            (true, _) => ("late", Tone::Bad),
            (false, "approved") => ("approved", Tone::Good),
            (false, "filled") => ("filled", Tone::Plain),
            (false, other) => (other, Tone::Faint),
        };
        let by = self.filled.as_ref().map_or_else(String::new, |f| {
            format!("{} {}", f.asset.name, f.version.as_deref().unwrap_or_default())
        });
        vec![
            Cell::new(&d.name, Tone::Strong),
            text(&d.channel),
            text(&d.size),
            text(&d.locale),
            text(&d.spec),
            Cell::from(self.due.map_or_else(String::new, |due| due.to_string())),
            Cell::new(state, tone),
            Cell::from(by),
        ]
    }
}

/// The asset that was added for a deliverable, else the one of its name.
fn filler<'a>(deliverable: &Deliverable, assets: &[&'a AssetView]) -> Option<&'a AssetView> {
    let is = |name: &str| name.to_lowercase() == deliverable.name.to_lowercase();
    let said = assets.iter().find(|a| a.slot.as_deref().is_some_and(is));
    let named = || assets.iter().find(|a| a.slot.is_none() && is(&a.name));
    said.or_else(named).copied()
}

fn today(now: Millis) -> Day {
    when::day(now).unwrap_or_else(|| Day::new(1970, 1, 1).expect("that day existed"))
}

pub(super) fn run(seat: &mut Seat<'_>, id: &str) -> Result<Report, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let request = find::request(&plan, id)?;
    let assets: Vec<&AssetView> = plan.assets.iter().filter(|a| a.request == Some(request.key)).collect();
    let mut slots = Vec::new();
    for deliverable in &request.form.deliverables {
        let filled = filler(deliverable, &assets).map(|asset| filled(seat, asset)).transpose()?;
        slots.push(Slot { deliverable, due: deliverable.due.or(request.form.due), filled });
    }
    let fills = |a: &&AssetView| slots.iter().any(|s| s.filled.as_ref().is_some_and(|f| f.asset.id == a.id));
    let strays: Vec<&AssetView> = assets.iter().copied().filter(|a| !fills(a)).collect();
    Ok(shown(request, &slots, &strays, today(seat.step.now)))
}

fn filled<'a>(seat: &mut Seat<'_>, asset: &'a AssetView) -> Result<Filled<'a>, Failure> {
    let status = seat.replica.status(seat.step.store, asset.id, seat.step.now)?;
    let labels: Vec<&String> = status.heads().map(|v| &v.label).collect();
    let version = match labels.as_slice() {
        [] => None,
        [one] => Some((*one).clone()),
        _ => Some("fork".to_owned()),
    };
    Ok(Filled { asset, version, outcome: status.outcome })
}

fn shown(request: &RequestView, slots: &[Slot<'_>], strays: &[&AssetView], today: Day) -> Report {
    let filled = slots.iter().filter(|s| s.state() != "expected").count();
    let late = slots.iter().filter(|s| s.late(today)).count();
    let json = json!({
        "request": request.key.id,
        "title": request.form.title,
        "expected": slots.len(),
        "filled": filled,
        "late": late,
        "deliverables": slots.iter().map(|s| s.described(today)).collect::<Vec<_>>(),
        "strays": strays.iter().map(|a| json!({"asset": a.id, "name": a.name})).collect::<Vec<_>>(),
    });
    let head = ["DELIVERABLE", "CHANNEL", "SIZE", "LOCALE", "SPEC", "DUE", "STATE", "ASSET"];
    let rows = slots.iter().map(|s| s.row(today)).collect();
    let mut report = Report::new(json)
        .toned(&request.form.title, Tone::Strong)
        .toned(format!("{filled} of {} filled, {late} late", slots.len()), Tone::Faint)
        .table(&head, rows, "The brief lists no deliverables");
    for stray in strays {
        report = report.toned(format!("{} fills no deliverable", stray.name), Tone::Warn);
    }
    report
}
