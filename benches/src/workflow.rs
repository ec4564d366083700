//! The workflow: where everything stands, from scratch and after one entry.
//!
//! Yardstick: reading the same decisions from their signed text, which whoever evaluates has to do anyway.

use std::collections::BTreeMap;

use proofroom_ident::{
    AssetId, CommentId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis, PersonId, VersionHash,
};
use proofroom_review::route::{Cast, RouteTemplate};
use proofroom_review::statement::{SeenHead, Signer};
use proofroom_review::{
    Act, ActStatement, CommentKey, CommentLabel, CommentState, Decision, DecisionStatement, FileRef,
    Manifest, Route, SignMeaning, Submission,
};
use proofroom_workflow::{
    AssetFacts, CommentFact, Evaluation, PlanFacts, SignedAct, SignedDecision, WorkflowInput, evaluate,
};
use serde_json::json;

use crate::RUNS;
use crate::clock::{median, report, short, timed};

const PEOPLE: u8 = 10;
const VERSIONS: usize = 4;
/// 2 March 2026, 09:00.
const BEGIN: u64 = 1_772_442_000_000;
const HOUR: u64 = 3_600_000;

const ROUTE: &str = r#"
name = "three"
[[stages]]
name = "brand"
due = "2d"
[[stages.reviewers]]
people = ["P0", "P1", "P2"]
[[stages]]
name = "legal"
due = "2d"
close = { quorum = 2 }
[[stages.reviewers]]
people = ["P3", "P4", "P5"]
backup = "P6"
[[stages]]
name = "approval"
start = { after = ["brand", "legal"] }
due = "1d"
[[stages.reviewers]]
people = ["P7", "P8", "P9"]
as = "approver"
"#;

/// Who decides where, one after another.
const TURNS: [(u8, &str); 9] = [
    (0, "brand"),
    (3, "legal"),
    (1, "brand"),
    (4, "legal"),
    (2, "brand"),
    (5, "legal"),
    (7, "approval"),
    (8, "approval"),
    (9, "approval"),
];

fn person(n: u8) -> PersonId {
    PersonId::from_bytes([n + 1; 32])
}

/// One asset on its way, and who has seen what.
struct Writer {
    asset: u64,
    entries: u64,
    heads: BTreeMap<LogId, SeenHead>,
    at: u64,
}

impl Writer {
    fn entry(&mut self, by: u8) -> (EntryHash, LogId, u64, BTreeMap<LogId, SeenHead>) {
        self.entries += 1;
        self.at += HOUR / 4;
        let mut log = [by; 16];
        log[..8].copy_from_slice(&self.asset.to_be_bytes());
        let (log, seen) = (LogId::from_bytes(log), self.heads.clone());
        let entry = EntryHash::of(&[self.asset.to_be_bytes(), self.entries.to_be_bytes()].concat());
        let seq = seen.get(&log).map_or(0, |head| head.seq) + 1;
        self.heads.insert(log, SeenHead { seq, hash: entry });
        (entry, log, seq, seen)
    }

    fn version(&self, parents: Vec<VersionHash>, n: usize) -> Manifest {
        let name = format!("{}-{n}.png", self.asset);
        let content = ContentHash::of(name.as_bytes());
        let files = vec![FileRef { name, media_type: "image/png".into(), bytes: 1, content }];
        let (asset, author, claimed_at) = (asset_id(self.asset), person(0), Millis(self.at));
        Manifest { asset, parents, files, note: String::new(), author, claimed_at }
    }

    fn submit(&mut self, version: VersionHash, route: &Route) -> SignedAct {
        let (entry, log, seq, seen_heads) = self.entry(0);
        let submission = Submission { round: 1, route: Some(route.clone()), chosen: None };
        let statement = ActStatement {
            review: DocId::from_bytes([1; 16]),
            version_hash: version,
            act: Act::Submit(Box::new(submission)),
            reason: None,
            seen_heads,
            claimed_at: Millis(self.at),
        };
        SignedAct::new(person(0), entry, log, seq, true, statement).expect("a good route")
    }

    fn decide(&mut self, version: VersionHash, route: ContentHash, turn: usize) -> SignedDecision {
        let (by, stage) = TURNS[turn % TURNS.len()];
        let (entry, log, seq, seen_heads) = self.entry(by);
        let decision = if turn % 7 == 3 { Decision::ChangesRequired } else { Decision::Approved };
        let statement = DecisionStatement {
            review: DocId::from_bytes([1; 16]),
            stage: stage.into(),
            assignment: None,
            on_behalf_of: None,
            version_hash: version,
            renditions_viewed: vec![],
            route_hash: Some(route),
            brief_hash: None,
            decision,
            meaning: SignMeaning::usual(decision),
            statement_text: "I have looked at this version and decide as written here.".into(),
            reason: None,
            conditions: vec![],
            checklist: vec![],
            checks_seen: vec![],
            seen_heads,
            open_comments: vec![],
            signer: Signer {
                printed_name: "Ada Ek".into(),
                role_title: None,
                organisation: "Ek & Co".into(),
            },
            claimed_at: Millis(self.at),
            utc_offset_min: 60,
            user_verified: None,
        };
        SignedDecision { person: person(by), entry, log, seq, statement }
    }
}

fn asset_id(n: u64) -> AssetId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    AssetId::from_bytes(bytes)
}

fn asset(n: u64, decisions: usize, comments: usize, route: &Route, hash: ContentHash) -> AssetFacts {
    let mut writer = Writer { asset: n, entries: 0, heads: BTreeMap::new(), at: BEGIN };
    let mut facts = AssetFacts::default();
    let mut parents: Vec<VersionHash> = Vec::new();
    for v in 0..VERSIONS {
        let manifest = writer.version(std::mem::take(&mut parents), v);
        let version = manifest.hash().expect("small numbers");
        facts.versions.insert(version, manifest);
        facts.acts.push(writer.submit(version, route));
        let share = |n: usize| n / VERSIONS + usize::from(v < n % VERSIONS);
        for turn in 0..share(decisions) {
            facts.decisions.push(writer.decide(version, hash, turn));
        }
        for c in 0..share(comments) {
            let mut id = [u8::try_from(v).expect("few"); 16];
            id[..8].copy_from_slice(&u64::try_from(c).expect("few").to_be_bytes());
            let key =
                CommentKey::new(person(u8::try_from(c).unwrap_or(0) % PEOPLE), CommentId::from_bytes(id));
            let (label, state) = (CommentLabel::ALL[c % 6], CommentState::ALL[c % 4]);
            facts.comments.push(CommentFact { key, version, label, state, created_at: Millis(writer.at) });
        }
        parents = vec![version];
    }
    facts
}

fn input(assets: u64, decisions: usize, comments: usize) -> WorkflowInput {
    let members = (0..PEOPLE).map(|n| (person(n), format!("P{n}"))).collect();
    let cast = Cast { members, ..Cast::default() };
    let template = RouteTemplate::from_toml(ROUTE).expect("a route");
    let route = template.bind(&cast).expect("its people are there");
    let hash = route.hash().expect("it is canonical");
    let assets = (0..assets).map(|n| (asset_id(n), asset(n, decisions, comments, &route, hash)));
    WorkflowInput { plan: PlanFacts::default(), assets: assets.collect() }
}

/// Reads all decisions from their signed text.
fn read(texts: &[String]) -> usize {
    let read = texts.iter().map(|text| DecisionStatement::from_json(text).expect("it was signed"));
    read.filter(|d| d.decision.approves()).count()
}

pub fn run(assets: u64, decisions: usize, comments: usize) {
    for of in [8, 4, 2, 1] {
        let assets = assets / of;
        let mut input = input(assets, decisions, comments);
        let now = Millis(BEGIN + 30 * 24 * HOUR);
        let texts = input.assets.values().flat_map(|a| &a.decisions).map(|d| d.statement.to_json());
        let texts: Vec<String> = texts.collect::<Result<_, _>>().expect("they are canonical");
        let (mut scratch, mut yardstick, mut one) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS * 3 {
            let (ms, view) = timed(|| evaluate(&input, now));
            assert_eq!(u64::try_from(view.assets.len()), Ok(assets));
            scratch.push(ms);
            yardstick.push(timed(|| read(&texts)).0);
        }
        let mut kept = Evaluation::new(&input.plan, now);
        input.assets.iter().for_each(|(id, facts)| kept.insert(*id, facts));
        for facts in input.assets.values_mut().take(100) {
            // The one that was decided last is decided again, by somebody who saw everything.
            let last = facts.decisions.last().expect("decisions").clone();
            let heads = last.statement.seen_heads.clone();
            let mut again = SignedDecision { seq: last.seq + 1, entry: EntryHash::of(b"again"), ..last };
            again.statement.seen_heads = heads;
            facts.decisions.push(again);
        }
        for (id, facts) in input.assets.iter().take(100) {
            one.push(timed(|| kept.insert(*id, facts)).0);
        }
        assert_eq!(kept.view(), evaluate(&input, now), "kept as from scratch");
        let (all, read, entry) = (median(&scratch), median(&yardstick), median(&one));
        report(&json!({
            "bench": "workflow", "assets": assets, "decisions": decisions, "comments": comments,
            "scratch_ms": short(all),
            "scratch_us_per_asset": short(all * 1e3 / assets as f64),
            "one_entry_ms": short(entry),
            "read_decisions_ms": short(read),
            "scratch_of_read": short(all / read),
        }));
    }
}
