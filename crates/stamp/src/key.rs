//! Signatures, by whichever kind of key.

use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::{Pkcs1v15Sign, PublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// A hash that is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash of an algorithm that names nothing else.
    pub fn of(oid: &ObjectIdentifier) -> Option<Self> {
        match oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// The hash of an algorithm that names the signature as well.
    pub fn of_signature(oid: &ObjectIdentifier) -> Option<Self> {
        match oid.to_string().as_str() {
            "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Some(Self::Sha256),
            "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Self::Sha384),
            "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn pkcs1(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}

/// Whether a signature is this key's.
pub(crate) fn holds(key: &SubjectPublicKeyInfoOwned, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let digest = hash.digest(message);
    let bytes = key.subject_public_key.raw_bytes();
    match key.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => PublicKey::from_pkcs1_der(bytes)
            .is_ok_and(|key| key.verify(hash.pkcs1(), &digest, signature).is_ok()),
        "1.2.840.10045.2.1" => on_a_curve(key, &digest, signature),
        _ => false,
    }
}

fn on_a_curve(key: &SubjectPublicKeyInfoOwned, digest: &[u8], signature: &[u8]) -> bool {
    let bytes = key.subject_public_key.raw_bytes();
    let curve = key.algorithm.parameters.as_ref().and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
    match curve.map(|oid| oid.to_string()).as_deref() {
        Some("1.2.840.10045.3.1.7") => {
            let signature = p256::ecdsa::Signature::from_der(signature);
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes);
            signature.is_ok_and(|s| key.is_ok_and(|key| key.verify_prehash(digest, &s).is_ok()))
        }
        Some("1.3.132.0.34") => {
            let signature = p384::ecdsa::Signature::from_der(signature);
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes);
            signature.is_ok_and(|s| key.is_ok_and(|key| key.verify_prehash(digest, &s).is_ok()))
        }
        _ => false,
    }
}
