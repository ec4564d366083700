//! The path policy: who may put what where.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpType};
use automerge::{ObjType, ScalarValue};
use proofroom_document::DocKind::{Plan, Review};
use proofroom_document::{DocKind, Incoming, PolicyError, VetError, WriterRole};
use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId, VersionHash};
use proofroom_review::{
    Anchor, CommentState, Manifest, Pick, PlanEdit, RenditionKind, RequestKey, RequestState, ReviewEdit,
    canonical_json,
};

use crate::forge::{altered, collection, expanded, insert, made, put, put_of, refusal};
use crate::world::{Peer, comment, contributor, peer, producer, rendition, request, request_id, version};

fn policy(error: VetError) -> PolicyError {
    match error {
        VetError::Policy { error, .. } => error,
        other => panic!("refused for another reason: {other}"),
    }
}

/// Ada, a producer, has a version and a comment; mallory has seen both.
fn scene(role: WriterRole) -> (Peer, Peer) {
    let (mut ada, mut mallory) = (producer(Review, "ada"), peer(Review, "mallory", role));
    let (hash, _) = ada.version("first", &[]);
    ada.comment(hash, 1, "hers");
    mallory.take(&ada.log.clone());
    (ada, mallory)
}

fn version_of(peer: &Peer) -> VersionHash {
    *peer.doc.view_review().versions.keys().next().unwrap()
}

/// An honest change of mallory's, with these operations instead of its own.
fn instead(mallory: &Peer, kind: DocKind, ops: Vec<Op>) -> Incoming {
    let mut honest = mallory.clone();
    let incoming = match kind {
        Plan => honest.plan(&[request(9, "x")]),
        Review => {
            let version = version_of(mallory);
            honest.review(&[comment(version, 9, "x")])
        }
    };
    altered(&incoming, |change| change.operations = ops)
}

fn make(object: ObjectId, key: &str, kind: ObjType) -> Op {
    Op { action: OpType::Make(kind), ..put(object, key, "") }
}

#[test]
fn other_peoples_words_are_refused_to_everybody() {
    for role in [WriterRole::Producer, WriterRole::Contributor] {
        let (mut ada, mallory) = scene(role);
        let body = made(&ada.log[1], "body");
        let bad = instead(&mallory, Review, vec![insert(body, ElementId::Head, "x")]);
        assert_eq!(policy(refusal(&mut ada.doc, bad)), PolicyError::OthersWords);
    }
}

#[test]
fn a_comment_under_somebody_elses_key_is_refused_to_everybody() {
    for role in [WriterRole::Producer, WriterRole::Contributor] {
        let (mut ada, mallory) = scene(role);
        let key = format!("{}.{}", ada.writer.person, "ab".repeat(16));
        let bad = instead(&mallory, Review, vec![make(collection(Review, "comments"), &key, ObjType::Map)]);
        assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::NotTheirs(_)));
    }
}

#[test]
fn a_key_in_another_spelling_is_refused() {
    let (mut ada, mallory) = scene(WriterRole::Contributor);
    let key = format!("{}.{}", mallory.writer.person, "AB".repeat(16));
    let bad = instead(&mallory, Review, vec![make(collection(Review, "comments"), &key, ObjType::Map)]);
    assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::NoPlace(_)));
}

#[test]
fn the_state_of_somebody_elses_comment_is_refused_to_a_contributor() {
    let (ada, mallory) = scene(WriterRole::Contributor);
    let record = expanded(&ada.log[1]).operations[1].obj.clone();
    let note = format!(r#"{{"by":"{}","state":"wont_fix"}}"#, mallory.writer.person);
    for op in [put(record.clone(), "state", note), put(record, "label", "praise")] {
        let bad = instead(&mallory, Review, vec![op]);
        assert!(matches!(policy(refusal(&mut ada.doc.clone(), bad)), PolicyError::NotTheirs(_)));
    }
}

#[test]
fn a_state_in_somebody_elses_name_is_refused() {
    let (mut ada, mallory) = scene(WriterRole::Producer);
    let record = expanded(&ada.log[1]).operations[1].obj.clone();
    let note = format!(r#"{{"by":"{}","state":"verified"}}"#, ada.writer.person);
    let bad = instead(&mallory, Review, vec![put(record, "state", note)]);
    assert_eq!(policy(refusal(&mut ada.doc, bad)), PolicyError::OtherAuthor("state".into()));
}

#[test]
fn anchor_parent_and_time_of_a_comment_are_written_once() {
    let (ada, mut mallory) = scene(WriterRole::Contributor);
    let hash = version_of(&mallory);
    let (_, own) = mallory.comment(hash, 1, "mine");
    let record = expanded(&own).operations[1].obj.clone();
    let anchor = Anchor::whole(hash).to_json().unwrap();
    let parent = format!("{}.{}", mallory.writer.person, "ab".repeat(16));
    let ops = [
        put(record.clone(), "anchor", anchor),
        put(record.clone(), "parent", parent),
        put(record, "created", 5u64),
    ];
    for op in ops {
        let mut peer = ada.clone();
        peer.take(std::slice::from_ref(&own));
        let Key::Map(key) = &op.key else { panic!("a map's key") };
        let pred = if key == "parent" { vec![] } else { vec![put_of(&own, key)] };
        let bad = instead(&mallory, Review, vec![Op { pred: pred.into(), ..op }]);
        assert!(matches!(policy(refusal(&mut peer.doc, bad)), PolicyError::Immutable(_)));
    }
}

#[test]
fn an_altered_version_manifest_is_refused() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let honest = expanded(&ada.log[0]).operations.remove(0);
    let OpType::Put(value) = &honest.action else { panic!("a version is a value") };
    let json = value.as_str().unwrap().replace("first", "worst");
    let pred = automerge::legacy::OpId(expanded(&ada.log[0]).start_op.get(), crate::forge::actor(&ada));
    // Another value under the same key, with and without owning up to replacing it.
    let other = Op { action: OpType::Put(json.into()), ..honest.clone() };
    let bad = instead(&mallory, Review, vec![other.clone()]);
    assert!(matches!(policy(refusal(&mut ada.doc.clone(), bad)), PolicyError::KeyNotHash(_)));
    for op in [other, honest] {
        let bad = instead(&mallory, Review, vec![Op { pred: vec![pred.clone()].into(), ..op }]);
        assert!(matches!(policy(refusal(&mut ada.doc.clone(), bad)), PolicyError::Immutable(_)));
    }
}

#[test]
fn a_key_that_is_not_the_hash_of_its_value_is_refused() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let ReviewEdit::AddVersion { manifest, blobs } = version(mallory.writer.person, "second", &[]) else {
        unreachable!("it adds a version")
    };
    let pick = Pick {
        version: version_of(&ada),
        over: vec![VersionHash::of(b"other")],
        round: 1,
        by: mallory.writer.person,
        claimed_at: Millis(1),
    };
    let values = [
        ("versions", manifest.to_json().unwrap()),
        ("blobs", blobs[0].to_json().unwrap()),
        ("picks", pick.to_json().unwrap()),
        ("renditions", thumbnail(mallory.writer.person)),
    ];
    for (map, json) in values {
        for key in ["ab".repeat(32), "x".to_owned()] {
            let bad = instead(&mallory, Review, vec![put(collection(Review, map), &key, json.clone())]);
            assert_eq!(policy(refusal(&mut ada.doc.clone(), bad)), PolicyError::KeyNotHash(key));
        }
    }
}

#[test]
fn a_version_in_somebody_elses_name_or_of_another_asset_is_refused() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let manifest = |author: PersonId, asset: Option<AssetId>| {
        let ReviewEdit::AddVersion { manifest, .. } = version(author, "second", &[]) else {
            unreachable!("it adds a version")
        };
        let manifest = Manifest { asset: asset.unwrap_or(manifest.asset), ..*manifest };
        let op = put(
            collection(Review, "versions"),
            &manifest.hash().unwrap().to_hex(),
            manifest.to_json().unwrap(),
        );
        policy(refusal(&mut ada.doc.clone(), instead(&mallory, Review, vec![op])))
    };
    assert!(matches!(manifest(ada.writer.person, None), PolicyError::OtherAuthor(_)));
    let other = Some(AssetId::from_bytes([1; 16]));
    assert!(matches!(manifest(mallory.writer.person, other), PolicyError::Value { .. }));
}

#[test]
fn a_pick_in_somebody_elses_name_is_refused() {
    let (mut ada, mallory) = scene(WriterRole::Producer);
    let hash = version_of(&ada);
    let over = vec![VersionHash::of(b"other")];
    let pick = Pick { version: hash, over, round: 1, by: ada.writer.person, claimed_at: Millis(1) };
    let json = pick.to_json().unwrap();
    let key = blake3::hash(json.as_bytes()).to_hex();
    let bad = instead(&mallory, Review, vec![put(collection(Review, "picks"), &key, json)]);
    assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::OtherAuthor(_)));
}

fn thumbnail(by: PersonId) -> String {
    let of = ContentHash::of(b"first");
    match rendition(by, of, RenditionKind::Thumbnail, "small") {
        ReviewEdit::AddRendition { rendition, .. } => rendition.to_json().unwrap(),
        _ => unreachable!("it adds a rendition"),
    }
}

#[test]
fn a_rendition_in_somebody_elses_name_or_by_a_contributor_is_refused() {
    let put_as = |role, json: String| {
        let (mut ada, mallory) = scene(role);
        let key = blake3::hash(json.as_bytes()).to_hex();
        let bad = instead(&mallory, Review, vec![put(collection(Review, "renditions"), &key, json)]);
        policy(refusal(&mut ada.doc, bad))
    };
    let (ada, mallory) = scene(WriterRole::Producer);
    let foreign = put_as(WriterRole::Producer, thumbnail(ada.writer.person));
    assert!(matches!(foreign, PolicyError::OtherAuthor(_)));
    let own = thumbnail(mallory.writer.person);
    let guest = put_as(WriterRole::Contributor, own.clone());
    assert!(matches!(guest, PolicyError::ProducersOnly(_)));
    let endless = own.replace("\"bytes\":7", "\"bytes\":9007199254740991");
    assert!(matches!(put_as(WriterRole::Producer, endless), PolicyError::Value { .. }));
}

#[test]
fn versions_blobs_picks_assets_and_the_name_are_refused_to_a_contributor() {
    let honest =
        producer(Review, "mallory").review(&[version(producer(Review, "mallory").writer.person, "v", &[])]);
    let as_guest =
        |incoming: &Incoming| Incoming { writer: contributor(Review, "mallory").writer, ..incoming.clone() };
    let mut ada = producer(Review, "ada");
    assert!(matches!(policy(refusal(&mut ada.doc, as_guest(&honest))), PolicyError::ProducersOnly(_)));
    let asset = PlanEdit::AddAsset {
        id: AssetId::from_bytes([1; 16]),
        name: "Poster".into(),
        category: proofroom_review::Category::Visual,
        request: None,
    };
    for edit in [asset, PlanEdit::SetName { name: "x".into() }] {
        let honest = producer(Plan, "mallory").plan(&[edit]);
        let mut ada = producer(Plan, "ada");
        let writer = contributor(Plan, "mallory").writer;
        let bad = Incoming { writer, ..honest };
        assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::ProducersOnly(_)));
    }
}

#[test]
fn a_contributor_cannot_accept_their_own_request() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), contributor(Plan, "mallory"));
    let filed = mallory.plan(&[request(1, "brief")]);
    ada.take(std::slice::from_ref(&filed));
    let record = expanded(&filed).operations[1].obj.clone();
    let note = format!(r#"{{"by":"{}","state":"accepted"}}"#, mallory.writer.person);
    let bad = instead(&mallory, Plan, vec![put(record, "state", note)]);
    assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::ProducersOnly(_)));
}

#[test]
fn somebody_elses_brief_and_form_are_refused_to_a_contributor_only() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), contributor(Plan, "mallory"));
    let filed = ada.plan(&[request(1, "brief")]);
    mallory.take(std::slice::from_ref(&filed));
    let record = expanded(&filed).operations[1].obj.clone();
    let form = canonical_json(&crate::world::form("Other")).unwrap();
    let ops = [insert(made(&filed, "brief"), ElementId::Head, "x"), put(record, "form", form)];
    for op in ops {
        let entry = instead(&mallory, Plan, vec![op]);
        assert!(matches!(policy(refusal(&mut ada.doc.clone(), entry.clone())), PolicyError::NotTheirs(_)));
        let writer = producer(Plan, "mallory").writer;
        assert_eq!(ada.doc.clone().merge(vec![Incoming { writer, ..entry }]).refused, []);
    }
}

#[test]
fn places_outside_the_schema_are_refused() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let record = expanded(&ada.log[1]).operations[1].obj.clone();
    let ops = [
        put(ObjectId::Root, "anything", "x"),
        put(ObjectId::Root, "schema", 2u64),
        put(ObjectId::Root, "name", "a plan has one, a review has none"),
        make(ObjectId::Root, "comments", ObjType::Map),
        make(ObjectId::Root, "anything", ObjType::Map),
        make(collection(Review, "versions"), "x", ObjType::Map),
        put(collection(Review, "comments"), "x", "y"),
        put(record.clone(), "colour", "red"),
        make(record, "colour", ObjType::Map),
    ];
    for op in ops {
        let bad = instead(&mallory, Review, vec![op.clone()]);
        let error = policy(refusal(&mut ada.doc.clone(), bad));
        assert!(matches!(error, PolicyError::NoPlace(_) | PolicyError::KeyNotHash(_)), "{op:?}: {error}");
    }
    let bad = instead(&producer(Plan, "mallory"), Plan, vec![put(ObjectId::Root, "anything", "x")]);
    assert!(matches!(policy(refusal(&mut producer(Plan, "ada").doc, bad)), PolicyError::NoPlace(_)));
}

#[test]
fn a_request_is_returned_with_questions_and_never_with_a_version() {
    let (mut ada, mut mallory) = (producer(Plan, "ada"), producer(Plan, "mallory"));
    let filed = mallory.plan(&[request(1, "brief")]);
    let record = expanded(&filed).operations[1].obj.clone();
    ada.take(std::slice::from_ref(&filed));
    let (by, version) = (mallory.writer.person, VersionHash::of(b"x"));
    let note = format!(r#"{{"by":"{by}","state":"accepted","version":"{version}"}}"#);
    let bad = instead(&mallory, Plan, vec![put(record, "state", note)]);
    let error = policy(refusal(&mut ada.doc, bad));
    assert!(matches!(&error, PolicyError::Value { why, .. } if why.contains("questions go with")), "{error}");
}

#[test]
fn a_version_goes_with_an_addressed_comment_only_and_questions_with_none() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let record = expanded(&ada.log[1]).operations[1].obj.clone();
    let (by, version) = (mallory.writer.person, version_of(&mallory));
    let with_version = format!(r#"{{"by":"{by}","state":"open","version":"{version}"}}"#);
    let with_questions = format!(r#"{{"by":"{by}","questions":["brief"],"state":"open"}}"#);
    for note in [with_version, with_questions] {
        let bad = instead(&mallory, Review, vec![put(record.clone(), "state", note.as_str())]);
        let error = policy(refusal(&mut ada.doc.clone(), bad));
        assert!(matches!(error, PolicyError::Value { .. }), "{note}: {error}");
    }
}

#[test]
fn a_second_body_is_refused() {
    let (mut ada, mut mallory) = scene(WriterRole::Contributor);
    let hash = version_of(&mallory);
    let (_, own) = mallory.comment(hash, 1, "mine");
    let record = expanded(&own).operations[1].obj.clone();
    ada.take(std::slice::from_ref(&own));
    let second = Op { pred: vec![put_of(&own, "body")].into(), ..make(record, "body", ObjType::Text) };
    let bad = instead(&mallory, Review, vec![second]);
    assert!(matches!(policy(refusal(&mut ada.doc, bad)), PolicyError::Immutable(_)));
}

#[test]
fn values_that_do_not_belong_are_refused() {
    let (ada, mallory) = scene(WriterRole::Producer);
    let record = expanded(&ada.log[1]).operations[1].obj.clone();
    for (key, value) in [("label", "shiny"), ("state", "open"), ("state", r#"{"by":"x","state":"open"}"#)] {
        let bad = instead(&mallory, Review, vec![put(record.clone(), key, value)]);
        assert!(matches!(policy(refusal(&mut ada.doc.clone(), bad)), PolicyError::Value { .. }));
    }
    let mallory = producer(Plan, "mallory");
    for value in ["", "  ", "two\nlines"] {
        let bad = instead(&mallory, Plan, vec![put(ObjectId::Root, "name", value)]);
        assert!(matches!(policy(refusal(&mut producer(Plan, "ada").doc, bad)), PolicyError::Value { .. }));
    }
}

#[test]
fn a_time_is_a_number_of_milliseconds_that_every_reader_can_hold() {
    let (ada, mut mallory) = scene(WriterRole::Contributor);
    let (_, own) = mallory.comment(version_of(&ada), 1, "mine");
    let with = |time: ScalarValue| {
        altered(&own, |change| {
            let is_time = |op: &&mut Op| matches!(&op.key, Key::Map(key) if key == "created");
            let op = change.operations.iter_mut().find(is_time).expect("a comment has a time");
            op.action = OpType::Put(time);
        })
    };
    for bad in ["yesterday".into(), ScalarValue::Uint((1 << 53) + 1), ScalarValue::Uint(u64::MAX)] {
        let error = policy(refusal(&mut ada.doc.clone(), with(bad)));
        assert!(matches!(error, PolicyError::Value { .. }), "{error}");
    }
    for good in [0, 1 << 53] {
        assert_eq!(ada.doc.clone().merge(vec![with(ScalarValue::Uint(good))]).refused, []);
    }
}

#[test]
fn a_producer_may_moderate_and_an_owner_may_withdraw() {
    let (mut ada, mut bo) = (producer(Review, "ada"), contributor(Review, "bo"));
    let (hash, first) = ada.version("first", &[]);
    bo.take(&[first]);
    let (key, said) = bo.comment(hash, 1, "hm");
    ada.take(&[said]);
    let verdict = ada.review(&[ReviewEdit::SetCommentState { comment: key, state: CommentState::Task }]);
    bo.take(&[verdict]);
    let undone = bo.review(&[ReviewEdit::SetCommentState { comment: key, state: CommentState::Withdrawn }]);
    ada.take(&[undone]);
    assert_eq!(ada.doc.view_review().comments[0].state, CommentState::Withdrawn);
}

#[test]
fn a_request_goes_its_way() {
    let (mut ada, mut bo) = (producer(Plan, "ada"), contributor(Plan, "bo"));
    let filed = bo.plan(&[request(1, "brief")]);
    ada.take(&[filed]);
    let key = RequestKey::new(bo.writer.person, request_id(1));
    let set = |state, reason: Option<&str>| PlanEdit::SetRequestState {
        request: key,
        state,
        reason: reason.map(str::to_owned),
    };
    let returned = ada.plan(&[set(RequestState::Returned, Some("which size?"))]);
    bo.take(&[returned]);
    assert_eq!(bo.doc.view_plan().requests[0].reason.as_deref(), Some("which size?"));
    let again = bo.plan(&[set(RequestState::Submitted, None)]);
    ada.take(&[again]);
    assert_eq!(ada.doc.view_plan().requests[0].state, RequestState::Submitted);
}
