use proofroom_ident::{BlobHash, ContentHash, HashWords as _, Millis, VersionHash};
use proofroom_review::{BlobKeyBytes, BlobRef, Manifest, ManifestError};

use crate::{file, manifest};

#[test]
fn a_version_is_identified_by_its_canonical_manifest() {
    let manifest = manifest("first", 1_700_000_000_000, &[]);
    let json = manifest.to_json().expect("small numbers");
    let content = ContentHash::of(b"hero.png");
    let (asset, author) = (manifest.asset, manifest.author);
    assert_eq!(
        json,
        format!(
            r#"{{"asset":"{asset}","author":"{author}","claimed_at":1700000000000,"files":[{{"bytes":3,"content":"{content}","media_type":"image/png","name":"hero.png"}}],"note":"first","parents":[]}}"#
        )
    );
    assert_eq!(manifest.hash(), Ok(VersionHash::of(json.as_bytes())));
    assert_eq!(Manifest::from_json(&json), Ok(manifest));
}

#[test]
fn another_spelling_of_a_manifest_is_refused() {
    let json = manifest("first", 1, &[]).to_json().expect("small numbers");
    for other in [
        json.replace(",\"note\"", ", \"note\""),
        json.replace("{\"asset\"", "{\"extra\":1,\"asset\""),
        json.replace("\"bytes\":3", "\"bytes\":3.0"),
        json.replace("adadad", "ADADAD"),
    ] {
        assert!(matches!(Manifest::from_json(&other), Err(ManifestError::Canonical(_))), "{other}");
    }
}

#[test]
fn manifests_that_break_a_rule_are_refused() {
    let good = manifest("first", 1, &[VersionHash::of(b"a"), VersionHash::of(b"b")]);
    assert_eq!(good.check(), Ok(()));
    let broken = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        manifest.check().expect_err("a broken rule")
    };
    assert!(matches!(broken(&|m| m.files.clear()), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.parents.reverse()), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.parents[1] = m.parents[0]), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.files.push(file("HERO.png"))), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.files[0].media_type = "png".into()), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.files[0].bytes = u64::MAX), ManifestError::Rule(_)));
    assert!(matches!(broken(&|m| m.note = "x".repeat(300_000)), ManifestError::Text(_)));
    assert!(matches!(broken(&|m| m.files[0].name = "gnp\u{202e}.exe".into()), ManifestError::Text(_)));
    assert!(Manifest { claimed_at: Millis(u64::MAX), ..good.clone() }.hash().is_err(), "no canonical form");
}

#[test]
fn a_file_name_cannot_leave_its_folder() {
    for name in
        ["..", ".", "../x", "a/b", "a\\b", "C:x", "x.", "x ", " x", "nul", "NUL.txt", "com1.png", "a*", "a|b"]
    {
        let mut manifest = manifest("first", 1, &[]);
        manifest.files[0].name = name.into();
        assert!(matches!(manifest.check(), Err(ManifestError::FileName(_))), "{name}");
    }
    for name in ["hero.png", ".htaccess", "Größe 2.psd", "console.txt", "a..b"] {
        let mut manifest = manifest("first", 1, &[]);
        manifest.files[0].name = name.into();
        assert_eq!(manifest.check(), Ok(()), "{name}");
    }
}

#[test]
fn a_blob_reference_reads_back_and_hides_its_key_from_logs() {
    let blob = BlobRef {
        blob: BlobHash::of(b"sealed"),
        key: BlobKeyBytes::from_bytes([0xab; 32]),
        bytes: 6,
        content: ContentHash::of(b"plain"),
    };
    let json = blob.to_json().expect("small numbers");
    assert!(json.contains(&"ab".repeat(32)));
    assert!(!format!("{blob:?}").contains("abab"), "{blob:?}");
    assert_eq!(BlobRef::from_json(&json), Ok(blob));
    assert!(BlobRef::from_json(&json.replace("abab", "ABAB")).is_err());
    assert!(BlobRef::from_json(&json.replace("abab", "ab")).is_err());
}
