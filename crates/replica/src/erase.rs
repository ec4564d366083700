//! Erasing: words and files that somebody has a right to see gone.
//!
//! ```text
//! statement   Record   what, on what ground, why; what is left     sealed, in the document
//! operation   Erase    which entries and files, by hash            in the membership log, in the clear
//! ```
//!
//! The statement is durable first: the operation makes relays forget at once, and nothing may be lost that others'
//! work stands on. Who hears of it forgets (`shred.rs`). Whole entries are erased, for what is left of an entry must
//! follow from it: so what else an entry holds goes too, and is told before.

use std::collections::BTreeSet;

use proofroom_authority::{Erased as ErasedEntry, Op, Role};
use proofroom_document::{Holds, holdings, residue_of};
use proofroom_entry::{EntryKind, Verified};
use proofroom_ident::{AssetId, Audience, BlobHash, ContentHash, DocId, EntryHash, LogClass, VersionHash};
use proofroom_review::{
    CommentKey, Erased, Erasure, LegalBasis, RecordAct, RecordStatement, RequestKey, Residue, ReviewView,
};
use proofroom_store::Store;
use zeroize::Zeroizing;

use crate::docs::entries_after;
use crate::error::ReplicaError;
use crate::open::{Replica, Step};

/// What somebody wants erased of an asset's review.
#[derive(Clone, Debug, Default)]
pub struct ToErase {
    /// Whose words: everyone's document, or the team's.
    pub comments: BTreeSet<CommentKey>,
    /// Versions of which all files go, with what was made of them.
    pub versions: BTreeSet<VersionHash>,
}

/// An erasure before it is signed.
#[derive(Clone, Debug)]
pub struct Erasing {
    /// The document.
    pub doc: DocId,
    /// What is erased, as asked.
    pub what: Vec<Erased>,
    /// What lies in the same entries and goes with it.
    pub also: Vec<Erased>,
    /// The files, by their ciphertext's names.
    pub blobs: Vec<BlobHash>,
    entries: Vec<ErasedEntry>,
    residues: Vec<Residue>,
}

impl Erasing {
    /// How many entries lose their payload.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }
}

impl Replica {
    /// Works out what erasing something takes; nothing is changed.
    ///
    /// # Errors
    /// When there is nothing of it here, earlier entries are not here, or the store cannot be read.
    pub fn draft_erasure(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        audience: Audience,
        wanted: &ToErase,
    ) -> Result<Erasing, ReplicaError> {
        self.require(Role::Producer, "erase")?;
        let doc = self.workspace.review_doc(asset, audience);
        if !store.bases(self.workspace, doc)?.is_empty() {
            return Err(ReplicaError::HistoryElsewhere(doc));
        }
        let view = self.review(store, asset, audience)?;
        let texts: BTreeSet<String> = wanted.comments.iter().map(ToString::to_string).collect();
        let contents: BTreeSet<ContentHash> =
            wanted.versions.iter().flat_map(|version| contents_of(&view, version)).collect();
        let (mut out, gone) = self.gather(store, doc, &texts, &contents)?;
        (out.what, out.also) = named(&view, &gone, &texts, &contents);
        Ok(out)
    }

    /// As [`Replica::draft_erasure`], of requests: their forms, their briefs, and what was asked or said about them.
    ///
    /// # Errors
    /// As there.
    pub fn draft_erasure_of_requests(
        &mut self,
        store: &dyn Store,
        wanted: &BTreeSet<RequestKey>,
    ) -> Result<Erasing, ReplicaError> {
        self.require(Role::Producer, "erase")?;
        let doc = self.workspace.plan_doc();
        if !store.bases(self.workspace, doc)?.is_empty() {
            return Err(ReplicaError::HistoryElsewhere(doc));
        }
        let texts: BTreeSet<String> = wanted.iter().map(ToString::to_string).collect();
        let (mut out, gone) = self.gather(store, doc, &texts, &BTreeSet::new())?;
        let lost = gone.texts.iter().filter_map(|text| text.parse().ok());
        let lost = lost.map(|request| (wanted.contains(&request), Erased::Request { request }));
        let (asked, also): (Vec<_>, Vec<_>) = lost.partition(|(asked, _)| *asked);
        out.what = asked.into_iter().map(|(_, erased)| erased).collect();
        out.also = also.into_iter().map(|(_, erased)| erased).collect();
        Ok(out)
    }

    /// The entries of a document that hold words of these records, or keys of these files, and what is left of them.
    fn gather(
        &self,
        store: &dyn Store,
        doc: DocId,
        texts: &BTreeSet<String>,
        contents: &BTreeSet<ContentHash>,
    ) -> Result<(Erasing, Holds), ReplicaError> {
        let mut out = Erasing {
            doc,
            what: Vec::new(),
            also: Vec::new(),
            blobs: Vec::new(),
            entries: Vec::new(),
            residues: Vec::new(),
        };
        let (mut gone, read) = (Holds::default(), self.readable_changes(store, doc)?);
        let batches: Vec<&[u8]> = read.iter().map(|(_, plain)| plain.as_slice()).collect();
        for ((entry, plain), holds) in read.iter().zip(holdings(&batches)) {
            let wanted =
                !holds.texts.is_disjoint(texts) || holds.files.values().any(|c| contents.contains(c));
            if wanted {
                let left = residue_of(plain).map_err(|e| ReplicaError::Invalid(e.to_string()))?;
                out.residues.push(Residue::new(entry.hash(), &left));
                out.entries.push(place(entry));
                gone.texts.extend(holds.texts);
                gone.files.extend(holds.files);
            }
        }
        if out.entries.is_empty() {
            return Err(ReplicaError::Invalid("nothing of it is here, or it was erased before".into()));
        }
        out.residues.sort_by_key(|residue| residue.entry);
        out.blobs = gone.files.keys().copied().collect();
        Ok((out, gone))
    }

    /// Erases: signs why, and says in the membership log what everybody is to forget.
    ///
    /// # Errors
    /// When this person may not, it is under a hold or is to be kept, or the store fails.
    pub fn erase(
        &mut self,
        step: &mut Step<'_>,
        erasing: &Erasing,
        basis: LegalBasis,
        reason: &str,
    ) -> Result<EntryHash, ReplicaError> {
        self.require(Role::Producer, "erase")?;
        self.require_free(step.store, erasing.doc, step.now)?;
        let what = erasing.what.iter().chain(&erasing.also).cloned().collect();
        let erasure = Erasure { basis, what, residues: erasing.residues.clone() };
        let statement = RecordStatement {
            doc: erasing.doc,
            act: RecordAct::Erase(Box::new(erasure)),
            reason: reason.to_owned(),
            claimed_at: step.now,
        };
        let op = |statement| Op::Erase {
            statement,
            entries: erasing.entries.clone().into(),
            blobs: erasing.blobs.clone().into(),
        };
        self.authority.may(self.me.device(), &op(EntryHash::ZERO), step.now)?;
        let signed = self.sign(step, erasing.doc, EntryKind::Record, statement.to_json())?;
        let done = self.append_op(step, &op(signed.entry))?;
        self.membership_changed();
        self.shred(step)?;
        Ok(done.hash())
    }

    /// A document's changes that this device reads, with their plaintexts, or what is left of them.
    fn readable_changes(&self, store: &dyn Store, doc: DocId) -> Result<Vec<Readable>, ReplicaError> {
        let (mut out, residues) = (Vec::new(), self.residues(store, doc)?);
        for tip in store.tips(self.workspace, doc)? {
            if tip.log.class() == Some(LogClass::Changes) {
                let entries = entries_after(store, self.workspace, &tip, 0)?.into_iter();
                let left = |entry: &Verified| match entry.is_erased() {
                    true => self.left_of(entry, &residues),
                    false => self.plain(entry),
                };
                out.extend(entries.filter_map(|entry| left(&entry).map(|plain| (entry, plain))));
            }
        }
        Ok(out)
    }
}

/// An entry and its plaintext.
type Readable = (Verified, Zeroizing<Vec<u8>>);

fn place(entry: &Verified) -> ErasedEntry {
    let h = entry.header();
    ErasedEntry { doc: h.doc, log: h.log, seq: h.seq, hash: entry.hash() }
}

/// A version's files, and what was made of them.
fn contents_of(view: &ReviewView, version: &VersionHash) -> Vec<ContentHash> {
    let files = view.versions.get(version).into_iter().flat_map(|manifest| &manifest.files);
    let with_renditions = |content: ContentHash| {
        view.renditions_of(&content).map(|r| r.content).chain([content]).collect::<Vec<_>>()
    };
    files.flat_map(|file| with_renditions(file.content)).collect()
}

/// What goes, as people call it: what was asked for, and what goes with it.
fn named(
    view: &ReviewView,
    gone: &Holds,
    texts: &BTreeSet<String>,
    contents: &BTreeSet<ContentHash>,
) -> (Vec<Erased>, Vec<Erased>) {
    let (mut asked, mut also) = (Vec::new(), Vec::new());
    for text in &gone.texts {
        let Ok(comment) = text.parse() else { continue };
        let list = if texts.contains(text) { &mut asked } else { &mut also };
        list.push(Erased::Comment { comment });
    }
    let lost: BTreeSet<&ContentHash> = gone.files.values().collect();
    for (version, manifest) in &view.versions {
        for file in manifest.files.iter().filter(|file| lost.contains(&file.content)) {
            let list = if contents.contains(&file.content) { &mut asked } else { &mut also };
            list.push(Erased::File { version: *version, content: file.content });
        }
    }
    (asked, also)
}
