//! Packing: compress if that helps, then pad so that sizes tell little.
//!
//! ```text
//! form:u8 (0 stored, 1 deflated)  body  0x80  zeros up to the Padme length
//! ```

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use zeroize::Zeroizing;

use crate::OpenError;

const STORED: u8 = 0;
const DEFLATED: u8 = 1;
const END: u8 = 0x80;
const LEVEL: u8 = 6;

/// The padded length of `len` bytes: the next multiple of a power of two that
/// grows with `len`, never more than 12 % above it.
///
/// Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
/// Communication with PURBs", PoPETs 2019, algorithm 1.
pub(crate) fn padme(len: usize) -> usize {
    let Some(exponent) = len.checked_ilog2() else { return len };
    let Some(bits) = exponent.checked_ilog2() else { return len };
    let mask = (1usize << (exponent - (bits + 1))) - 1;
    len.saturating_add(mask) & !mask
}

pub(crate) fn pack(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let deflated = Zeroizing::new(compress_to_vec(plain, LEVEL));
    let (form, body) = if deflated.len() < plain.len() { (DEFLATED, &deflated[..]) } else { (STORED, plain) };
    let len = padme(body.len() + 2);
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.push(form);
    out.extend_from_slice(body);
    out.push(END);
    out.resize(len, 0);
    out
}

pub(crate) fn unpack(packed: &[u8], plain_bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let end = packed.iter().rposition(|byte| *byte != 0).filter(|at| packed[*at] == END && *at > 0);
    let end = end.ok_or(OpenError::NotCanonical("has no end mark"))?;
    if padme(end + 1) != packed.len() {
        return Err(OpenError::NotCanonical("is not padded to its length"));
    }
    let body = &packed[1..end];
    match packed[0] {
        STORED if body.len() > plain_bytes_max => Err(OpenError::TooLarge(plain_bytes_max)),
        STORED => Ok(Zeroizing::new(body.to_vec())),
        DEFLATED => match decompress_to_vec_with_limit(body, plain_bytes_max) {
            Ok(plain) => Ok(Zeroizing::new(plain)),
            Err(e) if e.status == TINFLStatus::HasMoreOutput => Err(OpenError::TooLarge(plain_bytes_max)),
            Err(_) => Err(OpenError::NotCanonical("does not inflate")),
        },
        _ => Err(OpenError::NotCanonical("has an unknown form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_adds_at_most_twelve_percent_and_never_shrinks() {
        for len in (0..5_000).chain([1 << 16, (1 << 20) + 1, (8 << 20) - 1]) {
            let padded = padme(len);
            assert!(padded >= len);
            assert!((padded - len) * 100 <= len * 12, "{len} became {padded}");
            assert_eq!(padme(padded), padded, "a padded length stays");
        }
        // The paper's figure 3: 9 becomes 10.
        assert_eq!(padme(9), 10);
    }

    #[test]
    fn what_is_packed_unpacks() {
        for len in [0, 1, 2, 31, 200, 4_000] {
            let noise: Vec<u8> = blake3::Hasher::new().finalize_xof().take_bytes(len);
            for plain in [noise, vec![0x80; len], vec![0; len]] {
                assert_eq!(*unpack(&pack(&plain), len).expect("it was packed here"), plain);
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = pack(&vec![0; 4 << 20]);
        assert!(bomb.len() < 16_384);
        assert_eq!(unpack(&bomb, 1 << 20).expect_err("too large"), OpenError::TooLarge(1 << 20));
        let stored = pack(b"kept as it is");
        assert_eq!(unpack(&stored, 4).expect_err("too large"), OpenError::TooLarge(4));
    }

    #[test]
    fn other_packings_of_the_same_plaintext_are_refused() {
        let check = |packed: &[u8], why: &'static str| {
            assert_eq!(unpack(packed, 1_000).expect_err(why), OpenError::NotCanonical(why));
        };
        check(&[], "has no end mark");
        check(&[0, 0, 0], "has no end mark");
        check(&[END], "has no end mark");
        check(&[STORED, b'a', END, 0, 0, 0, 0], "is not padded to its length");
        check(&[2, b'a', END], "has an unknown form");
        check(&[DEFLATED, 0xff, 0xff, END], "does not inflate");
    }

    trait TakeBytes {
        fn take_bytes(self, n: usize) -> Vec<u8>;
    }
    impl TakeBytes for blake3::OutputReader {
        fn take_bytes(mut self, n: usize) -> Vec<u8> {
            let mut out = vec![0; n];
            self.fill(&mut out);
            out
        }
    }
}
