//! The committed bytes of every operation: they decode to these operations,
//! and these operations encode to them. Whoever changes the layout breaks this.
//!
//! `PROOFROOM_BLESS=1 cargo nextest run -p proofroom-authority vectors`
//! writes the file anew, for a deliberate change of version.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use proofroom_authority::{Cut, Erased, Linked, Op, Role, Wrapped, sign_accept, verify_accept};
use proofroom_ident::{
    Audience, BlobHash, DeviceRecord, DeviceSecrets, DocId, EntryHash, InviteId, KexPublic, KeyId, LogId,
    Millis, Nonce, PersonSecret, SignerKey, SigningSecret, WorkspaceId,
};
use rand_core::SeedableRng as _;
use serde_json::{Value, json};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/ops.json")
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn unhex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().expect("a text").as_bytes()).expect("hexadecimal")
}

fn secrets() -> DeviceSecrets {
    DeviceSecrets::generate(&mut rand_chacha::ChaCha20Rng::seed_from_u64(7))
}

fn by_person() -> DeviceRecord {
    DeviceRecord::by_person(&PersonSecret::from_seed(&[1; 32]), &secrets(), Millis(1_700_000_000_000))
}

fn by_device() -> DeviceRecord {
    let person = PersonSecret::from_seed(&[1; 32]).id();
    let other = SigningSecret::from_seed(&[2; 32]);
    DeviceRecord::request(person, &secrets(), Millis(1_700_000_000_001)).vouched_by(&other)
}

fn workspace() -> WorkspaceId {
    WorkspaceId::from_bytes([0x3c; 32])
}

fn invite_secret() -> SigningSecret {
    SigningSecret::from_seed(&[3; 32])
}

fn invite() -> InviteId {
    InviteId::from_bytes(*invite_secret().public().as_bytes())
}

fn cut() -> Arc<Cut> {
    let log = |n| LogId::from_bytes([n; 16]);
    let last = |seq, n| (seq, EntryHash::from_bytes([n; 32]));
    let doc = DocId::from_bytes([0x0d; 16]);
    Arc::new(
        [
            ((DocId::AUTHORITY, log(2)), last(3, 0xa1)),
            ((doc, log(1)), last(1 << 40, 0xa2)),
            ((doc, log(2)), last(9, 0xa3)),
        ]
        .into(),
    )
}

fn wraps() -> Arc<[Wrapped]> {
    [1, 2]
        .map(|n| Wrapped { to: KexPublic::from_bytes([n; 32]), enc: [n + 16; 32], sealed: [n + 32; 48] })
        .into()
}

fn links() -> Arc<[Linked]> {
    let link = |n| Linked {
        key: KeyId::from_bytes([n; 16]),
        nonce: Nonce::from_bytes([n + 1; 24]),
        sealed: [n + 2; 48],
    };
    [link(0x50), link(0x60)].into()
}

fn erased() -> Arc<[Erased]> {
    let (doc, log) = (DocId::from_bytes([0x0d; 16]), LogId::from_bytes([1; 16]));
    [1, 2].map(|seq| Erased { doc, log, seq, hash: EntryHash::from_bytes([0x70; 32]) }).into()
}

fn blobs() -> Arc<[BlobHash]> {
    [1, 2].map(|n| BlobHash::from_bytes([n; 32])).into()
}

fn ops() -> Vec<(&'static str, Op)> {
    let recovery = Some(KexPublic::from_bytes([0x4b; 32]));
    let person = PersonSecret::from_seed(&[1; 32]).id();
    let (kex, key, empty) =
        (KexPublic::from_bytes([0x6b; 32]), KeyId::from_bytes([0x7e; 16]), Arc::default());
    let proof = sign_accept(workspace(), by_person().signing, person, |d, m| invite_secret().sign(d, m));
    vec![
        ("genesis", Op::Genesis { device: by_person(), recovery, nonce: [0x4e; 32] }),
        ("add device by the person's key", Op::AddDevice { device: by_person(), recovery }),
        ("add device by another device", Op::AddDevice { device: by_device(), recovery: None }),
        ("remove device", Op::RemoveDevice { signer: SignerKey::from_bytes([0x51; 32]), cut: cut() }),
        (
            "invite that expires",
            Op::Invite {
                id: invite(),
                kex,
                role: Role::Reviewer,
                uses: 3,
                expires: Some(Millis(1_800_000_000_000)),
            },
        ),
        (
            "invite without end",
            Op::Invite { id: invite(), kex, role: Role::Relay, uses: 10_000, expires: None },
        ),
        ("revoke invite", Op::RevokeInvite { id: invite() }),
        ("accept", Op::Accept { invite: invite(), device: by_person(), recovery, proof }),
        ("lower a role", Op::SetRole { person, role: Role::Guest, cut: cut() }),
        ("raise a role", Op::SetRole { person, role: Role::Owner, cut: empty }),
        ("remove", Op::Remove { person, cut: cut() }),
        ("extend cut", Op::ExtendCut { removal: EntryHash::from_bytes([0x52; 32]), cut: cut() }),
        ("rotate key", Op::RotateKey { audience: Audience::Team, key, wraps: wraps(), previous: links() }),
        ("share key", Op::ShareKey { audience: Audience::Everyone, key, wraps: wraps() }),
        ("merge", Op::Merge),
        (
            "erase",
            Op::Erase { statement: EntryHash::from_bytes([0x53; 32]), entries: erased(), blobs: blobs() },
        ),
    ]
}

fn parents(name: &str) -> Vec<EntryHash> {
    match name {
        "genesis" => Vec::new(),
        "merge" => [1, 2, 0xff].map(|n| EntryHash::from_bytes([n; 32])).into(),
        _ => vec![EntryHash::from_bytes([0x11; 32])],
    }
}

fn text(payload: &[u8]) -> String {
    match Op::decode(payload) {
        Ok((_, op)) => format!("decodes as {}", op.name()),
        Err(error) => error.to_string(),
    }
}

/// Payloads that differ from a good one in one place, and must not decode.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let merge = Op::Merge.encode(&parents("merge"));
    let find = |name: &str| {
        let ops = ops();
        let (name, op) = ops.iter().find(|(n, _)| *n == name).expect("in the list");
        op.encode(&parents(name))
    };
    let edit = |mut bytes: Vec<u8>, at: usize, value: u8| {
        bytes[at] = value;
        bytes
    };
    let body = 3 + 32;
    let (invite, remove, rotate) = (find("invite that expires"), find("remove"), find("rotate key"));
    let erase = find("erase");
    vec![
        ("an empty payload", Vec::new()),
        ("a later version", edit(merge.clone(), 0, 2)),
        ("a parent twice", [&merge[..35], &merge[3..35], &merge[67..]].concat()),
        ("more parents than bytes", edit(merge.clone(), 1, 4)),
        ("too many parents", edit(merge.clone(), 2, 1)),
        ("an unknown tag", edit(merge.clone(), merge.len() - 1, 14)),
        ("a byte too many", [merge.as_slice(), &[0]].concat()),
        ("a byte too few", merge[..merge.len() - 1].to_vec()),
        ("an unknown role", edit(invite.clone(), body + 65, 5)),
        ("an invite without uses", edit(invite.clone(), body + 66, 0)),
        ("an invite of too many uses", edit(invite.clone(), body + 68, 1)),
        ("an unknown tag of an optional value", edit(invite, body + 70, 2)),
        ("a cut that does not ascend", edit(remove.clone(), body + 37 + 2 * 72 + 16, 0)),
        ("a cut longer than its bytes", edit(remove.clone(), body + 33, 4)),
        ("a cut over the limit", edit(remove, body + 36, 1)),
        ("an unknown audience", edit(rotate.clone(), body + 1, 2)),
        ("wraps that do not ascend", edit(rotate, body + 22, 3)),
        ("an erased statement", edit(erase.clone(), body + 37 + 16, 0x41)),
        ("an entry erased twice", edit(erase.clone(), body + 37 + 72 + 32, 1)),
        ("a file erased twice", edit(erase, body + 37 + 2 * 72 + 4 + 32, 0)),
    ]
}

fn vectors() -> Value {
    let ops: Vec<Value> = ops()
        .into_iter()
        .map(|(name, op)| {
            let parents = parents(name);
            let hashes: Vec<String> = parents.iter().map(EntryHash::to_hex).collect();
            json!({ "name": name, "parents": hashes, "payload": hex(&op.encode(&parents)) })
        })
        .collect();
    let broken: Vec<Value> = broken()
        .into_iter()
        .map(|(name, payload)| json!({ "name": name, "payload": hex(&payload), "error": text(&payload) }))
        .collect();
    json!({ "format": "proofroom authority operation 1", "operations": ops, "refused": broken })
}

fn committed() -> Value {
    let text = std::fs::read_to_string(path()).expect("tests/vectors/ops.json is committed");
    serde_json::from_str(&text).expect("it is JSON")
}

/// With `PROOFROOM_BLESS=1` it writes the file anew: every difference is a change of format.
#[test]
fn the_committed_vectors_have_not_drifted() {
    if std::env::var_os("PROOFROOM_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&vectors()).expect("plain data");
        std::fs::write(path(), text + "\n").expect("the folder is there");
    }
    assert_eq!(committed(), vectors());
}

#[test]
fn operations_encode_to_the_committed_bytes_and_decode_from_them() {
    let committed = committed();
    let vectors = committed["operations"].as_array().expect("a list");
    let ops = ops();
    assert_eq!(vectors.len(), ops.len());
    for (vector, (name, op)) in vectors.iter().zip(&ops) {
        assert_eq!(vector["name"], *name);
        let payload = unhex(&vector["payload"]);
        assert_eq!(op.encode(&parents(name)), payload, "{name}");
        assert_eq!(Op::decode(&payload), Ok((parents(name), op.clone())), "{name}");
    }
    let kinds: BTreeSet<&str> = ops.iter().map(|(_, op)| op.name()).collect();
    assert_eq!(kinds.len(), 13, "every kind of operation is there");
}

#[test]
fn broken_payloads_are_refused_for_the_reason_that_is_committed() {
    for vector in committed()["refused"].as_array().expect("a list") {
        let payload = unhex(&vector["payload"]);
        assert!(Op::decode(&payload).is_err(), "{}", vector["name"]);
        assert_eq!(text(&payload), vector["error"].as_str().expect("a text"), "{}", vector["name"]);
    }
}

#[test]
fn the_signatures_inside_the_committed_operations_hold() {
    for (name, op) in ops() {
        if let Some(device) = op.introduces() {
            assert_eq!(device.verify(), Ok(()), "{name}");
        }
        if let Op::Accept { invite, device, proof, .. } = &op {
            assert_eq!(verify_accept(workspace(), *invite, device, proof), Ok(()));
            let elsewhere = WorkspaceId::from_bytes([0; 32]);
            assert!(verify_accept(elsewhere, *invite, device, proof).is_err());
        }
    }
}

mod hostile {
    use super::{ops, parents};
    use proofroom_authority::Op;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read_back_to_themselves(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((parents, op)) = Op::decode(&bytes) {
                prop_assert_eq!(op.encode(&parents), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_refused_or_reads_back_to_itself(
            which in 0..15_usize, at in any::<prop::sample::Index>(), value in any::<u8>(),
        ) {
            let (name, op) = &ops()[which];
            let mut bytes = op.encode(&parents(name));
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok((parents, op)) = Op::decode(&bytes) {
                prop_assert_eq!(op.encode(&parents), bytes);
            }
        }
    }
}
