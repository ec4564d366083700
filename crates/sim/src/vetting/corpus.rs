//! Honest documents with all kinds of edits in them.

use super::*;
use proofroom_ident::{BlobHash, RequestId};
use proofroom_review::{BlobKeyBytes, BlobRef, CommentKey, FileRef, Manifest, RequestKey};

struct Author {
    doc: Document,
    writer: Writer,
    clock: u64,
}

impl Author {
    fn new(kind: DocKind, name: &str, role: WriterRole) -> Self {
        let seed = *ContentHash::of(name.as_bytes()).as_bytes();
        let mut log = [0; 16];
        log.copy_from_slice(&seed[..16]);
        let writer = Writer {
            person: PersonId::from_bytes(seed),
            role,
            author: proofroom_ident::SignerKey::from_bytes(*ContentHash::of(&seed).as_bytes()),
            log: LogId::from_bytes(log),
        };
        let doc = match kind {
            DocKind::Plan => WORKSPACE.plan_doc(),
            _ => WORKSPACE.review_doc(ASSET, Audience::Everyone),
        };
        Self { doc: Document::new(kind, WORKSPACE, doc), writer, clock: 1_000_000 }
    }

    fn write(&mut self, plan: &[PlanEdit], review: &[ReviewEdit]) -> Incoming {
        self.clock += 1_000;
        let at = Millis(self.clock);
        let recorded = match plan.is_empty() {
            true => self.doc.record_review(&self.writer, at, review),
            false => self.doc.record_plan(&self.writer, at, plan),
        };
        let payload = recorded.expect("an honest edit is recorded").payload;
        Incoming { entry: EntryHash::of(&payload), writer: self.writer, payload }
    }
}

/// Changes of two authors, each with the document before it and the other's next change.
pub(super) fn make() -> (Vec<Case>, Vec<Whole>) {
    let mut cases = Vec::new();
    let mut wholes = Vec::new();
    for kind in [DocKind::Plan, DocKind::Review] {
        let mut ada = Author::new(kind, "ada", WriterRole::Producer);
        let mut bo = Author::new(kind, "bo", WriterRole::Contributor);
        let steps = match kind {
            DocKind::Plan => plan_steps(&bo),
            _ => review_steps(&ada, &bo),
        };
        for (by_ada, plan, review) in steps {
            let (from, to) = if by_ada { (&mut ada, &mut bo) } else { (&mut bo, &mut ada) };
            let before = to.doc.clone();
            let entry = from.write(&plan, &review);
            // What the other one writes without having heard.
            let mut meanwhile = Author { doc: to.doc.clone(), writer: to.writer, clock: to.clock };
            let (plan, review) = small_edit(kind, meanwhile.writer.person);
            let other = meanwhile.write(&plan, &review);
            to.doc.merge(vec![entry.clone()]);
            cases.push(Case::new(before, entry, other));
        }
        let logs = [&ada, &bo].map(|author| {
            let actor = actor_for(author.writer.author, ada.doc.id(), author.writer.log);
            ReplayLog { writer: author.writer, tip: ada.doc.tip(&actor).expect("both wrote") }
        });
        wholes.push(Whole { chunk: ada.doc.export(), document: ada.doc, logs: logs.to_vec() });
    }
    (cases, wholes)
}

type Step = (bool, Vec<PlanEdit>, Vec<ReviewEdit>);

fn request(n: u8) -> PlanEdit {
    let form = serde_json::json!({
        "title": "Poster", "categories": ["visual"], "objective": "to be seen", "audience": "passers-by",
        "message": "look here", "mandatories": ["logo"], "deliverables": [], "approvers": ["Ada"],
        "risk_class": "standard",
    });
    PlanEdit::AddRequest {
        id: RequestId::from_bytes([n; 16]),
        form: Box::new(serde_json::from_value(form).expect("the form's fields have these names")),
        brief: "A blue poster for the lobby.".into(),
    }
}

fn plan_steps(bo: &Author) -> Vec<Step> {
    let key = RequestKey::new(bo.writer.person, RequestId::from_bytes([1; 16]));
    let splice =
        |at, delete, insert: &str| PlanEdit::SpliceBrief { request: key, at, delete, insert: insert.into() };
    let name = |name: &str| PlanEdit::SetName { name: name.into() };
    let accept = PlanEdit::SetRequestState { request: key, state: RequestState::Accepted, reason: None };
    vec![
        (false, vec![request(1)], vec![]),
        (true, vec![name("Spring"), splice(2, 4, "green")], vec![]),
        (false, vec![splice(0, 1, "One"), splice(3, 0, "🙂")], vec![]),
        (true, vec![name("Summer"), accept], vec![]),
    ]
}

fn version(author: PersonId, note: &str) -> ReviewEdit {
    let content = ContentHash::of(note.as_bytes());
    let file = FileRef { name: "poster.png".into(), media_type: "image/png".into(), bytes: 5, content };
    let key = BlobKeyBytes::from_bytes([3; 32]);
    let blob = BlobRef { blob: BlobHash::of(note.as_bytes()), key, bytes: 5, content };
    let manifest = Manifest {
        asset: ASSET,
        parents: Vec::new(),
        files: vec![file],
        note: note.into(),
        author,
        claimed_at: Millis(5),
    };
    ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs: vec![blob] }
}

fn comment(version: proofroom_ident::VersionHash, n: u8, body: &str) -> ReviewEdit {
    ReviewEdit::AddComment {
        id: CommentId::from_bytes([n; 16]),
        body: body.into(),
        anchor: Box::new(Anchor::whole(version)),
        label: CommentLabel::Change,
        parent: None,
    }
}

fn review_steps(ada: &Author, bo: &Author) -> Vec<Step> {
    let first = version(ada.writer.person, "first");
    let ReviewEdit::AddVersion { manifest, .. } = &first else { return Vec::new() };
    let hash = manifest.hash().expect("a manifest has a hash");
    let key = CommentKey::new(bo.writer.person, CommentId::from_bytes([1; 16]));
    let state = |state| ReviewEdit::SetCommentState { comment: key, state };
    let edit = ReviewEdit::EditComment { comment: key, at: 4, delete: 4, insert: "brand".into() };
    vec![
        (true, vec![], vec![first]),
        (false, vec![], vec![comment(hash, 1, "The logo is too small.")]),
        (true, vec![], vec![state(CommentState::Task), comment(hash, 2, "Yes.")]),
        (false, vec![], vec![edit, state(CommentState::Verified)]),
        (true, vec![], vec![version(ada.writer.person, "second")]),
    ]
}

fn small_edit(kind: DocKind, person: PersonId) -> (Vec<PlanEdit>, Vec<ReviewEdit>) {
    match kind {
        DocKind::Plan => (vec![request(9)], vec![]),
        // Contributors add no versions; a comment needs none in the document to be recorded.
        _ => {
            let version = proofroom_ident::VersionHash::from_bytes(*person.as_bytes());
            (vec![], vec![comment(version, 9, "meanwhile")])
        }
    }
}

/// Any local edit, on a document that took something odd.
pub(super) fn edit_once(doc: &mut Document) -> Result<(), String> {
    let cy = Author::new(doc.kind(), "cy", WriterRole::Producer);
    let written = match doc.kind() {
        DocKind::Plan => doc.record_plan(&cy.writer, Millis(9), &[request(7)]),
        _ => doc.record_review(&cy.writer, Millis(9), &[version(cy.writer.person, "next")]),
    };
    written.map(drop).map_err(|e| format!("no edit is possible afterwards: {e}"))
}
