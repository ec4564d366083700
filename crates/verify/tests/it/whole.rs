//! What a whole certificate proves and shows.

use proofroom_authority::Role;
use proofroom_certificate::{Archive, CERTIFICATE_NAME, Form};
use proofroom_ident::{Audience, Millis, Signature, SigningSecret};
use proofroom_replica::Disclosure;
use proofroom_review::{Decision, Outcome, ReviewEdit};
use proofroom_verify::{Believed, Check, State, verify_bytes, verify_trusting};

use crate::world::{Peer, archive, begun, certificate, failing, story, verdict, worded};

#[test]
fn an_approval_verifies_with_nothing_but_the_file() {
    let mut story = story();
    let members = story.ada.certify(story.v2);
    let bytes = archive(&members).to_bytes().expect("small");
    let verdict = verify_bytes(&bytes);
    assert!(verdict.holds, "{:#?}", verdict.rows);
    assert!(verdict.rows.iter().all(|row| !row.found.is_empty()));
    let record = verdict.record.expect("it was read");
    assert_eq!(record.outcome, Outcome::Approved);
    let asset = &record.assets[0];
    assert_eq!(asset.decisions.iter().filter(|d| d.counts).count(), 2);
    assert_eq!(asset.decisions.len(), 3, "that on the first version is told, too");
    assert_eq!(asset.versions.len(), 2);
    let bodies: Vec<&str> = asset.comments.iter().map(|c| c.body.as_str()).collect();
    assert_eq!(bodies, ["The horizon is crooked", "Lovely light"]);
    let names: Vec<_> = record.people.iter().filter_map(|p| p.name.as_deref()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn nothing_for_the_team_is_in_it() {
    let mut story = story();
    let members = story.bo.certify(story.v2);
    let certificate = certificate(&members);
    assert!(certificate.pieces().iter().all(|p| p.header().audience == Audience::Everyone));
    let record = verdict(&members).record.expect("it was read");
    let text = format!("{record:?}");
    assert!(text.contains("The horizon is crooked") && !text.contains("Between us"));
}

#[test]
fn two_replicas_of_one_state_make_the_same_certificate_but_for_who_made_it() {
    let mut story = story();
    let drafts = [
        story.ada.draft(story.v2, Disclosure::Full),
        story.bo.draft(story.v2, Disclosure::Full),
        story.cy.draft(story.v2, Disclosure::Full),
    ];
    let bytes: Vec<Vec<u8>> = drafts.iter().map(|d| d.to_bytes().expect("canonical")).collect();
    assert_eq!(bytes[0], bytes[1]);
    assert_eq!(bytes[0], bytes[2]);
    let (one, other) = (story.ada.certify(story.v2), story.bo.certify(story.v2));
    assert_ne!(one, other);
    assert!(one[0].1.starts_with(&bytes[0]) && other[0].1.starts_with(&bytes[0]));
    assert!(verdict(&one).holds && verdict(&other).holds);
}

#[test]
fn a_certificate_of_decisions_only_shows_no_comment_and_proves_the_outcome() {
    let mut story = story();
    let draft = story.ada.draft(story.v2, Disclosure::DecisionsOnly);
    let verdict = verdict(&story.ada.sign(&draft));
    assert!(verdict.holds, "{:#?}", verdict.rows);
    let record = verdict.record.expect("it was read");
    assert!(!format!("{record:?}").contains("crooked"));
    assert_eq!(record.assets[0].versions.len(), 2);
    assert!(!record.redactions.is_empty());
    assert!(record.not_proved.iter().any(|n| n.contains("the list is ada's word")));
}

#[test]
fn a_pending_or_blocked_version_is_no_approval() {
    let mut ada = Peer::found("ada");
    let v1 = ada.version(b"first", &[]);
    assert_eq!(failing(&verdict(&ada.certify(v1))), [Check::Route]);
    let bo = ada.admit("bo", Role::Reviewer);
    ada.assign(bo.person(), proofroom_review::ReviewerRole::Approver);
    assert_eq!(failing(&verdict(&ada.certify(v1))), [Check::Route], "bo is silent");
}

#[test]
fn an_earlier_version_is_superseded_and_no_approval() {
    let mut story = story();
    let verdict = verdict(&story.ada.certify(story.v1));
    assert_eq!(failing(&verdict), [Check::Route]);
    assert_eq!(verdict.record.expect("it was read").outcome, Outcome::Superseded);
}

#[test]
fn what_was_open_in_front_of_a_signer_is_told() {
    let mut story = story();
    let verdict = verdict(&story.ada.certify(story.v2));
    let row = verdict.row(Check::OpenComments).expect("it is checked");
    assert_eq!(row.state, State::Holds);
    assert!(row.details.iter().any(|d| d.contains("horizon")), "{:?}", row.details);
}

#[test]
fn files_that_come_along_are_those_of_the_version() {
    let mut story = story();
    let draft = story.ada.draft(story.v2, Disclosure::Full);
    let with = |bytes: &[u8]| {
        let mut members = story.ada.sign(&draft);
        let mut certificate = certificate(&members);
        let mut maker = certificate.maker().clone();
        maker.attachments.insert(0, proofroom_certificate::Attachment::of("files/hero.png", bytes));
        members[0].1 = draft.sign(&maker, &story.ada.replica.me().secrets.signing).expect("small");
        members.push(("files/hero.png".into(), bytes.to_vec()));
        certificate = self::certificate(&members);
        assert_eq!(certificate.maker().attachments.len(), 2);
        verdict(&members)
    };
    assert!(with(b"second").holds);
    assert_eq!(failing(&with(b"first")), [Check::Version]);
}

#[test]
fn every_key_in_it_opens_one_entry_and_no_other() {
    let mut story = story();
    let certificate = certificate(&story.ada.certify(story.v2));
    let opened: Vec<_> = certificate
        .pieces()
        .iter()
        .filter_map(|p| match p.form() {
            Form::Opened(key) => Some((key, p.entry()?.verify(certificate.about().workspace).ok()?)),
            _ => None,
        })
        .collect();
    assert!(opened.len() > 5);
    for (i, (key, _)) in opened.iter().enumerate() {
        let key = proofroom_seal::EntryKey::from_bytes(*key);
        for (j, (_, entry)) in opened.iter().enumerate() {
            let opens = key.open(entry.header(), entry.payload(), 1 << 20).is_ok();
            assert_eq!(opens, i == j);
        }
    }
}

#[test]
fn a_signed_report_cannot_be_swapped_and_nothing_can_be_smuggled_in() {
    let mut story = story();
    let members = story.ada.certify(story.v2);
    let mut swapped = members.clone();
    swapped[1].1 = b"<p>another</p>".to_vec();
    assert_eq!(failing(&verdict(&swapped)), [Check::Bytes]);
    let mut more = members.clone();
    more.push(("notes.txt".into(), b"trust me".to_vec()));
    assert_eq!(failing(&verdict(&more)), [Check::Bytes]);
    let less = vec![members[0].clone()];
    assert_eq!(failing(&verdict(&less)), [Check::Bytes]);
    assert_eq!(failing(&proofroom_verify::verify(&Archive::default())), [Check::Bytes]);
    assert_eq!(members[0].0, CERTIFICATE_NAME);
}

#[test]
fn work_beyond_a_removal_is_told_and_counts_nowhere() {
    let mut story = begun();
    let cy = story.cy.person();
    story.ada.act(|r, s| r.remove(s, cy)).expect("an owner removes a guest");
    story.cy.decide(Decision::Rejected, story.v2);
    story.ada.hear(&story.cy);
    story.bo.decide(Decision::Approved, story.v2);
    story.ada.hear(&story.bo);
    let verdict = verdict(&story.ada.certify(story.v2));
    assert!(verdict.holds, "{:#?}", verdict.rows);
    let row = verdict.row(Check::Signers).expect("it is checked");
    assert!(row.details.iter().any(|d| d.contains("held back")), "{:?}", row.details);
}

#[test]
fn a_resolved_comment_is_not_open_any_more_and_its_history_is_shown() {
    let mut story = begun();
    let view = story
        .bo
        .replica
        .review(&story.bo.store, crate::world::ASSET, Audience::Everyone)
        .expect("it is here");
    let key = view.comments.iter().find(|c| c.body.contains("horizon")).map(|c| c.key).expect("bo wrote it");
    let edit = ReviewEdit::SetCommentState { comment: key, state: proofroom_review::CommentState::Verified };
    story.bo.edit(Audience::Everyone, edit);
    story.bo.decide(Decision::Approved, story.v2);
    story.ada.hear(&story.bo);
    let draft = story.ada.draft(story.v2, Disclosure::Full);
    let verdict = verdict(&story.ada.sign(&draft));
    assert!(verdict.holds, "{:#?}", verdict.rows);
    let row = verdict.row(Check::OpenComments).expect("it is checked");
    assert!(row.found.starts_with("0 of 1"), "bo had it open on the first version only: {}", row.found);
}

#[test]
fn a_receipt_bounds_the_time_of_what_it_saw_and_a_wrong_time_stamp_bounds_nothing() {
    let mut story = story();
    let draft = story.cy.act(|r, s| r.draft_witness(s.store, crate::world::ASSET, false, s.now));
    let statement = draft.expect("it is here").expect("bo decided after cy");
    let at = statement.claimed_at;
    story.cy.act(|r, s| r.witness(s, &statement.with_token(b"no token"))).expect("a member witnesses");
    story.ada.hear(&story.cy);
    let verdict = verdict(&story.ada.certify(story.v2));
    assert!(verdict.holds, "{:#?}", verdict.rows);
    let record = verdict.record.as_ref().expect("it was read");
    let decisions = record.assets[0].decisions.iter().filter(|d| d.counts);
    let (cys, bos): (Vec<_>, Vec<_>) = decisions.partition(|d| d.person == story.cy.person());
    assert_eq!(bos[0].within.not_after, Some(at));
    assert!(cys[0].within.not_after.is_some_and(|end| end < at), "bo decided with cy's in front of them");
    assert!(bos[0].stamps.is_empty());
    let row = verdict.row(Check::Time).expect("it is checked");
    assert!(row.details.iter().any(|d| d.contains("cannot be read")), "{:?}", row.details);
}

#[test]
fn a_relays_word_bounds_a_decision_for_whoever_believes_that_relay() {
    let mut story = story();
    let relay = SigningSecret::from_seed(&[42; 32]);
    let at = worded(&mut story.bo, &relay, |word| word);
    let members = story.bo.certify(story.v2);
    let archive = archive(&members);
    let bos = |believed: &Believed| {
        let verdict = verify_trusting(&archive, believed);
        assert!(verdict.holds, "{:#?}", verdict.rows);
        let decisions = verdict.record.expect("it was read").assets.remove(0).decisions;
        let of_bo = |d: &proofroom_verify::DecisionRecord| d.counts && d.person == story.bo.person();
        decisions.into_iter().find(of_bo).expect("bo decided")
    };
    let stranger = bos(&Believed::default());
    assert_eq!(stranger.within.not_after, None, "anybody can run a relay");
    assert_eq!((stranger.words[0].relay, stranger.words[0].at), (relay.public(), at));
    assert!(!stranger.words[0].believed);
    let other = Believed { relays: vec![SigningSecret::from_seed(&[1; 32]).public()], ..Believed::default() };
    assert_eq!(bos(&other), stranger);
    let believed = bos(&Believed { relays: vec![relay.public()], ..Believed::default() });
    assert_eq!((believed.within.not_after, believed.words[0].believed), (Some(at), true));
}

#[test]
fn a_word_that_a_relay_never_gave_bounds_nothing_and_is_told() {
    let relay = SigningSecret::from_seed(&[42; 32]);
    for forged in [
        |word: proofroom_review::RelayWord| proofroom_review::RelayWord { at: Millis(word.at.0 - 1), ..word },
        |word: proofroom_review::RelayWord| proofroom_review::RelayWord {
            signature: Signature::ZERO,
            ..word
        },
    ] {
        let mut story = story();
        worded(&mut story.bo, &relay, forged);
        let members = story.bo.certify(story.v2);
        let believed = Believed { relays: vec![relay.public()], ..Believed::default() };
        let verdict = verify_trusting(&archive(&members), &believed);
        assert!(verdict.holds, "nobody can spoil a certificate so: {:#?}", verdict.rows);
        let row = verdict.row(Check::Time).expect("it is checked");
        assert!(row.details.iter().any(|d| d.contains("the relay's word")), "{:?}", row.details);
        let record = verdict.record.as_ref().expect("it was read");
        assert!(record.assets[0].decisions.iter().all(|d| d.words.is_empty()));
    }
}
