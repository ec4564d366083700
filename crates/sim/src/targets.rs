//! Everything that takes bytes from outside, as functions that a fuzzer calls: whatever
//! the bytes are, an error or a value comes out, and what is written is read back.

use std::sync::{Mutex, Once, PoisonError};

use bytes::Bytes;
use proofroom_authority::Op;
use proofroom_document::{DocKind, Document, Incoming, Writer, WriterRole};
use proofroom_entry::{Signed, SignedHeader};
use proofroom_ident::{Audience, EntryHash, HashWords as _, LogId, PersonId, SignerKey, WorkspaceId};
use proofroom_replica::InviteLink;
use proofroom_review::{Anchor, DecisionStatement, Manifest};
use proofroom_sync::bundle::Import;
use proofroom_sync::{Limits, Message};

use crate::Scenario;
use crate::mutate::repair_chunk;

mod evidence;
mod media;
mod samples;

pub use samples::samples;

/// A way in from outside.
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Takes any bytes; panics where something is wrong.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "frame", run: frame },
    Target { name: "entry", run: entry },
    Target { name: "operation", run: operation },
    Target { name: "changes", run: changes },
    Target { name: "change_body", run: change_body },
    Target { name: "snapshot_body", run: snapshot_body },
    Target { name: "bundle", run: bundle },
    Target { name: "statements", run: statements },
    Target { name: "files", run: files },
    Target { name: "link", run: link },
    Target { name: "scenario", run: scenario },
    Target { name: "certificate", run: evidence::certificate },
    Target { name: "stamp", run: evidence::stamp },
    Target { name: "media", run: media::media },
    Target { name: "picture", run: media::picture },
    Target { name: "design", run: media::design },
    Target { name: "document", run: media::document },
    Target { name: "pages", run: media::pages },
    Target { name: "rendition", run: media::rendition },
];

fn frame(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    if let Ok(message) = Message::decode(&frame) {
        let again = message.encode();
        assert_eq!(
            Message::decode(&again).as_ref(),
            Ok(&message),
            "a message is read back as it was written"
        );
    }
}

fn entry(data: &[u8]) {
    if let Ok(signed) = Signed::decode(data) {
        assert_eq!(signed.bytes().as_ref(), data, "there is one encoding of an entry");
        let workspace = signed.workspace();
        // Whether it holds is not the matter here.
        let _proved = signed.verify(workspace);
    }
    if let Ok(header) = SignedHeader::decode(data) {
        let _hash = header.hash();
    }
}

fn operation(data: &[u8]) {
    if let Ok((parents, op)) = Op::decode(data) {
        assert_eq!(op.encode(&parents), data, "there is one encoding of an operation");
    }
}

fn merge(kind: DocKind, payload: Vec<u8>) {
    let workspace = WorkspaceId::from_bytes([7; 32]);
    let doc = match kind {
        DocKind::Plan => workspace.plan_doc(),
        _ => workspace.review_doc(proofroom_ident::AssetId::from_bytes([9; 16]), Audience::Everyone),
    };
    let writer = Writer {
        person: PersonId::from_bytes([1; 32]),
        role: WriterRole::Producer,
        author: SignerKey::from_bytes([2; 32]),
        log: LogId::from_bytes([3; 16]),
    };
    let mut document = Document::new(kind, workspace, doc);
    let merged = document.merge(vec![Incoming { entry: EntryHash::of(&payload), writer, payload }]);
    for (_, error) in &merged.refused {
        assert!(!error.to_string().contains("panic"), "a panic got through the vetting: {error}");
    }
    Document::load_trusted(workspace, doc, &document.save()).expect("what was saved loads");
}

fn changes(data: &[u8]) {
    merge(DocKind::Plan, data.to_vec());
    merge(DocKind::Review, data.to_vec());
}

/// The body of a change; magic, checksum and length are made right.
fn change_body(data: &[u8]) {
    let chunk = repair_chunk(1, data);
    let len = u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_le_bytes();
    changes(&[len.as_slice(), &chunk].concat());
}

/// The body of a document chunk; magic, checksum and length are made right.
fn snapshot_body(data: &[u8]) {
    let workspace = WorkspaceId::from_bytes([7; 32]);
    let chunk = repair_chunk(0, data);
    if let Ok(document) = Document::replay(DocKind::Plan, workspace, workspace.plan_doc(), &chunk, &[]) {
        assert_eq!(document.changes(), 0, "nobody's changes are nobody's");
    }
}

fn bundle(data: &[u8]) {
    let mut import = Import::new(Limits::default());
    for piece in data.chunks(97) {
        import.push(piece);
        while let Ok(Some(_)) = import.next() {}
    }
    let _whole = import.finish();
}

fn statements(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(anchor) = Anchor::from_json(text) {
        assert_eq!(anchor.to_json().ok().as_deref(), Some(text), "there is one form of an anchor");
    }
    if let Ok(manifest) = Manifest::from_json(text) {
        let _hash = manifest.hash();
    }
    let _decision = DecisionStatement::from_json(text);
    let _act = proofroom_review::ActStatement::from_json(text);
    let _record = proofroom_review::RecordStatement::from_json(text);
}

fn files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _calendar = proofroom_review::CalendarSpec::from_toml(text);
    let _route = proofroom_review::route::RouteTemplate::from_toml(text);
    let _brief = proofroom_review::RequestForm::from_toml(text);
}

fn link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(link) = text.parse::<InviteLink>() {
        let again: InviteLink = link.to_string().parse().expect("a link is read back");
        assert_eq!((again.workspace, again.role), (link.workspace, link.role));
    }
}

fn scenario(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(scenario) = Scenario::parse(text)
    {
        let again = Scenario::parse(&scenario.to_string()).expect("what was written is read");
        assert_eq!(again.acts, scenario.acts);
    }
}

/// What the last panic said.
static LAST: Mutex<String> = Mutex::new(String::new());

/// Runs one of them by name, for a fuzzer: a panic that gets out of it ends the process.
///
/// A fuzzer's own hook would end it at those as well that the product catches, and it catches what
/// foreign bytes do to the libraries that read them.
pub fn run(name: &str, data: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            *LAST.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        }));
    });
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else { return };
    if std::panic::catch_unwind(|| (target.run)(data)).is_err() {
        eprintln!("{name}: {}", LAST.lock().unwrap_or_else(PoisonError::into_inner));
        std::process::abort();
    }
}
