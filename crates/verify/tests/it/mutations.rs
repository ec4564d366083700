//! A mutation fuzzer over whole archives: nothing that is altered verifies, and nothing panics.

use std::sync::OnceLock;

use proofroom_certificate::{Archive, Certificate, Maker, Piece};
use proofroom_ident::{ContentHash, HashWords as _};
use proofroom_review::canonical_json;
use proofroom_verify::{Check, Verdict, verify_bytes};
use proptest::prelude::*;

use crate::world::{archive, story, verdict};

/// One honest archive, made once.
fn honest() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut story = story();
        let members = story.ada.certify(story.v2);
        archive(&members).to_bytes().expect("small")
    })
}

fn rejected(bytes: &[u8]) -> Verdict {
    let verdict = verify_bytes(bytes);
    assert!(!verdict.holds, "{} altered bytes verify", bytes.len());
    verdict
}

#[test]
fn the_honest_archive_verifies_and_every_flipped_byte_is_rejected() {
    let honest = honest();
    assert!(verify_bytes(honest).holds);
    // The reader's layers, at every byte: whatever is altered is refused by form or by signature.
    for at in 0..honest.len() {
        let mut bytes = honest.to_vec();
        bytes[at] ^= 1 << (at % 8);
        let refused = match Archive::decode(&bytes) {
            Err(_) => true,
            Ok(archive) => {
                let certificate = archive.get("certificate.bin").map(Certificate::decode);
                !matches!(certificate, Some(Ok(c)) if c.check_signature().is_ok())
                    || archive.get("report.html")
                        != Archive::decode(honest).expect("honest").get("report.html")
            }
        };
        assert!(refused, "byte {at} of {}", honest.len());
    }
}

/// What of a record the pieces prove: everything but why a withheld entry is withheld.
fn proved(mut verdict: Verdict) -> Verdict {
    if let Some(record) = &mut verdict.record {
        record.redactions.clear();
    }
    verdict.rows.retain(|row| row.check != Check::Redactions);
    verdict
}

#[test]
fn a_member_who_alters_a_byte_of_an_entry_and_signs_the_whole_again_proves_nothing_else() {
    let mut story = story();
    let members = story.ada.certify(story.v2);
    let honest = proved(verdict(&members));
    let (name, bytes) = &members[0];
    let certificate = Certificate::decode(bytes).expect("honest");
    let first = certificate.pieces().first().and_then(Piece::entry).expect("shown").bytes().to_vec();
    let from = bytes.windows(first.len()).position(|w| w == first).expect("it is in there") - 5;
    let maker = canonical_json(certificate.maker()).expect("canonical");
    let to = bytes.len() - 64 - maker.len() - 4;
    let cy = &story.cy.replica.me().secrets.signing;
    let resigned = |body: &[u8]| {
        let signed = canonical_json(&Maker {
            device: cy.public(),
            person: story.cy.person(),
            ..certificate.maker().clone()
        });
        let signed = signed.expect("canonical");
        let len = u32::try_from(signed.len()).expect("short");
        let mut out = [body, &len.to_le_bytes(), signed.as_bytes()].concat();
        let hash = ContentHash::of(&out);
        out.extend_from_slice(cy.sign("proofroom 1 certificate", hash.as_bytes()).as_bytes());
        verdict(&vec![(name.clone(), out), members[1].clone()])
    };
    assert!(resigned(&bytes[..to]).holds, "the way of signing again is the right one");
    for at in (from..to).step_by(101) {
        let mut body = bytes[..to].to_vec();
        body[at] ^= 1 << (at % 8);
        let found = resigned(&body);
        if found.holds {
            let (mut found, mut honest) = (proved(found), honest.clone());
            let makers = found.record.iter_mut().chain(&mut honest.record);
            makers.for_each(|r| r.maker.attachments.clear());
            let (found, honest) = (found.record.expect("read"), honest.record.expect("read"));
            assert_eq!(format!("{:?}", found.assets), format!("{:?}", honest.assets), "byte {at}");
            assert_eq!(found.people, honest.people, "byte {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_run_of_altered_bytes_verifies(at in any::<prop::sample::Index>(), run in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut bytes = honest().to_vec();
        let at = at.index(bytes.len());
        let end = (at + run.len()).min(bytes.len());
        bytes[at..end].copy_from_slice(&run[..end - at]);
        prop_assume!(bytes != honest());
        rejected(&bytes);
    }

    #[test]
    fn nothing_left_out_put_in_or_repeated_verifies(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        what in 0..3u8,
        len in 1..2_000usize,
    ) {
        let honest = honest();
        let (from, to) = (from.index(honest.len()), to.index(honest.len()));
        let end = (from + len).min(honest.len());
        let bytes = match what {
            0 => [&honest[..from], &honest[end..]].concat(),
            1 => [&honest[..to], &honest[from..end], &honest[to..]].concat(),
            _ => honest[..from].to_vec(),
        };
        prop_assume!(bytes != honest);
        rejected(&bytes);
    }

    #[test]
    fn no_bytes_at_all_make_the_verifier_panic(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        rejected(&bytes);
    }
}
