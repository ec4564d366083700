//! Certificates that were made once and are kept: they must be read for as long as there are verifiers.
//!
//! `PROOFROOM_GOLDEN=write cargo nextest run -p proofroom-verify golden` makes them anew; only a new
//! version of the format is a reason to.

use std::fs;
use std::path::PathBuf;

use proofroom_certificate::{Form, Piece, Subject, Withheld};
use proofroom_entry::EntryKind;
use proofroom_ident::{Millis, SigningSecret};
use proofroom_replica::Disclosure;
use proofroom_review::{Decision, RelayWord};
use proofroom_verify::{Check, verify_bytes};

use crate::vectors::{altered, at, decision, honest, membership_head, second_history, with_bytes};
use crate::world::{ASSET, Members, archive, begun, failing};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Name, members, and the checks that fail.
fn cases() -> Vec<(&'static str, Members, Vec<Check>)> {
    let (mut story, draft) = honest();
    let outline = story.ada.draft(story.v2, Disclosure::DecisionsOnly);
    let approval = at(draft.pieces(), EntryKind::Approval, 0);
    let change = at(draft.pieces(), EntryKind::Change, 1);
    let head = membership_head(&draft);
    let mut out = vec![
        ("approved", story.ada.certify(story.v2), vec![]),
        ("decisions-only", story.cy.sign(&outline), vec![]),
    ];
    let (draft, v2) = (&draft, story.v2);
    let cy = &story.cy;
    out.push((
        "refused-altered",
        altered(cy, draft, |_, pieces| pieces[approval] = with_bytes(&pieces[approval], |b| b[203] ^= 1)),
        vec![Check::Signatures, Check::Membership, Check::Gaps],
    ));
    out.push(("refused-gap", altered(cy, draft, |_, pieces| drop(pieces.remove(change))), vec![Check::Gaps]));
    out.push((
        "refused-twice",
        altered(cy, draft, |_, pieces| {
            let other = second_history(&pieces[approval]);
            pieces.push(other);
        }),
        vec![Check::Equivocations],
    ));
    out.push((
        "refused-stranger",
        altered(cy, draft, |_, pieces| {
            pieces.push(decision(story.ada.replica.workspace(), "mallory", head, v2))
        }),
        vec![Check::Signers],
    ));
    out.push((
        "refused-version",
        altered(cy, draft, |about, _| about.subject = Subject::Version { asset: ASSET, version: story.v1 }),
        vec![Check::Route],
    ));
    out.push((
        "refused-withheld",
        altered(cy, draft, |_, pieces| {
            let bytes = pieces[approval].entry().expect("shown").bytes().to_vec();
            pieces[approval] = Piece::new(Form::Withheld(Withheld::NotShown), &bytes).expect("an entry");
        }),
        vec![Check::Redactions],
    ));
    out.push(("witnessed", witnessed(), vec![]));
    out.push(("held", held(), vec![]));
    let mut erased = crate::erased::erased();
    out.push(("erased", erased.ada.certify(erased.v2), vec![]));
    let mut begun = begun();
    begun.bo.decide(Decision::Rejected, begun.v2);
    out.push(("refused-rejected", begun.bo.certify(begun.v2), vec![Check::Route]));
    out
}

/// The approval with a receipt of somebody else, and a time stamp that is none.
fn witnessed() -> Members {
    let mut story = crate::world::story();
    let draft = story.cy.act(|r, s| r.draft_witness(s.store, ASSET, false, s.now));
    let statement = draft.expect("it is here").expect("bo decided after cy");
    story.cy.act(|r, s| r.witness(s, &statement.with_token(b"none"))).expect("a member witnesses");
    story.bo.hear(&story.cy);
    story.bo.certify(story.v2)
}

/// The approval with receipts that carry a relay's word: a good one, and one that the relay never gave.
fn held() -> Members {
    let mut story = crate::world::story();
    let [relay, other] = [42, 43].map(|seed| SigningSecret::from_seed(&[seed; 32]));
    crate::world::worded(&mut story.bo, &relay, |word| word);
    crate::world::worded(&mut story.bo, &other, |word| RelayWord { at: Millis(word.at.0 - 5_000), ..word });
    story.bo.certify(story.v2)
}

#[test]
fn golden_certificates_verify_as_they_did_when_they_were_made() {
    if std::env::var_os("PROOFROOM_GOLDEN").is_some() {
        fs::create_dir_all(folder()).expect("a folder can be made");
        for (name, members, _) in cases() {
            let bytes = archive(&members).to_bytes().expect("small");
            fs::write(folder().join(format!("{name}.zip")), bytes).expect("there is room");
        }
    }
    for (name, _, expected) in cases() {
        let bytes = fs::read(folder().join(format!("{name}.zip"))).expect("it is committed");
        let verdict = verify_bytes(&bytes);
        let fails = failing(&verdict);
        assert_eq!(verdict.holds, expected.is_empty(), "{name}: {fails:?}");
        let found = expected.iter().any(|check| fails.contains(check));
        assert!(found || expected.is_empty(), "{name}: {fails:?}");
    }
}
