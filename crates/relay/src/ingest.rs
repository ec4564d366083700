//! Judging entries: signature, chain, membership. Once, for all their readers.

use std::collections::BTreeMap;

use proofroom_authority::{AuthorityError, Inserted, Op, Standing};
use proofroom_entry::{ChainError, EntryKind, Header, LogTip, Signed, Verified, VerifyError, check_link};
use proofroom_ident::{DocId, LogId, Millis, SignerKey};
use proofroom_store::{Batch, Store, StoreError, branch_key};
use proofroom_sync::{Code, Refusal};

use crate::admission::{Seat, open_invite};
use crate::config::Quotas;
use crate::room::Room;

/// What became of a batch of entries.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What is to be committed.
    pub batch: Batch,
    /// The entries in it, in order.
    pub fresh: Vec<Verified>,
    /// Whether the membership log took anything.
    pub authority_grew: bool,
    /// Whether the membership log in memory took something that is not to be stored.
    pub authority_spoilt: bool,
    /// What shows two histories, as far as it was not known: told on, though no log holds it.
    pub evidence: Vec<Verified>,
    /// Authors of whom a proof of two histories is kept.
    pub equivocators: Vec<SignerKey>,
}

impl Judged {
    /// Size of the fresh entries.
    pub fn bytes(&self) -> u64 {
        self.fresh.iter().map(|e| e.bytes().len() as u64).sum()
    }
}

/// Why one entry is not taken.
struct No {
    code: Code,
    text: String,
}

fn no(code: Code, text: impl Into<String>) -> No {
    No { code, text: text.into() }
}

/// Judges the entries that one connection brings.
pub(crate) struct Judge<'a> {
    pub room: &'a mut Room,
    pub store: &'a dyn Store,
    pub quotas: &'a Quotas,
    pub device: SignerKey,
    pub seat: Seat,
    pub now: Millis,
    tips: BTreeMap<(DocId, LogId), Option<LogTip>>,
    out: Judged,
}

impl<'a> Judge<'a> {
    pub fn new(
        room: &'a mut Room,
        store: &'a dyn Store,
        quotas: &'a Quotas,
        (device, seat): (SignerKey, Seat),
        now: Millis,
    ) -> Self {
        Self { room, store, quotas, device, seat, now, tips: BTreeMap::new(), out: Judged::default() }
    }

    /// Judges all; only a store that fails stops it. A log of which something was `refused`
    /// is not taken any further.
    pub fn judge(mut self, entries: Vec<Signed>, refused: &mut Vec<Refusal>) -> Result<Judged, StoreError> {
        for signed in entries {
            let (doc, log, seq) = (signed.claims().doc, signed.claims().log, signed.claims().seq);
            if let Some(r) = refused.iter_mut().find(|r| (r.doc, r.log) == (doc, log)) {
                r.count += 1;
                continue;
            }
            if let Err(No { code, text }) = self.one(signed)? {
                refused.push(Refusal { doc, log, seq, count: 1, code, text });
            }
        }
        Ok(self.out)
    }

    fn one(&mut self, signed: Signed) -> Result<Result<(), No>, StoreError> {
        let erased = self.room.authority.state().is_erased(signed.hash());
        let verified = match erased {
            true => signed.verify_erased(self.room.workspace).map(|entry| entry.without_payload()),
            false => signed.verify(self.room.workspace),
        };
        let entry = match verified {
            Ok(entry) => entry,
            Err(e @ VerifyError::Erased(_)) => return Ok(Err(no(Code::AwaitsAuthority, e.to_string()))),
            Err(e) => return Ok(Err(no(Code::BadEntry, e.to_string()))),
        };
        let place = (entry.header().doc, entry.header().log);
        let tip = match self.tips.get(&place) {
            Some(tip) => *tip,
            None => self.store.tip(self.room.workspace, place.0, place.1)?,
        };
        let next = match check_link(tip.as_ref(), entry.head()) {
            Ok(next) => next,
            Err(error) => return self.off_chain(&entry, &error),
        };
        if let Err(no) = self.authorise(&entry) {
            return Ok(Err(no));
        }
        self.tips.insert(place, Some(next));
        self.out.batch.append(entry.clone());
        self.out.fresh.push(entry);
        Ok(Ok(()))
    }

    /// An entry that does not follow its log: a repeat is fine, a second history is proved.
    fn off_chain(&mut self, entry: &Verified, error: &ChainError) -> Result<Result<(), No>, StoreError> {
        let h = entry.header();
        match error {
            ChainError::Gap { .. } | ChainError::Broken { .. } if self.is_forked(h.log)? => {
                self.keep_branch(entry);
                Ok(Err(no(Code::Equivocation, error.to_string())))
            }
            ChainError::Gap { .. } => Ok(Err(no(Code::Gap, error.to_string()))),
            ChainError::Broken { .. } => Ok(Err(no(Code::Equivocation, error.to_string()))),
            ChainError::Known { .. } => {
                let held = match self.fresh_at(h.doc, h.log, h.seq) {
                    Some(held) => Some(held),
                    None => self.store.entry(self.room.workspace, h.doc, h.log, h.seq)?,
                };
                let Some(held) = held.filter(|held| held.hash() != entry.hash()) else { return Ok(Ok(())) };
                let proofs = self.store.proofs(self.room.workspace)?;
                let proved =
                    |(one, _): &(Verified, Verified)| one.header().log == h.log && one.header().seq <= h.seq;
                self.keep_branch(entry);
                if proofs.iter().any(proved) {
                    return Ok(Err(no(Code::Equivocation, "its log has two histories, as is known")));
                }
                self.out.evidence.push(entry.clone());
                self.out.equivocators.push(h.author);
                let text =
                    format!("{:?} and {:?} are two entries for one position", held.hash(), entry.hash());
                self.out.batch.proof(held, entry.clone());
                Ok(Err(no(Code::Equivocation, text)))
            }
        }
    }

    /// Whether a log is known to have two histories.
    fn is_forked(&self, log: LogId) -> Result<bool, StoreError> {
        let proofs = self.store.proofs(self.room.workspace)?;
        Ok(proofs.iter().any(|(one, _)| one.header().log == log))
    }

    /// A member's operation of a second history is weighed as any other, so that the
    /// relay and the members agree on who is one.
    fn keep_branch(&mut self, entry: &Verified) {
        let bytes = entry.bytes().len() as u64;
        let full = self.room.authority_bytes + bytes > self.quotas.authority_bytes_max;
        if entry.header().kind != EntryKind::Authority || self.seat != Seat::Member || full {
            return;
        }
        if let Ok(Inserted::New | Inserted::Waiting) = self.room.authority.insert(entry) {
            let key = branch_key(self.room.workspace, entry.hash().as_bytes());
            self.out.batch.put(key, entry.bytes().to_vec());
            self.out.evidence.push(entry.clone());
            self.out.authority_grew = true;
            self.room.authority_bytes += bytes;
        }
    }

    fn fresh_at(&self, doc: DocId, log: LogId, seq: u64) -> Option<Verified> {
        let at = |e: &&Verified| (e.header().doc, e.header().log, e.header().seq) == (doc, log, seq);
        self.out.fresh.iter().find(at).cloned()
    }

    fn authorise(&mut self, entry: &Verified) -> Result<(), No> {
        match (entry.header().kind, self.seat) {
            (EntryKind::Authority, Seat::Member | Seat::Bringer) => self.take_authority(entry),
            (EntryKind::Authority, Seat::Joiner(_) | Seat::Newcomer(_)) => self.take_introduction(entry),
            (_, Seat::Member) => self.check_standing(entry),
            (_, Seat::Bringer) => {
                Err(no(Code::MayNotWrite, "the membership log must come first, with this device in it"))
            }
            (_, Seat::Joiner(_) | Seat::Newcomer(_)) => {
                Err(no(Code::MayNotWrite, "join first: the device is not a member's yet"))
            }
        }
    }

    /// Somebody at the door writes one thing: their own introduction, and it must have effect.
    fn take_introduction(&mut self, entry: &Verified) -> Result<(), No> {
        let refused = |text: &str| Err(no(Code::MayNotWrite, text));
        if entry.header().author != self.device {
            // What they heard of members elsewhere, and what theirs may stand on.
            let of_a_member = self.room.authority.state().actor(entry.header().author).is_some();
            return match of_a_member {
                true => self.take_authority(entry),
                false => refused("whoever joins writes their own acceptance, and brings what members wrote"),
            };
        }
        let (_, op) = Op::decode(entry.payload()).map_err(|e| no(Code::BadEntry, e.to_string()))?;
        match (&op, self.seat) {
            (Op::Accept { invite, .. }, Seat::Joiner(proved)) if *invite == proved => {
                let open = open_invite(self.room.authority.state(), proved, self.now);
                open.map_err(|denial| no(denial.code(), denial.to_string()))?;
            }
            (Op::AddDevice { device, .. }, Seat::Newcomer(person))
                if device.person == person && device.signing == self.device => {}
            _ => return refused("whoever joins writes their own acceptance only"),
        }
        self.take_authority(entry)?;
        let state = self.room.authority.state();
        if state.actor(self.device).is_some() {
            self.seat = Seat::Member;
            return Ok(());
        }
        let why = state
            .refusal(entry.hash())
            .map_or("it stands on entries that are not known".into(), ToString::to_string);
        self.out.authority_spoilt = true;
        Err(no(Code::MayNotWrite, format!("the acceptance has no effect: {why}")))
    }

    fn take_authority(&mut self, entry: &Verified) -> Result<(), No> {
        let bytes = entry.bytes().len() as u64;
        if self.room.authority_bytes + bytes > self.quotas.authority_bytes_max {
            return Err(no(Code::QuotaExceeded, "the membership log is as large as it may be"));
        }
        match self.room.authority.insert(entry) {
            Ok(_) => {
                self.room.authority_bytes += bytes;
                self.out.authority_grew = true;
                if self.seat == Seat::Bringer && self.room.authority.state().actor(self.device).is_some() {
                    self.seat = Seat::Member;
                }
                Ok(())
            }
            Err(e @ AuthorityError::TooManyWaiting { .. }) => Err(no(Code::AwaitsAuthority, e.to_string())),
            Err(e) => Err(no(Code::BadEntry, e.to_string())),
        }
    }

    fn knew_better_role(&self, h: &Header) -> bool {
        let role = self.room.authority.knew_role(h.author, h.auth_head);
        role.is_some_and(|role| role.may_write() && role.reads(h.audience))
    }

    /// Work that is held back is stored all the same: a member brings it, and others may adopt it.
    fn check_standing(&self, entry: &Verified) -> Result<(), No> {
        let h = entry.header();
        match self.room.authority.standing(h.author, h.doc, h.log, h.seq, h.auth_head) {
            Standing::Member { role, .. } if role.may_write() && role.reads(h.audience) => Ok(()),
            // Written before its author heard of another role, or of being no member: kept, as what is
            // held back is. What a relay holds must not depend on what it heard first.
            Standing::Member { .. } | Standing::NotMember if self.knew_better_role(h) => Ok(()),
            Standing::Member { role, .. } => {
                Err(no(Code::MayNotWrite, format!("a {role} may not write this document")))
            }
            Standing::HeldBack { .. } => Ok(()),
            Standing::NotMember => {
                Err(no(Code::NotMember, format!("the author {:?} was not a member there", h.author)))
            }
            Standing::AwaitsAuthority => {
                let text = format!("it stands on {:?}, which is not known here", h.auth_head);
                Err(no(Code::AwaitsAuthority, text))
            }
        }
    }
}
