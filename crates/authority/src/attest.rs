//! Snapshots: whether their maker may attest a document, and their rows' authors stand.

use proofroom_entry::{Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{DocId, EntryHash, LogId, PersonId};

use crate::{Authority, Erased, Role};

/// Why the membership log does not stand behind a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unvouched {
    /// Whoever made it may not attest this document.
    #[error("its maker is no member who may attest this document")]
    Maker,
    /// A log's author does not stand, did not stand alike for all of the log, or signed two histories of it.
    #[error("the author of log {0:?} did not stand alike up to the entry that it names")]
    Author(LogId),
    /// It stands for an entry that was erased, and would bring back what was in it.
    #[error("something that it stands for was erased")]
    Erased,
}

impl Authority {
    /// Who wrote each log of a snapshot and in which role, if its maker is a member who
    /// may attest the document, and every author stood alike up to the entry that the
    /// snapshot names. `proofs` are of authors who signed two histories: what lies at or
    /// beyond the parting stands for nothing.
    pub fn vouch(
        &self,
        snapshot: &Snapshot,
        proofs: &[(Verified, Verified)],
    ) -> Result<Vec<(PersonId, Role)>, Unvouched> {
        let h = snapshot.header();
        let maker = self.state().actor(h.maker);
        if !maker.is_some_and(|(_, role)| role >= Role::Reviewer && role.reads(h.doc.audience())) {
            return Err(Unvouched::Maker);
        }
        if snapshot.logs().any(|(_, last)| self.covers_erased(last)) {
            return Err(Unvouched::Erased);
        }
        let authors = snapshot.logs().map(|(first, last)| {
            let row = last.header();
            let parted = proofs.iter().map(|(one, _)| one.header());
            let mut parted = parted.filter(|one| one.doc == row.doc && one.log == row.log);
            let author = self.author_of(first, last).filter(|_| !parted.any(|one| one.seq <= row.seq));
            author.ok_or(Unvouched::Author(row.log))
        });
        authors.collect()
    }

    /// Whether what stands for a log up to `last` stands for an entry that was erased.
    pub fn covers_erased(&self, last: &VerifiedHeader) -> bool {
        let row = last.header();
        let place = |seq, fill| place(row.doc, row.log, seq, fill);
        self.state().erases_between(place(0, 0), place(row.seq, 0xff))
    }

    /// Whether something of a document was erased.
    pub fn erases_in(&self, doc: DocId) -> bool {
        let place = |seq, fill| place(doc, LogId::from_bytes([fill; 16]), seq, fill);
        self.state().erases_between(place(0, 0), place(u64::MAX, 0xff))
    }

    /// Who wrote a whole log of changes up to `last`, if they stood alike for all of it and may write there.
    pub fn author_of(
        &self,
        first: Option<&VerifiedHeader>,
        last: &VerifiedHeader,
    ) -> Option<(PersonId, Role)> {
        let first = first.or((last.header().seq == 1).then_some(last));
        let (person, role) = self.steady(first.map(VerifiedHeader::header), last.header())?;
        role.reads(last.header().audience).then_some((person, role))
    }
}

/// A bound of what lies at a position: before all of it, or behind it.
fn place(doc: DocId, log: LogId, seq: u64, fill: u8) -> Erased {
    Erased { doc, log, seq, hash: EntryHash::from_bytes([fill; 32]) }
}
