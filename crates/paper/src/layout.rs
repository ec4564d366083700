//! The record in the order in which people read it.

mod review;

use proofroom_certificate::Subject;
use proofroom_ident::PersonId;
use proofroom_verify::{AssetRecord, Check, PersonRecord, Record, State, Verdict};

use crate::block::{Block, Cell};
use crate::words::{headline, size, spaced, time};

/// The document of what was recomputed; empty where the bytes said nothing.
pub fn layout(verdict: &Verdict) -> Vec<Block> {
    let Some(record) = &verdict.record else { return Vec::new() };
    let page = Page { record };
    let mut out = page.cover();
    for asset in &record.assets {
        page.asset(asset, &mut out);
    }
    page.checks_of_this(verdict, &mut out);
    page.people(&mut out);
    page.not_proved(&mut out);
    page.raw(&mut out);
    out
}

/// What a verifier finds, for whoever asked it: the table, and every detail of it.
pub fn verdict_blocks(verdict: &Verdict) -> Vec<Block> {
    let outcome = if verdict.holds { "Everything holds" } else { "This certificate does not hold" };
    let mut out = vec![Block::Cover {
        kind: "What the verifier found".into(),
        title: "The certificate's evidence".into(),
        outcome: outcome.into(),
        good: verdict.holds,
    }];
    let rows = verdict.rows.iter().map(|row| {
        let state = match row.state {
            State::Holds => "holds",
            State::Fails => "DOES NOT HOLD",
            State::NotReached => "not looked at",
        };
        vec![Cell::new(headline(row.title)), Cell::new(state), Cell::new(&row.found)]
    });
    out.push(table("The verifier's table", &[("Check", 30), ("Result", 16), ("Found", 54)], rows));
    for row in verdict.rows.iter().filter(|row| !row.details.is_empty()) {
        out.push(Block::Subheading(headline(row.title)));
        out.push(Block::List(row.details.clone()));
    }
    out
}

/// The record, and names for its keys.
struct Page<'a> {
    record: &'a Record,
}

impl Page<'_> {
    fn name(&self, person: &PersonId) -> String {
        let found = self.record.people.iter().find(|p| p.person == *person).and_then(|p| p.name.clone());
        found.unwrap_or_else(|| format!("person {}", person.short()))
    }

    fn cover(&self) -> Vec<Block> {
        let r = self.record;
        let title = match &r.subject {
            Subject::Version { asset, .. } => {
                let asset = r.assets.iter().find(|a| a.asset == *asset);
                asset.map_or_else(String::new, |a| format!("{}, {}", a.name, certified_label(a)))
            }
            Subject::Package { package } => format!("Package {}", package.name),
        };
        let mut out = vec![Block::Cover {
            kind: "Certificate of a review's outcome".into(),
            title,
            outcome: headline(r.outcome.word()),
            good: r.outcome.approves(),
        }];
        let maker = &r.maker;
        out.push(Block::Fields(vec![
            ("Workspace".into(), Cell::new(&r.workspace_name)),
            ("Workspace id".into(), Cell::mono(r.workspace)),
            ("Outcome as of".into(), Cell::new(time(r.as_of))),
            (
                "Certificate made by".into(),
                Cell::new(format!("{}, {}", maker.printed_name, maker.organisation)),
            ),
            (
                "Certificate made at".into(),
                Cell::new(format!("{}, by the maker's clock", time(maker.made_at))),
            ),
        ]));
        for asset in &r.assets {
            let version = asset.certified.and_then(|v| asset.versions.iter().find(|n| n.version == v));
            let Some(version) = version else { continue };
            let files = version.manifest.files.iter();
            let rows = files.map(|f| {
                vec![
                    Cell::new(&f.name),
                    Cell::new(&f.media_type),
                    Cell::new(size(f.bytes)),
                    Cell::mono(f.content),
                ]
            });
            out.push(Block::Heading(format!("The certified files of {}, {}", asset.name, version.label)));
            out.push(Block::Fields(vec![("Version hash".into(), Cell::mono(version.version))]));
            out.push(table(
                "The certified files and their hashes",
                &[("File", 24), ("Kind", 14), ("Size", 14), ("BLAKE3 hash of its bytes", 48)],
                rows,
            ));
        }
        out.push(Block::Text(
            "This page is a reading of the evidence in certificate.bin, which lies beside it. It proves nothing \
             by itself. To check the evidence without trusting whoever sent it, run: proofroom verify FILE"
                .into(),
        ));
        out
    }

    fn checks_of_this(&self, verdict: &Verdict, out: &mut Vec<Block>) {
        out.push(Block::Heading("What a verifier finds".into()));
        let rows = verdict.rows.iter().map(|row| {
            let state = match row.state {
                State::Holds => "holds",
                State::Fails => "DOES NOT HOLD",
                State::NotReached => "not looked at",
            };
            // The maker signs after this page is written.
            let found =
                if row.check == Check::Bytes { "see the verifier's own table" } else { row.found.as_str() };
            vec![Cell::new(headline(row.title)), Cell::new(state), Cell::new(found)]
        });
        let rows: Vec<_> = rows.collect();
        out.push(table("The verifier's table", &[("Check", 30), ("Result", 16), ("Found", 54)], rows));
        let details =
            verdict.rows.iter().filter(|row| row.state == State::Fails).flat_map(|row| row.details.clone());
        let details: Vec<String> = details.collect();
        if !details.is_empty() {
            out.push(Block::List(details));
        }
        let redacted = self.record.redactions.len();
        if redacted > 0 {
            out.push(Block::Subheading("Redactions".into()));
            out.push(Block::Text(format!(
                "Of {redacted} entries only headers and signatures are in this certificate. Their texts are withheld."
            )));
            let rows = self.record.redactions.iter().take(500).map(|r| {
                let why = match r.why {
                    proofroom_certificate::Withheld::NotShown => "not shown to this reader",
                    proofroom_certificate::Withheld::Unreadable => "not readable to the maker",
                    proofroom_certificate::Withheld::Erased => "erased",
                };
                vec![
                    Cell::new(r.kind),
                    Cell::new(time(r.claimed_at)),
                    Cell::new(why),
                    Cell::mono(r.entry.short()),
                ]
            });
            let rows: Vec<_> = rows.collect();
            out.push(table(
                "Withheld entries",
                &[("What", 20), ("Claimed time", 30), ("Why", 30), ("Entry", 20)],
                rows,
            ));
        }
        self.erasures(out);
        self.keepings(out);
    }

    /// Legal holds, and how long the records are to be kept.
    fn keepings(&self, out: &mut Vec<Block>) {
        if self.record.keepings.is_empty() {
            return;
        }
        out.push(Block::Subheading("Holds and retention".into()));
        let rows = self.record.keepings.iter().map(|k| {
            let what =
                k.class.as_ref().map_or_else(|| "legal hold".to_owned(), |class| format!("kept as {class}"));
            let until = k.until.map_or_else(|| "until it is released".to_owned(), time);
            vec![
                Cell::new(headline(&what)),
                Cell::new(until),
                Cell::new(self.name(&k.person)),
                Cell::new(k.reason.clone()),
            ]
        });
        let rows: Vec<_> = rows.collect();
        out.push(table("In force", &[("What", 25), ("Until", 25), ("By", 20), ("Reason", 30)], rows));
    }

    /// What was erased, by whom and on what ground.
    fn erasures(&self, out: &mut Vec<Block>) {
        if self.record.erasures.is_empty() {
            return;
        }
        out.push(Block::Text(
            "Some of it was erased by members who may. What was signed is whole all the same: hashes, signatures and \
             decisions verify without the words and files that went."
                .into(),
        ));
        let rows = self.record.erasures.iter().map(|e| {
            let (who, what) = (self.name(&e.person), e.what.join(", "));
            let why = format!("{}: {}", headline(&e.basis.to_string()), e.reason);
            vec![Cell::new(what), Cell::new(who), Cell::new(time(e.claimed_at)), Cell::new(why)]
        });
        let rows: Vec<_> = rows.collect();
        out.push(table(
            "Erased",
            &[("What", 30), ("By", 20), ("Claimed time", 20), ("Ground and reason", 30)],
            rows,
        ));
    }

    fn people(&self, out: &mut Vec<Block>) {
        out.push(Block::Heading("People and their keys".into()));
        out.push(Block::Text(
            "Names and organisations are people's own words. Who invited whom, and which device belongs to whom, \
             is signed in the membership log."
                .into(),
        ));
        for person in self.record.people.iter().filter(|p| p.name.is_some()) {
            let name = person.name.clone().unwrap_or_default();
            out.push(Block::Subheading(name));
            out.push(Block::Fields(self.person(person)));
        }
        let others = self.record.people.iter().filter(|p| p.name.is_none()).count();
        if others > 0 {
            out.push(Block::Text(format!(
                "{others} more member{} of the workspace had no part in this review.",
                if others == 1 { "" } else { "s" }
            )));
        }
    }

    fn person(&self, p: &PersonRecord) -> Vec<(String, Cell)> {
        let admitted = match &p.invited_by {
            Some(by) => format!("invited by {}", self.name(by)),
            None => "founded the workspace".to_owned(),
        };
        let role =
            if p.removed_by.is_some() { format!("{}, removed since", p.role) } else { p.role.to_string() };
        let mut fields = vec![
            ("Organisation".to_owned(), Cell::new(p.organisation.clone().unwrap_or_default())),
            ("Role".to_owned(), Cell::new(role)),
            ("Admitted".to_owned(), Cell::new(admitted)),
            ("Person's key".to_owned(), Cell::mono(p.person)),
        ];
        if let Some(title) = &p.role_title {
            fields.insert(1, ("Title".to_owned(), Cell::new(title)));
        }
        for device in &p.devices {
            let vouched = match &device.vouched_by {
                None => "vouched for by the person's own key".to_owned(),
                Some(by) => format!("vouched for by device {}", by.short()),
            };
            let ended = if device.removed_by.is_some() { ", ended" } else { "" };
            fields.push((format!("Device, {vouched}{ended}"), Cell::mono(device.signing)));
        }
        fields
    }

    fn not_proved(&self, out: &mut Vec<Block>) {
        out.push(Block::Heading("What this does not prove".into()));
        out.push(Block::List(self.record.not_proved.clone()));
    }

    fn raw(&self, out: &mut Vec<Block>) {
        out.push(Block::Heading("Complete as of".into()));
        out.push(Block::Text("The last entry of every log that this certificate holds.".into()));
        let rows = self.record.heads.iter().map(|h| {
            vec![
                Cell::mono(h.log.short()),
                Cell::mono(h.device.short()),
                Cell::new(h.seq.to_string()),
                Cell::mono(h.hash),
            ]
        });
        let rows: Vec<_> = rows.collect();
        out.push(table(
            "The heads of the logs",
            &[("Log", 14), ("Device", 14), ("Entries", 12), ("Hash of the last one", 60)],
            rows,
        ));
        let decisions = self.record.assets.iter().flat_map(|a| &a.decisions);
        let rows = decisions.map(|d| {
            let s = &d.statement;
            vec![Cell::new(&s.signer.printed_name), Cell::new(spaced(s.decision.word())), Cell::mono(d.entry)]
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            out.push(table(
                "The decisions' entries",
                &[("Signed by", 24), ("Decision", 18), ("Entry", 58)],
                rows,
            ));
        }
    }
}

/// What people call the certified version; the current review's, for a package's whole.
fn certified_label(asset: &AssetRecord) -> String {
    let version = asset.certified.and_then(|v| asset.versions.iter().find(|n| n.version == v));
    version.map_or_else(|| "as a whole".to_owned(), |v| v.label.clone())
}

fn table(caption: &str, head: &[(&str, u32)], rows: impl IntoIterator<Item = Vec<Cell>>) -> Block {
    Block::Table {
        caption: caption.to_owned(),
        head: head.iter().map(|(name, width)| ((*name).to_owned(), *width)).collect(),
        rows: rows.into_iter().collect(),
    }
}
