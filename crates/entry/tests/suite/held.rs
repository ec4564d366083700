//! A relay's word.

use std::collections::BTreeMap;

use proofroom_entry::Held;
use proofroom_ident::{DocId, EntryHash, LogId, Millis, SigningSecret, WorkspaceId};

fn held() -> Held {
    let head = |n: u8| (LogId::from_bytes([n; 16]), (u64::from(n), EntryHash::from_bytes([n; 32])));
    Held {
        workspace: WorkspaceId::from_bytes([7; 32]),
        doc: DocId::from_bytes([8; 16]),
        heads: BTreeMap::from([head(1), head(2)]),
    }
}

#[test]
fn a_word_is_over_one_moment_and_these_entries_alone() {
    let relay = SigningSecret::from_seed(&[9; 32]);
    let (at, key) = (Millis(1_700_000_000_000), relay.public());
    let word = held().sign(at, &relay);
    assert_eq!(held().verify(at, key, &word), Ok(()));
    assert!(held().verify(Millis(at.0 - 1), key, &word).is_err(), "an earlier moment");
    assert!(held().verify(at, SigningSecret::from_seed(&[1; 32]).public(), &word).is_err(), "another relay");
    let others = [
        Held { workspace: WorkspaceId::from_bytes([6; 32]), ..held() },
        Held { doc: DocId::from_bytes([6; 16]), ..held() },
        Held { heads: held().heads.into_iter().take(1).collect(), ..held() },
        Held {
            heads: held().heads.into_iter().map(|(log, (seq, hash))| (log, (seq + 1, hash))).collect(),
            ..held()
        },
    ];
    for other in others {
        assert!(other.verify(at, key, &word).is_err(), "{other:?}");
    }
}
