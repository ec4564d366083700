//! The ways in of evidence: certificates from strangers, and what authorities for time answer.

use proofroom_verify::verify_bytes;

macro_rules! samples {
    ($($target:literal: $($file:literal)*;)*) => {
        [$($(($target, include_bytes!(concat!("../../../", $file)).as_slice()),)*)*]
    };
}

/// A certificate with all that a reader may see, one with receipts, and tokens by keys of each kind.
pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let files = samples! {
        "certificate": "verify/tests/golden/approved.zip" "verify/tests/golden/witnessed.zip";
        "stamp": "stamp/tests/vectors/rsa.token.der" "stamp/tests/vectors/p256.token.der"
                 "stamp/tests/vectors/p384.token.der" "stamp/tests/vectors/rsa.ca.der";
    };
    files.iter().map(|(target, bytes)| (*target, bytes.to_vec())).collect()
}

/// Whatever a certificate says, the same bytes lead to the same verdict.
pub(super) fn certificate(data: &[u8]) {
    let verdict = verify_bytes(data);
    assert_eq!(format!("{verdict:?}"), format!("{:?}", verify_bytes(data)), "a verdict has one reason");
}

/// A token, an answer, or a file of certificates: whoever is believed is a byte string as well.
pub(super) fn stamp(data: &[u8]) {
    let imprint = proofroom_stamp::imprint(b"proofroom");
    let trusted = proofroom_stamp::certificates(data).unwrap_or_default();
    let _answer = proofroom_stamp::granted(data, &imprint, 1);
    if let Ok(stamp) = proofroom_stamp::verify(data, &imprint, &trusted) {
        let strangers =
            proofroom_stamp::verify(data, &imprint, &[]).expect("nobody need be believed for that");
        assert_eq!((stamp.at_ms, strangers.vouched), (strangers.at_ms, false));
    }
}
