//! What an operation does to a state, once its author may do it.
//!
//! Every effect checks first and changes then, so that a refused operation
//! leaves the state as it was.

use std::cmp::Reverse;
use std::sync::Arc;

use proofroom_ident::{BlobHash, DeviceRecord, EntryHash, InviteId, KexPublic, PersonId, SignerKey, Voucher};

use super::history::{Bar, BarKind, DeviceEvent, MemberEvent, device_on, push, role_of};
use super::{Device, Epoch, Invite, Member, PMap, Seniority, State};
use crate::graph::{Graph, Ix};
use crate::mandate::{Act, Mandate};
use crate::op::{Cut, Erased, Op};
use crate::{Refusal, Role};

/// Most devices of one person, past ones included.
pub const DEVICES_PER_PERSON_MAX: usize = 256;

/// An operation about to take effect.
pub(crate) struct Step<'a> {
    /// The entry.
    pub entry: EntryHash,
    pub act: &'a Act,
    pub by: Mandate,
    /// The seniority of whoever it admits.
    pub new: Seniority,
    pub graph: &'a Graph,
    /// The entry's own place; `None` where the state holds its past and nothing else.
    pub at: Option<Ix>,
}

impl Step<'_> {
    fn knows(&self, entry: EntryHash) -> bool {
        self.at.is_none_or(|at| self.graph.knows(at, entry))
    }

    /// Whether the invite was made by somebody who knew of the removal or the change of role.
    fn invited_after(&self, bar: EntryHash, invite: &Invite) -> bool {
        self.graph.find(invite.made_by).is_some_and(|made| self.graph.knows(made, bar))
    }
}

impl State {
    /// Lets an operation take effect, or says why it has none.
    pub(crate) fn apply(&mut self, step: &Step<'_>) -> Result<(), Refusal> {
        #[cfg(test)]
        crate::tests::accounting::count();
        self.check_grounds(step)?;
        let entry = step.entry;
        match &step.act.op {
            Op::Genesis { device, recovery, .. } => {
                self.admit(step, device, *recovery, Role::Owner);
                Ok(())
            }
            Op::AddDevice { device, recovery } => self.add_device(step, device, *recovery),
            Op::RemoveDevice { signer, cut } => self.remove_device(step, *signer, cut),
            Op::Invite { .. } => self.invite_by(step),
            Op::RevokeInvite { id } => {
                self.invite(*id).ok_or(Refusal::NoSuchInvite(*id))?;
                self.close_invite(step, *id);
                Ok(())
            }
            Op::Accept { .. } => self.accept(step),
            Op::SetRole { person, role, cut } => self.set_role(step, *person, *role, cut),
            Op::Remove { person, cut } => self.remove(step, *person, cut),
            Op::ExtendCut { removal, cut } => {
                self.bars.get_mut(removal).ok_or(Refusal::NoSuchRemoval(*removal))?.extend(cut);
                Ok(())
            }
            Op::RotateKey { .. } => self.rotate(step),
            Op::ShareKey { audience, key, wraps } => {
                let epoch = self.epochs.get_mut(key).filter(|epoch| epoch.audience == *audience);
                push(&mut epoch.ok_or(Refusal::NoSuchKey(*key))?.wraps, Arc::clone(wraps));
                Ok(())
            }
            Op::Merge => Ok(()),
            Op::Erase { entries, blobs, .. } => {
                self.erase(entry, entries, blobs);
                Ok(())
            }
        }
    }

    /// Notes what is erased; the first erasure of each is the one that is named.
    fn erase(&mut self, by: EntryHash, entries: &[Erased], blobs: &[BlobHash]) {
        for erased in entries.iter().filter(|e| !self.is_erased(e.hash)).collect::<Vec<_>>() {
            self.erased.insert_mut(erased.hash, (*erased, by));
            self.erased_places.insert_mut(*erased, ());
        }
        for blob in blobs.iter().filter(|b| self.erased_blob(**b).is_none()).collect::<Vec<_>>() {
            self.erased_blobs.insert_mut(*blob, by);
        }
    }

    /// Keeps an entry that has no effect, with its reason.
    pub(crate) fn refuse(&mut self, entry: EntryHash, reason: Refusal) {
        self.refused.insert_mut(entry, reason);
    }

    /// The author's device and role must still rest on entries that have effect here.
    pub(crate) fn check_grounds(&self, step: &Step<'_>) -> Result<(), Refusal> {
        let act = step.act;
        if matches!(act.op, Op::Genesis { .. } | Op::Accept { .. }) {
            return Ok(());
        }
        let known = |by| step.knows(by);
        let device = self.device(act.author);
        let on = act.introduces_itself()
            || device.is_some_and(|d| {
                d.person == step.by.person && device_on(&d.events, known, known) == Ok(true)
            });
        let role = self.member(step.by.person).map(|member| role_of(&member.events, known, known));
        match role {
            Some(Ok(Some(role))) if on && role >= step.by.least => Ok(()),
            _ => Err(Refusal::Ungrounded(act.author)),
        }
    }

    fn invite_by(&mut self, step: &Step<'_>) -> Result<(), Refusal> {
        let Op::Invite { id, kex, role, uses, expires } = &step.act.op else { return Ok(()) };
        let rank = (step.by.role, Reverse(step.by.seniority));
        let mut used = 0;
        if let Some(known) = self.invite(*id) {
            if known.rank >= rank {
                return Err(Refusal::Exists("the invite"));
            }
            // An invite's key proves nothing here: whoever saw the id may have claimed it. Who came by it has the link.
            used = known.uses - known.uses_left;
            let before = (known.inviter, *id);
            self.made.remove_mut(&before);
        }
        let inviter = step.by.person;
        let invite = Invite {
            kex: *kex,
            role: *role,
            uses: used.max(*uses),
            uses_left: uses.saturating_sub(used),
            expires: *expires,
            inviter,
            device: step.act.author,
            made_by: step.entry,
            rank,
            // Its maker may have left in the meantime.
            closed: self.member(inviter).and_then(|member| member.removed),
        };
        if let Some(left) = invite.closed {
            self.closing.insert_mut((*id, left), ());
        }
        self.made.insert_mut((inviter, *id), ());
        self.invites.insert_mut(*id, invite);
        Ok(())
    }

    fn accept(&mut self, step: &Step<'_>) -> Result<(), Refusal> {
        let Op::Accept { invite: id, device, recovery, .. } = &step.act.op else { return Ok(()) };
        let invite = self.invite(*id).ok_or(Refusal::NoSuchInvite(*id))?;
        // What closes it and is not known here strikes this, or has no power over it (see `strikes`).
        if self.closing(*id).any(|by| step.knows(by)) {
            return Err(Refusal::InviteClosed(*id));
        }
        if invite.uses_left == 0 {
            return Err(Refusal::InviteUsedUp(*id));
        }
        if invite.has_expired(step.act.at) {
            return Err(Refusal::InviteExpired(*id));
        }
        if let Some(bar) = self.barred_from(device.person, invite.role)
            && !step.invited_after(bar, invite)
        {
            return Err(Refusal::Barred(bar));
        }
        self.check_room(step, device)?;
        if let Some(removal) = self.device(device.signing).and_then(|known| known.removed) {
            // A device that was itself removed may be in other hands, with an old voucher.
            let alone = self.bars.get(&removal).is_none_or(|bar| bar.kind != BarKind::Person);
            if alone || !step.invited_after(removal, invite) {
                return Err(Refusal::Barred(removal));
            }
        }
        let role = invite.role;
        if let Some(invite) = self.invites.get_mut(id) {
            invite.uses_left -= 1;
        }
        self.taken.insert_mut((device.person, *id, device.signing), ());
        self.admit(step, device, *recovery, role);
        Ok(())
    }

    fn admit(&mut self, step: &Step<'_>, device: &DeviceRecord, recovery: Option<KexPublic>, role: Role) {
        let fresh = Member {
            role,
            seniority: step.new,
            joined_by: step.entry,
            removed: None,
            recovery,
            events: PMap::new_sync(),
        };
        let mut member = match self.member(device.person) {
            None => fresh,
            Some(known) if known.is_active() => {
                Member { role: known.role.max(role), recovery: recovery.or(known.recovery), ..known.clone() }
            }
            Some(known) => {
                Member { recovery: recovery.or(known.recovery), events: known.events.clone(), ..fresh }
            }
        };
        push(&mut member.events, MemberEvent::Joined { by: step.entry, role });
        self.put_member(device.person, member);
        self.put_device(step, device);
    }

    fn add_device(
        &mut self,
        step: &Step<'_>,
        device: &DeviceRecord,
        recovery: Option<KexPublic>,
    ) -> Result<(), Refusal> {
        let person = device.person;
        let member = self.present(person)?;
        self.check_room(step, device)?;
        if let Some(removal) = self.device(device.signing).and_then(|known| known.removed)
            && step.act.introduces_itself()
        {
            return Err(Refusal::Barred(removal));
        }
        // The person's own word about the recovery key outweighs a device's.
        let recovery = match device.voucher {
            Voucher::Person(_) => recovery.or(member.recovery),
            Voucher::Device(..) => member.recovery.or(recovery),
        };
        let member = Member { recovery, ..member.clone() };
        self.put_member(person, member);
        self.put_device(step, device);
        Ok(())
    }

    /// A signing key belongs to one person for good, and is not added twice; but whoever has the key outweighs
    /// those who only name it.
    fn check_room(&self, step: &Step<'_>, device: &DeviceRecord) -> Result<(), Refusal> {
        match self.device(device.signing) {
            Some(known) if step.act.introduces_itself() && !known.proven && known.person != device.person => {
                Ok(())
            }
            Some(known) if known.is_active() || known.person != device.person => {
                Err(Refusal::Exists("the device"))
            }
            None if self.devices_of(device.person).count() >= DEVICES_PER_PERSON_MAX => {
                Err(Refusal::TooManyDevices(DEVICES_PER_PERSON_MAX))
            }
            _ => Ok(()),
        }
    }

    fn put_device(&mut self, step: &Step<'_>, record: &DeviceRecord) {
        let (entry, person) = (step.entry, record.person);
        let known =
            self.device(record.signing).map(|known| (known.person, known.events.clone(), known.proven));
        let (mut events, mut proven) = (PMap::new_sync(), step.act.author == record.signing);
        match known {
            Some((same, steps, had)) if same == person => (events, proven) = (steps, proven || had),
            Some((other, ..)) => drop(self.owned.remove_mut(&(other, record.signing))),
            None => {}
        }
        push(&mut events, DeviceEvent::Added { by: entry });
        let record = Arc::new(record.clone());
        let signer = record.signing;
        self.devices
            .insert_mut(signer, Device { person, record, added_by: entry, proven, removed: None, events });
        self.owned.insert_mut((person, signer), ());
    }

    /// Replaces a member and keeps count of the owners.
    fn put_member(&mut self, person: PersonId, member: Member) {
        let owns = |member: &Member| u32::from(member.is_active() && member.role == Role::Owner);
        let before = self.member(person).map_or(0, owns);
        self.owners = self.owners + owns(&member) - before;
        self.members.insert_mut(person, member);
    }

    fn present(&self, person: PersonId) -> Result<&Member, Refusal> {
        self.member(person).filter(|member| member.is_active()).ok_or(Refusal::NoSuchMember(person))
    }

    fn is_last_owner(&self, member: &Member) -> bool {
        member.is_active() && member.role == Role::Owner && self.owners == 1
    }

    fn bar(&mut self, entry: EntryHash, kind: BarKind, person: PersonId, held: Role, cut: &Arc<Cut>) {
        let bar = Bar { kind, person, held, cut: Arc::clone(cut), extended: PMap::new_sync() };
        self.bars.insert_mut(entry, bar);
    }

    /// A second, concurrent removal stands beside the first: both cuts count.
    fn remove(&mut self, step: &Step<'_>, person: PersonId, cut: &Arc<Cut>) -> Result<(), Refusal> {
        let entry = step.entry;
        let member = self.member(person).ok_or(Refusal::NoSuchMember(person))?;
        if self.is_last_owner(member) {
            return Err(Refusal::LastOwner);
        }
        let mut member = member.clone();
        self.bar(entry, BarKind::Person, person, member.role, cut);
        member.removed = member.removed.or(Some(entry));
        push(&mut member.events, MemberEvent::Removed { by: entry });
        self.put_member(person, member);
        let devices: Vec<SignerKey> = self
            .devices_of(person)
            .filter(|(_, device)| device.is_active())
            .map(|(signer, _)| signer)
            .collect();
        for signer in devices {
            self.end_device(entry, signer);
        }
        self.close_invites(step, person, |_| true, |_, _| true);
        Ok(())
    }

    fn remove_device(&mut self, step: &Step<'_>, signer: SignerKey, cut: &Arc<Cut>) -> Result<(), Refusal> {
        let entry = step.entry;
        let device = self.device(signer).ok_or(Refusal::NoSuchDevice(signer))?;
        let person = device.person;
        let member = self.member(person).ok_or(Refusal::NoSuchMember(person))?;
        let others = self.devices_of(person).any(|(other, device)| other != signer && device.is_active());
        if self.is_last_owner(member) && device.is_active() && !others {
            return Err(Refusal::LastOwner);
        }
        let held = member.role;
        self.bar(entry, BarKind::Device, person, held, cut);
        self.end_device(entry, signer);
        self.close_invites(step, person, |made| made.device == signer, |_, device| device == signer);
        Ok(())
    }

    fn end_device(&mut self, entry: EntryHash, signer: SignerKey) {
        if let Some(device) = self.devices.get_mut(&signer) {
            device.removed = device.removed.or(Some(entry));
            push(&mut device.events, DeviceEvent::Removed { by: entry });
        }
    }

    fn set_role(
        &mut self,
        step: &Step<'_>,
        person: PersonId,
        role: Role,
        cut: &Arc<Cut>,
    ) -> Result<(), Refusal> {
        let entry = step.entry;
        let member = self.present(person)?;
        if role != Role::Owner && self.is_last_owner(member) {
            return Err(Refusal::LastOwner);
        }
        let mut member = member.clone();
        self.bar(entry, BarKind::Role, person, member.role, cut);
        member.role = role;
        push(&mut member.events, MemberEvent::Set { by: entry, role });
        self.put_member(person, member);
        self.close_invites(step, person, |made| !role.may_grant(made.role), |taken, _| taken.role > role);
        Ok(())
    }

    /// Whoever made an invite, or came by it, knows its secret: it must not outlive their right to it. What is
    /// closed is not looked at again.
    fn close_invites(
        &mut self,
        step: &Step<'_>,
        person: PersonId,
        made: impl Fn(&Invite) -> bool,
        taken: impl Fn(&Invite, SignerKey) -> bool,
    ) {
        let theirs = self.made.range((person, InviteId::ZERO)..).map(|(key, ())| *key);
        let theirs =
            theirs.take_while(|key| key.0 == person).filter(|(_, id)| self.invite(*id).is_some_and(&made));
        let theirs: Vec<_> = theirs.collect();
        for (_, id) in &theirs {
            self.made.remove_mut(&(person, *id));
            self.close_invite(step, *id);
        }
        let first = (person, InviteId::ZERO, SignerKey::ZERO);
        let theirs = self.taken.range(first..).map(|(key, ())| *key).take_while(|key| key.0 == person);
        let known = |id, device| self.invite(id).is_some_and(|invite| taken(invite, device));
        let theirs: Vec<_> = theirs.filter(|(_, id, device)| known(*id, *device)).collect();
        for key in &theirs {
            self.taken.remove_mut(key);
            self.close_invite(step, key.1);
        }
    }

    fn close_invite(&mut self, step: &Step<'_>, id: InviteId) {
        if self.closing(id).any(|by| step.knows(by)) {
            return;
        }
        if let Some(invite) = self.invites.get_mut(&id) {
            invite.closed = invite.closed.or(Some(step.entry));
            self.closing.insert_mut((id, step.entry), ());
        }
    }

    fn rotate(&mut self, step: &Step<'_>) -> Result<(), Refusal> {
        let Op::RotateKey { audience, key, wraps, previous } = &step.act.op else { return Ok(()) };
        if self.epochs.contains_key(key) {
            return Err(Refusal::Exists("the epoch key"));
        }
        let order = self.rotations.last().map_or(1, |(order, _)| order + 1);
        let mut epoch = Epoch {
            key: *key,
            audience: *audience,
            order,
            by: step.by.person,
            made_by: step.entry,
            previous: Arc::clone(previous),
            wraps: PMap::new_sync(),
        };
        push(&mut epoch.wraps, Arc::clone(wraps));
        self.epochs.insert_mut(*key, epoch);
        self.rotations.insert_mut(order, *key);
        Ok(())
    }
}
