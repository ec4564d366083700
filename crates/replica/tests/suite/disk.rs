use proofroom_authority::Role;
use proofroom_ident::{Audience, LogClass};
use proofroom_replica::{Continuation, ErrorKind, Membership};
use proofroom_store::{MemoryStore, Store as _};

use crate::world::{Peer, all_see_the_same, entries_of, meet};

/// The store fails after some commits, then recovers under the same replica.
fn heal(peer: &mut Peer) {
    peer.store = std::mem::take(&mut peer.store).reopen();
}

type Act = fn(&mut Peer, proofroom_ident::VersionHash) -> Result<(), proofroom_replica::ReplicaError>;

#[test]
fn a_store_that_fails_leaves_nothing_half_done() {
    let acts: [(&str, Act); 4] = [
        ("rename", |p, _| p.rename("unwritten").map(drop)),
        ("comment", |p, v| p.comment(Audience::Everyone, v, "unwritten").map(drop)),
        ("decide", |p, v| p.decide(proofroom_review::Decision::Rejected, Some(v)).map(drop)),
        ("version", |p, v| p.try_version("unwritten", &[v]).map(drop)),
    ];
    for (name, act) in acts {
        let mut ada = Peer::found("ada");
        let v1 = ada.version("first", &[]);
        let mut bo = ada.admit("bo", Role::Producer);
        let before = (bo.sees_as_team(), entries_of(&bo.store, bo.workspace()).len());
        bo.replica.take_fresh();
        bo.store.fail_after(0);
        let refused = act(&mut bo, v1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config, "{name}: {refused}");
        heal(&mut bo);
        assert!(bo.replica.take_fresh().is_empty(), "{name}: nothing to push that is not durable");
        assert_eq!(before, (bo.sees_as_team(), entries_of(&bo.store, bo.workspace()).len()), "{name}");
        act(&mut bo, v1).unwrap();
        bo.comment(Audience::Everyone, v1, "and on").unwrap();
        let live = bo.sees_as_team();
        bo.restart(Continuation::NewLogs);
        assert_eq!(live, bo.sees_as_team(), "{name}: memory and store agree");
        meet(&mut [&mut ada, &mut bo]);
        all_see_the_same(&mut [&mut ada, &mut bo]);
    }
}

#[test]
fn a_store_that_fails_while_hearing_takes_nothing_in() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Producer);
    let dee = ada.admit("dee", Role::Reviewer);
    ada.comment(Audience::Everyone, v1, "news").unwrap();
    let news = entries_of(&ada.store, ada.workspace());
    let before = bo.sees_as_team();
    bo.store.fail_after(0);
    let refused = bo.act(|r, s| r.ingest(s, news.clone())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config, "{refused}");
    heal(&mut bo);
    assert_eq!(before, bo.sees_as_team(), "memory is as before");
    bo.rename("written while the news is missing").unwrap();
    bo.restart(Continuation::NewLogs);
    assert_eq!(bo.asset_name(), "written while the news is missing", "it stands on what is durable");
    bo.offer(news);
    assert_eq!(bo.comments(Audience::Everyone), ["news"]);
    bo.hear(&dee.store);
    ada.hear(&bo.store);
    all_see_the_same(&mut [&mut ada, &mut bo]);
}

#[test]
fn a_join_is_completed_after_a_store_failed_at_any_point() {
    for commits in 0..8 {
        let mut ada = Peer::found("ada");
        let v1 = ada.version("first", &[]);
        ada.comment(Audience::Team, v1, "for the team").unwrap();
        let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 1, None, vec![])).unwrap();
        let mut bo = Peer::take_up("bo", &link, &ada.clock).unwrap();
        bo.hear(&ada.store);
        bo.store.fail_after(commits);
        let done = bo.act(|r, s| r.finish_join(s));
        if done.is_err() {
            heal(&mut bo);
            assert!(bo.act(|r, s| r.finish_join(s)).unwrap(), "after {commits} commits");
        }
        heal(&mut bo);
        assert!(matches!(bo.replica.membership(), Membership::Member(Role::Reviewer)));
        let link_kept = bo.store.scan(b"join/").unwrap();
        assert!(link_kept.is_empty(), "after {commits} commits the secret is still there");
        bo.restart(Continuation::NewLogs);
        assert_eq!(bo.comments(Audience::Team), ["for the team"], "after {commits} commits");
        ada.hear(&bo.store);
        let members = ada.replica.members(&ada.store).unwrap();
        assert_eq!(members[1].printed_name.as_deref(), Some("bo"), "after {commits} commits");
    }
}

/// What peers hold of this device's logs may be more than a store that was made anew: whatever the
/// store's own record says, the next log is another one, and names the one before.
#[test]
fn a_store_made_anew_begins_a_log_that_names_the_one_before() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Producer);
    for text in ["one", "two"] {
        bo.comment(Audience::Everyone, v1, text).unwrap();
    }
    ada.hear(&bo.store);
    let doc = ada.workspace().review_doc(crate::world::ASSET, Audience::Everyone);
    let logs_of_bo = |peer: &Peer| -> Vec<_> {
        let tips = peer.store.tips(peer.workspace(), doc).unwrap();
        let device = crate::world::me("bo").record.signing;
        let own = |tip: &proofroom_entry::LogTip| {
            tip.author == device && tip.log.class() == Some(LogClass::Changes)
        };
        tips.into_iter().filter(own).collect()
    };
    let before = logs_of_bo(&ada);
    assert_eq!(before.len(), 1);

    bo.store = MemoryStore::new();
    bo.restart(Continuation::Resume);
    bo.hear(&ada.store);
    bo.comment(Audience::Everyone, v1, "three").unwrap();
    let after = logs_of_bo(&bo);
    let new = after.iter().find(|tip| tip.log != before[0].log).expect("another log");
    let first = bo.store.entry(bo.workspace(), doc, new.log, 1).unwrap().unwrap();
    assert_eq!((new.seq, first.header().prev_log_head), (1, before[0].hash));
    meet(&mut [&mut ada, &mut bo]);
    all_see_the_same(&mut [&mut ada, &mut bo]);
    assert_eq!(ada.comments(Audience::Everyone), ["one", "three", "two"]);
}

#[test]
fn an_empty_store_knows_no_workspace() {
    assert!(proofroom_replica::Replica::known(&MemoryStore::new()).unwrap().is_empty());
}
