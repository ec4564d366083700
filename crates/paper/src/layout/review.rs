//! One asset's review: signatures, route, comments, versions, acts.

use proofroom_review::statement::VerifiedBy;
use proofroom_review::{CommentView, Outcome};
use proofroom_verify::{ActRecord, AssetRecord, DecisionRecord};
use proofroom_workflow::RunState;
use proofroom_workflow::view::{AssignmentState, StageState};

use super::{Page, certified_label, table};
use crate::block::{Block, Cell, StageBox};
use crate::words::{headline, interval, local, size, spaced, time};

impl Page<'_> {
    pub(super) fn asset(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        out.push(Block::Heading(format!("Signatures on {}, {}", asset.name, certified_label(asset))));
        self.signatures(asset, out);
        let run =
            asset.certified.and_then(|v| asset.runs.iter().find(|r| r.version == v)).or(asset.runs.last());
        if let Some(run) = run {
            out.push(Block::Heading("The route, and how it went".into()));
            self.route(run, out);
        }
        self.comments(asset, out);
        self.versions(asset, out);
        self.brief(asset, out);
        out.push(Block::Heading("Checks".into()));
        if asset.checks.is_empty() {
            out.push(Block::Text("No check results are part of this certificate.".into()));
        } else {
            out.push(Block::List(asset.checks.clone()));
        }
        self.acts(asset, out);
    }

    fn signatures(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        let (counted, others): (Vec<_>, Vec<_>) = asset.decisions.iter().partition(|d| d.counts);
        if counted.is_empty() {
            out.push(Block::Text("No decision counts for this version.".into()));
        }
        for decision in counted {
            self.signature(decision, out);
        }
        if others.is_empty() {
            return;
        }
        out.push(Block::Subheading("Decisions that do not count here".into()));
        out.push(Block::Text("On other versions, replaced by later ones, or not asked for.".into()));
        let rows = others.into_iter().map(|d| {
            let s = &d.statement;
            vec![
                Cell::new(&s.signer.printed_name),
                Cell::new(&d.version_label),
                Cell::new(spaced(s.decision.word())),
                Cell::new(time(s.claimed_at)),
            ]
        });
        out.push(table(
            "Decisions that do not count",
            &[("Signed by", 30), ("Version", 12), ("Decision", 28), ("Claimed time", 30)],
            rows,
        ));
    }

    fn signature(&self, decision: &DecisionRecord, out: &mut Vec<Block>) {
        let s = &decision.statement;
        let title = s.signer.role_title.as_ref().map(|t| format!(", {t}")).unwrap_or_default();
        out.push(Block::Subheading(format!("{}{title}", s.signer.printed_name)));
        out.push(Block::Quote(s.statement_text.clone()));
        let mut fields = vec![
            ("Organisation".to_owned(), Cell::new(&s.signer.organisation)),
            ("Decision".to_owned(), Cell::new(headline(s.decision.word()))),
            ("Meaning of the signature".to_owned(), Cell::new(headline(s.meaning.word()))),
            ("Stage".to_owned(), Cell::new(&s.stage)),
            ("Signed at, by their clock".to_owned(), Cell::new(local(s.claimed_at, s.utc_offset_min))),
            ("As others witnessed it".to_owned(), Cell::new(interval(decision.within))),
        ];
        fields.extend(decision.stamps.iter().map(|stamp| {
            let said = format!("there by {}, says {}", time(stamp.at), stamp.authority);
            ("Time stamp".to_owned(), Cell::new(said))
        }));
        fields.extend(decision.words.iter().map(|word| {
            let said = format!("held by {}, says relay {}", time(word.at), word.relay);
            ("Relay's word".to_owned(), Cell::new(said))
        }));
        let verified = match &s.user_verified {
            None => "not asked for".to_owned(),
            Some(v) => {
                let by = match v.method {
                    VerifiedBy::Passphrase => "by the passphrase of their keys",
                    VerifiedBy::Authenticator => "by the platform's authenticator",
                };
                match v.failed_attempts {
                    0 => by.to_owned(),
                    n => format!("{by}, after {n} failed attempts"),
                }
            }
        };
        fields.push(("Identified at the signing".to_owned(), Cell::new(verified)));
        if let Some(person) = &s.on_behalf_of {
            fields.push(("On behalf of".to_owned(), Cell::new(self.name(person))));
        }
        if let Some(reason) = &s.reason {
            fields.push(("Reason".to_owned(), Cell::new(reason)));
        }
        for condition in &s.conditions {
            fields.push(("Condition".to_owned(), Cell::new(&condition.text)));
        }
        for answer in &s.checklist {
            fields.push((answer.item.clone(), Cell::new(&answer.answer)));
        }
        let open = match s.open_comments.len() {
            0 => "none".to_owned(),
            n => format!(
                "{n}: {}",
                s.open_comments.iter().map(|c| c.id.short()).collect::<Vec<_>>().join(", ")
            ),
        };
        fields.push(("Comments open in front of them".to_owned(), Cell::new(open)));
        fields.push(("Signed with device".to_owned(), Cell::mono(decision.device)));
        fields.push(("Entry".to_owned(), Cell::mono(decision.entry)));
        out.push(Block::Fields(fields));
    }

    fn route(&self, run: &RunState, out: &mut Vec<Block>) {
        let mut fields = vec![
            ("Route".to_owned(), Cell::new(run.route.as_str())),
            ("Sent on it".to_owned(), Cell::new(time(run.submitted_at))),
            ("Outcome".to_owned(), Cell::new(headline(run.outcome.word()))),
        ];
        if let Some(hash) = &run.route_hash {
            fields.insert(1, ("Route hash".to_owned(), Cell::mono(hash)));
        }
        if let Some(chosen) = &run.chosen {
            let rule = chosen.rule.clone().unwrap_or_else(|| "no rule matched".into());
            fields.push(("Chosen by rule".to_owned(), Cell::new(rule)));
        }
        out.push(Block::Fields(fields));
        out.push(Block::Stages(run.stages.iter().map(|stage| self.stage(run, stage)).collect()));
        let warnings: Vec<String> = run.warnings.iter().map(|w| self.named(&w.to_string())).collect();
        if !warnings.is_empty() {
            out.push(Block::Subheading("What stands out".into()));
            out.push(Block::List(warnings));
        }
    }

    fn stage(&self, run: &RunState, stage: &StageState) -> StageBox {
        let mut lines = Vec::new();
        let when =
            |what: &str, at: Option<proofroom_ident::Millis>| at.map(|at| format!("{what} {}", time(at)));
        lines.extend(when("Started", stage.started_at));
        lines.extend(when("Closed", stage.closed_at));
        lines.extend(stage.assignments.iter().map(|a| self.assignment(a)));
        lines.extend(stage.blocked_by.iter().map(|b| self.named(&headline(&b.to_string()))));
        let depth =
            run.stages.iter().take_while(|s| s.stage != stage.stage).filter(|s| before(s, stage)).count();
        StageBox {
            depth,
            title: stage.stage.to_string(),
            outcome: headline(stage.outcome.word()),
            good: stage.outcome.approves() || stage.outcome == Outcome::NotApplicable,
            lines,
        }
    }

    fn assignment(&self, a: &AssignmentState) -> String {
        let who = self.name(&a.person);
        let duty = spaced(a.duty.word());
        let role = a.role.as_ref().map(|r| format!("{r}, ")).unwrap_or_default();
        let did = match (&a.decision, a.end) {
            (Some(d), _) if d.by != a.person => {
                format!("{} by {}", spaced(d.decision.word()), self.name(&d.by))
            }
            (Some(d), _) if d.carried => format!("{}, carried forward", spaced(d.decision.word())),
            (Some(d), _) => spaced(d.decision.word()),
            (None, Some(end)) => spaced(end.word()),
            (None, None) => "no decision".to_owned(),
        };
        let sla = a.sla.map(|sla| format!(", deadline {}", spaced(sla.word()))).unwrap_or_default();
        format!("{who} ({role}{duty}): {did}{sla}")
    }

    fn comments(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        out.push(Block::Heading("Comments, and what became of them".into()));
        if !asset.rebuilt {
            out.push(Block::Text("Comments are not shown in this certificate.".into()));
            return;
        }
        if asset.comments.is_empty() {
            out.push(Block::Text("There are none.".into()));
            return;
        }
        let rows = asset.comments.iter().map(|comment| {
            let version = asset.versions.iter().find(|v| v.version == comment.anchor.version);
            let label = version.map_or_else(|| comment.anchor.version.short(), |v| v.label.clone());
            let kind = if comment.parent.is_some() { "reply".to_owned() } else { comment.label.to_string() };
            vec![
                Cell::new(format!("{}, {}", self.name(&comment.key.owner), time(comment.created_at))),
                Cell::new(format!("{label}, {kind}")),
                Cell::new(&comment.body),
                Cell::new(self.fate(asset, comment)),
            ]
        });
        out.push(table(
            "Comments",
            &[("By", 22), ("On", 14), ("Comment", 40), ("What became of it", 24)],
            rows,
        ));
    }

    fn fate(&self, asset: &AssetRecord, comment: &CommentView) -> String {
        let by = comment.state_by.map(|by| format!(", by {}", self.name(&by))).unwrap_or_default();
        let label = |v| asset.versions.iter().find(|n| n.version == v).map(|n| n.label.clone());
        let within = comment.addressed_in.and_then(label).map(|l| format!(" in {l}")).unwrap_or_default();
        format!("{}{within}{by}", spaced(comment.state.word()))
    }

    fn versions(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        out.push(Block::Heading("Versions".into()));
        let rows = asset.versions.iter().map(|v| {
            let m = &v.manifest;
            let files = m.files.iter().map(|f| format!("{} ({})", f.name, size(f.bytes)));
            let outcome =
                asset.runs.iter().find(|r| r.version == v.version).map(|r| spaced(r.outcome.word()));
            vec![
                Cell::new(&v.label),
                Cell::new(format!("{}, {}", self.name(&m.author), time(m.claimed_at))),
                Cell::new(if m.note.is_empty() { "-" } else { m.note.as_str() }),
                Cell::new(files.collect::<Vec<_>>().join(", ")),
                Cell::new(outcome.unwrap_or_default()),
                Cell::mono(v.version.short()),
            ]
        });
        let head =
            [("Version", 9), ("By", 22), ("What changed", 24), ("Files", 21), ("Outcome", 12), ("Hash", 12)];
        out.push(table("Versions", &head, rows));
    }

    fn brief(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        let Some(brief) = &asset.brief else { return };
        out.push(Block::Heading("The brief".into()));
        let mut fields = vec![
            ("Title".to_owned(), Cell::new(&brief.form.title)),
            ("Filed by".to_owned(), Cell::new(self.name(&brief.request.owner))),
        ];
        if let Ok(hash) = brief.hash() {
            fields.push(("Hash".to_owned(), Cell::mono(hash)));
        }
        out.push(Block::Fields(fields));
        if !brief.text.is_empty() {
            out.push(Block::Quote(brief.text.clone()));
        }
    }

    fn acts(&self, asset: &AssetRecord, out: &mut Vec<Block>) {
        if asset.acts.is_empty() {
            return;
        }
        out.push(Block::Heading("Acts".into()));
        let rows = asset.acts.iter().map(|a| self.act(asset, a));
        let rows: Vec<_> = rows.collect();
        out.push(table(
            "Acts",
            &[("Claimed time", 24), ("By", 18), ("Act", 20), ("Version", 10), ("Reason", 28)],
            rows,
        ));
    }

    fn act(&self, asset: &AssetRecord, a: &ActRecord) -> Vec<Cell> {
        let version = asset.versions.iter().find(|v| v.version == a.statement.version_hash);
        vec![
            Cell::new(time(a.statement.claimed_at)),
            Cell::new(self.name(&a.person)),
            Cell::new(self.named(&a.statement.act.to_string())),
            Cell::new(version.map_or_else(|| a.statement.version_hash.short(), |v| v.label.clone())),
            Cell::new(a.statement.reason.clone().unwrap_or_default()),
        ]
    }

    /// The same sentence with names in the place of the beginnings of keys.
    fn named(&self, text: &str) -> String {
        let known = self.record.people.iter().filter(|p| p.name.is_some());
        known.fold(text.to_owned(), |text, p| text.replace(&p.person.short(), &self.name(&p.person)))
    }
}

/// Whether a stage had closed when another one started.
fn before(earlier: &StageState, later: &StageState) -> bool {
    match (earlier.closed_at, later.started_at) {
        (Some(closed), Some(started)) => closed <= started,
        _ => later.started_at.is_none(),
    }
}
