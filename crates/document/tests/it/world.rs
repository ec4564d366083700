//! Peers with a document each, and the words they exchange.

use proofroom_document::{DocKind, Document, Incoming, Merged, Recorded, Writer, WriterRole};
use proofroom_ident::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, DocId, EntryHash, HashWords as _, LogId, Millis,
    PersonId, RequestId, SignerKey, VersionHash, WorkspaceId,
};
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, Category, CommentKey, CommentLabel, FileRef, Manifest, PlanEdit, Recipe,
    Rendition, RenditionKind, RequestForm, ReviewEdit, RiskClass,
};

pub const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);
pub const ASSET: AssetId = AssetId::from_bytes([9; 16]);

pub fn doc_of(kind: DocKind) -> DocId {
    match kind {
        DocKind::Plan => WORKSPACE.plan_doc(),
        DocKind::Review => WORKSPACE.review_doc(ASSET, Audience::Everyone),
    }
}

/// A member with one device, one session and one document.
#[derive(Clone)]
pub struct Peer {
    pub doc: Document,
    pub writer: Writer,
    pub clock: u64,
    /// Everything that this peer wrote, in order.
    pub log: Vec<Incoming>,
}

pub fn peer(kind: DocKind, name: &str, role: WriterRole) -> Peer {
    let seed = *ContentHash::of(name.as_bytes()).as_bytes();
    let mut log = [0; 16];
    log.copy_from_slice(&seed[..16]);
    let writer = Writer {
        person: PersonId::from_bytes(seed),
        role,
        author: SignerKey::from_bytes(*ContentHash::of(&seed).as_bytes()),
        log: LogId::from_bytes(log),
    };
    Peer { doc: Document::new(kind, WORKSPACE, doc_of(kind)), writer, clock: 1_000_000, log: Vec::new() }
}

pub fn producer(kind: DocKind, name: &str) -> Peer {
    peer(kind, name, WriterRole::Producer)
}

pub fn contributor(kind: DocKind, name: &str) -> Peer {
    peer(kind, name, WriterRole::Contributor)
}

impl Peer {
    pub fn now(&mut self) -> Millis {
        self.clock += 1_000;
        Millis(self.clock)
    }

    fn keep(&mut self, recorded: Recorded) -> Incoming {
        let incoming = self.incoming(recorded.payload);
        self.log.push(incoming.clone());
        incoming
    }

    pub fn incoming(&self, payload: Vec<u8>) -> Incoming {
        let entry = EntryHash::of(&[self.writer.log.as_bytes().as_slice(), &payload].concat());
        Incoming { entry, writer: self.writer, payload }
    }

    pub fn plan(&mut self, edits: &[PlanEdit]) -> Incoming {
        let at = self.now();
        let recorded = self.doc.record_plan(&self.writer, at, edits).unwrap();
        self.keep(recorded)
    }

    pub fn review(&mut self, edits: &[ReviewEdit]) -> Incoming {
        let at = self.now();
        let recorded = self.doc.record_review(&self.writer, at, edits).unwrap();
        self.keep(recorded)
    }

    pub fn version(&mut self, note: &str, parents: &[VersionHash]) -> (VersionHash, Incoming) {
        let edit = version(self.writer.person, note, parents);
        let ReviewEdit::AddVersion { manifest, .. } = &edit else { unreachable!("it adds a version") };
        let hash = manifest.hash().unwrap();
        (hash, self.review(&[edit]))
    }

    pub fn comment(&mut self, version: VersionHash, id: u64, body: &str) -> (CommentKey, Incoming) {
        let edit = comment(version, id, body);
        (CommentKey::new(self.writer.person, comment_id(id)), self.review(&[edit]))
    }

    /// Takes entries that all must hold.
    pub fn take(&mut self, entries: &[Incoming]) -> Merged {
        let merged = self.doc.merge(entries.to_vec());
        assert_eq!(merged.refused, [], "an honest entry was refused");
        merged
    }
}

pub fn comment_id(id: u64) -> CommentId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.to_le_bytes());
    CommentId::from_bytes(bytes)
}

pub fn comment(version: VersionHash, id: u64, body: &str) -> ReviewEdit {
    ReviewEdit::AddComment {
        id: comment_id(id),
        body: body.to_owned(),
        anchor: Box::new(Anchor::whole(version)),
        label: CommentLabel::Change,
        parent: None,
    }
}

pub fn version(author: PersonId, note: &str, parents: &[VersionHash]) -> ReviewEdit {
    let content = ContentHash::of(note.as_bytes());
    let file = FileRef { name: "poster.png".into(), media_type: "image/png".into(), bytes: 5, content };
    let blob = BlobRef {
        blob: BlobHash::of(note.as_bytes()),
        key: BlobKeyBytes::from_bytes([3; 32]),
        bytes: 5,
        content,
    };
    let mut parents = parents.to_vec();
    parents.sort_unstable();
    ReviewEdit::AddVersion {
        manifest: Box::new(Manifest {
            asset: ASSET,
            parents,
            files: vec![file],
            note: note.to_owned(),
            author,
            claimed_at: Millis(5),
        }),
        blobs: vec![blob],
    }
}

pub fn rendition(by: PersonId, of: ContentHash, kind: RenditionKind, what: &str) -> ReviewEdit {
    let content = ContentHash::of(what.as_bytes());
    let (blob, key) = (BlobHash::of(what.as_bytes()), BlobKeyBytes::from_bytes([4; 32]));
    ReviewEdit::AddRendition {
        rendition: Box::new(Rendition {
            of,
            kind,
            recipe: Recipe { tool: "a tool".into(), settings: "small".into() },
            media_type: "image/jpeg".into(),
            content,
            bytes: 7,
            size: Some((40, 30)),
            by,
            claimed_at: Millis(6),
        }),
        blob: BlobRef { blob, key, bytes: 7, content },
    }
}

pub fn form(title: &str) -> RequestForm {
    RequestForm {
        title: title.to_owned(),
        categories: vec![Category::Visual],
        objective: "to be seen".into(),
        audience: "passers-by".into(),
        message: "look here".into(),
        mandatories: vec!["logo".into()],
        deliverables: Vec::new(),
        due: None,
        approvers: vec!["Ada".into()],
        risk_class: RiskClass::Standard,
        start: None,
        timeline: Vec::new(),
        answers: Default::default(),
    }
}

pub fn request_id(id: u8) -> RequestId {
    RequestId::from_bytes([id; 16])
}

pub fn request(id: u8, brief: &str) -> PlanEdit {
    PlanEdit::AddRequest { id: request_id(id), form: Box::new(form("Poster")), brief: brief.to_owned() }
}
