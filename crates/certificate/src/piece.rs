//! Pieces: the entries of a certificate, shown or withheld.

use std::sync::Arc;

use proofroom_entry::{ENTRY_BYTES_MAX, Header, SIGNED_BYTES, Signed, SignedHeader};
use proofroom_ident::{Audience, ByteReader, ByteWriter, DocId, EntryHash, LogId};

use crate::CertificateError;

/// Most entries of a certificate.
pub const PIECES_MAX: usize = 1_000_000;

/// Why a payload is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Withheld {
    /// The maker does not show it to this reader.
    NotShown = 0,
    /// The maker cannot read it.
    Unreadable = 1,
    /// Its text was erased.
    Erased = 2,
}

/// How an entry is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its header and signature only.
    Withheld(Withheld),
    /// Whole; its payload travels in the clear.
    Plain,
    /// Whole, with the key that opens it and no other.
    Opened([u8; 32]),
}

const PLAIN: u8 = 3;
const OPENED: u8 = 4;

/// One entry of a certificate. Nothing of it is proved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    form: Form,
    head: SignedHeader,
    /// The entry, or its header and signature where it is withheld.
    bytes: Arc<[u8]>,
}

impl Piece {
    /// An entry as it was sent, shown in this form.
    ///
    /// # Errors
    /// When the entry may not be shown like that.
    pub fn new(form: Form, entry: &[u8]) -> Result<Self, CertificateError> {
        let bytes = match form {
            Form::Withheld(_) => entry.get(..SIGNED_BYTES).unwrap_or(entry),
            Form::Plain | Form::Opened(_) => entry,
        };
        Self::of(0, form, bytes)
    }

    fn of(at: usize, form: Form, bytes: &[u8]) -> Result<Self, CertificateError> {
        let decoded = match form {
            Form::Withheld(_) => SignedHeader::decode(bytes),
            Form::Plain | Form::Opened(_) => Signed::decode(bytes).and_then(|_| SignedHeader::decode(bytes)),
        };
        let head = decoded.map_err(|error| CertificateError::Entry { at, error })?;
        let piece = Self { form, head, bytes: bytes.into() };
        let plain = piece.header().kind.is_plain();
        let rules = [
            (piece.header().audience == Audience::Everyone, "an entry for the team has no place here"),
            (
                plain == (form == Form::Plain),
                "an entry in the clear is shown, every other is opened or withheld",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(CertificateError::Piece { at, rule }),
            None => Ok(piece),
        }
    }

    /// How it is shown.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What its header claims.
    pub fn header(&self) -> &Header {
        self.head.claims()
    }

    /// The entry's hash.
    pub fn hash(&self) -> EntryHash {
        self.head.hash()
    }

    /// Its header and signature.
    pub fn head(&self) -> &SignedHeader {
        &self.head
    }

    /// The whole entry, where it is shown.
    pub fn entry(&self) -> Option<Signed> {
        match self.form {
            Form::Withheld(_) => None,
            Form::Plain | Form::Opened(_) => Signed::decode(Arc::clone(&self.bytes)).ok(),
        }
    }

    /// Its place among all pieces.
    pub fn place(&self) -> (DocId, LogId, u64, EntryHash) {
        let h = self.header();
        (h.doc, h.log, h.seq, self.hash())
    }

    pub(crate) fn encode(&self, w: &mut ByteWriter) {
        match &self.form {
            Form::Withheld(why) => w.u8(*why as u8).put(&self.bytes),
            Form::Plain => w.u8(PLAIN).run(&self.bytes),
            Form::Opened(key) => w.u8(OPENED).put(key).run(&self.bytes),
        };
    }

    pub(crate) fn decode(at: usize, r: &mut ByteReader<'_>) -> Result<Self, CertificateError> {
        let (form, bytes) = match r.u8("a piece's form")? {
            0 => (Form::Withheld(Withheld::NotShown), r.take(SIGNED_BYTES, "a withheld entry")?),
            1 => (Form::Withheld(Withheld::Unreadable), r.take(SIGNED_BYTES, "an unreadable entry")?),
            2 => (Form::Withheld(Withheld::Erased), r.take(SIGNED_BYTES, "an erased entry")?),
            PLAIN => (Form::Plain, r.run("an entry in the clear")?),
            OPENED => (Form::Opened(r.array("an entry's key")?), r.run("an opened entry")?),
            _ => return Err(CertificateError::Piece { at, rule: "its form is none of the known ones" }),
        };
        if bytes.len() > ENTRY_BYTES_MAX {
            let (what, found, max) = ("an entry", bytes.len(), ENTRY_BYTES_MAX);
            return Err(CertificateError::TooLarge { what, found, max });
        }
        Self::of(at, form, bytes)
    }
}
