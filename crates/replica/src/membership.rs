//! Members, devices and invites: acts on the membership log, and what it shows.

use std::collections::BTreeMap;

use proofroom_authority::{Cut, Op, Role};
use proofroom_ident::{DeviceRecord, EntryHash, InviteId, KexPublic, Millis, Nonce, PersonId, SignerKey};
use proofroom_review::ProfileStatement;
use proofroom_seal::InviteSecret;
use proofroom_store::{Batch, Store};

use crate::error::ReplicaError;
use crate::link::InviteLink;
use crate::open::{Membership, Replica, Step, came_key, join_key};
use crate::statements::Receipt;

/// One member as shown to people.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MemberView {
    /// The person.
    pub person: PersonId,
    /// Printed name, once their profile has arrived.
    pub printed_name: Option<String>,
    /// Organisation, likewise.
    pub organisation: Option<String>,
    /// Role now; the last one for a person who was removed.
    pub role: String,
    /// Who let them in.
    pub vouched_by: Option<PersonId>,
    /// Whether they were removed.
    pub removed: bool,
    /// Whether this is the person at this machine.
    pub me: bool,
    /// Their devices.
    pub devices: Vec<DeviceView>,
}

/// One device.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DeviceView {
    /// Its signing key.
    pub device: SignerKey,
    /// Whether it may still write.
    pub active: bool,
    /// Whether it is this machine.
    pub this: bool,
    /// When it says it was made.
    pub claimed_at: Millis,
}

/// One invite.
#[derive(Clone, Debug, serde::Serialize)]
pub struct InviteView {
    /// Its id.
    pub invite: InviteId,
    /// The role it gives.
    pub role: String,
    /// How often it may still be used.
    pub uses_left: u32,
    /// When it ends.
    pub expires: Option<Millis>,
    /// Whether it was revoked.
    pub revoked: bool,
}

impl Replica {
    /// Makes an invite link and gives it the keys that its role reads.
    pub fn invite(
        &mut self,
        step: &mut Step<'_>,
        role: Role,
        uses: u32,
        expires: Option<Millis>,
        relays: Vec<String>,
    ) -> Result<InviteLink, ReplicaError> {
        self.require(Role::Producer, "invite people")?;
        if expires.is_some_and(|end| end <= step.now) {
            return Err(ReplicaError::Invalid("the invite would have expired before it was made".into()));
        }
        let secret = InviteSecret::from_seed(step.random());
        let op = Op::Invite { id: secret.id(), kex: secret.kex().public(), role, uses, expires };
        self.append_op(step, &op)?;
        self.ensure_keys(step)?;
        Ok(InviteLink { workspace: self.workspace, secret, role, expires, relays })
    }

    /// Ends an invite: it admits no one any more, and the keys rotate, also where it was used up. Its secret
    /// opens every key that was made while it was open.
    pub fn revoke_invite(&mut self, step: &mut Step<'_>, id: InviteId) -> Result<Receipt, ReplicaError> {
        self.require(Role::Producer, "revoke invites")?;
        let entry = self.append_op(step, &Op::RevokeInvite { id })?;
        self.ensure_keys(step)?;
        Ok(Receipt::of(&entry))
    }

    /// Completes a join once the membership log is here: accepts the invite,
    /// takes the keys over to this device, writes the printed name.
    ///
    /// Returns `false` while the workspace has not arrived.
    pub fn finish_join(&mut self, step: &mut Step<'_>) -> Result<bool, ReplicaError> {
        match self.membership() {
            Membership::Joining(_) if self.authority.heads().is_empty() => return Ok(false),
            Membership::Joining(link) => self.accept(step, &link)?,
            // The link is still here: an earlier attempt stopped after the acceptance.
            Membership::Member(_) if self.joining.is_some() => {}
            Membership::Member(_) => return Ok(true),
            Membership::Removed | Membership::Stranger => return Err(ReplicaError::NotMember),
        }
        self.load_keys();
        self.ensure_keys(step)?;
        self.write_profile(step)?;
        let mut batch = Batch::default();
        batch.delete(join_key(self.workspace));
        // Whoever makes a key before hearing of this wraps it for the invite.
        let came_by = self.joining.as_ref().map(|link| link.secret.clone());
        if let Some(secret) = &came_by {
            let (place, nonce) = (came_key(self.workspace), Nonce::from_bytes(step.random()));
            batch.put(place.clone(), self.rest_key.seal(&place, &nonce, &*secret.seed()));
        }
        step.store.commit(batch)?;
        (self.joining, self.came_by) = (None, came_by);
        self.membership_changed();
        Ok(true)
    }

    /// Completes what was begun before the membership log was here, or before the process died: a join, or the
    /// introduction of a restored person's device. Returns whether there was something.
    pub fn enter(&mut self, step: &mut Step<'_>) -> Result<bool, ReplicaError> {
        match self.membership() {
            Membership::Joining(_) | Membership::Member(_) if self.is_joining() => self.finish_join(step),
            Membership::Stranger if self.me.recovery_secret.is_some() => self.introduce_device(step),
            _ => Ok(false),
        }
    }

    fn accept(&mut self, step: &mut Step<'_>, link: &InviteLink) -> Result<(), ReplicaError> {
        self.check_invite(link, step.now)?;
        let device = self.me.record.clone();
        let proof = proofroom_authority::sign_accept(
            self.workspace,
            device.signing,
            device.person,
            |domain, message| link.secret.sign(domain, message),
        );
        let op = Op::Accept { invite: link.secret.id(), device, recovery: self.me.recovery, proof };
        self.append_op(step, &op)?;
        Ok(())
    }

    fn check_invite(&self, link: &InviteLink, now: Millis) -> Result<(), ReplicaError> {
        let invite = self.authority.state().invite(link.secret.id()).ok_or(ReplicaError::InviteUnknown)?;
        if invite.closed.is_some() {
            return Err(ReplicaError::InviteUnknown);
        }
        if invite.has_expired(now) {
            return Err(ReplicaError::InviteExpired);
        }
        if invite.uses_left == 0 {
            return Err(ReplicaError::InviteUsedUp);
        }
        Ok(())
    }

    /// A device of a person who is a member already introduces itself: after
    /// recovery from the phrase.
    pub fn introduce_device(&mut self, step: &mut Step<'_>) -> Result<bool, ReplicaError> {
        if self.authority.heads().is_empty() {
            return Ok(false);
        }
        if matches!(self.membership(), Membership::Member(_)) {
            return Ok(true);
        }
        let op = Op::AddDevice { device: self.me.record.clone(), recovery: self.me.recovery };
        self.append_op(step, &op)?;
        self.load_keys();
        self.ensure_keys(step)?;
        self.membership_changed();
        Ok(true)
    }

    /// Adds another device of this person.
    pub fn add_device(
        &mut self,
        step: &mut Step<'_>,
        device: DeviceRecord,
        recovery: Option<KexPublic>,
    ) -> Result<Receipt, ReplicaError> {
        self.my_role()?;
        let entry = self.append_op(step, &Op::AddDevice { device, recovery })?;
        self.ensure_keys(step)?;
        Ok(Receipt::of(&entry))
    }

    /// Removes a device: what it wrote so far counts, nothing after it.
    pub fn remove_device(&mut self, step: &mut Step<'_>, device: SignerKey) -> Result<Receipt, ReplicaError> {
        self.my_role()?;
        let cut = self.cut_of(step.store, |author| author == device)?;
        let entry = self.append_op(step, &Op::RemoveDevice { signer: device, cut: cut.into() })?;
        self.after_removal(step)?;
        Ok(Receipt::of(&entry))
    }

    /// Removes a person: what they wrote so far counts, nothing after it. Keys rotate, and the invites that
    /// they made or came by are closed: they know the secrets.
    pub fn remove(&mut self, step: &mut Step<'_>, person: PersonId) -> Result<Receipt, ReplicaError> {
        self.require(Role::Producer, "remove people")?;
        let cut = self.cut_of_person(step.store, person)?;
        let entry = self.append_op(step, &Op::Remove { person, cut: cut.into() })?;
        self.after_removal(step)?;
        Ok(Receipt::of(&entry))
    }

    fn after_removal(&mut self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        self.membership_changed();
        self.drop_stale_snapshots(step)?;
        if matches!(self.membership(), Membership::Member(_)) {
            self.ensure_keys(step)?;
        }
        Ok(())
    }

    /// Gives a person another role.
    pub fn set_role(
        &mut self,
        step: &mut Step<'_>,
        person: PersonId,
        role: Role,
    ) -> Result<Receipt, ReplicaError> {
        self.require(Role::Producer, "change roles")?;
        let cut = self.cut_of_person(step.store, person)?;
        let entry = self.append_op(step, &Op::SetRole { person, role, cut: cut.into() })?;
        self.after_removal(step)?;
        Ok(Receipt::of(&entry))
    }

    fn cut_of_person(&self, store: &dyn Store, person: PersonId) -> Result<Cut, ReplicaError> {
        let state = self.authority.state();
        if state.role(person).is_none() {
            return Err(ReplicaError::UnknownMember(person.to_string()));
        }
        self.cut_of(store, |author| state.person_of(author) == Some(person))
    }

    /// The tips of all logs of some authors: the line beyond which nothing counts.
    fn cut_of(&self, store: &dyn Store, ours: impl Fn(SignerKey) -> bool) -> Result<Cut, ReplicaError> {
        let mut cut = Cut::new();
        let mut docs: Vec<_> = store.docs(self.workspace)?.iter().map(|d| d.doc).collect();
        docs.push(proofroom_ident::DocId::AUTHORITY);
        for doc in docs {
            for tip in store.tips(self.workspace, doc)?.into_iter().filter(|t| ours(t.author)) {
                cut.insert((tip.doc, tip.log), (tip.seq, tip.hash));
            }
        }
        Ok(cut)
    }

    /// Writes the printed name and organisation, if they are not there as they are.
    pub fn write_profile(&mut self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        let plan = self.workspace.plan_doc();
        let me = self.me.person();
        let profile = self.me.profile.clone();
        let open = self.load_doc(step.store, proofroom_document::DocKind::Plan, plan)?;
        if open.profiles.get(&me).is_some_and(|(_, _, held)| *held == profile) {
            return Ok(());
        }
        self.sign(step, plan, proofroom_entry::EntryKind::Profile, profile.to_json())?;
        Ok(())
    }

    /// All members, those removed included, seniors first.
    pub fn members(&mut self, store: &dyn Store) -> Result<Vec<MemberView>, ReplicaError> {
        let plan = self.workspace.plan_doc();
        let profiles: BTreeMap<PersonId, ProfileStatement> = match self.at_rest(store, plan)? {
            Some(shown) => shown.profiles.clone(),
            None => {
                let open = self.load_doc(store, proofroom_document::DocKind::Plan, plan)?;
                open.profiles.iter().map(|(person, (_, _, profile))| (*person, profile.clone())).collect()
            }
        };
        let (me, this) = (self.me.person(), self.me.device());
        let state = self.authority.state();
        let view = |(person, member): (PersonId, &proofroom_authority::Member)| {
            let profile = profiles.get(&person);
            MemberView {
                person,
                printed_name: profile.map(|p| p.printed_name.clone()),
                organisation: profile.map(|p| p.organisation.clone()),
                role: member.role.to_string(),
                vouched_by: self.voucher_of(member),
                removed: member.removed.is_some(),
                me: person == me,
                devices: state
                    .devices_of(person)
                    .map(|(device, d)| DeviceView {
                        device,
                        active: d.is_active(),
                        this: device == this,
                        claimed_at: d.record.claimed_at,
                    })
                    .collect(),
            }
        };
        let mut members: Vec<_> = state.members().collect();
        members.sort_by_key(|(_, member)| member.seniority);
        Ok(members.into_iter().map(view).collect())
    }

    /// Who let a member in: the maker of the invite that they accepted.
    fn voucher_of(&self, member: &proofroom_authority::Member) -> Option<PersonId> {
        match self.authority.op(member.joined_by)? {
            Op::Accept { invite, .. } => self.authority.state().invite(*invite).map(|i| i.inviter),
            _ => None,
        }
    }

    /// All invites that were made.
    pub fn invites(&self) -> Vec<InviteView> {
        let state = self.authority.state();
        let view = |(id, i): (InviteId, &proofroom_authority::Invite)| InviteView {
            invite: id,
            role: i.role.to_string(),
            uses_left: i.uses_left,
            expires: i.expires,
            revoked: i.closed.is_some(),
        };
        state.invites().map(view).collect()
    }

    /// The invites that an entry closed though somebody could still have joined by them: those who have not need another.
    pub fn closed_by(&self, entry: EntryHash, now: Millis) -> Vec<InviteId> {
        let invites = self.authority.state().invites();
        let cut_off =
            invites.filter(|(_, i)| i.closed == Some(entry) && i.uses_left > 0 && !i.has_expired(now));
        cut_off.map(|(id, _)| id).collect()
    }
}
