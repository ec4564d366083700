//! Time stamps by RFC 3161: what an authority is asked, what it answers, and whether that holds, offline.
//!
//! Ground storey: bytes in, values out; no clock, no network, no list of authorities. Whom to believe is
//! the reader's choice: [`verify`] says who stamped, and whether one of the given certificates vouches for them.
//!
//! ```text
//! request    TimeStampReq    the SHA-256 of something, a nonce, and the wish for the authority's certificate
//! granted    TimeStampResp   -> token
//! token      SignedData over TSTInfo { imprint, time, ... }, with certificates          (form.rs)
//! ```
//!
//! Signatures by RSA (PKCS #1 v1.5) and ECDSA on P-256 and P-384, with SHA-256, SHA-384 or SHA-512. What uses
//! older hashes is refused.

mod form;
mod key;

use der::asn1::{Int, OctetString};
use der::{Decode as _, Encode as _};
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};

use form::{ContentInfo, Imprint, SignedData, SignerInfo, TimeStampReq, TimeStampResp, TstInfo};
use key::Hash;

/// What a certificate in a text begins with.
const PEM: &str = "-----BEGIN CERTIFICATE-----";
/// Longest token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64 << 10;
/// Most certificates between an authority and whoever vouches for it.
const CHAIN_MAX: usize = 6;
const ID_SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const ID_TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
const ID_CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const ID_MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const ID_TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// A time stamp is none, or is one of something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// It is not written as RFC 3161 has it.
    #[error("the time stamp cannot be read: {0}")]
    Form(String),
    /// The authority did not stamp.
    #[error("the authority refused, status {status}: {text}")]
    Refused {
        /// Its status.
        status: u8,
        /// Its words.
        text: String,
    },
    /// It answers another question.
    #[error("the time stamp is of something else: {0}")]
    Other(&'static str),
    /// What was handed over as a certificate is none.
    #[error("this is no certificate: {0}")]
    NoCertificate(String),
    /// Something that it claims does not hold.
    #[error("the time stamp does not hold: {0}")]
    Broken(&'static str),
}

/// The certificates in a file that somebody was handed, as DER: one as it is, or any number as PEM.
///
/// # Errors
/// When what stands in it is none.
pub fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, StampError> {
    let text = std::str::from_utf8(file).ok().filter(|text| text.contains(PEM));
    let blocks = text.map_or_else(Vec::new, |text| text.split(PEM).skip(1).collect());
    let mut all = match text {
        None => vec![file.to_vec()],
        Some(_) => Vec::with_capacity(blocks.len()),
    };
    for block in blocks {
        let lines = block.lines().map(str::trim).take_while(|line| !line.starts_with('-'));
        let der = data_encoding::BASE64.decode(lines.collect::<String>().as_bytes());
        all.push(der.map_err(|e| StampError::NoCertificate(e.to_string()))?);
    }
    for der in &all {
        Certificate::from_der(der).map_err(|e| StampError::NoCertificate(e.to_string()))?;
    }
    Ok(all)
}

impl From<der::Error> for StampError {
    fn from(error: der::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// What a time stamp says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When, by the authority's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who, as its certificate calls it.
    pub authority: String,
    /// The SHA-256 of its certificate.
    pub certificate: [u8; 32],
    /// Whether one of the given certificates vouches for it.
    pub vouched: bool,
}

/// The hash that is stamped: SHA-256.
pub fn imprint(of: &[u8]) -> [u8; 32] {
    Sha256::digest(of).into()
}

/// What to send to an authority, as `application/timestamp-query`.
///
/// # Errors
/// Never in practice: the form is fixed.
pub fn request(imprint: &[u8; 32], nonce: u64) -> Result<Vec<u8>, StampError> {
    let request = TimeStampReq {
        version: 1,
        imprint: Imprint::sha256(imprint)?,
        policy: None,
        nonce: Some(number(nonce)?),
        certificate: true,
    };
    Ok(request.to_der()?)
}

/// The token of an authority's answer, if it is one to this request.
///
/// # Errors
/// When the authority refused, or stamped something else.
pub fn granted(reply: &[u8], imprint: &[u8; 32], nonce: u64) -> Result<Vec<u8>, StampError> {
    let reply = TimeStampResp::from_der(reply)?;
    let Some(token) = reply.token.filter(|_| reply.status.status <= 1) else {
        let text = reply.status.text.unwrap_or_default().join("; ");
        return Err(StampError::Refused { status: reply.status.status, text });
    };
    let token = token.to_der()?;
    let (info, ..) = read(&token, imprint)?;
    if info.nonce != Some(number(nonce)?) {
        return Err(StampError::Other("the nonce is another"));
    }
    verify(&token, imprint, &[])?;
    Ok(token)
}

/// Verifies a token over the SHA-256 of something. `trusted` are certificates, as DER, of whom the reader believes.
///
/// # Errors
/// When it is of something else, or does not hold.
pub fn verify(token: &[u8], imprint: &[u8; 32], trusted: &[Vec<u8>]) -> Result<Stamp, StampError> {
    let (info, content, signed) = read(token, imprint)?;
    let [signer] = signed.signers.as_slice() else {
        return Err(StampError::Broken("it has several signers"));
    };
    let certificates = signed.certificates.as_deref().unwrap_or_default();
    let certificate = certificates.iter().find(|c| signer.is(c));
    let certificate = certificate.ok_or(StampError::Broken("the authority's certificate is not in it"))?;
    check_signature(signer, certificate, &content)?;
    let at_ms = info.at_ms()?;
    check_purpose(certificate, at_ms)?;
    let der = certificate.to_der()?;
    let trusted: Vec<Certificate> = trusted.iter().filter_map(|t| Certificate::from_der(t).ok()).collect();
    Ok(Stamp {
        at_ms,
        authority: certificate.tbs_certificate().subject().to_string(),
        certificate: Sha256::digest(&der).into(),
        vouched: is_vouched(certificate, certificates, &trusted, at_ms),
    })
}

/// Reads a token, and checks that it is of this.
fn read(token: &[u8], imprint: &[u8; 32]) -> Result<(TstInfo, Vec<u8>, SignedData), StampError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(StampError::Form(format!("it has {} bytes", token.len())));
    }
    let outer = ContentInfo::from_der(token)?;
    if outer.kind.to_string() != ID_SIGNED_DATA {
        return Err(StampError::Form("it is no signed data".into()));
    }
    let signed: SignedData = outer.content.decode_as()?;
    if signed.content.kind.to_string() != ID_TST_INFO {
        return Err(StampError::Form("what is signed is no time stamp".into()));
    }
    let content = signed.content.content.as_ref().map(|c| c.as_bytes().to_vec()).unwrap_or_default();
    let info = TstInfo::from_der(&content)?;
    if info.imprint != Imprint::sha256(imprint)? && info.imprint != Imprint::sha256_with_null(imprint)? {
        return Err(StampError::Other("the hash is another"));
    }
    Ok((info, content, signed))
}

fn number(n: u64) -> Result<Int, StampError> {
    // The sign bit stays clear, and there is one spelling.
    let bytes = (n >> 1 | 1 << 62).to_be_bytes();
    Ok(Int::new(&bytes)?)
}

fn check_signature(signer: &SignerInfo, certificate: &Certificate, content: &[u8]) -> Result<(), StampError> {
    let hash = Hash::of(&signer.digest.oid).ok_or(StampError::Broken("its hash is too old, or unknown"))?;
    let attributes = signer.signed.as_ref().ok_or(StampError::Broken("nothing binds its content"))?;
    let value = |oid: &str| {
        let found = attributes.iter().find(|a| a.oid.to_string() == oid);
        found.and_then(|a| a.values.iter().next())
    };
    let kind = value(ID_CONTENT_TYPE).and_then(|v| v.decode_as::<der::asn1::ObjectIdentifier>().ok());
    if kind.is_none_or(|kind| kind.to_string() != ID_TST_INFO) {
        return Err(StampError::Broken("what is signed is no time stamp"));
    }
    let digest = value(ID_MESSAGE_DIGEST).and_then(|v| v.decode_as::<OctetString>().ok());
    if digest.is_none_or(|digest| digest.as_bytes() != hash.digest(content)) {
        return Err(StampError::Broken("its content was altered"));
    }
    let message = attributes.to_der()?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    if key::holds(key, hash, &message, signer.signature.as_bytes()) {
        Ok(())
    } else {
        Err(StampError::Broken("its signature is not the certificate's"))
    }
}

/// A certificate for time stamps, and for nothing else, at that time.
fn check_purpose(certificate: &Certificate, at_ms: u64) -> Result<(), StampError> {
    let usage = certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>()?;
    let stamps = |(critical, usage): (bool, ExtendedKeyUsage)| {
        critical && usage.0.len() == 1 && usage.0[0].to_string() == ID_TIME_STAMPING
    };
    if !usage.is_some_and(stamps) {
        return Err(StampError::Broken("the certificate is not one for time stamps"));
    }
    if is_valid_at(certificate, at_ms) {
        Ok(())
    } else {
        Err(StampError::Broken("the certificate was not valid then"))
    }
}

fn is_valid_at(certificate: &Certificate, at_ms: u64) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let ms = |time: x509_cert::time::Time| time.to_unix_duration().as_millis();
    ms(validity.not_before) <= u128::from(at_ms) && u128::from(at_ms) <= ms(validity.not_after)
}

/// Whether a chain of certificates leads from somebody who is believed to this one.
fn is_vouched(of: &Certificate, along: &[Certificate], trusted: &[Certificate], at_ms: u64) -> bool {
    let mut current = of;
    for _ in 0..CHAIN_MAX {
        if trusted.iter().any(|t| t == current || issued(t, current, at_ms)) {
            return true;
        }
        let Some(next) = along.iter().find(|c| *c != current && issued(c, current, at_ms)) else {
            return false;
        };
        current = next;
    }
    false
}

/// Whether one certificate issued another.
fn issued(issuer: &Certificate, certificate: &Certificate, at_ms: u64) -> bool {
    let (by, of) = (issuer.tbs_certificate(), certificate.tbs_certificate());
    let may = by.get_extension::<BasicConstraints>().ok().flatten().is_some_and(|(_, basic)| basic.ca);
    let Some(hash) = Hash::of_signature(&certificate.signature_algorithm().oid) else { return false };
    let Ok(message) = of.to_der() else { return false };
    let Some(signature) = certificate.signature().as_bytes() else { return false };
    may && certificate.signature_algorithm() == of.signature()
        && by.subject() == of.issuer()
        && is_valid_at(issuer, at_ms)
        && key::holds(by.subject_public_key_info(), hash, &message, signature)
}
