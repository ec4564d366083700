//! Wraps, links and invites: how a key reaches those who should have it.

use proofroom_ident::{Audience, KexPublic, WorkspaceId};
use proofroom_seal::{EpochKey, InviteSecret, OpenError, SealError, WrapInfo, link, unlink, unwrap, wrap};

use crate::world::{WORKSPACE, epoch, info, kex, rng};

fn elsewhere(key: &EpochKey) -> [WrapInfo; 2] {
    let right = info(key);
    [
        WrapInfo { workspace: WorkspaceId::from_bytes([0xaa; 32]), ..right },
        WrapInfo { audience: Audience::Everyone, ..right },
    ]
}

#[test]
fn a_wrap_opens_for_its_recipient_only() {
    let (key, bo, cy) = (epoch(1), kex(2), kex(3));
    let sealed = wrap(&key, &bo.public(), &info(&key), &mut rng()).expect("a usable key");
    assert_eq!(unwrap(&bo, &sealed.enc, &sealed.sealed, &info(&key)), Ok(key.clone()));
    let error = unwrap(&cy, &sealed.enc, &sealed.sealed, &info(&key)).expect_err("not for cy");
    assert_eq!(error, OpenError::Altered("key wrap"));
}

#[test]
fn a_wrap_opens_for_its_workspace_audience_and_key_only() {
    let (key, bo) = (epoch(1), kex(2));
    let sealed = wrap(&key, &bo.public(), &info(&key), &mut rng()).expect("a usable key");
    let [workspace, audience] = elsewhere(&key);
    for wrong in [workspace, audience, info(&epoch(9))] {
        let error = unwrap(&bo, &sealed.enc, &sealed.sealed, &wrong).expect_err("bound to another");
        assert_eq!(error, OpenError::Altered("key wrap"));
    }
}

#[test]
fn every_altered_byte_of_a_wrap_or_link_is_noticed() {
    let (new, old, bo) = (epoch(1), epoch(2), kex(2));
    let wrapped = wrap(&new, &bo.public(), &info(&new), &mut rng()).expect("a usable key");
    for at in 0..80 {
        let (mut enc, mut sealed) = (wrapped.enc, wrapped.sealed);
        *enc.iter_mut().chain(&mut sealed).nth(at).expect("80 bytes") ^= 1;
        assert!(unwrap(&bo, &enc, &sealed, &info(&new)).is_err(), "byte {at}");
    }
    let linked = link(&new, &old, &info(&old), &mut rng()).expect("the keys fit");
    for at in 0..48 {
        let mut sealed = linked.sealed;
        sealed[at] ^= 1;
        let error = unlink(&new, &linked.nonce, &sealed, &info(&old)).expect_err("altered");
        assert_eq!(error, OpenError::Altered("key link"), "byte {at}");
    }
}

#[test]
fn a_key_is_wrapped_and_linked_under_its_own_name_only() {
    let (new, old) = (epoch(1), epoch(2));
    let wrong = SealError::WrongKey { wanted: old.id(), given: new.id() };
    assert_eq!(wrap(&new, &kex(2).public(), &info(&old), &mut rng()), Err(wrong));
    let wrong = SealError::WrongKey { wanted: new.id(), given: old.id() };
    assert_eq!(link(&new, &old, &info(&new), &mut rng()), Err(wrong));
}

/// With a small-order key anybody could compute the shared secret.
#[test]
fn nothing_is_wrapped_to_a_small_order_key() {
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one] {
        let (key, to) = (epoch(1), KexPublic::from_bytes(point));
        assert_eq!(wrap(&key, &to, &info(&key), &mut rng()), Err(SealError::BadRecipient(to)));
        assert!(unwrap(&kex(2), &point, &[0; 48], &info(&key)).is_err());
    }
}

#[test]
fn two_wraps_of_one_key_look_unrelated() {
    let (key, bo, mut rng) = (epoch(1), kex(2), rng());
    let mut next = || wrap(&key, &bo.public(), &info(&key), &mut rng).expect("a usable key");
    let (one, two) = (next(), next());
    assert!(one.enc != two.enc && one.sealed != two.sealed);
}

#[test]
fn a_chain_of_links_leads_back_to_the_first_epoch() {
    let mut rng = rng();
    let keys: Vec<EpochKey> = (0..5).map(|_| EpochKey::generate(&mut rng)).collect();
    let mut known = keys[4].clone();
    for pair in keys.windows(2).rev() {
        let [older, newer] = pair else { unreachable!("windows of two") };
        let sealed = link(newer, older, &info(older), &mut rng).expect("the keys fit");
        assert!(unlink(older, &sealed.nonce, &sealed.sealed, &info(older)).is_err(), "not forwards");
        for wrong in elsewhere(older) {
            assert!(unlink(&known, &sealed.nonce, &sealed.sealed, &wrong).is_err());
        }
        known = unlink(&known, &sealed.nonce, &sealed.sealed, &info(older)).expect("the newer key opens it");
    }
    assert_eq!(known, keys[0]);
}

#[test]
fn an_invite_proves_itself_and_opens_what_is_wrapped_to_it() {
    let invite = InviteSecret::generate(&mut rng());
    let same = InviteSecret::from_seed(*invite.seed());
    assert_eq!((same.id(), same.kex().public()), (invite.id(), invite.kex().public()));

    let proof = same.sign("proofroom 1 test", WORKSPACE.as_bytes());
    assert_eq!(invite.id().verify("proofroom 1 test", WORKSPACE.as_bytes(), &proof), Ok(()));
    assert!(invite.id().verify("proofroom 1 other", WORKSPACE.as_bytes(), &proof).is_err());
    let other = InviteSecret::from_seed([9; 32]);
    assert!(other.id().verify("proofroom 1 test", WORKSPACE.as_bytes(), &proof).is_err());

    let key = epoch(1);
    let sealed = wrap(&key, &invite.kex().public(), &info(&key), &mut rng()).expect("a usable key");
    assert_eq!(unwrap(&same.kex(), &sealed.enc, &sealed.sealed, &info(&key)), Ok(key));
    assert!(!format!("{invite:?}").contains(&format!("{:?}", invite.seed())));
}
