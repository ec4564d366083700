//! Tokens that OpenSSL's `ts` made over the SHA-256 of `proofroom`, by keys of each kind.

use proofroom_stamp::{Stamp, StampError, certificates, granted, request, verify};

const VECTORS: [(&str, &[u8], &[u8]); 3] = [
    ("rsa", include_bytes!("vectors/rsa.token.der"), include_bytes!("vectors/rsa.ca.der")),
    ("p256", include_bytes!("vectors/p256.token.der"), include_bytes!("vectors/p256.ca.der")),
    ("p384", include_bytes!("vectors/p384.token.der"), include_bytes!("vectors/p384.ca.der")),
];

fn imprint() -> [u8; 32] {
    proofroom_stamp::imprint(b"proofroom")
}

fn honest(token: &[u8], ca: &[u8]) -> Stamp {
    verify(token, &imprint(), &[ca.to_vec()]).expect("it holds")
}

#[test]
fn a_token_holds_for_what_was_stamped_by_whoever_is_believed() {
    for (name, token, ca) in VECTORS {
        let stamp = honest(token, ca);
        assert!(stamp.vouched, "{name}");
        assert!(stamp.authority.contains("Proofroom test time authority"), "{name}: {}", stamp.authority);
        assert!(
            stamp.at_ms > 1_700_000_000_000 && stamp.at_ms < 1_900_000_000_000,
            "{name}: {}",
            stamp.at_ms
        );
        let by_strangers = verify(token, &imprint(), &[]).expect("it holds all the same");
        assert_eq!(by_strangers, Stamp { vouched: false, ..stamp });
    }
    let (_, token, _) = VECTORS[0];
    let (_, _, other) = VECTORS[1];
    assert!(!verify(token, &imprint(), &[other.to_vec()]).expect("it holds").vouched, "another's roots");
}

#[test]
fn a_token_of_something_else_is_refused() {
    for (name, token, ca) in VECTORS {
        let other = proofroom_stamp::imprint(b"something else");
        let refused = verify(token, &other, &[ca.to_vec()]);
        assert_eq!(refused, Err(StampError::Other("the hash is another")), "{name}");
    }
}

#[test]
fn no_altered_byte_makes_another_time_or_another_authority_that_is_believed() {
    for (name, token, ca) in VECTORS {
        let honest = honest(token, ca);
        for at in 0..token.len() {
            let mut bytes = token.to_vec();
            bytes[at] ^= 1 << (at % 8);
            let Ok(found) = verify(&bytes, &imprint(), &[ca.to_vec()]) else { continue };
            assert_eq!(found.at_ms, honest.at_ms, "{name}, byte {at}");
            assert!(!found.vouched || found == honest, "{name}, byte {at}: {found:?}");
        }
        for to in 0..token.len() {
            assert!(verify(&token[..to], &imprint(), &[ca.to_vec()]).is_err(), "{name}: {to} bytes");
        }
    }
}

#[test]
fn an_answer_that_is_no_answer_is_refused() {
    let asked = request(&imprint(), 7).expect("a request has one form");
    assert!(matches!(granted(&asked, &imprint(), 7), Err(StampError::Form(_))));
    // PKIStatusInfo { status: 2, statusString: ["no"] }
    let refusal = [0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o'];
    let said = granted(&refusal, &imprint(), 7);
    assert_eq!(said, Err(StampError::Refused { status: 2, text: "no".into() }));
}

#[test]
fn certificates_are_read_as_they_are_and_as_text() {
    let pem = |der: &[u8]| {
        let lines = data_encoding::BASE64.encode(der);
        let lines = lines.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n");
        format!("Subject: whoever\n-----BEGIN CERTIFICATE-----\r\n{lines}\r\n-----END CERTIFICATE-----\n")
    };
    let [rsa, p256, p384] = VECTORS.map(|(_, _, ca)| ca);
    assert_eq!(certificates(rsa), Ok(vec![rsa.to_vec()]));
    let three = [rsa, p256, p384].map(pem).concat();
    assert_eq!(certificates(three.as_bytes()), Ok(vec![rsa.to_vec(), p256.to_vec(), p384.to_vec()]));
    let broken = [b"".as_slice(), b"no certificate", b"-----BEGIN CERTIFICATE-----\n!\n", &rsa[1..]];
    for bytes in broken {
        assert!(matches!(certificates(bytes), Err(StampError::NoCertificate(_))), "{bytes:?}");
    }
}
