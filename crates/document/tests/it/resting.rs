//! Documents at rest: the schema's own change, the cache, plain files, replays.

use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{DocKind, Document, LoadError, ReplayLog, VetError, WriterRole, actor_for};
use proofroom_ident::WorkspaceId;

use crate::chunks::{chunk, run, uleb};
use crate::forge::refusal;
use crate::world::{Peer, WORKSPACE, contributor, doc_of, producer};

fn fresh(kind: DocKind) -> Document {
    Document::new(kind, WORKSPACE, doc_of(kind))
}

/// Ada and bo, who have each other's words.
fn scene() -> (Peer, Peer) {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (version, first) = ada.version("first", &[]);
    bo.take(&[first]);
    let (_, said) = bo.comment(version, 1, "too dark");
    ada.take(&[said]);
    (ada, bo)
}

fn replay_log(doc: &Document, peer: &Peer) -> ReplayLog {
    let actor = actor_for(peer.writer.author, doc.id(), peer.writer.log);
    ReplayLog { writer: peer.writer, tip: doc.tip(&actor).unwrap() }
}

#[test]
fn the_schemas_own_change_is_the_same_everywhere_and_forever() {
    let heads = |kind| fresh(kind).heads().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(heads(Plan), ["690072f3ea05ae925e4faf3999f4f70537c8f755dd8950ddc94296bf03bec286"]);
    assert_eq!(heads(Review), ["7ee4eb32d932a169a1e0b35753e723bf841743fc44f077a3309be771b98fa7ed"]);
}

#[test]
fn the_cache_gives_the_document_back() {
    let (ada, mut bo) = scene();
    let mut loaded = Document::load_trusted(WORKSPACE, ada.doc.id(), &ada.doc.save()).unwrap();
    assert_eq!((loaded.heads(), loaded.changes()), (ada.doc.heads(), ada.doc.changes()));
    assert_eq!(loaded.view_review(), ada.doc.view_review());
    let version = *loaded.view_review().versions.keys().next().unwrap();
    let (_, more) = bo.comment(version, 2, "and too small");
    assert_eq!(loaded.merge(vec![more.clone()]).applied, [more.entry]);
    assert_eq!(loaded.view_review(), bo.doc.view_review());
}

#[test]
fn the_cache_keeps_what_waits_and_what_is_frozen() {
    let (ada, bo) = scene();
    let mut cy = fresh(Review);
    let mallory = contributor(Review, "mallory");
    let bad = mallory.incoming(vec![1]);
    cy.merge(vec![bo.log[0].clone(), bad]);
    let mut loaded = Document::load_trusted(WORKSPACE, cy.id(), &cy.save()).unwrap();
    assert_eq!(loaded.waiting(), 1);
    let again = mallory.incoming(vec![2]);
    assert!(matches!(refusal(&mut loaded, again), VetError::Frozen(_)));
    assert_eq!(loaded.merge(vec![ada.log[0].clone()]).applied, [ada.log[0].entry, bo.log[0].entry]);
    assert_eq!(loaded.view_review(), ada.doc.view_review());
}

#[test]
fn a_cut_or_foreign_cache_is_refused() {
    let (ada, _) = scene();
    let bytes = ada.doc.save();
    for end in 0..bytes.len() {
        assert!(Document::load_trusted(WORKSPACE, ada.doc.id(), &bytes[..end]).is_err());
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(Document::load_trusted(WORKSPACE, ada.doc.id(), &longer), Err(LoadError::Cache(_))));
    let other = WorkspaceId::from_bytes([1; 32]);
    assert!(matches!(Document::load_trusted(other, ada.doc.id(), &bytes), Err(LoadError::Cache(_))));
}

#[test]
fn an_exported_file_loads_in_plain_automerge() {
    use automerge::ReadDoc as _;
    let (ada, _) = scene();
    let am = automerge::Automerge::load(&ada.doc.export()).unwrap();
    let (_, comments) = am.get(automerge::ROOT, "comments").unwrap().unwrap();
    assert_eq!(am.length(comments), 1);
}

#[test]
fn a_replayed_chunk_is_the_document() {
    let (ada, bo) = scene();
    let logs = [replay_log(&ada.doc, &ada), replay_log(&ada.doc, &bo)];
    let replayed = Document::replay(Review, WORKSPACE, ada.doc.id(), &ada.doc.export(), &logs).unwrap();
    assert_eq!((replayed.heads(), replayed.waiting()), (ada.doc.heads(), 0));
    assert_eq!(replayed.view_review(), ada.doc.view_review());
}

#[test]
fn a_replayed_chunk_must_match_its_logs() {
    let (mut ada, bo) = scene();
    let (old, doc) = (replay_log(&ada.doc, &ada), ada.doc.id());
    let his = replay_log(&ada.doc, &bo);
    let version = *ada.doc.view_review().versions.keys().next().unwrap();
    ada.comment(version, 1, "more");
    let hers = replay_log(&ada.doc, &ada);
    let replay =
        |logs: &[ReplayLog]| Document::replay(Review, WORKSPACE, doc, &ada.doc.export(), logs).unwrap_err();
    assert_eq!(replay(&[hers]), LoadError::UnknownActor);
    assert_eq!(replay(&[old, his]), LoadError::Tip(ada.writer.log));
    let demoted = ReplayLog { writer: contributor(Review, "ada").writer, ..hers };
    assert!(matches!(replay(&[demoted, his]), LoadError::Vet(_)));
    assert_eq!(demoted.writer.role, WriterRole::Contributor);
}

#[test]
fn a_document_chunk_that_unrolls_beyond_the_limit_is_refused() {
    let check = |spec: u64, column: &[u8]| {
        let mut body = vec![0, 0, 0, 1];
        uleb(spec, &mut body);
        uleb(column.len() as u64, &mut body);
        body.extend_from_slice(column);
        Document::replay(Review, WORKSPACE, doc_of(Review), &chunk(0, &body), &[]).unwrap_err()
    };
    let mut rows = Vec::new();
    run(1 << 40, &mut rows);
    rows.push(1);
    assert!(matches!(check(0x42, &rows), LoadError::TooLarge { what: "rows in one column", .. }));
    let mut members = vec![1];
    uleb(1 << 40, &mut members);
    assert!(matches!(check(0x80, &members), LoadError::TooLarge { what: "rows in one column", .. }));
    let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 300 << 20], 6);
    assert!(matches!(check(0x57 | 8, &zeros), LoadError::TooLarge { what: "inflated bytes", .. }));
}

#[test]
fn a_change_chunk_is_no_document() {
    let (ada, _) = scene();
    let change = crate::forge::chunks(&ada.log[0].payload).remove(0);
    let error = Document::replay(Review, WORKSPACE, ada.doc.id(), &change, &[]).unwrap_err();
    assert!(matches!(error, LoadError::Engine(_)));
}
