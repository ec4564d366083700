//! A studio on two sites, each with a replica that is kept; between them the line is up or down.

use std::collections::BTreeMap;

use proofroom_ident::{
    AssetId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis, PersonId, VersionHash,
};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    Act, ActStatement, Decision, Delegation, DelegationStatement, FileRef, Manifest, Scope,
};
use proofroom_workflow::{
    AssetFacts, Evaluation, PlanFacts, SignedAct, SignedDecision, SignedDelegation, WorkflowView,
};

use crate::world::statement;

/// Something that a site wrote and the other has not heard yet.
#[derive(Clone)]
enum Parcel {
    Version(AssetId, VersionHash, Manifest),
    Decision(AssetId, Box<SignedDecision>),
    Act(AssetId, SignedAct),
    Delegation(SignedDelegation),
    Left(PersonId),
}

/// What one site holds.
pub struct Site {
    pub plan: PlanFacts,
    pub assets: BTreeMap<AssetId, AssetFacts>,
    pub evaluation: Evaluation,
    heads: BTreeMap<(AssetId, LogId), SeenHead>,
    outbox: Vec<Parcel>,
}

/// Two sites.
pub struct Studio {
    pub sites: [Site; 2],
    pub now: Millis,
    pub line_up: bool,
    entries: u64,
}

/// Of the plan's own log there is one a person and site.
const PLAN: AssetId = AssetId::from_bytes([0xff; 16]);

impl Site {
    fn new(plan: &PlanFacts, now: Millis) -> Self {
        Self {
            plan: plan.clone(),
            assets: BTreeMap::new(),
            evaluation: Evaluation::new(plan, now),
            heads: BTreeMap::new(),
            outbox: Vec::new(),
        }
    }

    fn take(&mut self, parcel: Parcel, now: Millis) {
        let mut heard = |asset: AssetId, log: LogId, seq: u64, hash: EntryHash| {
            self.heads.insert((asset, log), SeenHead { seq, hash });
        };
        let asset = match parcel {
            Parcel::Version(asset, version, manifest) => {
                self.assets.entry(asset).or_default().versions.insert(version, manifest);
                asset
            }
            Parcel::Decision(asset, d) => {
                heard(asset, d.log, d.seq, d.entry);
                self.assets.entry(asset).or_default().decisions.push(*d);
                asset
            }
            Parcel::Act(asset, a) => {
                heard(asset, a.log, a.seq, a.entry);
                self.assets.entry(asset).or_default().acts.push(a);
                asset
            }
            Parcel::Delegation(d) => {
                heard(PLAN, d.log, d.seq, d.entry);
                self.plan.delegations.push(d);
                return self.again(now);
            }
            Parcel::Left(person) => {
                self.plan.people.entry(person).or_default().left = true;
                return self.again(now);
            }
        };
        self.evaluation.insert(asset, &self.assets[&asset]);
    }

    /// The plan changed: everything is evaluated again.
    fn again(&mut self, now: Millis) {
        self.evaluation = Evaluation::new(&self.plan, now);
        self.assets.iter().for_each(|(id, facts)| self.evaluation.insert(*id, facts));
    }
}

impl Studio {
    pub fn new(plan: &PlanFacts, now: Millis) -> Self {
        Self { sites: [Site::new(plan, now), Site::new(plan, now)], now, line_up: true, entries: 0 }
    }

    /// Goes on to a later time; what waited for the line goes over it.
    pub fn advance(&mut self, now: Millis, line_up: bool) {
        (self.now, self.line_up) = (now, line_up);
        for site in &mut self.sites {
            let assets = &site.assets;
            site.evaluation.advance(now, |id| assets.get(id));
        }
        if line_up {
            for (from, to) in [(0, 1), (1, 0)] {
                let parcels = std::mem::take(&mut self.sites[from].outbox);
                parcels.into_iter().for_each(|parcel| self.sites[to].take(parcel, now));
            }
        }
    }

    fn send(&mut self, site: usize, parcel: Parcel) {
        self.sites[site].take(parcel.clone(), self.now);
        if self.line_up {
            self.sites[1 - site].take(parcel, self.now);
        } else {
            self.sites[site].outbox.push(parcel);
        }
    }

    fn entry(
        &mut self,
        site: usize,
        asset: AssetId,
        by: PersonId,
    ) -> (EntryHash, LogId, u64, BTreeMap<LogId, SeenHead>) {
        self.entries += 1;
        let mut log = [0; 16];
        log[..14].copy_from_slice(&by.as_bytes()[..14]);
        log[14] = u8::try_from(site).expect("two");
        let log = LogId::from_bytes(log);
        let heads = &self.sites[site].heads;
        let of = heads.range((asset, LogId::from_bytes([0; 16]))..=(asset, LogId::from_bytes([0xff; 16])));
        let seen: BTreeMap<_, _> = of.map(|((_, log), head)| (*log, *head)).collect();
        let seq = seen.get(&log).map_or(0, |head| head.seq) + 1;
        (EntryHash::of(&self.entries.to_be_bytes()), log, seq, seen)
    }

    pub fn version(
        &mut self,
        site: usize,
        asset: AssetId,
        by: PersonId,
        parents: Vec<VersionHash>,
    ) -> VersionHash {
        self.entries += 1;
        let name = format!("{}.png", self.entries);
        let content = ContentHash::of(name.as_bytes());
        let file = FileRef { name, media_type: "image/png".into(), bytes: 1, content };
        let claimed_at = self.now;
        let manifest =
            Manifest { asset, parents, files: vec![file], note: String::new(), author: by, claimed_at };
        let version = manifest.hash().expect("small numbers");
        self.send(site, Parcel::Version(asset, version, manifest));
        version
    }

    pub fn act(
        &mut self,
        site: usize,
        asset: AssetId,
        by: PersonId,
        moderator: bool,
        version: VersionHash,
        act: Act,
    ) {
        let (entry, log, seq, seen_heads) = self.entry(site, asset, by);
        let reason = act.needs_reason().then(|| "So that it goes on".to_owned());
        let review = DocId::from_bytes([1; 16]);
        let statement =
            ActStatement { review, version_hash: version, act, reason, seen_heads, claimed_at: self.now };
        let act = SignedAct::new(by, entry, log, seq, moderator, statement).expect("a good route");
        self.send(site, Parcel::Act(asset, act));
    }

    pub fn decide(
        &mut self,
        site: usize,
        asset: AssetId,
        by: PersonId,
        on_behalf_of: Option<PersonId>,
        version: VersionHash,
        stage: &str,
        decision: Decision,
    ) {
        let (entry, log, seq, seen_heads) = self.entry(site, asset, by);
        let of = |a: &&SignedAct| a.statement.version_hash == version && a.route_hash().is_some();
        let route_hash =
            self.sites[site].assets[&asset].acts.iter().rfind(of).and_then(SignedAct::route_hash);
        let mut statement = statement(version, stage, decision, self.now);
        (statement.seen_heads, statement.route_hash, statement.on_behalf_of) =
            (seen_heads, route_hash, on_behalf_of);
        statement.reason = Some("As I see it".into());
        let decision = SignedDecision { person: by, entry, log, seq, statement };
        self.send(site, Parcel::Decision(asset, Box::new(decision)));
    }

    pub fn delegate(&mut self, site: usize, by: PersonId, to: PersonId, ms: u64) {
        let (entry, log, seq, seen_heads) = self.entry(site, PLAN, by);
        let (from, until) = (self.now, Millis(self.now.0 + ms));
        let delegation = Delegation::Grant { to, scope: Scope::default(), from, until };
        let statement = DelegationStatement { delegation, reason: None, seen_heads, claimed_at: self.now };
        self.send(site, Parcel::Delegation(SignedDelegation { person: by, entry, log, seq, statement }));
    }

    pub fn leave(&mut self, site: usize, person: PersonId) {
        self.send(site, Parcel::Left(person));
    }

    pub fn views(&self) -> [WorkflowView; 2] {
        [self.sites[0].evaluation.view(), self.sites[1].evaluation.view()]
    }
}
