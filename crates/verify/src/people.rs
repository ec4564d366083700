//! Who the keys are, as far as the membership log and their own words say.

use std::collections::BTreeMap;

use proofroom_authority::{Op, Role};
use proofroom_certificate::Maker;
use proofroom_ident::{EntryHash, PersonId, SignerKey, Voucher};
use proofroom_review::ProfileStatement;

use crate::record::{DeviceRecord, PersonRecord};
use crate::shown::Shown;
use crate::slice::Slice;
use crate::table::{Check, Table};

/// The people of a workspace.
#[derive(Clone, Debug, Default)]
pub struct People {
    all: BTreeMap<PersonId, PersonRecord>,
}

impl People {
    pub(crate) fn of(slice: &Slice, shown: &Shown) -> Self {
        let profile = |person: &PersonId| shown.names.get(person).map(|(_, _, profile)| profile.clone());
        let state = slice.membership.state();
        let mut all = BTreeMap::new();
        for (person, member) in state.members() {
            let devices = state.devices_of(person);
            let devices = devices.map(|(signing, device)| DeviceRecord {
                signing,
                vouched_by: match device.record.voucher {
                    Voucher::Person(_) => None,
                    Voucher::Device(by, _) => Some(by),
                },
                added_by: device.added_by,
                removed_by: device.removed,
            });
            let profile = profile(&person);
            all.insert(
                person,
                PersonRecord {
                    person,
                    name: profile.as_ref().map(|p| p.printed_name.clone()),
                    organisation: profile.as_ref().map(|p| p.organisation.clone()),
                    role_title: profile.as_ref().and_then(|p| p.role_title.clone()),
                    role: member.role,
                    admitted_by: member.joined_by,
                    invited_by: inviter(slice, member.joined_by),
                    removed_by: member.removed,
                    devices: devices.collect(),
                },
            );
        }
        Self { all }
    }

    /// Whoever made the certificate is a member, with that device.
    pub(crate) fn check_maker(&self, maker: &Maker, table: &mut Table) {
        if self.of_device(&maker.device) != Some(maker.person) {
            let (name, device) = (&maker.printed_name, maker.device.short());
            table
                .fail(Check::Membership, format!("{name}, who made this, is no member with device {device}"));
        }
    }

    /// A person's name, or the beginning of their key.
    pub fn name(&self, person: &PersonId) -> String {
        let known = self.all.get(person).and_then(|p| p.name.clone());
        known.unwrap_or_else(|| format!("person {}", person.short()))
    }

    /// Everybody.
    pub fn all(&self) -> impl Iterator<Item = &PersonRecord> {
        self.all.values()
    }

    /// Whose device it is.
    pub fn of_device(&self, device: &SignerKey) -> Option<PersonId> {
        self.all.values().find(|p| p.devices.iter().any(|d| d.signing == *device)).map(|p| p.person)
    }

    /// The role that somebody has at the end.
    pub fn role(&self, person: &PersonId) -> Option<Role> {
        self.all.get(person).map(|p| p.role)
    }
}

/// Who invited whoever this entry admitted; nobody invited the founder.
fn inviter(slice: &Slice, joined_by: EntryHash) -> Option<PersonId> {
    match slice.membership.op(joined_by)? {
        Op::Accept { invite, .. } => slice.membership.state().invite(*invite).map(|i| i.inviter),
        _ => None,
    }
}

impl PersonRecord {
    /// The name, organisation and title that somebody gave themselves.
    pub fn profile(&self) -> Option<ProfileStatement> {
        let (name, organisation) = (self.name.clone()?, self.organisation.clone()?);
        Some(ProfileStatement { printed_name: name, organisation, role_title: self.role_title.clone() })
    }
}
