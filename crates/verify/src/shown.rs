//! What the disclosed keys open: statements and changes, and who stood behind them.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Role, Standing};
use proofroom_certificate::{Form, Withheld, relay_word};
use proofroom_document::{BATCH_BYTES_MAX, residue_tip};
use proofroom_entry::{EntryKind, Header, VerifiedHeader};
use proofroom_ident::{Audience, DocId, EntryHash, LogId, Millis, PersonId, SignError, SignerKey};
use proofroom_review::statement::SeenHead;
use proofroom_review::{
    ActStatement, DecisionStatement, DelegationStatement, ProfileStatement, RecordAct, RecordStatement,
    WitnessStatement,
};
use proofroom_seal::EntryKey;
use proofroom_stamp::{Stamp, StampError};
use proofroom_workflow::{SignedAct, SignedDecision, SignedDelegation};

use crate::Believed;
use crate::slice::{Item, Slice};
use crate::table::{Check, Table, s};

/// Everything that was opened and counts, by document.
#[derive(Default)]
pub(crate) struct Shown {
    pub docs: BTreeMap<DocId, Doc>,
    pub delegations: Vec<SignedDelegation>,
    /// The latest name that each person gave themselves.
    pub names: BTreeMap<PersonId, (Millis, EntryHash, ProfileStatement)>,
    /// Whose clocks the reader believes.
    believed: Believed,
    /// What is not shown.
    pub redactions: Vec<(VerifiedHeader, Withheld)>,
}

/// One document's entries.
#[derive(Default)]
pub(crate) struct Doc {
    pub decisions: Vec<SignedDecision>,
    pub acts: Vec<SignedAct>,
    /// What members' machines, and authorities for time, had in front of them, and when.
    pub witnesses: Vec<Witness>,
    /// What is said of its records: erasures.
    pub records: Vec<SignedRecord>,
    /// What is said to be left of entries that were erased.
    pub residues: BTreeMap<EntryHash, BTreeSet<Vec<u8>>>,
    /// Changes that count, in the order of their logs.
    pub changes: Vec<Changes>,
    /// Changes beyond their author's removal: they count where innocent work stands on them.
    pub held: Vec<(EntryHash, Changes)>,
    /// Whether every change is shown.
    pub whole: bool,
}

impl Doc {
    /// Takes what a member who may says of the document's records.
    fn record(
        &mut self,
        doc: DocId,
        (person, role): (PersonId, Role),
        entry: EntryHash,
        json: &str,
    ) -> Result<(), String> {
        let statement = RecordStatement::from_json(json).map_err(|e| e.to_string())?;
        if statement.doc != doc {
            return Err("it is about another document".to_owned());
        }
        if role < Role::Producer {
            return Err(format!("a {role} may not erase, hold or keep records"));
        }
        if let RecordAct::Erase(erasure) = &statement.act {
            for left in &erasure.residues {
                self.residues.entry(left.entry).or_default().insert(left.bytes());
            }
        }
        self.records.push(SignedRecord { person, entry, statement });
        Ok(())
    }
}

/// A record about records.
pub(crate) struct SignedRecord {
    pub person: PersonId,
    pub entry: EntryHash,
    pub statement: RecordStatement,
}

/// A receipt.
pub(crate) struct Witness {
    pub entry: EntryHash,
    pub person: PersonId,
    pub statement: WitnessStatement,
    /// What an authority for time says of it, where one was asked.
    pub stamp: Option<Result<Stamp, StampError>>,
    /// A relay's word, if its signature holds.
    pub word: Option<Result<Word, SignError>>,
}

/// A relay's word that it held what a receipt names.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    pub relay: SignerKey,
    pub at: Millis,
    /// Whether the reader believes it.
    pub believed: bool,
}

/// An opened batch of changes.
pub(crate) struct Changes {
    pub head: VerifiedHeader,
    pub person: PersonId,
    pub role: Role,
    pub plain: Vec<u8>,
    /// Whether that is only what was left of them.
    pub erased: bool,
}

pub(crate) fn open(slice: &Slice, believed: &Believed, table: &mut Table) -> Shown {
    let mut shown = Shown { believed: believed.clone(), ..Shown::default() };
    let docs: BTreeSet<DocId> = slice.logs.keys().map(|(doc, _)| *doc).collect();
    for doc in docs {
        shown.docs.insert(doc, Doc { whole: true, ..Doc::default() });
        // What is said of records first: it tells what is left of changes that were erased.
        let of_records = |item: &&Item| item.header().kind == EntryKind::Record;
        for item in slice.counting(doc).filter(of_records) {
            shown.take(slice, doc, item, table);
        }
        for item in slice.counting(doc).filter(|item| !of_records(item)) {
            shown.take(slice, doc, item, table);
        }
    }
    shown.check_frontiers(slice, table);
    let mut why: BTreeMap<Withheld, usize> = BTreeMap::new();
    shown.redactions.iter().for_each(|(_, w)| *why.entry(*w).or_default() += 1);
    let counts = why.iter().map(|(why, n)| {
        format!(
            "{n} {}",
            match why {
                Withheld::NotShown => "not shown to this reader",
                Withheld::Unreadable => "not readable to the maker",
                Withheld::Erased => "erased",
            }
        )
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    table.tell(
        Check::Redactions,
        if counts.is_empty() {
            "nothing is withheld".into()
        } else {
            format!("entries of which only header and signature are here: {counts}")
        },
    );
    shown
}

impl Shown {
    fn take(&mut self, slice: &Slice, doc: DocId, item: &Item, table: &mut Table) {
        let h = item.header();
        let plain = match (item.form, &item.entry) {
            (Form::Opened(key), Some(entry)) => {
                match EntryKey::from_bytes(key).open(h, entry.payload(), BATCH_BYTES_MAX) {
                    Ok(plain) => plain.to_vec(),
                    Err(error) => {
                        let hash = item.head.hash().short();
                        return table.fail(Check::Signatures, format!("entry {hash}: {error}"));
                    }
                }
            }
            (Form::Withheld(Withheld::Erased), _) => match self.erased(slice, doc, item, table) {
                Some(residue) => residue,
                None => return,
            },
            (Form::Withheld(why), _) => return self.withhold(item, why),
            _ => return,
        };
        let standing = slice.membership.standing(h.author, h.doc, h.log, h.seq, h.auth_head);
        match standing {
            Standing::Member { person, role } if role.reads(Audience::Everyone) => {
                if let Err(why) = self.read(item, doc, person, role, &plain) {
                    let entry = item.head.hash().short();
                    table.note(Check::Signers, format!("entry {entry} counts nowhere: {why}"));
                }
            }
            Standing::HeldBack { person, removal } => {
                self.hold(slice, item, doc, (person, removal), plain, table)
            }
            Standing::Member { .. } | Standing::NotMember | Standing::AwaitsAuthority => {
                let (entry, device) = (item.head.hash().short(), h.author.short());
                let what = kind(h);
                table.fail(
                    Check::Signers,
                    format!("{what} {entry}: device {device} was no member who may write it"),
                );
            }
        }
    }

    /// What is left of an erased entry, where somebody who may says so.
    fn erased(&mut self, slice: &Slice, doc: DocId, item: &Item, table: &mut Table) -> Option<Vec<u8>> {
        let hash = item.head.hash();
        let said = self.docs.get(&doc).and_then(|doc| doc.residues.get(&hash));
        let residue = said.into_iter().flatten().find(|left| residue_tip(left).is_some()).cloned();
        if !slice.membership.state().is_erased(hash) {
            let why =
                format!("entry {} is said to be erased, and nobody who may has erased it", hash.short());
            table.fail(Check::Redactions, why);
        }
        match &residue {
            Some(_) => self.redactions.push((item.head.clone(), Withheld::Erased)),
            None => self.withhold(item, Withheld::Erased),
        }
        residue
    }

    fn withhold(&mut self, item: &Item, why: Withheld) {
        if item.header().kind == EntryKind::Change
            && let Some(doc) = self.docs.get_mut(&item.header().doc)
        {
            doc.whole = false;
        }
        self.redactions.push((item.head.clone(), why));
    }

    /// Beyond a removal's line nothing counts, but changes that innocent work stands on.
    fn hold(
        &mut self,
        slice: &Slice,
        item: &Item,
        doc: DocId,
        (person, removal): (PersonId, EntryHash),
        plain: Vec<u8>,
        table: &mut Table,
    ) {
        let (entry, what) = (item.head.hash().short(), kind(item.header()));
        table.note(
            Check::Signers,
            format!("{what} {entry} was written after its author's removal and is held back"),
        );
        if item.header().kind == EntryKind::Change
            && let Some(role) = slice.membership.role_before(removal, person)
            && let Some(doc) = self.docs.get_mut(&doc)
        {
            let erased = item.is_erased();
            doc.held.push((removal, Changes { head: item.head.clone(), person, role, plain, erased }));
        }
    }

    fn read(
        &mut self,
        item: &Item,
        doc: DocId,
        person: PersonId,
        role: Role,
        plain: &[u8],
    ) -> Result<(), String> {
        let (h, entry) = (item.header(), item.head.hash());
        let (log, seq) = (h.log, h.seq);
        let json = || std::str::from_utf8(plain).map_err(|_| "it is no text".to_owned());
        let about =
            |review: DocId| if review == doc { Ok(()) } else { Err("it is about another review".to_owned()) };
        let of = self.docs.entry(doc).or_default();
        match h.kind {
            EntryKind::Approval => {
                let statement = DecisionStatement::from_json(json()?).map_err(|e| e.to_string())?;
                about(statement.review)?;
                of.decisions.push(SignedDecision { person, entry, log, seq, statement });
            }
            EntryKind::Act => {
                let statement = ActStatement::from_json(json()?).map_err(|e| e.to_string())?;
                about(statement.review)?;
                if let Some(what) = statement.act.not_for_guests().filter(|_| role < Role::Reviewer) {
                    return Err(format!("a {role} may not {what}"));
                }
                let moderator = role >= Role::Producer;
                let act = SignedAct::new(person, entry, log, seq, moderator, statement);
                of.acts.push(act.map_err(|e| e.to_string())?);
            }
            EntryKind::Delegation => {
                let statement = DelegationStatement::from_json(json()?).map_err(|e| e.to_string())?;
                if doc != h.workspace.plan_doc() {
                    return Err("delegations lie in the plan".into());
                }
                self.delegations.push(SignedDelegation { person, entry, log, seq, statement });
            }
            EntryKind::Profile => {
                let profile = ProfileStatement::from_json(json()?).map_err(|e| e.to_string())?;
                let newer =
                    self.names.get(&person).is_none_or(|(at, e, _)| (*at, *e) < (h.claimed_at, entry));
                if newer {
                    self.names.insert(person, (h.claimed_at, entry, profile));
                }
            }
            EntryKind::Change => {
                let (head, plain) = (item.head.clone(), plain.to_vec());
                of.changes.push(Changes { head, person, role, plain, erased: item.is_erased() });
            }
            EntryKind::Receipt => {
                let statement = WitnessStatement::from_json(json()?).map_err(|e| e.to_string())?;
                about(statement.review)?;
                let stamped = statement.stamped().map_err(|e| e.to_string())?;
                let imprint = proofroom_stamp::imprint(stamped.as_bytes());
                let stamp = statement.token_bytes();
                let stamp =
                    stamp.map(|token| proofroom_stamp::verify(&token, &imprint, &self.believed.authorities));
                let relays = &self.believed.relays;
                let word = statement.relay.zip(relay_word(h.workspace, &statement)).map(|(word, holds)| {
                    holds.map(|()| Word {
                        relay: word.key,
                        at: word.at,
                        believed: relays.contains(&word.key),
                    })
                });
                of.witnesses.push(Witness { entry, person, statement, stamp, word });
            }
            EntryKind::Record => of.record(doc, (person, role), entry, json()?)?,
            EntryKind::Authority => {}
        }
        Ok(())
    }

    /// What signers say that they had in front of them is here, entry by entry: a log that was cut
    /// short, or left out, shows.
    fn check_frontiers(&self, slice: &Slice, table: &mut Table) {
        let mut known: BTreeMap<LogId, &[Item]> = BTreeMap::new();
        for ((_, log), items) in &slice.logs {
            known.insert(*log, &items.items);
        }
        let (mut checked, mut whole) = (BTreeSet::new(), true);
        let mut check = |entry: EntryHash, seen: &BTreeMap<LogId, SeenHead>| {
            for (log, head) in seen {
                if !checked.insert((*log, head.seq, head.hash)) {
                    continue;
                }
                let there = |items: &&[Item]| {
                    let from = items.partition_point(|i| i.header().seq < head.seq);
                    let at = items[from..].iter().take_while(|i| i.header().seq == head.seq);
                    at.map(|i| i.head.hash()).any(|hash| hash == head.hash)
                };
                if !known.get(log).is_some_and(there) {
                    let (entry, log, seq) = (entry.short(), log.short(), head.seq);
                    let why = format!(
                        "whoever signed {entry} had entry {seq} of log {log} in front of them, which is missing"
                    );
                    table.fail(Check::Gaps, why);
                    whole = false;
                }
            }
        };
        for doc in self.docs.values() {
            doc.decisions.iter().for_each(|d| check(d.entry, &d.statement.seen_heads));
            doc.acts.iter().for_each(|a| check(a.entry, &a.statement.seen_heads));
            doc.witnesses.iter().for_each(|w| check(w.entry, &w.statement.seen_heads));
        }
        let n = self.docs.values().map(|d| d.decisions.len() + d.acts.len()).sum::<usize>();
        if whole {
            let found = format!(
                "all that the signers of {n} decision{} and acts had in front of them is there",
                s(n)
            );
            table.note(Check::Gaps, found);
        }
    }
}

/// What people call an entry of this kind.
pub(crate) fn kind(h: &Header) -> &'static str {
    match h.kind {
        EntryKind::Authority => "membership entry",
        EntryKind::Change => "change",
        EntryKind::Approval => "decision",
        EntryKind::Act => "act",
        EntryKind::Delegation => "delegation",
        EntryKind::Profile => "name",
        EntryKind::Receipt => "receipt",
        EntryKind::Record => "record",
    }
}
