//! Identifiers as text and as names of documents.

use proofroom_ident::{
    AssetId, Audience, ContentHash, Digest, DocId, EntryHash, HashWords as _, LogClass, LogId, SignerKey,
    WorkspaceId,
};

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);

#[test]
fn hexadecimal_text_reads_back_in_either_case() {
    let id = AssetId::from_bytes(*b"0123456789abcdef");
    assert_eq!(id.to_string(), "30313233343536373839616263646566");
    assert_eq!(id.short(), "30313233");
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
    assert_eq!(format!("{id:?}"), "AssetId(30313233)");
}

#[test]
fn a_text_that_is_no_id_is_quoted_with_what_is_wanted() {
    let good = "30313233343536373839616263646566";
    for text in [
        "",
        "30",
        &good[1..],
        &format!("{good}00"),
        "g0313233343536373839616263646566",
        "é".repeat(16).as_str(),
    ] {
        let error = text.parse::<AssetId>().expect_err("not an id");
        assert_eq!(
            error.to_string(),
            format!("`{text}` is not an asset id: 32 hexadecimal digits are wanted")
        );
    }
    let error = "00".parse::<EntryHash>().expect_err("too short");
    assert_eq!((error.what, error.want), ("an entry hash", 64));
}

#[test]
fn a_long_text_is_not_repeated_whole() {
    let error = "x".repeat(1_000_000).parse::<LogId>().expect_err("too long");
    assert_eq!(error.text.len(), 80);
}

#[test]
fn json_carries_ids_as_text() {
    let id = AssetId::from_bytes([0xab; 16]);
    let json = serde_json::to_string(&id).expect("a text");
    assert_eq!(json, "\"abababababababababababababababab\"");
    assert_eq!(serde_json::from_str::<AssetId>(&json).ok(), Some(id));
    for wrong in ["\"ab\"", "7", "null", "[171]"] {
        assert!(serde_json::from_str::<AssetId>(wrong).is_err(), "{wrong}");
    }
    assert_eq!(serde_json::to_string(&Audience::Team).ok().as_deref(), Some("\"team\""));
}

#[test]
fn every_document_has_an_id_of_its_own() {
    let (one, other) = (AssetId::from_bytes([1; 16]), AssetId::from_bytes([2; 16]));
    let elsewhere = WorkspaceId::from_bytes([0x12; 32]);
    let mut all = vec![DocId::AUTHORITY];
    for workspace in [WORKSPACE, elsewhere] {
        all.push(workspace.plan_doc());
        for asset in [one, other] {
            all.extend(Audience::ALL.map(|audience| workspace.review_doc(asset, audience)));
        }
    }
    for (i, id) in all.iter().enumerate() {
        assert!(!all[i + 1..].contains(id));
    }
}

#[test]
fn a_documents_id_names_its_audience() {
    assert_eq!(DocId::AUTHORITY.audience(), Audience::Everyone);
    assert_eq!(WORKSPACE.plan_doc().audience(), Audience::Everyone);
    for n in 0..=255 {
        for audience in Audience::ALL {
            assert_eq!(WORKSPACE.review_doc(AssetId::from_bytes([n; 16]), audience).audience(), audience);
        }
    }
}

#[test]
fn a_logs_id_names_its_class_author_and_document() {
    let (ada, bo) = (SignerKey::from_bytes([1; 32]), SignerKey::from_bytes([2; 32]));
    let (plan, seed) = (WORKSPACE.plan_doc(), LogId::from_bytes([0xff; 16]));
    for class in LogClass::ALL {
        let log = LogId::of_author(ada, plan, class, seed);
        assert_eq!(log.class(), Some(class));
        assert!(log.is_of(ada, plan));
        assert!(!log.is_of(bo, plan) && !log.is_of(ada, DocId::AUTHORITY));
        assert_eq!(LogId::of_author(ada, plan, class, log), log, "a log's own id is a seed for it");
        let mut bytes = *log.as_bytes();
        bytes[0] ^= 0x40;
        assert!(!LogId::from_bytes(bytes).is_of(ada, plan), "the class cannot be altered alone");
    }
    assert_eq!(LogId::from_bytes([0xff; 16]).class(), None);
}

#[test]
fn audiences_come_from_known_bytes_only() {
    for audience in Audience::ALL {
        assert_eq!(Audience::from_byte(audience as u8), Some(audience));
    }
    assert!((2..=255).all(|byte| Audience::from_byte(byte).is_none()));
}

#[test]
fn hashes_are_blake3() {
    let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    assert_eq!(ContentHash::of(b"").to_hex(), empty);
    let (one, same) = (Digest::<DocId>::from_bytes([1; 32]), Digest::from_bytes([1; 32]));
    assert_eq!(one, same);
    assert_eq!(format!("{one:?}"), "Digest(01010101)");
}
