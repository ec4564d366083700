//! What was erased: the rest proves itself, and nothing is passed off as erased.

use proofroom_certificate::{Draft, Form, Piece, Withheld};
use proofroom_ident::Audience;
use proofroom_replica::{Disclosure, ToErase};
use proofroom_review::{ERASED_TEXT, LegalBasis, Outcome};
use proofroom_verify::{Check, State};

use crate::world::{ASSET, Story, certificate, failing, story, verdict};

/// The story, in which bo's comment was erased by ada.
pub fn erased() -> Story {
    let mut story = story();
    let view = story.ada.replica.review(&story.ada.store, ASSET, Audience::Everyone).expect("it is here");
    let key = view.comments.iter().find(|c| c.body == "The horizon is crooked").expect("it was said").key;
    let wanted = ToErase { comments: [key].into(), ..ToErase::default() };
    story.ada.act(|r, s| {
        let draft = r.draft_erasure(s.store, ASSET, Audience::Everyone, &wanted).expect("it is here");
        r.erase(s, &draft, LegalBasis::ConsentWithdrawn, "they asked").expect("an owner erases");
    });
    story
}

#[test]
fn what_was_erased_is_listed_and_everything_else_is_proved() {
    let mut story = erased();
    let verdict = verdict(&story.ada.certify(story.v2));
    assert!(verdict.holds, "{:#?}", verdict.rows);
    let record = verdict.record.as_ref().expect("it was read");
    let bodies: Vec<&str> = record.assets[0].comments.iter().map(|c| c.body.as_str()).collect();
    assert_eq!(bodies, [ERASED_TEXT, "Lovely light"]);
    let record = verdict.record.as_ref().expect("it was read");
    assert_eq!((record.outcome, record.assets[0].rebuilt), (Outcome::Approved, true));
    let [erasure] = record.erasures.as_slice() else { panic!("{:?}", record.erasures) };
    assert_eq!((erasure.person, erasure.reason.as_str()), (story.ada.person(), "they asked"));
    assert_eq!(erasure.basis, LegalBasis::ConsentWithdrawn);
    assert!(record.redactions.iter().any(|r| r.why == Withheld::Erased));
    let row = verdict.row(Check::Redactions).expect("there is one");
    assert!(
        row.details.iter().any(|d| d.contains("consent_withdrawn") && d.contains("they asked")),
        "{row:?}"
    );
    assert!(!format!("{verdict:?}").contains("horizon"));
}

#[test]
fn replicas_that_heard_of_it_make_the_same_certificate() {
    let mut story = erased();
    let ada = story.ada.draft(story.v2, Disclosure::Full).to_bytes().expect("canonical");
    let Story { ada: from, bo, .. } = &mut story;
    bo.hear(from);
    let bo = story.bo.draft(story.v2, Disclosure::Full).to_bytes().expect("canonical");
    assert_eq!(ada, bo);
}

#[test]
fn nothing_is_passed_off_as_erased() {
    let mut story = story();
    let made = certificate(&story.ada.certify(story.v2));
    let pieces: Vec<Piece> = made
        .pieces()
        .iter()
        .map(|piece| match (piece.form(), piece.header().kind) {
            (Form::Opened(_), proofroom_entry::EntryKind::Change) => {
                let bytes = piece.entry().expect("it is shown").bytes().clone();
                Piece::new(Form::Withheld(Withheld::Erased), &bytes).expect("an entry")
            }
            _ => piece.clone(),
        })
        .collect();
    let draft = Draft::new(made.about().clone(), pieces).expect("in order");
    let verdict = verdict(&story.ada.sign(&draft));
    assert!(failing(&verdict).contains(&Check::Redactions));
    let row = verdict.row(Check::Redactions).expect("there is one");
    assert_eq!(row.state, State::Fails);
    assert!(row.details[0].contains("nobody who may has erased it"), "{row:?}");
}
