//! Golden vectors: the bytes that other programs must read and write alike.
//!
//! Set `PROOFROOM_BLESS=1` to write the file anew; every difference is a change
//! of the format, and needs a new version byte.

use std::path::PathBuf;

use data_encoding::HEXLOWER;
use proofroom_entry::{Draft, Header, LogTip, LogWriter, Signed, Verified};
use proofroom_ident::{SigningSecret, WorkspaceId};
use serde_json::{Value, json};

use crate::world;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/entry-1.json")
}

fn committed() -> Vec<Value> {
    let text = std::fs::read_to_string(path()).expect("the vectors are committed");
    serde_json::from_str(&text).expect("the vectors are a JSON list")
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{}: no {field}", vector["name"]))
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(vector, field).as_bytes()).expect("hexadecimal digits")
}

fn describe(name: &str, secret: &SigningSecret, entry: &Verified) -> Value {
    let h = entry.header();
    json!({
        "name": name,
        "author_seed": HEXLOWER.encode(secret.seed().as_ref()),
        "kind": h.kind as u8,
        "audience": h.audience as u8,
        "workspace": h.workspace,
        "doc": h.doc,
        "author": h.author,
        "log": h.log,
        "seq": h.seq,
        "prev": h.prev,
        "prev_log_head": h.prev_log_head,
        "auth_head": h.auth_head,
        "claimed_at": h.claimed_at,
        "key": h.key,
        "nonce": h.nonce,
        "tip_commit": HEXLOWER.encode(&h.tip_commit),
        "payload": HEXLOWER.encode(entry.payload()),
        "entry": HEXLOWER.encode(entry.bytes()),
        "hash": entry.hash(),
        "belongs_to": entry.workspace(),
    })
}

#[test]
fn writing_gives_the_golden_bytes() {
    let written: Vec<Value> = world::all().iter().map(|(n, secret, e)| describe(n, secret, e)).collect();
    if std::env::var_os("PROOFROOM_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&written).expect("plain values");
        std::fs::write(path(), text + "\n").expect("the folder is writable");
    }
    for (golden, written) in committed().iter().zip(&written) {
        assert_eq!(golden, written);
    }
    assert_eq!(committed().len(), written.len());
}

#[test]
fn golden_bytes_decode_verify_and_describe_themselves() {
    for golden in committed() {
        let name = text(&golden, "name");
        let entry = Signed::decode(bytes(&golden, "entry")).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(entry.claims().encode(), bytes(&golden, "entry")[..proofroom_entry::HEADER_BYTES]);
        let belongs_to: WorkspaceId = text(&golden, "belongs_to").parse().expect("a workspace id");
        let entry = entry.verify(belongs_to).unwrap_or_else(|e| panic!("{name}: {e}"));
        let seed = bytes(&golden, "author_seed").try_into().expect("32 bytes");
        assert_eq!(describe(name, &SigningSecret::from_seed(&seed), &entry), golden);
    }
}

/// From the fields alone, as another implementation would start.
#[test]
fn golden_fields_encode_to_the_golden_bytes() {
    for golden in committed() {
        let read = Signed::decode(bytes(&golden, "entry")).expect("it decodes, see above");
        let h: Header = *read.claims();
        let tip = LogTip {
            doc: h.doc,
            log: h.log,
            author: h.author,
            audience: h.audience,
            seq: h.seq - 1,
            hash: h.prev,
        };
        let mut log = if h.seq == 1 {
            LogWriter::begin(h.workspace, h.doc, h.kind.class(), h.author, h.log, h.prev_log_head)
        } else {
            LogWriter::resume(h.workspace, &tip)
        };
        let draft = Draft {
            kind: h.kind,
            auth_head: h.auth_head,
            claimed_at: h.claimed_at,
            key: h.key,
            nonce: h.nonce,
            tip_commit: h.tip_commit,
        };
        let seed = bytes(&golden, "author_seed").try_into().expect("32 bytes");
        let entry = log.append(&draft, &bytes(&golden, "payload"), &SigningSecret::from_seed(&seed));
        assert_eq!(entry.expect("canonical").bytes()[..], bytes(&golden, "entry"));
    }
}
