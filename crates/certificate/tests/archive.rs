//! The archive has one spelling, and every archive program can read it.

use std::collections::BTreeMap;

use proofroom_certificate::{Archive, ArchiveError};
use proptest::prelude::*;

fn written(members: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut archive = Archive::default();
    for (name, bytes) in members {
        archive.add(name, bytes).expect("a plain name");
    }
    archive.to_bytes().expect("small")
}

#[test]
fn names_stay_in_their_folder_on_every_system() {
    for name in ["report.html", "files/hero.jpg", "files/a5a5a5a5/Größe 2.png"] {
        assert_eq!(Archive::default().add(name, b""), Ok(()), "{name}");
    }
    let wild = [
        "",
        "/etc/passwd",
        "../up",
        "files/../up",
        "files//two",
        "files/",
        "a\\b",
        "c:stream",
        ".hidden",
        "end.",
        "end ",
        "a/b/c/d",
        "a\nb",
        "what?",
        "pipe|",
        "star*",
    ];
    for name in wild {
        let refused = Archive::default().add(name, b"");
        assert_eq!(refused, Err(ArchiveError::Name(name.into())), "{name}");
    }
    let mut archive = Archive::default();
    archive.add("one", b"").expect("a plain name");
    assert!(archive.add("one", b"again").is_err(), "each name once");
}

#[test]
fn a_member_twice_and_other_orders_are_refused() {
    let one = written(&BTreeMap::from([("a".to_owned(), b"1".to_vec())]));
    let two = written(&BTreeMap::from([("b".to_owned(), b"2".to_vec())]));
    // The bodies of both, in the wrong order and doubled, before a directory.
    let body = |bytes: &[u8]| bytes[..32].to_vec();
    for parts in [[body(&two), body(&one)], [body(&one), body(&one)]] {
        let bytes = [parts.concat(), one[32..].to_vec()].concat();
        assert!(Archive::decode(&bytes).is_err());
    }
    assert_eq!(Archive::decode(&one).expect("written here").get("a"), Some(b"1".as_slice()));
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_no_other_bytes_do(
        members in prop::collection::btree_map("[a-z]{1,8}(/[a-z]{1,8})?", prop::collection::vec(any::<u8>(), 0..60), 0..5),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let bytes = written(&members);
        let read = Archive::decode(&bytes).expect("written here");
        let back: BTreeMap<String, Vec<u8>> = read.members().map(|(n, b)| (n.to_owned(), b.to_vec())).collect();
        prop_assert_eq!(&back, &members);
        let mut altered = bytes.clone();
        let at = at.index(bytes.len());
        altered[at] ^= 1 << bit;
        if let Ok(other) = Archive::decode(&altered) {
            // Only other members can be spelled otherwise, and only so.
            let other = other.to_bytes().expect("small");
            prop_assert_eq!(other, altered);
        }
        prop_assert!(Archive::decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
