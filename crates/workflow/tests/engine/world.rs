//! A small world to evaluate: people with devices that have seen each other's entries or not.

use std::collections::BTreeMap;

use proofroom_ident::{
    AssetId, CommentId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis, PersonId, VersionHash,
};
use proofroom_review::route::{Cast, Route, RouteTemplate};
use proofroom_review::statement::{ChecklistAnswer, Condition, SeenHead, Signer};
use proofroom_review::{
    Act, ActStatement, CommentKey, CommentLabel, CommentState, Decision, DecisionStatement, Delegation,
    DelegationStatement, FileRef, Manifest, Outcome, RoleName, Scope, SignMeaning, Submission,
};
use proofroom_workflow::{
    AssetFacts, AssetState, AssignmentState, CommentFact, PlanFacts, RunState, SignedAct, SignedDecision,
    SignedDelegation, StageState, Warning, WorkflowInput, WorkflowView, evaluate,
};

pub const ADA: PersonId = PersonId::from_bytes([0xad; 32]);
pub const BO: PersonId = PersonId::from_bytes([0xb0; 32]);
pub const CY: PersonId = PersonId::from_bytes([0xc1; 32]);
pub const DI: PersonId = PersonId::from_bytes([0xd1; 32]);
pub const PEOPLE: [(PersonId, &str); 4] = [(ADA, "Ada"), (BO, "Bo"), (CY, "Cy"), (DI, "Di")];
pub const ASSET: AssetId = AssetId::from_bytes([1; 16]);

pub const MINUTE: u64 = 60_000;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;

/// Somebody on one of their devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device(pub PersonId, pub u8);

/// Somebody's second device.
pub const fn phone(person: PersonId) -> Device {
    Device(person, 1)
}

impl From<PersonId> for Device {
    fn from(person: PersonId) -> Self {
        Self(person, 0)
    }
}

impl Device {
    fn log(self) -> LogId {
        let mut bytes = [self.1; 16];
        bytes[0] = self.0.as_bytes()[0];
        bytes[1] = self.0.as_bytes()[1];
        LogId::from_bytes(bytes)
    }
}

/// What a device has in front of it.
#[derive(Clone, Debug, Default)]
struct Front {
    heads: BTreeMap<LogId, SeenHead>,
    comments: Vec<CommentKey>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub plan: PlanFacts,
    pub facts: AssetFacts,
    pub now: Millis,
    /// Who may moderate.
    pub moderators: Vec<PersonId>,
    online: Front,
    away: BTreeMap<Device, Front>,
    entries: u64,
}

/// The moment of a time in Coordinated Universal Time: `2026-03-02T09:00`.
pub fn utc(text: &str) -> Millis {
    moment("UTC", text)
}

/// The moment of a local time.
pub fn moment(zone: &str, text: &str) -> Millis {
    let zone = proofroom_workflow::calendar::zone(zone).expect("a zone");
    zone.at(text.parse().expect("a time")).expect("a moment")
}

/// A route file for Ada, Bo, Cy and Di.
pub fn route(toml: &str) -> Route {
    let text = if toml.contains("name = \"r\"") { toml.to_owned() } else { format!("name = \"r\"\n{toml}") };
    let template = RouteTemplate::from_toml(&text).unwrap_or_else(|e| panic!("{text}\n{e}"));
    template.bind(&cast()).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

pub fn cast() -> Cast {
    let members = PEOPLE.map(|(person, name)| (person, name.to_owned())).into();
    let role = |name: &str, people: &[PersonId]| (name.parse::<RoleName>().expect("a name"), people.to_vec());
    let roles = [role("legal", &[BO, CY]), role("brand", &[DI])].into();
    let calendars = ["day", "zurich"].map(|name| name.parse().expect("a name")).into();
    Cast { members, left: BTreeMap::new(), roles, calendars }
}

impl World {
    /// A version by Ada, on Monday 2 March 2026 at 09:00 UTC.
    pub fn new() -> (Self, VersionHash) {
        let mut world = Self {
            plan: PlanFacts::default(),
            facts: AssetFacts::default(),
            now: utc("2026-03-02T09:00"),
            moderators: vec![ADA],
            online: Front::default(),
            away: BTreeMap::new(),
            entries: 0,
        };
        let version = world.version(&[]);
        (world, version)
    }

    /// A version that was sent on a route.
    pub fn on(toml: &str) -> (Self, VersionHash) {
        let (mut world, version) = Self::new();
        world.submit(ADA, version, Some(route(toml)));
        (world, version)
    }

    pub fn version(&mut self, parents: &[VersionHash]) -> VersionHash {
        let name = format!("v{}.png", self.facts.versions.len());
        let content = ContentHash::of(name.as_bytes());
        let manifest = Manifest {
            asset: ASSET,
            parents: parents.to_vec(),
            files: vec![FileRef { name, media_type: "image/png".into(), bytes: 1, content }],
            note: String::new(),
            author: ADA,
            claimed_at: self.now,
        };
        let hash = manifest.hash().expect("small numbers");
        self.facts.versions.insert(hash, manifest);
        hash
    }

    pub fn at(&mut self, text: &str) -> &mut Self {
        self.now = utc(text);
        self
    }

    pub fn pass(&mut self, ms: u64) -> &mut Self {
        self.now.0 += ms;
        self
    }

    /// From here on, a device sees nothing of the others.
    pub fn offline(&mut self, device: impl Into<Device>) {
        self.away.insert(device.into(), self.online.clone());
    }

    /// A device sees everything again.
    pub fn online(&mut self, device: impl Into<Device>) {
        self.away.remove(&device.into());
    }

    /// A new entry of a device: its hash, log, place, and what was seen.
    fn entry(&mut self, by: Device) -> (EntryHash, LogId, u64, BTreeMap<LogId, SeenHead>) {
        self.entries += 1;
        let (entry, log) = (EntryHash::of(&self.entries.to_be_bytes()), by.log());
        let seen = self.away.get(&by).unwrap_or(&self.online).heads.clone();
        let seq = self.online.heads.get(&log).map_or(0, |head| head.seq) + 1;
        self.online.heads.insert(log, SeenHead { seq, hash: entry });
        if let Some(front) = self.away.get_mut(&by) {
            front.heads.insert(log, SeenHead { seq, hash: entry });
        }
        (entry, log, seq, seen)
    }

    pub fn act(&mut self, by: impl Into<Device>, version: VersionHash, act: Act) -> EntryHash {
        let by = by.into();
        let (entry, log, seq, seen_heads) = self.entry(by);
        let reason = act.needs_reason().then(|| "So that it goes on".to_owned());
        let statement = ActStatement {
            review: DocId::from_bytes([1; 16]),
            version_hash: version,
            act,
            reason,
            seen_heads,
            claimed_at: self.now,
        };
        debug_assert_eq!(statement.check(), Ok(()));
        let moderator = self.moderators.contains(&by.0);
        let act = SignedAct::new(by.0, entry, log, seq, moderator, statement).expect("a good route");
        self.facts.acts.push(act);
        entry
    }

    pub fn submit(&mut self, by: impl Into<Device>, version: VersionHash, route: Option<Route>) -> EntryHash {
        let by = by.into();
        let seen = &self.away.get(&by).unwrap_or(&self.online).heads;
        let knows = |a: &&SignedAct| seen.get(&a.log).is_some_and(|head| head.seq >= a.seq);
        let rounds = self.facts.acts.iter().filter(knows).filter_map(|a| match &a.statement.act {
            Act::Submit(s) if a.statement.version_hash == version => Some(s.round),
            _ => None,
        });
        let round = rounds.max().unwrap_or(0) + 1;
        self.act(by, version, Act::Submit(Box::new(Submission { round, route, chosen: None })))
    }

    /// The hash of the route that a version was last sent on.
    pub fn route_hash(&self, version: VersionHash) -> Option<ContentHash> {
        let of = |a: &&SignedAct| a.statement.version_hash == version;
        let sent = |a: &&SignedAct| matches!(a.statement.act, Act::Submit(_));
        self.facts.acts.iter().rfind(|a| of(a) && sent(a)).and_then(SignedAct::route_hash)
    }

    pub fn decide(
        &mut self,
        by: impl Into<Device>,
        version: VersionHash,
        stage: &str,
        decision: Decision,
    ) -> EntryHash {
        self.decide_with(by, version, stage, decision, |_| {})
    }

    /// A decision, changed before it is signed.
    pub fn decide_with(
        &mut self,
        by: impl Into<Device>,
        version: VersionHash,
        stage: &str,
        decision: Decision,
        change: impl FnOnce(&mut DecisionStatement),
    ) -> EntryHash {
        let by = by.into();
        let route_hash = self.route_hash(version);
        let mut open_comments = self.away.get(&by).unwrap_or(&self.online).comments.clone();
        open_comments.sort_unstable();
        let (entry, log, seq, seen_heads) = self.entry(by);
        let mut statement = statement(version, stage, decision, self.now);
        (statement.route_hash, statement.open_comments, statement.seen_heads) =
            (route_hash, open_comments, seen_heads);
        change(&mut statement);
        self.facts.decisions.push(SignedDecision { person: by.0, entry, log, seq, statement });
        entry
    }

    pub fn delegate(&mut self, by: impl Into<Device>, delegation: Delegation) -> EntryHash {
        let by = by.into();
        let (entry, log, seq, seen_heads) = self.entry(by);
        let statement = DelegationStatement { delegation, reason: None, seen_heads, claimed_at: self.now };
        self.plan.delegations.push(SignedDelegation { person: by.0, entry, log, seq, statement });
        entry
    }

    /// Lets somebody decide for somebody else from now on, for so long, in any stage.
    pub fn grant(&mut self, by: impl Into<Device>, to: PersonId, ms: u64) -> EntryHash {
        let (from, until) = (self.now, Millis(self.now.0 + ms));
        self.delegate(by, Delegation::Grant { to, scope: Scope::default(), from, until })
    }

    pub fn comment(
        &mut self,
        by: impl Into<Device>,
        version: VersionHash,
        label: CommentLabel,
    ) -> CommentKey {
        let by = by.into();
        let n = u8::try_from(self.facts.comments.len()).expect("a small world");
        let key = CommentKey::new(by.0, CommentId::from_bytes([n; 16]));
        let (state, created_at) = (CommentState::Open, self.now);
        self.facts.comments.push(CommentFact { key, version, label, state, created_at });
        match self.away.get_mut(&by) {
            Some(front) => front.comments.push(key),
            None => self.online.comments.push(key),
        }
        key
    }

    pub fn view(&self) -> WorkflowView {
        let assets = [(ASSET, self.facts.clone())].into();
        evaluate(&WorkflowInput { plan: self.plan.clone(), assets }, self.now)
    }

    pub fn asset(&self) -> AssetState {
        self.view().assets.remove(&ASSET).expect("the asset")
    }

    pub fn run(&self, version: VersionHash) -> RunState {
        self.asset().run(&version).expect("a version").clone()
    }

    pub fn outcome(&self) -> Outcome {
        self.asset().outcome
    }

    /// A stage of the current version.
    pub fn stage(&self, name: &str) -> StageState {
        let asset = self.asset();
        let run = asset.heads().next().expect("a current version");
        run.stage(name).expect("a stage").clone()
    }

    pub fn assignment(&self, stage: &str, person: PersonId) -> AssignmentState {
        self.stage(stage).assignment(&person).expect("an assignment").clone()
    }

    /// The warnings about the current version.
    pub fn warnings(&self) -> Vec<Warning> {
        self.asset().heads().next().expect("a current version").warnings.clone()
    }
}

/// A decision about a version, on the built-in route, by somebody who had seen nothing.
pub fn statement(version: VersionHash, stage: &str, decision: Decision, at: Millis) -> DecisionStatement {
    let condition = Condition { text: "Move the logo".into(), comment: None };
    let with_changes = decision == Decision::ApprovedWithChanges;
    DecisionStatement {
        review: DocId::from_bytes([1; 16]),
        stage: stage.into(),
        assignment: None,
        on_behalf_of: None,
        version_hash: version,
        renditions_viewed: vec![],
        route_hash: None,
        brief_hash: None,
        decision,
        meaning: SignMeaning::usual(decision),
        statement_text: "My decision.".into(),
        reason: None,
        conditions: if with_changes { vec![condition] } else { vec![] },
        checklist: vec![],
        checks_seen: vec![],
        seen_heads: BTreeMap::new(),
        open_comments: vec![],
        user_verified: None,
        signer: Signer { printed_name: "Ada".into(), role_title: None, organisation: "Ek".into() },
        claimed_at: at,
        utc_offset_min: 0,
    }
}

/// An answer to a checklist's question.
pub fn answer(item: &str, text: &str) -> ChecklistAnswer {
    ChecklistAnswer { item: item.into(), text_hash: ContentHash::of(text.as_bytes()), answer: "yes".into() }
}

pub fn stage_name(name: &str) -> proofroom_review::StageName {
    name.parse().expect("a stage's name")
}
