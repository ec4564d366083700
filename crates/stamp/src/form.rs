//! The forms of RFC 3161, and what they take of RFC 5652, as far as time stamps use them.

use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode as _, Encode as _, Sequence, Tag, Tagged as _};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::StampError;

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The hash of what is stamped.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Imprint {
    pub algorithm: AlgorithmIdentifierOwned,
    pub hash: OctetString,
}

impl Imprint {
    pub fn sha256(hash: &[u8; 32]) -> Result<Self, StampError> {
        let algorithm = AlgorithmIdentifierOwned { oid: SHA256, parameters: None };
        Ok(Self { algorithm, hash: OctetString::new(hash.as_slice())? })
    }

    /// The same in the other spelling of the algorithm.
    pub fn sha256_with_null(hash: &[u8; 32]) -> Result<Self, StampError> {
        let algorithm = AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::null()) };
        Ok(Self { algorithm, hash: OctetString::new(hash.as_slice())? })
    }
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct TimeStampReq {
    pub version: u8,
    pub imprint: Imprint,
    #[asn1(optional = "true")]
    pub policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub certificate: bool,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct TimeStampResp {
    pub status: Status,
    #[asn1(optional = "true")]
    pub token: Option<ContentInfo>,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct Status {
    pub status: u8,
    #[asn1(optional = "true")]
    pub text: Option<Vec<String>>,
    #[asn1(optional = "true")]
    pub failure: Option<BitString>,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct ContentInfo {
    pub kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub content: Any,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct SignedData {
    pub version: u8,
    pub digests: SetOfVec<AlgorithmIdentifierOwned>,
    pub content: Encapsulated,
    /// Not every authority sorts them, as a set would have it.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub certificates: Option<Vec<Certificate>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub revocations: Option<Vec<Any>>,
    pub signers: SetOfVec<SignerInfo>,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct Encapsulated {
    pub kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub content: Option<OctetString>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct SignerInfo {
    pub version: u8,
    pub signer: Any,
    pub digest: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub signed: Option<SetOfVec<Attribute>>,
    pub algorithm: AlgorithmIdentifierOwned,
    pub signature: OctetString,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub unsigned: Option<SetOfVec<Attribute>>,
}

impl der::ValueOrd for SignerInfo {
    fn value_cmp(&self, other: &Self) -> der::Result<std::cmp::Ordering> {
        Ok(self.to_der()?.cmp(&other.to_der()?))
    }
}

#[derive(Clone, Debug, Sequence)]
struct IssuerAndSerial {
    issuer: Name,
    serial: SerialNumber,
}

impl SignerInfo {
    /// Whether this is the signer's certificate.
    pub fn is(&self, certificate: &Certificate) -> bool {
        let of = certificate.tbs_certificate();
        if self.signer.tag() == Tag::Sequence {
            let named = self.signer.decode_as::<IssuerAndSerial>();
            return named.is_ok_and(|n| n.issuer == *of.issuer() && n.serial == *of.serial_number());
        }
        let key = of.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        key.is_some_and(|(_, key)| key.0.as_bytes() == self.signer.value())
    }
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct TstInfo {
    pub version: u8,
    pub policy: ObjectIdentifier,
    pub imprint: Imprint,
    pub serial: Int,
    /// A `GeneralizedTime`, which may have fractions of a second here.
    pub time: Any,
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub ordering: bool,
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub extensions: Option<Extensions>,
}

#[derive(Clone, Debug, Sequence)]
pub(crate) struct Accuracy {
    #[asn1(optional = "true")]
    pub seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub micros: Option<u16>,
}

impl TstInfo {
    /// The time, in milliseconds since 1970.
    pub fn at_ms(&self) -> Result<u64, StampError> {
        let bad = || StampError::Form("its time is none".into());
        if self.time.tag() != Tag::GeneralizedTime {
            return Err(bad());
        }
        let text = std::str::from_utf8(self.time.value()).map_err(|_| bad())?;
        let text = text.strip_suffix('Z').ok_or_else(bad)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = der::asn1::GeneralizedTime::from_der(
            &Any::new(Tag::GeneralizedTime, format!("{whole}Z").into_bytes())?.to_der()?,
        )?;
        if !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let ms: u64 = format!("{fraction:0<3}")[..3].parse().map_err(|_| bad())?;
        Ok(whole.to_unix_duration().as_secs().saturating_mul(1000).saturating_add(ms))
    }
}
