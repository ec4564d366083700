//! What the membership is, at some point of the authority log.
//!
//! A [`State`] is a value: its maps share structure with the states before it,
//! so one per entry is affordable. It is compared, never mutated, from outside.

mod apply;
pub(crate) mod history;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use proofroom_ident::{
    Audience, BlobHash, DeviceRecord, EntryHash, InviteId, KexPublic, KeyId, Millis, PersonId, SignerKey,
};

use crate::op::{Erased, Linked, Wrapped};
use crate::{Refusal, Role};
use history::{Bar, DeviceEvent, MemberEvent};

pub use apply::DEVICES_PER_PERSON_MAX;
pub(crate) use apply::Step;

pub(crate) type PMap<K, V> = rpds::RedBlackTreeMapSync<K, V>;

/// When somebody joined, comparable across views: earlier is less, and senior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seniority {
    /// Longest way from the genesis entry to the admitting one.
    pub depth: u64,
    /// The admitting entry.
    pub joined_by: EntryHash,
}

/// A person's membership, present or past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The role, or the last one held before the removal.
    pub role: Role,
    /// When they joined; anew when they came back after a removal.
    pub seniority: Seniority,
    /// The entry that admitted them.
    pub joined_by: EntryHash,
    /// The entry that ended the membership.
    pub removed: Option<EntryHash>,
    /// The key of the person's recovery phrase, to which epoch keys are wrapped too.
    pub recovery: Option<KexPublic>,
    pub(crate) events: PMap<u32, MemberEvent>,
}

impl Member {
    /// Whether the membership has not ended.
    pub fn is_active(&self) -> bool {
        self.removed.is_none()
    }

    /// The entries that gave the membership and its role.
    pub(crate) fn grounds(&self) -> Vec<EntryHash> {
        self.events.values().filter_map(MemberEvent::gives).collect()
    }
}

/// A device, present or past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose it is.
    pub person: PersonId,
    /// Its keys and who vouches for them.
    pub record: Arc<DeviceRecord>,
    /// The entry that added it.
    pub added_by: EntryHash,
    /// Whether it introduced itself, and so has its key: others may vouch for any.
    pub proven: bool,
    /// The entry that ended it, or its person's membership.
    pub removed: Option<EntryHash>,
    pub(crate) events: PMap<u32, DeviceEvent>,
}

impl Device {
    /// Whether it may act: neither it nor its person was removed.
    pub fn is_active(&self) -> bool {
        self.removed.is_none()
    }

    /// The entries that added it.
    pub(crate) fn grounds(&self) -> Vec<EntryHash> {
        self.events.values().filter_map(DeviceEvent::gives).collect()
    }
}

/// An invite, open or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Epoch keys are wrapped to it.
    pub kex: KexPublic,
    /// What joiners become.
    pub role: Role,
    /// How many could join.
    pub uses: u32,
    /// How many still may.
    pub uses_left: u32,
    /// Acceptances claimed later do not count.
    pub expires: Option<Millis>,
    /// Who made it.
    pub inviter: PersonId,
    /// On which device.
    pub device: SignerKey,
    /// The entry that made it.
    pub made_by: EntryHash,
    /// The maker's role and seniority: of two invites of one key the stronger maker's counts.
    pub(crate) rank: (Role, Reverse<Seniority>),
    /// The entry that closed it: a revocation, or the removal or demotion of its maker or of somebody who came by it.
    pub closed: Option<EntryHash>,
}

impl Invite {
    /// Whether somebody may still join at `now`.
    pub fn is_open(&self, now: Millis) -> bool {
        self.closed.is_none() && self.uses_left > 0 && !self.has_expired(now)
    }

    /// Whether `now` is past its expiry.
    pub fn has_expired(&self, now: Millis) -> bool {
        self.expires.is_some_and(|expires| now > expires)
    }
}

/// An epoch key of an audience: its wraps, never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The key's name.
    pub key: KeyId,
    /// Who reads under it.
    pub audience: Audience,
    /// Position among all rotations, from 1.
    pub order: u64,
    /// Who made it.
    pub by: PersonId,
    /// The entry that made it.
    pub made_by: EntryHash,
    /// Earlier keys, sealed under this one.
    pub previous: Arc<[Linked]>,
    /// The rotation's wraps and those of later sharings, in their order.
    pub(crate) wraps: PMap<u32, Arc<[Wrapped]>>,
}

impl Epoch {
    /// All its wraps.
    pub fn wraps(&self) -> impl Iterator<Item = &Wrapped> {
        self.wraps.values().flat_map(|wraps| wraps.iter())
    }

    /// Its wraps to `kex`.
    pub fn wraps_for(&self, kex: KexPublic) -> impl Iterator<Item = &Wrapped> {
        self.wraps().filter(move |wrap| wrap.to == kex)
    }

    /// Everybody it is wrapped to.
    pub fn recipients(&self) -> BTreeSet<KexPublic> {
        self.wraps().map(|wrap| wrap.to).collect()
    }
}

/// What an epoch key's recipients lack, compared with who should read now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Should read and have no wrap: share the key with them.
    pub missing: BTreeSet<KexPublic>,
    /// Have a wrap and should not read any more: rotate before the next write.
    pub strangers: BTreeSet<KexPublic>,
}

/// The membership: members, devices, invites, epoch keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) members: PMap<PersonId, Member>,
    pub(crate) devices: PMap<SignerKey, Device>,
    pub(crate) owned: PMap<(PersonId, SignerKey), ()>,
    pub(crate) invites: PMap<InviteId, Invite>,
    /// Invites by who made them, until that closed them.
    pub(crate) made: PMap<(PersonId, InviteId), ()>,
    /// Invites by who came by them, and on which device, until that closed them.
    pub(crate) taken: PMap<(PersonId, InviteId, SignerKey), ()>,
    /// The entries that close each invite, as far as they did not know of one another.
    pub(crate) closing: PMap<(InviteId, EntryHash), ()>,
    pub(crate) epochs: PMap<KeyId, Epoch>,
    pub(crate) rotations: PMap<u64, KeyId>,
    pub(crate) bars: PMap<EntryHash, Bar>,
    pub(crate) refused: PMap<EntryHash, Refusal>,
    pub(crate) erased: PMap<EntryHash, (Erased, EntryHash)>,
    /// The same by place, so that one document or log is looked up without the others.
    pub(crate) erased_places: PMap<Erased, ()>,
    pub(crate) erased_blobs: PMap<BlobHash, EntryHash>,
    pub(crate) owners: u32,
}

impl State {
    /// All members, past ones included.
    pub fn members(&self) -> impl Iterator<Item = (PersonId, &Member)> {
        self.members.iter().map(|(person, member)| (*person, member))
    }

    /// The present members.
    pub fn active_members(&self) -> impl Iterator<Item = (PersonId, &Member)> {
        self.members().filter(|(_, member)| member.is_active())
    }

    /// A member, present or past.
    pub fn member(&self, person: PersonId) -> Option<&Member> {
        self.members.get(&person)
    }

    /// The role of a present member.
    pub fn role(&self, person: PersonId) -> Option<Role> {
        self.member(person).filter(|member| member.is_active()).map(|member| member.role)
    }

    /// All devices, past ones included.
    pub fn devices(&self) -> impl Iterator<Item = (SignerKey, &Device)> {
        self.devices.iter().map(|(signer, device)| (*signer, device))
    }

    /// A device, present or past.
    pub fn device(&self, signer: SignerKey) -> Option<&Device> {
        self.devices.get(&signer)
    }

    /// Whose device it is or was.
    pub fn person_of(&self, signer: SignerKey) -> Option<PersonId> {
        self.device(signer).map(|device| device.person)
    }

    /// One person's devices, past ones included.
    pub fn devices_of(&self, person: PersonId) -> impl Iterator<Item = (SignerKey, &Device)> {
        let first = (person, SignerKey::ZERO);
        let own = self.owned.range(first..).map(|(key, ())| *key).take_while(move |key| key.0 == person);
        own.filter_map(|(_, signer)| Some((signer, self.devices.get(&signer)?)))
    }

    /// The person of a present device, and their role.
    pub fn actor(&self, signer: SignerKey) -> Option<(PersonId, Role)> {
        let device = self.device(signer).filter(|device| device.is_active())?;
        Some((device.person, self.role(device.person)?))
    }

    /// All invites, closed ones included.
    pub fn invites(&self) -> impl Iterator<Item = (InviteId, &Invite)> {
        self.invites.iter().map(|(id, invite)| (*id, invite))
    }

    /// An invite, open or closed.
    pub fn invite(&self, id: InviteId) -> Option<&Invite> {
        self.invites.get(&id)
    }

    /// The entries that close an invite.
    pub(crate) fn closing(&self, invite: InviteId) -> impl Iterator<Item = EntryHash> {
        let closing = self.closing.range((invite, EntryHash::ZERO)..).map(|(key, ())| *key);
        closing.take_while(move |key| key.0 == invite).map(|(_, entry)| entry)
    }

    /// What must be known to whoever makes an invite that admits somebody again, or raises them to `role`: the
    /// removal that they come back from, or the last change of role that gave them less.
    pub(crate) fn barred_from(&self, person: PersonId, role: Role) -> Option<EntryHash> {
        let member = self.member(person)?;
        let lowers = |by: &EntryHash, set: Role| self.bars.get(by).is_some_and(|bar| set < bar.held);
        let ends = |event: &MemberEvent| match event {
            MemberEvent::Removed { by } => Some(*by),
            MemberEvent::Set { by, role } => lowers(by, *role).then_some(*by),
            MemberEvent::Joined { .. } => None,
        };
        let last = || member.events.iter().rev().find_map(|(_, event)| ends(event));
        member.removed.or_else(|| last().filter(|_| role > member.role))
    }

    /// The entry's reason for having no effect, if it has none.
    pub fn refusal(&self, entry: EntryHash) -> Option<&Refusal> {
        self.refused.get(&entry)
    }

    /// Entries that have no effect, with their reasons.
    pub fn refused(&self) -> impl Iterator<Item = (EntryHash, &Refusal)> {
        self.refused.iter().map(|(entry, reason)| (*entry, reason))
    }

    /// Entries whose payloads are erased, each with the entry that erased it.
    pub fn erased(&self) -> impl Iterator<Item = (Erased, EntryHash)> {
        self.erased.values().copied()
    }

    /// Whether an entry's payload is erased.
    pub fn is_erased(&self, entry: EntryHash) -> bool {
        self.erased.contains_key(&entry)
    }

    /// Whether something between two places is erased.
    pub(crate) fn erases_between(&self, first: Erased, last: Erased) -> bool {
        self.erased_places.range(first..=last).next().is_some()
    }

    /// Files that are erased, each with the entry that erased it.
    pub fn erased_blobs(&self) -> impl Iterator<Item = (BlobHash, EntryHash)> {
        self.erased_blobs.iter().map(|(blob, by)| (*blob, *by))
    }

    /// The entry that erased a file.
    pub fn erased_blob(&self, blob: BlobHash) -> Option<EntryHash> {
        self.erased_blobs.get(&blob).copied()
    }

    /// An epoch key's wraps.
    pub fn epoch(&self, key: KeyId) -> Option<&Epoch> {
        self.epochs.get(&key)
    }

    /// The epochs of an audience, oldest first.
    pub fn epochs(&self, audience: Audience) -> impl DoubleEndedIterator<Item = &Epoch> {
        let all = self.rotations.values().filter_map(|key| self.epochs.get(key));
        all.filter(move |epoch| epoch.audience == audience)
    }

    /// The newest epoch of an audience.
    pub fn newest(&self, audience: Audience) -> Option<&Epoch> {
        self.epochs(audience).next_back()
    }

    /// Epochs of an audience that no later one links to: more than one after
    /// concurrent rotations. The next rotation links them all.
    pub fn unlinked_epochs(&self, audience: Audience) -> Vec<&Epoch> {
        let linked: BTreeSet<KeyId> =
            self.epochs(audience).flat_map(|epoch| epoch.previous.iter().map(|link| link.key)).collect();
        self.epochs(audience).filter(|epoch| !linked.contains(&epoch.key)).collect()
    }

    /// Every wrap to `kex`, oldest epoch first.
    pub fn wraps_for(&self, kex: KexPublic) -> impl Iterator<Item = (&Epoch, &Wrapped)> {
        let all = self.rotations.values().filter_map(|key| self.epochs.get(key));
        all.flat_map(move |epoch| epoch.wraps_for(kex).map(move |wrap| (epoch, wrap)))
    }

    /// Every key-exchange key that should read `audience` at `now`: active devices
    /// and recovery keys of members whose role reads it, and open invites to such a role.
    pub fn readers(&self, audience: Audience, now: Millis) -> BTreeSet<KexPublic> {
        let reads = |person: &PersonId| self.role(*person).is_some_and(|role| role.reads(audience));
        let devices = self.devices.values().filter(|device| device.is_active() && reads(&device.person));
        let recoveries = self.members.iter().filter(|(person, _)| reads(person));
        let invites = self.invites.values().filter(|i| i.is_open(now) && i.role.reads(audience));
        devices
            .map(|device| device.record.kex)
            .chain(recoveries.filter_map(|(_, member)| member.recovery))
            .chain(invites.map(|invite| invite.kex))
            .collect()
    }

    /// Compares an epoch key's recipients with who should read at `now`. The key
    /// of an invite that was used up is no stranger, it served its joiners, unless it is closed as well.
    pub fn turnover(&self, epoch: &Epoch, now: Millis) -> Turnover {
        let (readers, recipients) = (self.readers(epoch.audience, now), epoch.recipients());
        let spent: BTreeSet<KexPublic> = self
            .invites
            .values()
            .filter(|i| i.uses_left == 0 && i.closed.is_none() && i.role.reads(epoch.audience))
            .map(|invite| invite.kex)
            .collect();
        Turnover {
            missing: readers.difference(&recipients).copied().collect(),
            strangers: recipients
                .into_iter()
                .filter(|kex| !readers.contains(kex) && !spent.contains(kex))
                .collect(),
        }
    }
}
