//! The verifier: recomputes from a certificate what it claims, with no store, network or secret.
//!
//! Heart storey: no IO, no clock. It believes nobody: not the certificate's maker, not the report
//! that lies beside it. What it says follows from signed entries, by the same code that members' own
//! machines run; where it must take the maker's word, it says so.
//!
//! ```text
//! bytes --read--> certificate        one spelling, the maker's signature, the attachments' hashes
//!       --prove-> entries            each signature and payload hash; the chain of each log   (slice.rs)
//!       --judge-> membership         who might do what, at each entry's own place             (slice.rs)
//!       --open--> statements         decisions, acts, delegations, names                      (shown.rs)
//!                 documents          versions and comments, made again from their changes     (papers.rs)
//!       --fold--> outcome            the route, by the workflow's own rules                   (outcome.rs)
//!       --see---> intervals          when, as others and authorities for time witnessed it     (time.rs)
//!                 Verdict            a table of checks, and the record that was recomputed
//! ```
//!
//! A sceptic reads this crate in that order. It stands on `entry` (signatures), `authority`
//! (membership), `seal` (one key opens one entry), `stamp` (time stamps), `review` (the words), `workflow` (the fold) and
//! `document` (comments and versions). Where the certificate withholds the documents' changes,
//! everything but the text of comments and the list of versions is proved without the last.

mod outcome;
mod papers;
mod people;
mod record;
mod shown;
mod slice;
mod table;
mod time;

use proofroom_certificate::{Archive, CERTIFICATE_NAME, Certificate};
use proofroom_ident::{ContentHash, HashWords as _, SignerKey};

pub use people::People;
pub use record::{
    ActRecord, AssetRecord, DecisionRecord, DeviceRecord, ErasureRecord, HeadRecord, KeepingRecord,
    PersonRecord, Record, RedactionRecord, StampRecord, VersionRecord, WordRecord,
};
pub use table::{Check, Row, State, Verdict};

use table::Table;

/// Verifies an archive as it came: the bytes of a file.
pub fn verify_bytes(bytes: &[u8]) -> Verdict {
    match Archive::decode(bytes) {
        Ok(archive) => verify(&archive),
        Err(error) => Verdict::unreadable(error.to_string()),
    }
}

/// Verifies an archive, or a folder that was read into one.
pub fn verify(archive: &Archive<'_>) -> Verdict {
    verify_trusting(archive, &Believed::default())
}

/// Whose clocks a reader believes. Nobody's, unless they say so: anybody can make an authority, or run a relay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Believed {
    /// Certificates of authorities for time, as DER.
    pub authorities: Vec<Vec<u8>>,
    /// Keys of relays.
    pub relays: Vec<SignerKey>,
}

/// Verifies an archive for a reader who believes some clocks.
pub fn verify_trusting(archive: &Archive<'_>, believed: &Believed) -> Verdict {
    let mut table = Table::default();
    let Some(certificate) = read(archive, &mut table) else { return table.verdict(None) };
    let about = certificate.about();
    let slice = slice::prove(&certificate, &mut table);
    let shown = shown::open(&slice, believed, &mut table);
    let people = People::of(&slice, &shown);
    people.check_maker(certificate.maker(), &mut table);
    let papers = papers::rebuild(about, &slice, &shown, &mut table);
    let mut outcome = outcome::fold(&certificate, &slice, &shown, &papers, &people, &mut table);
    time::tell(about, &shown, &people, &mut outcome, &mut table);
    papers::files(archive, about, &papers, &people, &mut table);
    let record = record::write(&certificate, &slice, &shown, &papers, &people, &outcome);
    table.verdict(Some(record))
}

/// The certificate of an archive; `None` where the bytes say nothing.
fn read(archive: &Archive<'_>, table: &mut Table) -> Option<Certificate> {
    let Some(bytes) = archive.get(CERTIFICATE_NAME) else {
        table.fail(Check::Bytes, format!("there is no {CERTIFICATE_NAME}"));
        return None;
    };
    let certificate = match Certificate::decode(bytes) {
        Ok(certificate) => certificate,
        Err(error) => {
            table.fail(Check::Bytes, error.to_string());
            return None;
        }
    };
    if let Err(error) = certificate.check_signature() {
        table.fail(Check::Bytes, format!("the maker's signature over all of it: {error}"));
        return None;
    }
    let attached = &certificate.maker().attachments;
    for attachment in attached {
        match archive.get(&attachment.name) {
            None => table.fail(Check::Bytes, format!("{} is missing", attachment.name)),
            Some(bytes) if ContentHash::of(bytes) != attachment.hash => {
                table.fail(Check::Bytes, format!("{} was altered", attachment.name));
            }
            Some(_) => {}
        }
    }
    let known = |name: &str| name == CERTIFICATE_NAME || attached.iter().any(|a| a.name == name);
    for (name, _) in archive.members().filter(|(name, _)| !known(name)) {
        table.fail(Check::Bytes, format!("{name} is not the maker's"));
    }
    let n = attached.len();
    table.tell(Check::Bytes, format!("as its maker signed them, with {n} attachment{}", table::s(n)));
    Some(certificate)
}
