//! `audit`: the trail for people who must account for the work.

use clap::Args;
use proofroom_ident::{AssetId, Millis, PersonId};
use proofroom_paper::{Block, Cell as PaperCell};
use proofroom_replica::{AuditLine, Mark};
use proofroom_review::PlanView;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::people::People;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom audit`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom audit --asset Hero
  proofroom audit --person \"Bo Ek\" --since 7d
  proofroom audit --asset Hero --csv > hero.csv
  proofroom audit --html > trail.html              one page that opens offline and prints

Each line is signed by the device that it names. WITNESSED is when it can have been, as far as others wrote with it in
front of them. What stands out: gaps, second histories, work that is held back, late or refused, decisions that were replaced,
clocks that differ.

JSON: {\"lines\": [{\"entry\", \"doc\", \"asset\", \"audience\", \"log\", \"seq\", \"device\", \"person\", \"claimed_at\", \"not_before\", \"not_after\",
\"act\", \"about\", \"old\", \"new\", \"why\", \"marks\"}], \"standing_out\"}")]
pub struct Audit {
    /// Of one asset: its name or id
    #[arg(long, value_name = "ASSET")]
    asset: Option<String>,
    /// Of one person: their name or id
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Not older than this: 7d, 12h, or 2026-03-01
    #[arg(long, value_name = "WHEN", value_parser = when::Since::read)]
    since: Option<when::Since>,
    /// Only what stands out
    #[arg(long)]
    standing_out: bool,
    /// As comma-separated values (RFC 4180)
    #[arg(long, conflicts_with = "html")]
    csv: bool,
    /// As a page that opens offline and prints
    #[arg(long)]
    html: bool,
}

/// Tells the trail.
///
/// # Errors
/// When the store cannot be read, or nobody of that name is known.
pub fn run(args: &Audit, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let asset = args.asset.as_deref().map(|name| find::asset(&plan, name).map(|a| a.id)).transpose()?;
    let members = seat.replica.members(seat.step.store)?;
    let person = args.person.as_deref().map(|name| find::person(&members, name)).transpose()?;
    let people = People::from_members(&members);
    let since = args.since.map(|since| since.from(seat.step.now));
    let mut lines = seat.replica.audit(seat.step.store, asset, seat.step.now)?;
    lines.retain(|line| kept(line, person, since, args.standing_out));
    let names = Names { people: &people, plan: &plan };
    let standing_out = lines.iter().filter(|line| stands_out(line)).count();
    let json = json!({"lines": lines, "standing_out": standing_out});
    if args.csv {
        return Ok(Report::new(json).raw(csv(&lines, &names)));
    }
    if args.html {
        return Ok(Report::new(json).raw(page(&plan.name, &lines, &names)));
    }
    let rows = lines.iter().map(|line| row(line, &names)).collect();
    let head = ["CLAIMED AT", "BY", "WHAT", "ABOUT", "OLD", "NEW", "WHY", "STANDS OUT"];
    let report = Report::new(json).table(&head, rows, "Nothing happened, as far as this machine knows");
    let (n, tone) = (standing_out, if standing_out > 0 { Tone::Warn } else { Tone::Faint });
    Ok(report.toned(format!("{} lines, {n} stand out", lines.len()), tone))
}

fn kept(line: &AuditLine, person: Option<PersonId>, since: Option<Millis>, standing_out: bool) -> bool {
    person.is_none_or(|p| line.person == Some(p))
        && since.is_none_or(|at| line.claimed_at >= at)
        && (!standing_out || stands_out(line))
}

fn stands_out(line: &AuditLine) -> bool {
    !line.marks.is_empty()
}

/// Names for the ids of a trail.
struct Names<'a> {
    people: &'a People,
    plan: &'a PlanView,
}

impl Names<'_> {
    fn by(&self, line: &AuditLine) -> String {
        line.person.map_or_else(|| format!("device {}", line.device.short()), |p| self.people.name(p))
    }

    fn asset(&self, id: AssetId) -> Option<&str> {
        self.plan.asset(&id).map(|asset| asset.name.as_str())
    }

    fn act(&self, line: &AuditLine) -> String {
        line.act_said(|person| self.people.name(person))
    }

    /// What a line is about, its asset first.
    fn about(&self, line: &AuditLine) -> String {
        let asset = |id| self.asset(id).map(str::to_owned);
        let what = line.about_said(|person| self.people.name(person), asset);
        match line.asset.and_then(|asset| self.asset(asset)) {
            Some(asset) if what.is_empty() => asset.to_owned(),
            Some(asset) => format!("{asset}: {what}"),
            None => what,
        }
    }
}

fn marks(line: &AuditLine) -> String {
    line.marks.iter().map(Mark::to_string).collect::<Vec<_>>().join("; ")
}

fn witnessed(line: &AuditLine) -> String {
    match (line.not_before, line.not_after) {
        (Some(from), Some(to)) => format!("{} to {}", when::utc(from), when::utc(to)),
        (Some(from), None) => format!("after {}", when::utc(from)),
        (None, Some(to)) => format!("by {}", when::utc(to)),
        (None, None) => String::new(),
    }
}

/// A value that fits a terminal's line.
fn brief(value: Option<&String>) -> String {
    let text = value.map(String::as_str).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(32).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

fn row(line: &AuditLine, names: &Names<'_>) -> Vec<Cell> {
    let tone = if stands_out(line) { Tone::Warn } else { Tone::Plain };
    vec![
        Cell::from(when::shown(line.claimed_at)),
        Cell::from(names.by(line)),
        Cell::from(names.act(line)),
        Cell::from(names.about(line)),
        Cell::from(brief(line.old.as_ref())),
        Cell::from(brief(line.new.as_ref())),
        Cell::from(brief(line.why.as_ref())),
        Cell::new(marks(line), tone),
    ]
}

const COLUMNS: [&str; 16] = [
    "claimed_at",
    "not_before",
    "not_after",
    "by",
    "act",
    "about",
    "old",
    "new",
    "why",
    "stands_out",
    "asset",
    "audience",
    "entry",
    "log",
    "seq",
    "device",
];

fn csv(lines: &[AuditLine], names: &Names<'_>) -> String {
    let time = |at: Option<Millis>| at.map(when::utc).unwrap_or_default();
    let mut out = COLUMNS.join(",") + "\r\n";
    for line in lines {
        let fields = [
            when::utc(line.claimed_at),
            time(line.not_before),
            time(line.not_after),
            names.by(line),
            names.act(line),
            line.about.clone().unwrap_or_default(),
            line.old.clone().unwrap_or_default(),
            line.new.clone().unwrap_or_default(),
            line.why.clone().unwrap_or_default(),
            marks(line),
            line.asset.and_then(|a| names.asset(a)).unwrap_or_default().to_owned(),
            format!("{:?}", line.audience).to_lowercase(),
            line.entry.to_hex(),
            line.log.to_hex(),
            line.seq.to_string(),
            line.device.to_hex(),
        ];
        out += &fields.map(|field| quoted(&field)).join(",");
        out += "\r\n";
    }
    out
}

/// A field for a spreadsheet. One that a spreadsheet would take for a formula begins with a quote mark.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

fn page(workspace: &str, lines: &[AuditLine], names: &Names<'_>) -> String {
    let title = format!("Audit trail of {workspace}");
    let head = [
        ("Claimed at", 13),
        ("By", 11),
        ("What", 14),
        ("About", 14),
        ("Old", 12),
        ("New", 14),
        ("Why", 11),
        ("Stands out", 11),
    ];
    let rows = lines.iter().map(|line| {
        let value = |text: Option<&String>| PaperCell::new(text.cloned().unwrap_or_default());
        let at = [when::utc(line.claimed_at), witnessed(line)].join("\n");
        vec![
            PaperCell::new(at.trim_end()),
            PaperCell::new(names.by(line)),
            PaperCell::new(names.act(line)),
            PaperCell::new(names.about(line)),
            value(line.old.as_ref()),
            value(line.new.as_ref()),
            value(line.why.as_ref()),
            PaperCell::new(marks(line)),
        ]
    });
    let n = lines.iter().filter(|line| stands_out(line)).count();
    let blocks = [
        Block::Cover {
            kind: "Audit trail".into(),
            title: workspace.to_owned(),
            outcome: format!("{} lines, {n} stand out", lines.len()),
            good: n == 0,
        },
        Block::Table {
            caption: title.clone(),
            head: head.map(|(name, width)| (name.to_owned(), width)).to_vec(),
            rows: rows.collect(),
        },
    ];
    proofroom_paper::html(&title, &blocks)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_field_is_no_formula_and_no_two_fields() {
        for (field, want) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=cmd()", "'=cmd()"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(quoted(field), want);
        }
    }
}
