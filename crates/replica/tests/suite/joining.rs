use proofroom_authority::{Authority, Role};
use proofroom_ident::{Audience, DocId, Millis};
use proofroom_replica::{Continuation, InviteLink, LinkError, Membership, ReplicaError};
use proofroom_store::Store as _;

use crate::world::{Peer, all_see_the_same, entries_of};

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

/// Somebody who comes by a link that others may still use.
fn come_by(name: &str, link: &InviteLink, ada: &mut Peer) -> Peer {
    let mut joiner = Peer::take_up(name, link, &ada.clock).unwrap();
    joiner.hear(&ada.store);
    assert!(joiner.act(|r, s| r.finish_join(s)).unwrap());
    ada.hear(&joiner.store);
    joiner
}

#[test]
fn a_link_with_uses_left_opens_nothing_for_who_was_removed() {
    for restarts in [false, true] {
        let mut ada = Peer::found("ada");
        let v1 = ada.version("first", &[]);
        let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 3, None, vec![])).unwrap();
        let mut bo = come_by("bo", &link, &mut ada);
        let mut cy = come_by("cy", &link, &mut ada);
        ada.comment(Audience::Everyone, v1, "for all three").unwrap();
        let cy_is = cy.person();
        let removal = ada.act(|r, s| r.remove(s, cy_is)).unwrap();
        assert_eq!(ada.replica.closed_by(removal.entry, Millis(ada.clock.get())), [link.secret.id()]);
        ada.comment(Audience::Everyone, v1, "not for cy any more").unwrap();
        if restarts {
            cy.restart(Continuation::NewLogs);
        }
        bo.hear(&ada.store);
        cy.hear(&ada.store);
        assert_eq!(bo.comments(Audience::Everyone), ["for all three", "not for cy any more"]);
        assert_eq!(cy.comments(Audience::Everyone), ["for all three"]);
    }
}

#[test]
fn a_link_with_uses_left_opens_nothing_for_who_was_given_less() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 3, None, vec![])).unwrap();
    let mut cy = come_by("cy", &link, &mut ada);
    let cy_is = cy.person();
    ada.comment(Audience::Team, v1, "for the team").unwrap();
    ada.act(|r, s| r.set_role(s, cy_is, Role::Guest)).unwrap();
    ada.comment(Audience::Team, v1, "for the team without cy").unwrap();
    ada.comment(Audience::Everyone, v1, "for all").unwrap();
    cy.hear(&ada.store);
    assert_eq!(cy.comments(Audience::Everyone), ["for all"]);
    assert!(!cy.comments(Audience::Team).contains(&"for the team without cy".to_owned()));
}

#[test]
fn a_link_that_was_used_up_opens_nothing_new_once_it_is_revoked() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version("first", &[]);
    let link = ada.act(|r, s| r.invite(s, Role::Reviewer, 1, None, vec![])).unwrap();
    come_by("bo", &link, &mut ada);
    // Mallory saw the link pass, and has the ciphertext.
    let reads = |ada: &Peer| {
        let mut log = Authority::new(ada.workspace());
        let entries = entries_of(&ada.store, ada.workspace()).into_iter();
        for entry in entries.filter(|e| e.claims().doc == DocId::AUTHORITY) {
            log.insert(&entry.verify(ada.workspace()).unwrap()).unwrap();
        }
        let newest = log.state().newest(Audience::Everyone).unwrap();
        newest.wraps_for(link.secret.kex().public()).next().is_some()
    };
    ada.comment(Audience::Everyone, v1, "before").unwrap();
    assert!(reads(&ada));
    ada.act(|r, s| r.revoke_invite(s, link.secret.id())).unwrap();
    ada.comment(Audience::Everyone, v1, "after").unwrap();
    assert!(!reads(&ada));
}

#[test]
fn a_link_that_waits_is_not_readable_on_the_disk() {
    let mut ada = Peer::found("ada");
    let link = ada.act(|r, s| r.invite(s, Role::Guest, 1, None, vec![])).unwrap();
    let mut bo = Peer::take_up("bo", &link, &ada.clock).unwrap();
    let kept = bo.store.scan(b"join/").unwrap();
    let (text, seed) = (link.to_string(), link.secret.seed());
    let shows =
        |wanted: &[u8]| kept.iter().any(|(_, bytes)| bytes.windows(wanted.len()).any(|w| w == wanted));
    assert_eq!(kept.len(), 1);
    assert!(!shows(text.as_bytes()) && !shows(&*seed));
    bo.restart(Continuation::NewLogs);
    let Membership::Joining(again) = bo.replica.membership() else { panic!("it goes on") };
    assert_eq!(again.to_string(), text);
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
