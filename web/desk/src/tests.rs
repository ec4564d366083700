//! A desk with a store in memory: what a page asks, what it is answered, what the browser is told to do.

use proofroom_blobs::{Held, verify};
use proofroom_entry::Signed;
use proofroom_ident::{Audience, DocId, Millis, WorkspaceId};
use proofroom_replica::{Replica, Step};
use proofroom_review::route::ChecklistItem;
use proofroom_review::statement::{UserVerified, VerifiedBy};
use proofroom_review::{CommentLabel, ReviewEdit, ReviewerRole, Route};
use proofroom_store::{Batch, MemoryStore, Store as _};
use proofroom_web_wire::splice::Splice;
use proofroom_web_wire::{
    Ask, Draft, Fault, FormDraft, OwnAct, OwnReply, PeopleAct, PeopleReply, Place, PlanAct, PlanReply, Reply,
    Target, UploadAct, UploadState, Who,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::line::Line;
use crate::uploads::Flow;
use crate::{Desk, Order};

const NOW: Millis = Millis(1_700_000_000_000);
const ID: &str = "00112233445566778899aabbccddeeff";

fn nobody(seed: u8) -> Desk<MemoryStore> {
    let rng = ChaCha20Rng::from_seed([seed; 32]);
    Desk::open(MemoryStore::default(), crate::Shelf::default(), "", rng, NOW).expect("an empty store opens")
}

/// Ada at a desk with a workspace of her own.
fn ada() -> (Desk<MemoryStore>, WorkspaceId) {
    let mut desk = nobody(1);
    desk.set_up(NOW, "Ada Ackermann", "Studio Nord", "").expect("a name");
    let me = desk.me().expect("she is here");
    let mut step = Step { store: &mut desk.store, now: NOW, rng: &mut desk.rng };
    let replica = Replica::create(&mut step, me, "Spring").expect("created");
    let workspace = replica.workspace();
    desk.replicas.insert(workspace, replica);
    desk.lines.insert(workspace, Line::new(vec!["ws://relay.example".into()]));
    (desk, workspace)
}

fn plan(desk: &mut Desk<MemoryStore>, workspace: WorkspaceId, act: PlanAct) -> Result<PlanReply, Fault> {
    match desk.handle(NOW, Ask::Plan { workspace: workspace.to_hex(), act }) {
        Reply::Plan(reply) => Ok(reply),
        Reply::Fault(fault) => Err(fault),
        other => panic!("an answer about the plan is wanted: {other:?}"),
    }
}

fn own(desk: &mut Desk<MemoryStore>, act: OwnAct) -> Result<OwnReply, Fault> {
    match desk.handle(NOW, Ask::Own(act)) {
        Reply::Own(reply) => Ok(reply),
        Reply::Fault(fault) => Err(fault),
        other => panic!("an answer about oneself is wanted: {other:?}"),
    }
}

fn filed(desk: &mut Desk<MemoryStore>, workspace: WorkspaceId) -> String {
    let form = FormDraft { title: "Bright mornings".into(), ..FormDraft::default() };
    match plan(desk, workspace, PlanAct::File { id: ID.into(), form }) {
        Ok(PlanReply::Filed { request }) => request,
        other => panic!("filed: {other:?}"),
    }
}

fn insert(at: usize, text: &str) -> Vec<Splice> {
    vec![Splice { at, delete: 0, insert: text.into() }]
}

#[test]
fn a_request_that_is_filed_twice_is_there_once() {
    let (mut desk, workspace) = ada();
    assert_eq!(filed(&mut desk, workspace), filed(&mut desk, workspace));
    let Ok(PlanReply::Requests { requests, may_file }) = plan(&mut desk, workspace, PlanAct::Requests) else {
        panic!("a list");
    };
    assert!(may_file);
    assert_eq!(requests.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["Bright mornings"]);
}

#[test]
fn a_brief_changes_only_where_the_text_is_the_one_that_was_seen() {
    let (mut desk, workspace) = ada();
    let request = filed(&mut desk, workspace);
    let mut splice = |seen: &str, changes| {
        let act = PlanAct::Splice { request: request.clone(), seen: seen.into(), changes };
        match plan(&mut desk, workspace, act) {
            Ok(PlanReply::Brief { made, text, revision }) => (made, text, revision),
            other => panic!("a brief: {other:?}"),
        }
    };
    let (_, text, first) = splice("", Vec::new());
    let (made, later, second) = splice(&first, insert(text.encode_utf16().count(), "🚲 more"));
    assert!(made && later.ends_with("🚲 more"), "{later}");
    let (made, same, third) = splice(&first, insert(0, "lost?"));
    assert!(!made);
    assert_eq!((same, third), (later, second));
}

#[test]
fn an_upload_becomes_a_version_whose_slices_are_proved() {
    let (mut desk, workspace) = ada();
    let whole: Vec<u8> = (0..700_000_u32).map(|i| ((i / 3) & 0xff) as u8).collect();
    let target = Target::Asset { name: "Hero".into(), category: "visual".into(), request: None, slot: None };
    let files = vec![("hero.png".to_owned(), whole.len() as u64)];
    desk.begin_upload(NOW, &workspace.to_hex(), ID, target, String::new(), files).expect("she may");
    let mut sealed = Vec::new();
    for piece in whole.chunks(100_000) {
        assert_eq!(desk.upload_flow(ID), Flow::Go);
        let mut piece = piece.to_vec();
        desk.seal_piece(ID, 0, sealed.len() as u64, &mut piece).expect("it goes on");
        sealed.extend(piece);
    }
    let (blob, tree) = desk.end_part(ID, 0).expect("it is whole");
    desk.part_kept(ID, 0).expect("kept");
    desk.finish_upload(NOW, ID).expect("recorded");
    let asset = desk.plan(workspace).expect("a plan").assets[0].id;
    let (store, replica) = desk.replica(workspace).expect("it is here");
    let view = replica.review(store, asset, Audience::Everyone).expect("a view");
    let held = view.blobs.values().next().expect("a blob");
    assert_eq!((held.blob, held.bytes), (blob, whole.len() as u64));
    let key = proofroom_seal::BlobKey::from_bytes(*held.key.as_bytes());
    let mut opened = sealed.clone();
    key.apply(0, &mut opened).expect("it opens");
    assert!(opened == whole);
    let cards = desk.upload_cards(workspace);
    assert_eq!(cards.iter().map(|c| c.state).collect::<Vec<_>>(), [UploadState::Sending]);
    let at = |n: u64| usize::try_from(n).expect("small");
    for span in Held::all(held.bytes).spans() {
        let bytes = &sealed[at(span.offset)..at(span.end())];
        let proof = proofroom_blobs::prove(blob, held.bytes, span, bytes, tree.as_slice()).expect("proved");
        verify(blob, held.bytes, span, &proof).expect("it holds");
    }
    desk.delivered(workspace, blob).expect("noted");
    assert_eq!(desk.upload_cards(workspace), []);
    let orders: Vec<Order> = std::iter::from_fn(|| desk.poll()).collect();
    assert!(orders.iter().any(|o| matches!(o, Order::DropTree { blob: of } if *of == blob)), "{orders:?}");
}

#[test]
fn an_upload_goes_on_with_the_same_files_only() {
    let (mut desk, workspace) = ada();
    let target = Target::Asset { name: "Hero".into(), category: "visual".into(), request: None, slot: None };
    let files = vec![("hero.png".to_owned(), 10)];
    desk.begin_upload(NOW, &workspace.to_hex(), ID, target, String::new(), files.clone()).expect("she may");
    // The browser is closed: what the store knows is all there is.
    desk.uploads = crate::uploads::known(&desk.store).expect("readable");
    assert_eq!(desk.upload_cards(workspace)[0].state, UploadState::Interrupted);
    assert_eq!(desk.upload_flow(ID), Flow::End);
    let other = desk.resume_upload(ID, &[("hero.png".to_owned(), 11)]).expect_err("another length");
    assert!(other.to_string().contains("hero.png"), "{other}");
    desk.resume_upload(ID, &files).expect("the same");
    assert_eq!(desk.upload_flow(ID), Flow::Go);
    let ask = Ask::Upload { workspace: workspace.to_hex(), act: UploadAct::Cancel { id: ID.into() } };
    assert_eq!(desk.handle(NOW, ask), Reply::Uploads(Vec::new()));
    assert_eq!(crate::uploads::known(&desk.store).expect("readable").len(), 0);
}

#[test]
fn a_second_browser_becomes_a_device_of_the_person_who_approves_it() {
    let (mut desk, workspace) = ada();
    let mut second = nobody(2);
    let Ok(OwnReply::Code { code, device }) = own(&mut second, OwnAct::AskLink) else { panic!("a code") };
    let Ok(OwnReply::Code { code: approval, device: seen }) = own(&mut desk, OwnAct::ApproveLink { code })
    else {
        panic!("an approval");
    };
    assert_eq!(device, seen);
    let Ok(OwnReply::Start(start)) = own(&mut second, OwnAct::TakeLink { code: approval.clone() }) else {
        panic!("linked");
    };
    assert!(matches!(&start.who, Who::Person { name, .. } if name == "Ada Ackermann"), "{start:?}");
    assert_eq!(start.workspaces.iter().map(|w| w.id.clone()).collect::<Vec<_>>(), [workspace.to_hex()]);
    let refused = own(&mut nobody(3), OwnAct::TakeLink { code: approval }).expect_err("it asked for nothing");
    assert!(refused.what.contains("did not ask"), "{refused:?}");
}

#[test]
fn a_wrong_passphrase_changes_nothing_and_the_phrase_is_shown_until_it_is_kept() {
    let (mut desk, _) = ada();
    let change = |old: &str, new: &str| OwnAct::Passphrase { old: old.into(), new: new.into() };
    own(&mut desk, change("", "correct horse")).expect("there was none");
    let refused = own(&mut desk, change("wrong", "other")).expect_err("it is wrong");
    assert!(refused.what.contains("passphrase is wrong"), "{refused:?}");
    let passphrase = || "correct horse".to_owned();
    let phrase = |desk: &mut _| match own(desk, OwnAct::Phrase { passphrase: passphrase() }) {
        Ok(OwnReply::Phrase { words }) => words.len(),
        other => panic!("words: {other:?}"),
    };
    assert_eq!(phrase(&mut desk), 24);
    own(&mut desk, OwnAct::PhraseKept { passphrase: passphrase() }).expect("kept");
    assert_eq!(phrase(&mut desk), 0);
}

#[test]
fn an_invite_is_made_listed_and_revoked() {
    let (mut desk, workspace) = ada();
    let mut ask = |act| match desk.handle(NOW, Ask::People { workspace: workspace.to_hex(), act }) {
        Reply::People(PeopleReply::Invite { link }) => link,
        Reply::People(PeopleReply::Show(screen)) => {
            screen.invites.iter().map(|i| format!("{} {} {}", i.invite, i.role, i.state)).collect::<String>()
        }
        Reply::Done => String::new(),
        other => panic!("an answer about people is wanted: {other:?}"),
    };
    let link = ask(PeopleAct::Invite { role: "guest".into(), uses: 2, expires: 0 });
    assert!(link.starts_with("proofroom:join/"), "{link}");
    let listed = ask(PeopleAct::Show);
    let (invite, rest) = listed.split_once(' ').expect("one invite");
    assert_eq!(rest, "guest open");
    ask(PeopleAct::Revoke { invite: invite.into() });
    assert!(ask(PeopleAct::Show).ends_with("guest revoked"));
}

/// Everything that a desk's store holds of a workspace.
fn entries_of(desk: &Desk<MemoryStore>, workspace: WorkspaceId) -> Vec<Signed> {
    let mut all = Vec::new();
    let mut docs = desk.store.docs(workspace).expect("it reads");
    docs.sort_by_key(|doc| doc.doc != DocId::AUTHORITY);
    for doc in docs {
        for tip in desk.store.tips(workspace, doc.doc).expect("it reads") {
            let log = desk.store.entries(workspace, doc.doc, tip.log, 1, usize::MAX).expect("it reads");
            all.extend(log.iter().map(|e| Signed::decode(e.bytes().clone()).expect("what was stored")));
        }
    }
    all
}

/// Bo, who takes up a link.
fn takes_up(link: &str) -> Desk<MemoryStore> {
    let mut bo = nobody(2);
    bo.set_up(NOW, "Bo Bauer", "Haus Süd", "").expect("a name");
    let Reply::Joining { .. } = bo.handle(NOW, Ask::Join { link: link.into() }) else { panic!("on the way") };
    bo
}

/// What comes in over a line, and what that completes.
fn hears(desk: &mut Desk<MemoryStore>, workspace: WorkspaceId, entries: Vec<Signed>) {
    let replica = desk.replicas.get_mut(&workspace).expect("it is known");
    let mut step = Step { store: &mut desk.store, now: NOW, rng: &mut desk.rng };
    replica.ingest(&mut step, entries).expect("it is whole");
    replica.enter(&mut step).expect("the link is good");
}

fn role(desk: &mut Desk<MemoryStore>, workspace: WorkspaceId) -> String {
    desk.card(workspace).expect("it is known").role
}

fn link_of(ada: &mut Desk<MemoryStore>, workspace: WorkspaceId) -> String {
    let act = PeopleAct::Invite { role: "reviewer".into(), uses: 1, expires: 0 };
    match ada.handle(NOW, Ask::People { workspace: workspace.to_hex(), act }) {
        Reply::People(PeopleReply::Invite { link }) => link,
        other => panic!("a link is wanted: {other:?}"),
    }
}

#[test]
fn a_join_that_died_after_the_acceptance_is_completed_at_the_next_start() {
    let (mut ada, workspace) = ada();
    let mut bo = takes_up(&link_of(&mut ada, workspace));
    let kept = bo.store.scan(b"join/").expect("it reads");
    assert_eq!(kept.len(), 1);
    hears(&mut bo, workspace, entries_of(&ada, workspace));
    assert_eq!(role(&mut bo, workspace), "reviewer");
    // As if the worker had died between the acceptance and the end of the join.
    let mut store = std::mem::take(&mut bo.store);
    let mut batch = Batch::default();
    batch.put(kept[0].0.clone(), kept[0].1.clone());
    for (key, _) in store.scan(b"came/").expect("it reads") {
        batch.delete(key);
    }
    store.commit(batch).expect("kept");
    let rng = ChaCha20Rng::from_seed([3; 32]);
    let again = Desk::open(store, crate::Shelf::default(), "", rng, NOW).expect("it opens");
    assert!(!again.replicas[&workspace].is_joining());
    assert!(again.store.scan(b"join/").expect("it reads").is_empty());
    assert_eq!(again.store.scan(b"came/").expect("it reads").len(), 1);
}

#[test]
fn who_was_removed_comes_back_by_a_new_link_and_not_by_the_old_one() {
    let (mut ada, workspace) = ada();
    let old = link_of(&mut ada, workspace);
    let mut bo = takes_up(&old);
    hears(&mut bo, workspace, entries_of(&ada, workspace));
    let person = bo.me().expect("bo").person();
    hears(&mut ada, workspace, entries_of(&bo, workspace));
    let act = PeopleAct::Remove { person: person.to_hex() };
    assert_eq!(ada.handle(NOW, Ask::People { workspace: workspace.to_hex(), act }), Reply::Done);
    hears(&mut bo, workspace, entries_of(&ada, workspace));
    assert_eq!(role(&mut bo, workspace), "removed");
    bo.handle(NOW, Ask::Join { link: old });
    assert_eq!(role(&mut bo, workspace), "removed", "it leads nowhere");
    let new = link_of(&mut ada, workspace);
    // The invite itself may have come before the link, in a bundle.
    hears(&mut bo, workspace, entries_of(&ada, workspace));
    bo.handle(NOW, Ask::Join { link: new });
    assert_eq!(role(&mut bo, workspace), "joining");
    hears(&mut bo, workspace, entries_of(&ada, workspace));
    assert_eq!(role(&mut bo, workspace), "reviewer");
}

/// Ada's copy on a route that a regulator reads, with ada as its approver: the asset, and its version.
fn regulated(desk: &mut Desk<MemoryStore>, workspace: WorkspaceId) -> (String, String) {
    let target = Target::Asset { name: "Copy".into(), category: "written".into(), request: None, slot: None };
    let text = b"Bright mornings";
    let files = vec![("copy.txt".to_owned(), text.len() as u64)];
    desk.begin_upload(NOW, &workspace.to_hex(), ID, target, String::new(), files).expect("she may");
    desk.seal_piece(ID, 0, 0, &mut text.to_vec()).expect("it goes on");
    desk.end_part(ID, 0).expect("it is whole");
    desk.part_kept(ID, 0).expect("kept");
    desk.finish_upload(NOW, ID).expect("recorded");
    let asset = desk.plan(workspace).expect("a plan").assets[0].id;
    let replica = desk.replicas.get_mut(&workspace).expect("it is here");
    let ada = [(replica.me().person(), ReviewerRole::Approver)];
    let mut route = Route { regulated: true, ..Route::built_in(&ada.into()) };
    let question = ChecklistItem { item: "claim".into(), text: "The claim is proved".into(), required: true };
    route.stages[0].checklist.push(question);
    let mut step = Step { store: &mut desk.store, now: NOW, rng: &mut desk.rng };
    replica.submit(&mut step, asset, None, Some(route), None).expect("sent");
    let view = replica.review(&desk.store, asset, Audience::Everyone).expect("a view");
    (asset.to_string(), view.numbered()[0].version.to_hex())
}

#[test]
fn a_regulated_route_takes_a_passphrase_at_each_signing_and_failures_are_told() {
    let (mut desk, workspace) = ada();
    let (asset, version) = regulated(&mut desk, workspace);
    let decide = |desk: &mut Desk<MemoryStore>, passphrase: &str| {
        let ask = Ask::Decide {
            workspace: workspace.to_hex(),
            asset: asset.clone(),
            version: version.clone(),
            decision: "approved".into(),
            reason: "as briefed".into(),
            conditions: Vec::new(),
            answers: [("claim".to_owned(), "yes".to_owned())].into(),
            passphrase: passphrase.into(),
        };
        match desk.handle(NOW, ask) {
            Reply::Kept { .. } => Ok(()),
            Reply::Fault(fault) => Err(fault),
            other => panic!("kept or refused: {other:?}"),
        }
    };
    let asked = |desk: &mut Desk<MemoryStore>| {
        let (workspace, asset, version) = (workspace.to_hex(), asset.clone(), version.clone());
        match desk.handle(NOW, Ask::Statement { workspace, asset, version, decision: "approved".into() }) {
            Reply::Statement(card) => (card.needs_reason, card.needs_passphrase, card.checklist.len()),
            other => panic!("a statement: {other:?}"),
        }
    };
    assert_eq!(asked(&mut desk), (true, true, 1));
    let refused = decide(&mut desk, "").expect_err("her keys are under no passphrase");
    assert!(refused.what.contains("asks for your passphrase") && !refused.hint.is_empty(), "{refused:?}");
    let change = OwnAct::Passphrase { old: String::new(), new: "correct horse".into() };
    own(&mut desk, change).expect("changed");
    assert_eq!(asked(&mut desk), (true, false, 1));
    for wrong in ["wrong", ""] {
        let refused = decide(&mut desk, wrong).expect_err("that is not it");
        assert!(refused.what.contains("passphrase is wrong"), "{refused:?}");
    }
    decide(&mut desk, "correct horse").expect("signed");
    let (store, replica) = desk.replica(workspace).expect("it is here");
    let signed = replica.decisions(store, asset.parse().expect("an id")).expect("decisions");
    let verified = signed.iter().map(|d| d.statement.user_verified.clone());
    let by = |failed_attempts| UserVerified { method: VerifiedBy::Passphrase, failed_attempts };
    assert_eq!(verified.collect::<Vec<_>>(), [Some(by(2))]);
    assert_eq!(desk.failed_attempts().expect("read"), 0, "they are told once");
}

#[test]
fn a_trail_is_told_with_its_values_until_it_is_too_long() {
    let (mut desk, id) = ada();
    let (asset, version) = regulated(&mut desk, id);
    let workspace = id.to_hex();
    let draft = Draft {
        id: ID.into(),
        body: "Too long".into(),
        version,
        label: "change".into(),
        place: Place::default(),
        parent: None,
        team: false,
    };
    let said = Ask::Comment { workspace: workspace.clone(), asset: asset.clone(), draft };
    assert!(matches!(desk.handle(NOW, said), Reply::Kept { .. }));
    let trail = |desk: &mut Desk<MemoryStore>| match desk
        .handle(NOW, Ask::Trail { workspace: workspace.clone(), asset: asset.clone() })
    {
        Reply::Trail(trail) => *trail,
        other => panic!("a trail: {other:?}"),
    };
    let told = trail(&mut desk);
    assert!(!told.short && told.lines.iter().any(|line| line.new == "Too long"), "{told:?}");
    let asset_id = asset.parse().expect("an id");
    let (store, replica) = desk.replica(id).expect("it is here");
    let comment = replica.review(store, asset_id, Audience::Everyone).expect("a view").comments[0].key;
    for n in 0..2_000 {
        let label = if n % 2 == 0 { CommentLabel::Blocker } else { CommentLabel::Change };
        let replica = desk.replicas.get_mut(&id).expect("it is here");
        let mut step = Step { store: &mut desk.store, now: NOW, rng: &mut desk.rng };
        let edit = ReviewEdit::SetCommentLabel { comment, label };
        replica.edit_review(&mut step, asset_id, Audience::Everyone, &[edit]).expect("kept");
    }
    let told = trail(&mut desk);
    assert!(told.short && told.problems.is_empty());
    assert!(told.lines.len() > 2_000 && told.lines.iter().all(|line| line.new.is_empty()));
}
