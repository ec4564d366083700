//! Certificates: what one costs to make, and to verify against its bare signature checks and hashes.

use proofroom_certificate::{Archive, CERTIFICATE_NAME, Certificate, Draft, Subject};
use proofroom_entry::{SIGNED_BYTES, Signed};
use proofroom_ident::{Audience, VersionHash};
use proofroom_replica::Disclosure;
use proofroom_review::{Category, PlanEdit};
use proofroom_verify::verify;
use serde_json::json;

use crate::RUNS;
use crate::clock::{median, now, report, short, timed};
use crate::world::{ASSET, Peer, store};

pub fn run(entries: usize, comments: usize) {
    let (mut ada, version) = scene(entries);
    for disclosure in [Disclosure::Full, Disclosure::DecisionsOnly] {
        verifying(&mut ada, version, disclosure, entries);
    }
    making(comments);
}

fn scene(comments: usize) -> (Peer, VersionHash) {
    let mut ada = Peer::founder(1, store(None));
    ada.audience = Audience::Everyone;
    let add =
        PlanEdit::AddAsset { id: ASSET, name: "Hero".into(), category: Category::Visual, request: None };
    ada.with(|r, step| r.edit_plan(step, &[add])).expect("an owner adds assets");
    let version = ada.version(ASSET);
    ada.comments(comments);
    (ada, version)
}

fn draft(peer: &mut Peer, version: VersionHash, disclosure: Disclosure) -> Draft {
    let subject = Subject::Version { asset: ASSET, version };
    peer.replica.certificate(peer.store.as_ref(), subject, disclosure, now()).expect("all is here")
}

fn signed(peer: &Peer, draft: &Draft) -> Vec<u8> {
    peer.replica.sign_certificate(draft, Vec::new(), now()).expect("it is small")
}

/// All that cannot be saved: each signature checked once, each payload hashed once.
fn bare(certificate: &Certificate) -> usize {
    let workspace = certificate.about().workspace;
    let sound = certificate.pieces().iter().filter(|piece| match piece.entry() {
        Some(entry) => Signed::verify(entry, workspace).is_ok(),
        None => piece.head().clone().verify(workspace).is_ok(),
    });
    sound.count()
}

fn verifying(ada: &mut Peer, version: VersionHash, disclosure: Disclosure, comments: usize) {
    let draft = draft(ada, version, disclosure);
    let bytes = signed(ada, &draft);
    let (mut bares, mut wholes) = (Vec::new(), Vec::new());
    let mut pieces = 0;
    for _ in 0..RUNS {
        let certificate = Certificate::decode(&bytes).expect("it was made here");
        pieces = certificate.pieces().len();
        let (took, sound) = timed(|| bare(&certificate));
        assert_eq!(sound, pieces);
        bares.push(took);
        let (took, verdict) = timed(|| {
            let mut archive = Archive::default();
            archive.add(CERTIFICATE_NAME, &bytes).expect("a plain name");
            verify(&archive)
        });
        let record = verdict.record.expect("it was read");
        let shown = if disclosure == Disclosure::Full { comments } else { 0 };
        assert_eq!(record.assets[0].comments.len(), shown);
        wholes.push(took);
    }
    let (bare, whole) = (median(&bares), median(&wholes));
    report(&json!({
        "bench": "certificate_verify", "shown": format!("{disclosure:?}"), "entries": pieces, "bytes": bytes.len(), "runs": RUNS,
        "bare_ms": short(bare), "verify_ms": short(whole), "ratio": short(whole / bare),
        "bare_us_per_entry": short(bare * 1e3 / pieces as f64), "signed_bytes": SIGNED_BYTES,
    }));
}

fn making(comments: usize) {
    let (mut ada, version) = scene(comments);
    let (mut drafts, mut wholes) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for _ in 0..RUNS {
        let (took, draft) = timed(|| draft(&mut ada, version, Disclosure::Full));
        drafts.push(took);
        let (took, made) = timed(|| {
            let signed = signed(&ada, &draft);
            let mut archive = Archive::default();
            archive.add(CERTIFICATE_NAME, &signed).expect("a plain name");
            let verdict = verify(&archive);
            let blocks = proofroom_paper::layout(&verdict);
            let html = proofroom_paper::html("Bench", &blocks);
            let pdf = proofroom_pdf::pdf("Bench", &blocks, now()).expect("it is written");
            (signed.len(), html.len(), pdf.len())
        });
        assert!(made.1 > comments * 100);
        bytes = made.0 + made.1 + made.2;
        wholes.push(took);
    }
    let (gather, rest) = (median(&drafts), median(&wholes));
    report(&json!({
        "bench": "certificate_make", "comments": comments, "runs": RUNS, "bytes": bytes,
        "gather_ms": short(gather), "verify_and_reports_ms": short(rest), "make_ms": short(gather + rest),
    }));
}
