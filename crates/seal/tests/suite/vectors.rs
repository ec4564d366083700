//! Golden vectors: what other programs must derive, seal and open alike.
//!
//! Set `PROOFROOM_BLESS=1` to write the file anew; every difference is a change
//! of the format.

use std::path::PathBuf;

use data_encoding::HEXLOWER;
use proofroom_entry::{Header, seal_aad};
use proofroom_ident::{ByteReader, KexSecret, Nonce};
use proofroom_seal::{
    BlobKey, EpochKey, InviteSecret, SealKey, WrapInfo, link, open, seal, tip_commit, unlink, unwrap, wrap,
};
use serde_json::{Value, json};

use crate::world::{WORKSPACE, epoch, header, info, kex, rng};

const GOLDEN: &str = "seal-1.json";

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file)
}

fn committed(file: &str) -> Value {
    let text = std::fs::read_to_string(path(file)).expect("the vectors are committed");
    serde_json::from_str(&text).expect("the vectors are JSON")
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    let text = vector[field].as_str().unwrap_or_else(|| panic!("{vector}: no {field}"));
    HEXLOWER.decode(text.as_bytes()).expect("hexadecimal digits")
}

fn array<const N: usize>(vector: &Value, field: &str) -> [u8; N] {
    bytes(vector, field).try_into().unwrap_or_else(|_| panic!("{field} has {N} bytes"))
}

fn payload(name: &str, plain: &[u8]) -> Value {
    let (key, h) = (epoch(1), header(&epoch(1)));
    let entry_key = SealKey::for_doc(&key, h.doc).entry_key(&h.nonce);
    let change = [0x33; 32];
    json!({
        "name": name,
        "epoch_key": hex(key.as_bytes()),
        "key_id": key.id(),
        "header": hex(&h.encode()),
        "associated_data": hex(&seal_aad(&h)),
        "entry_key": hex(entry_key.as_bytes()),
        "plain": hex(plain),
        "payload": hex(&seal(&key, &h, plain).expect("small")),
        "change_hash": hex(&change),
        "tip_commit": hex(&tip_commit(&key, h.doc, &change)),
    })
}

fn bound_to(info: &WrapInfo) -> Value {
    json!({"workspace": info.workspace, "audience": info.audience as u8, "key_id": info.key})
}

fn wraps() -> Value {
    let (key, bo) = (epoch(1), kex(2));
    let sealed = wrap(&key, &bo.public(), &info(&key), &mut rng()).expect("a usable key");
    json!({
        "recipient_secret": hex(bo.seed().as_ref()),
        "recipient": bo.public(),
        "bound_to": bound_to(&info(&key)),
        "enc": hex(&sealed.enc),
        "sealed": hex(&sealed.sealed),
        "epoch_key": hex(key.as_bytes()),
    })
}

fn links() -> Value {
    let (new, old) = (epoch(1), epoch(2));
    let sealed = link(&new, &old, &info(&old), &mut rng()).expect("the keys fit");
    json!({
        "newer": hex(new.as_bytes()),
        "older": hex(old.as_bytes()),
        "bound_to": bound_to(&info(&old)),
        "nonce": sealed.nonce,
        "sealed": hex(&sealed.sealed),
    })
}

fn blob() -> Value {
    let (key, plain) = ([0xb1; 32], b"a frame".repeat(20));
    let mut cipher = plain.clone();
    BlobKey::from_bytes(key).apply(1_000_003, &mut cipher).expect("within the limit");
    json!({"key": hex(&key), "offset": 1_000_003, "plain": hex(&plain), "cipher": hex(&cipher)})
}

fn invite() -> Value {
    let invite = InviteSecret::from_seed([0x1e; 32]);
    json!({
        "seed": hex(invite.seed().as_ref()),
        "id": invite.id(),
        "kex": invite.kex().public(),
        "domain": "proofroom 1 test",
        "message": hex(WORKSPACE.as_bytes()),
        "signature": invite.sign("proofroom 1 test", WORKSPACE.as_bytes()),
    })
}

#[test]
fn sealing_gives_the_golden_bytes() {
    let sealed = json!({
        "payloads": [
            payload("empty", b""),
            payload("stored", b"too short to deflate"),
            payload("padded to the Padme length", &(0..=255).collect::<Vec<u8>>()),
        ],
        "wrap": wraps(),
        "link": links(),
        "blob": blob(),
        "invite": invite(),
    });
    if std::env::var_os("PROOFROOM_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&sealed).expect("plain values");
        std::fs::write(path(GOLDEN), text + "\n").expect("the folder is writable");
    }
    assert_eq!(committed(GOLDEN), sealed);
}

#[test]
fn golden_payloads_open() {
    let all = committed(GOLDEN);
    for golden in all["payloads"].as_array().expect("a list") {
        let key = EpochKey::from_bytes(array(golden, "epoch_key"));
        let encoded = bytes(golden, "header");
        let h = Header::decode(&mut ByteReader::new(&encoded)).expect("a canonical header");
        let plain = open(&key, &h, &bytes(golden, "payload"), 1_000).expect("sealed under this key");
        assert_eq!(*plain, bytes(golden, "plain"));
        assert_eq!(tip_commit(&key, h.doc, &array(golden, "change_hash")), array(golden, "tip_commit"));
    }
}

/// A deflater may improve, so its bytes are golden for opening only.
#[test]
fn a_golden_deflated_payload_opens() {
    let (key, h) = (epoch(1), header(&epoch(1)));
    if std::env::var_os("PROOFROOM_BLESS").is_some() {
        let plain = bytes(&committed("deflated-1.json"), "plain");
        let payload = seal(&key, &h, &plain).expect("a usable key");
        let text = serde_json::to_string_pretty(&json!({"payload": hex(&payload), "plain": hex(&plain)}));
        std::fs::write(path("deflated-1.json"), text.expect("plain values") + "\n")
            .expect("the folder is writable");
    }
    let golden = committed("deflated-1.json");
    let plain = open(&key, &h, &bytes(&golden, "payload"), 10_000).expect("sealed under this key");
    assert_eq!(*plain, bytes(&golden, "plain"));
}

#[test]
fn golden_wraps_links_and_blobs_open() {
    let all = committed(GOLDEN);
    let golden = &all["wrap"];
    let bo = KexSecret::from_seed(&array(golden, "recipient_secret"));
    let key = unwrap(&bo, &array(golden, "enc"), &array(golden, "sealed"), &info(&epoch(1)));
    assert_eq!(key.expect("wrapped to bo").as_bytes()[..], bytes(golden, "epoch_key"));

    let golden = &all["link"];
    let newer = EpochKey::from_bytes(array(golden, "newer"));
    let nonce = Nonce::from_bytes(array(golden, "nonce"));
    let older = unlink(&newer, &nonce, &array(golden, "sealed"), &info(&epoch(2)));
    assert_eq!(older.expect("linked under the newer").as_bytes()[..], bytes(golden, "older"));

    let golden = &all["blob"];
    let mut film = bytes(golden, "cipher");
    let offset = golden["offset"].as_u64().expect("a number");
    BlobKey::from_bytes(array(golden, "key")).apply(offset, &mut film).expect("within the limit");
    assert_eq!(film, bytes(golden, "plain"));
}
