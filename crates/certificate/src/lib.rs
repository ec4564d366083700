//! The certificate of an outcome: what a stranger needs to recompute it, as one file.
//!
//! Ground storey: bytes in, bytes out. This crate says what the bytes are, and that there is
//! one way to write each certificate; whether it proves anything is for `proofroom-verify`.
//! `docs/certificate.md` says all of it in words, for verifiers in other languages.
//!
//! ```text
//! archive      a ZIP archive, stored, of members in ascending order of their names:
//!   certificate.bin      the certificate
//!   report.html, ...     attachments: for people, bound by their hashes, believed by nobody
//!   files/NAME           files of the certified version, where they were asked for
//!
//! certificate  magic:24   "proofroom certificate 1\n"
//!              about:run  canonical JSON: the subject, and what no single entry says
//!              count:u32  pieces, in ascending order of (document, log, position, hash)
//!              piece*     form:u8
//!                           0 withheld from this reader   entry's header and signature: 383 bytes
//!                           1 unreadable to the maker     the same
//!                           2 erased                      the same
//!                           3 in the clear                entry:run
//!                           4 opened                      key:32 entry:run
//!              maker:run  canonical JSON: who made it, when, the attachments' hashes
//!              signature:64  the maker's device, strict Ed25519 under "proofroom 1 certificate",
//!                            over BLAKE3 of everything before
//! run          length:u32 little-endian, then as many bytes
//! ```
//!
//! A key opens one entry. An epoch key, which would open others, has no place in the format, and
//! neither has an entry for the team.

mod about;
mod archive;
mod certificate;
mod error;
mod maker;
mod piece;
mod word;

pub use about::{About, AssetPaper, BriefPaper, CHECKS_MAX, Subject};
pub use archive::{ARCHIVE_BYTES_MAX, Archive, MEMBERS_MAX, NAME_BYTES_MAX};
pub use certificate::{CERTIFICATE_BYTES_MAX, Certificate, Draft};
pub use error::{ArchiveError, CertificateError};
pub use maker::{Attachment, Maker};
pub use piece::{Form, PIECES_MAX, Piece, Withheld};
pub use word::{held, relay_word};

/// The archive member that is the certificate; all others are attachments.
pub const CERTIFICATE_NAME: &str = "certificate.bin";
/// Where an archive keeps the files of the certified version.
pub const FILES_FOLDER: &str = "files/";
