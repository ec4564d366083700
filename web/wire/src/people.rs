//! Members, devices and invites.

use serde::{Deserialize, Serialize};

use crate::screens::MemberCard;

/// What a page asks about members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleAct {
    /// Everybody, all invites, what is held back.
    Show,
    /// Makes an invite link.
    Invite {
        /// The role it gives.
        role: String,
        /// How often it may be used.
        uses: u32,
        /// When it ends, in milliseconds since 1970; 0 for never.
        expires: u64,
    },
    /// Ends an invite.
    Revoke {
        /// Which invite.
        invite: String,
    },
    /// Removes a person; the keys change.
    Remove {
        /// Who.
        person: String,
    },
    /// Gives a person another role.
    SetRole {
        /// Who.
        person: String,
        /// The new role.
        role: String,
    },
    /// Removes a device of the person at this browser.
    RemoveDevice {
        /// Which device.
        device: String,
    },
    /// Lets count what a removed person wrote before hearing of it.
    Adopt {
        /// Whose work.
        person: String,
    },
}

/// Answers a [`PeopleAct`] that asks for something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleReply {
    /// Everybody.
    Show(Box<PeopleScreen>),
    /// An invite link, which is a secret.
    Invite {
        /// The link.
        link: String,
    },
}

/// Members, invites, held-back work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeopleScreen {
    /// Members, seniors first; those removed included.
    pub members: Vec<MemberRow>,
    /// Invites, newest last.
    pub invites: Vec<InviteCard>,
    /// Work that is held back.
    pub held: Vec<HeldCard>,
    /// The roles that the person at this browser may give.
    pub may_grant: Vec<String>,
    /// Whether they may invite at all.
    pub may_invite: bool,
}

/// A member with devices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberRow {
    /// The member at a glance.
    pub card: MemberCard,
    /// Who let them in.
    pub vouched_by: String,
    /// Their devices.
    pub devices: Vec<DeviceCard>,
    /// Whether the person at this browser may remove them or change their role.
    pub may_change: bool,
}

/// A device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCard {
    /// Its id.
    pub device: String,
    /// The id's short form, which people compare.
    pub short: String,
    /// Whether it may still write.
    pub active: bool,
    /// Whether it is this browser.
    pub this: bool,
    /// When it says it was made, in milliseconds since 1970.
    pub claimed_at: u64,
}

/// An invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCard {
    /// Its id.
    pub invite: String,
    /// The id's short form.
    pub short: String,
    /// The role it gives.
    pub role: String,
    /// How often it may still be used.
    pub uses_left: u32,
    /// When it ends, in milliseconds since 1970; 0 for never.
    pub expires: u64,
    /// `open`, `used_up`, `expired` or `revoked`.
    pub state: String,
    /// Whether the person at this browser may end it.
    pub may_revoke: bool,
}

/// What a removed person wrote beyond the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCard {
    /// Who wrote it.
    pub person: String,
    /// Their printed name.
    pub name: String,
    /// How many entries.
    pub entries: u64,
    /// When they say the last one was written, in milliseconds since 1970.
    pub claimed_at: u64,
    /// Whether the person at this browser may adopt it.
    pub may_adopt: bool,
}
