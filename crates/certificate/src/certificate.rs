//! The certificate itself: what it is about, its pieces, its maker.

use proofroom_ident::{ByteReader, ByteWriter, SignError, Signature, SigningSecret};

use crate::about::About;
use crate::error::CertificateError;
use crate::maker::Maker;
use crate::piece::{PIECES_MAX, Piece};

/// Largest certificate, without its attachments, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 512 << 20;

const MAGIC: &[u8; 24] = b"proofroom certificate 1\n";
const DOMAIN: &str = "proofroom 1 certificate";

/// A certificate before its maker signs it: the same for every maker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    about: About,
    pieces: Vec<Piece>,
}

impl Draft {
    /// Puts the pieces in their order.
    ///
    /// # Errors
    /// When there are too many, or one twice.
    pub fn new(about: About, mut pieces: Vec<Piece>) -> Result<Self, CertificateError> {
        pieces.sort_by_key(Piece::place);
        check_pieces(&pieces)?;
        Ok(Self { about, pieces })
    }

    /// What it is about.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Its entries.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The bytes that do not depend on the maker.
    ///
    /// # Errors
    /// When what it is about has no canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CertificateError> {
        let mut w = ByteWriter::with_capacity(1 << 16);
        let count = u32::try_from(self.pieces.len()).unwrap_or(u32::MAX);
        w.put(MAGIC).run(self.about.to_json()?.as_bytes()).u32(count);
        self.pieces.iter().for_each(|piece| piece.encode(&mut w));
        Ok(w.finish())
    }

    /// Signs it.
    ///
    /// # Errors
    /// When the maker names another device than the secret's, or it is too large.
    pub fn sign(&self, maker: &Maker, secret: &SigningSecret) -> Result<Vec<u8>, CertificateError> {
        if maker.device != secret.public() {
            return Err(CertificateError::Rule("the maker's device is the one that signs"));
        }
        let mut w = ByteWriter::default();
        w.put(&self.to_bytes()?).run(maker.to_json()?.as_bytes());
        let mut bytes = w.finish();
        let signature = secret.sign(DOMAIN, blake3::hash(&bytes).as_bytes());
        bytes.extend_from_slice(signature.as_bytes());
        within("it", bytes.len(), CERTIFICATE_BYTES_MAX)?;
        Ok(bytes)
    }
}

/// A certificate as read: well-formed, nothing of it proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    draft: Draft,
    maker: Maker,
    signature: Signature,
    signed: [u8; 32],
}

impl Certificate {
    /// Reads the one spelling of a certificate.
    ///
    /// # Errors
    /// When the bytes are no certificate in its one form.
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateError> {
        within("it", bytes.len(), CERTIFICATE_BYTES_MAX)?;
        let mut r = ByteReader::new(bytes);
        if r.take(MAGIC.len(), "the first line").ok() != Some(MAGIC.as_slice()) {
            return Err(CertificateError::Magic);
        }
        let about = About::from_json(text(r.run("what it is about")?)?)?;
        let count = usize::try_from(r.u32("the number of entries")?).unwrap_or(usize::MAX);
        within("the list of entries", count, PIECES_MAX)?;
        let mut pieces = Vec::with_capacity(count.min(r.remaining() / proofroom_entry::SIGNED_BYTES + 1));
        for at in 0..count {
            pieces.push(Piece::decode(at, &mut r)?);
        }
        check_pieces(&pieces)?;
        let maker = Maker::from_json(text(r.run("its maker")?)?)?;
        let signed = *blake3::hash(&bytes[..r.position()]).as_bytes();
        let signature = Signature::from_bytes(r.array("the maker's signature")?);
        if !r.is_empty() {
            return Err(CertificateError::Rule("it ends after the maker's signature"));
        }
        Ok(Self { draft: Draft { about, pieces }, maker, signature, signed })
    }

    /// What it is about.
    pub fn about(&self) -> &About {
        &self.draft.about
    }

    /// Its entries, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.draft.pieces
    }

    /// Who says that they made it.
    pub fn maker(&self) -> &Maker {
        &self.maker
    }

    /// Whether the device that it names signed it, all of it.
    ///
    /// # Errors
    /// When it did not.
    pub fn check_signature(&self) -> Result<(), SignError> {
        self.maker.device.verify(DOMAIN, &self.signed, &self.signature)
    }
}

fn check_pieces(pieces: &[Piece]) -> Result<(), CertificateError> {
    within("the list of entries", pieces.len(), PIECES_MAX)?;
    let misplaced = pieces.windows(2).position(|pair| pair[0].place() >= pair[1].place());
    match misplaced {
        Some(at) => {
            Err(CertificateError::Piece { at: at + 1, rule: "entries are in their order, each once" })
        }
        None => Ok(()),
    }
}

fn within(what: &'static str, found: usize, max: usize) -> Result<(), CertificateError> {
    if found > max { Err(CertificateError::TooLarge { what, found, max }) } else { Ok(()) }
}

fn text(bytes: &[u8]) -> Result<&str, CertificateError> {
    std::str::from_utf8(bytes).map_err(|_| CertificateError::Rule("its parts in JSON are UTF-8"))
}
