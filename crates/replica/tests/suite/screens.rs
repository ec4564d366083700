use proofroom_authority::Role;
use proofroom_ident::Audience;
use proofroom_replica::Changed;
use proofroom_review::Decision;

use crate::world::{ASSET, Peer};

fn changed(peer: &mut Peer) -> Changed {
    let doc = peer.workspace().review_doc(ASSET, Audience::Everyone);
    peer.replica.take_changed(&peer.store, doc).unwrap()
}

#[test]
fn a_screen_learns_what_changed_since_it_looked() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let mut bo = ada.admit("bo", Role::Reviewer);
    assert!(changed(&mut bo).touched.is_whole(), "at first all of it is new");
    assert!(changed(&mut bo).touched.is_empty());

    bo.comment(Audience::Everyone, v1, "by myself").unwrap();
    let own: Vec<_> = changed(&mut bo).touched.comments().collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].owner, bo.person());

    ada.hear(&bo.store);
    ada.comment(Audience::Everyone, v1, "by somebody else").unwrap();
    bo.hear(&ada.store);
    let news = changed(&mut bo);
    let theirs: Vec<_> = news.touched.comments().collect();
    assert_eq!((theirs.len(), theirs[0].owner, news.statements), (1, ada.person(), false));

    ada.decide(Decision::Approved, None).unwrap();
    bo.hear(&ada.store);
    let news = changed(&mut bo);
    assert!(news.statements && news.touched.is_empty());

    ada.admit("cy", Role::Guest);
    bo.hear(&ada.store);
    assert!(changed(&mut bo).touched.is_whole(), "who counts may have changed");
}
