use proofroom_authority::Role;
use proofroom_ident::{Audience, Millis};
use proofroom_replica::{Continuation, InviteLink, LinkError, Membership, ReplicaError};

use crate::world::{Peer, all_see_the_same};

#[test]
fn a_joiner_by_link_reads_history_with_nobody_else_online() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    ada.comment(Audience::Team, v1, "before bo").unwrap();
    let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 1, None, vec!["wss://relay".into()])).unwrap();
    let relay = ada.store.clone();
    let again: InviteLink = link.to_string().parse().unwrap();
    let mut bo = Peer::take_up("bo", &again, &ada.clock).unwrap();
    assert!(matches!(bo.replica.membership(), Membership::Joining(_)));
    assert!(!bo.act(|r, s| r.finish_join(s)).unwrap(), "nothing has arrived yet");
    assert!(matches!(bo.rename("too early"), Err(ReplicaError::StillJoining)));
    bo.hear(&relay);
    assert!(bo.act(|r, s| r.finish_join(s)).unwrap());
    assert!(matches!(bo.replica.membership(), Membership::Member(Role::Reviewer)));
    assert_eq!(bo.comments(Audience::Team), ["before bo"]);
    assert_eq!(bo.asset_name(), "Hero");
    ada.hear(&bo.store);
    all_see_the_same(&mut [&mut ada, &mut bo]);
    let members = ada.replica.members(&ada.store).unwrap();
    assert_eq!(members[1].printed_name.as_deref(), Some("bo"));
    assert_eq!(members[1].vouched_by, Some(ada.person()));
}

/// Whoever makes a key before hearing of a join wraps it for the invite alone.
#[test]
fn a_key_that_was_made_before_its_maker_heard_of_the_join_opens_and_after_a_restart() {
    for restarts in [false, true] {
        let mut ada = Peer::found("ada");
        let v1 = ada.version("first", &[]);
        let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 1, None, vec![])).unwrap();
        let other = ada.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap();
        let mut bo = Peer::take_up("bo", &link, &ada.clock).unwrap();
        bo.hear(&ada.store);
        assert!(bo.act(|r, s| r.finish_join(s)).unwrap());
        ada.act(|r, s| r.revoke_invite(s, other.secret.id())).unwrap();
        ada.comment(Audience::Everyone, v1, "under a key that bo was not given").unwrap();
        if restarts {
            bo.restart(Continuation::NewLogs);
        }
        bo.hear(&ada.store);
        assert_eq!(bo.comments(Audience::Everyone), ["under a key that bo was not given"]);
        ada.hear(&bo.store);
        all_see_the_same(&mut [&mut ada, &mut bo]);
    }
}

/// A link that ada made and did something to, taken up by bo.
fn taken_up(uses: u32, expires_in: Option<u64>, then: impl FnOnce(&mut Peer, &InviteLink)) -> ReplicaError {
    let mut ada = Peer::found("ada");
    let expires = expires_in.map(|ms| Millis(ada.clock.get() + ms));
    let link = ada.act(|r, s| r.invite(s, Role::Guest, uses, expires, vec![])).unwrap();
    let mut bo = match Peer::take_up("bo", &link, &ada.clock) {
        Ok(bo) => bo,
        Err(e) => return e,
    };
    then(&mut ada, &link);
    bo.hear(&ada.store);
    let refused = bo.act(|r, s| r.finish_join(s)).unwrap_err();
    assert!(!matches!(bo.replica.membership(), Membership::Member(_)));
    refused
}

#[test]
fn a_used_up_link_is_refused_by_name() {
    let refused = taken_up(1, None, |ada, link| {
        let mut cy = Peer::take_up("cy", link, &ada.clock).unwrap();
        cy.hear(&ada.store);
        cy.act(|r, s| r.finish_join(s)).unwrap();
        ada.hear(&cy.store);
    });
    assert!(matches!(refused, ReplicaError::InviteUsedUp), "{refused}");
}

#[test]
fn an_expired_link_is_refused_by_name() {
    let late = taken_up(1, Some(5_000), |ada, _| ada.clock.set(ada.clock.get() + 60_000));
    assert!(matches!(late, ReplicaError::InviteExpired), "{late}");
    let too_late = taken_up(1, Some(1_500), |_, _| {});
    assert!(matches!(too_late, ReplicaError::InviteExpired), "{too_late}");
}

#[test]
fn a_revoked_link_is_refused_by_name() {
    let refused = taken_up(1, None, |ada, link| {
        ada.act(|r, s| r.revoke_invite(s, link.secret.id())).unwrap();
        assert!(ada.replica.invites()[0].revoked);
    });
    assert!(matches!(refused, ReplicaError::InviteUnknown), "{refused}");
}

#[test]
fn a_mangled_link_is_refused_by_name() {
    let mut ada = Peer::found("ada");
    let link = ada.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap().to_string();
    let check = |text: &str, wanted: fn(&LinkError) -> bool| {
        let refused = text.parse::<InviteLink>().unwrap_err();
        assert!(wanted(&refused), "{text}: {refused}");
    };
    let at = "proofroom:join/".len();
    for i in at..link.len() {
        let mut bytes = link.clone().into_bytes();
        bytes[i] = if bytes[i] == b'a' { b'b' } else { b'a' };
        check(&String::from_utf8(bytes).unwrap(), |e| matches!(e, LinkError::Mangled(_)));
    }
    for end in at..link.len() {
        check(&link[..end], |e| matches!(e, LinkError::Mangled(_)));
    }
    check("https://example.org", |e| matches!(e, LinkError::Prefix));
    check(&format!("{link}{}", "a".repeat(5_000)), |e| matches!(e, LinkError::TooLong(_)));
    let spaced = format!("  Join us: {link}\n");
    assert_eq!(spaced.parse::<InviteLink>().unwrap().to_string(), link);
}

#[test]
fn a_join_that_was_given_up_leaves_no_secret_behind() {
    let mut ada = Peer::found("ada");
    let link = ada.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap();
    let mut bo = Peer::take_up("bo", &link, &ada.clock).unwrap();
    assert_eq!(proofroom_replica::Replica::known(&bo.store).unwrap(), [ada.workspace()]);
    bo.act(|r, s| r.abandon_join(s)).unwrap();
    assert!(matches!(bo.replica.membership(), Membership::Stranger));
    assert!(proofroom_replica::Replica::known(&bo.store).unwrap().is_empty());
}
