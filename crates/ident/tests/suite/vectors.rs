//! Golden vectors: what other programs must derive from the same secrets.
//!
//! Set `PROOFROOM_BLESS=1` to write the file anew; every difference locks
//! people out of what they wrote before.

use std::path::PathBuf;

use data_encoding::HEXLOWER;
use proofroom_ident::{
    AssetId, Audience, ByteWriter, DeviceRecord, Millis, RecoveryPhrase, Vault, WorkspaceId,
};
use serde_json::{Value, json};

use crate::world::{laptop, phone, rng};

/// The last of BIP 39's English test vectors with 24 words.
const WORDS: &str = "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing \
                     screen patrol group space point ten exist slush involve unfold";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ident-1.json")
}

fn committed() -> Value {
    let text = std::fs::read_to_string(path()).expect("the vectors are committed");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn encoded(record: &DeviceRecord) -> String {
    let mut w = ByteWriter::default();
    record.encode(&mut w);
    HEXLOWER.encode(&w.finish())
}

#[test]
fn derivations_give_the_golden_bytes() {
    let phrase = RecoveryPhrase::parse(WORDS).expect("a published phrase");
    let person = phrase.person();
    let at = Millis(1_750_000_000_000);
    let workspace = WorkspaceId::from_bytes([0x11; 32]);
    let asset = AssetId::from_bytes([7; 16]);
    let vault = Vault { memory_kib: 8, passes: 1 }.seal("correct horse", b"secret", &mut rng(1));
    let derived = json!({
        "words": WORDS,
        "person": person.id(),
        "person_kex": phrase.kex().public(),
        "signature_of_hello_for_proofroom_1_test": person.sign("proofroom 1 test", b"hello"),
        "laptop_signing_seed": HEXLOWER.encode(laptop().signing.seed().as_ref()),
        "laptop_record_by_person": encoded(&DeviceRecord::by_person(&person, &laptop(), at)),
        "phone_record_by_laptop":
            encoded(&DeviceRecord::request(person.id(), &phone(), at).vouched_by(&laptop().signing)),
        "workspace": workspace,
        "plan_doc": workspace.plan_doc(),
        "asset": asset,
        "review_doc_everyone": workspace.review_doc(asset, Audience::Everyone),
        "review_doc_team": workspace.review_doc(asset, Audience::Team),
        "vault_passphrase": "correct horse",
        "vault_secret": HEXLOWER.encode(b"secret"),
        "vault": HEXLOWER.encode(&vault.expect("allowed costs")),
    });
    if std::env::var_os("PROOFROOM_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&derived).expect("plain values");
        std::fs::write(path(), text + "\n").expect("the folder is writable");
    }
    assert_eq!(committed(), derived);
}

#[test]
fn the_golden_vault_opens() {
    let golden = committed();
    let text = |field: &str| golden[field].as_str().expect("a text").to_owned();
    let sealed = HEXLOWER.decode(text("vault").as_bytes()).expect("hexadecimal digits");
    let secret = Vault::open(&text("vault_passphrase"), &sealed).expect("the right passphrase");
    assert_eq!(HEXLOWER.encode(&secret), text("vault_secret"));
}
