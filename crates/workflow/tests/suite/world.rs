//! A small world to evaluate: versions, people, decisions that saw each other or not.

use std::collections::BTreeMap;

use proofroom_ident::{
    AssetId, CommentId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis, PersonId, VersionHash,
};
use proofroom_review::statement::{Condition, SeenHead, Signer};
use proofroom_review::{
    Anchor, CommentKey, CommentLabel, CommentState, CommentView, Decision, DecisionStatement, FileRef,
    Manifest, Pick, ReviewerRole, SignMeaning,
};
use proofroom_workflow::SignedDecision;
use proofroom_workflow::single_stage::{Assignment, ReviewInput, ReviewStatus, evaluate};

pub const ADA: PersonId = PersonId::from_bytes([0xad; 32]);
pub const BO: PersonId = PersonId::from_bytes([0xb0; 32]);
pub const CY: PersonId = PersonId::from_bytes([0xc1; 32]);

#[derive(Clone, Debug, Default)]
pub struct World {
    pub versions: BTreeMap<VersionHash, Manifest>,
    pub picks: Vec<Pick>,
    pub assignments: Vec<Assignment>,
    pub decisions: Vec<SignedDecision>,
    pub comments: Vec<CommentView>,
}

impl World {
    /// One version, and these people as approvers.
    pub fn with(approvers: &[PersonId]) -> (Self, VersionHash) {
        let mut world = Self::default();
        let version = world.add_version(&[]);
        approvers.iter().for_each(|person| world.ask(*person, ReviewerRole::Approver));
        (world, version)
    }

    pub fn add_version(&mut self, parents: &[VersionHash]) -> VersionHash {
        let name = format!("v{}.png", self.versions.len());
        let content = ContentHash::of(name.as_bytes());
        let manifest = Manifest {
            asset: AssetId::from_bytes([1; 16]),
            parents: parents.to_vec(),
            files: vec![FileRef { name, media_type: "image/png".into(), bytes: 1, content }],
            note: String::new(),
            author: ADA,
            claimed_at: Millis(self.versions.len() as u64),
        };
        let hash = manifest.hash().expect("small numbers");
        self.versions.insert(hash, manifest);
        hash
    }

    pub fn ask(&mut self, person: PersonId, role: ReviewerRole) {
        self.assignments.push(Assignment { person, role });
    }

    /// A decision in a log of its own; `seen` are indexes of earlier decisions.
    pub fn decide(
        &mut self,
        person: PersonId,
        version: VersionHash,
        decision: Decision,
        seen: &[usize],
    ) -> usize {
        let n = u8::try_from(self.decisions.len()).expect("a small world");
        let heads = seen.iter().map(|i| &self.decisions[*i]);
        let seen_heads = heads.map(|d| (d.log, SeenHead { seq: d.seq, hash: d.entry })).collect();
        self.decisions.push(SignedDecision {
            person,
            entry: EntryHash::of(&[n]),
            log: LogId::from_bytes([n + 1; 16]),
            seq: 1,
            statement: statement(version, decision, seen_heads),
        });
        usize::from(n)
    }

    pub fn comment(&mut self, author: PersonId, version: VersionHash, label: CommentLabel) -> CommentKey {
        let n = u8::try_from(self.comments.len()).expect("a small world");
        let key = CommentKey::new(author, CommentId::from_bytes([n; 16]));
        self.comments.push(CommentView {
            key,
            body: "The logo is wrong".into(),
            anchor: Anchor::whole(version),
            label,
            state: CommentState::Open,
            state_by: None,
            addressed_in: None,
            parent: None,
            created_at: Millis(0),
        });
        key
    }

    pub fn entry(&self, decision: usize) -> EntryHash {
        self.decisions[decision].entry
    }

    pub fn status(&self) -> ReviewStatus {
        evaluate(&ReviewInput {
            versions: &self.versions,
            picks: &self.picks,
            assignments: &self.assignments,
            decisions: &self.decisions,
            comments: &self.comments,
        })
    }
}

fn statement(
    version: VersionHash,
    decision: Decision,
    seen_heads: BTreeMap<LogId, SeenHead>,
) -> DecisionStatement {
    let condition = Condition { text: "Move the logo".into(), comment: None };
    let statement = DecisionStatement {
        review: DocId::from_bytes([1; 16]),
        stage: "review".into(),
        assignment: Some(ReviewerRole::Approver),
        on_behalf_of: None,
        version_hash: version,
        renditions_viewed: vec![],
        route_hash: None,
        brief_hash: None,
        decision,
        meaning: SignMeaning::usual(decision),
        statement_text: "My decision.".into(),
        reason: None,
        conditions: if decision == Decision::ApprovedWithChanges { vec![condition] } else { vec![] },
        checklist: vec![],
        checks_seen: vec![],
        seen_heads,
        open_comments: vec![],
        signer: Signer { printed_name: "Ada Ek".into(), role_title: None, organisation: "Ek & Co".into() },
        claimed_at: Millis(0),
        utc_offset_min: 0,
    };
    assert_eq!(statement.check(), Ok(()));
    statement
}
