//! Who may come in, by the membership log and the relay's own clock.

use proofroom_authority::{Role, State};
use proofroom_ident::{Audience, InviteId, Millis, PersonId, SignerKey};
use proofroom_sync::{Audiences, Code};

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The workspace is not held, and this device may not bring new ones.
    #[error(
        "this relay does not hold the workspace, and takes new ones only from devices that its operator allows"
    )]
    MayNotCreate,
    /// As many workspaces as allowed are held.
    #[error("this relay holds as many workspaces as it may")]
    Full,
    /// The device is unknown and brings no invite.
    #[error("the device is not one of a member's: join with an invite link")]
    NotMember,
    /// The device or its person was removed.
    #[error("the device's member was removed from the workspace")]
    Removed,
    /// No such invite.
    #[error("the workspace has no such invite")]
    InviteUnknown,
    /// The invite was closed.
    #[error("the invite was withdrawn: ask for a new link")]
    InviteClosed,
    /// The invite expired.
    #[error("the invite has expired: ask for a new link")]
    InviteExpired,
    /// The invite was used up.
    #[error("the invite was used as often as it may be: ask for a new link")]
    InviteUsed,
    /// Somebody brings more of the membership at this moment.
    #[error("the membership is on its way: connect again")]
    ComeAgain,
    /// The device is connected too often.
    #[error("the device has too many connections at a time")]
    TooManyConnections,
}

impl Denial {
    /// The code on the wire.
    pub fn code(self) -> Code {
        match self {
            Self::MayNotCreate => Code::MayNotCreate,
            Self::Full => Code::QuotaExceeded,
            Self::NotMember => Code::NotMember,
            Self::Removed => Code::Removed,
            Self::InviteUnknown => Code::InviteUnknown,
            Self::InviteClosed => Code::InviteUnknown,
            Self::InviteExpired => Code::InviteExpired,
            Self::InviteUsed => Code::InviteUsed,
            Self::ComeAgain => Code::Reconnect,
            Self::TooManyConnections => Code::RateLimited,
        }
    }
}

/// In what capacity somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Brings a workspace that is not held: membership entries only, nothing to read.
    Bringer,
    /// Holds an invite's capability: reads, and writes one acceptance.
    Joiner(InviteId),
    /// Holds a member's own key on a device that is not theirs yet: writes its introduction.
    Newcomer(PersonId),
    /// A member's device.
    Member,
}

impl Seat {
    /// Whether what others write is pushed to this seat.
    pub fn receives(self) -> bool {
        self != Self::Bringer
    }
}

/// The terms of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    pub seat: Seat,
    pub reads: Audiences,
}

/// What a role's session carries. A relay of the workspace reads nothing, and so may carry all.
pub(crate) fn carries(role: Role) -> Audiences {
    match role {
        Role::Relay => Audiences::ALL,
        role => Audience::ALL.into_iter().filter(|audience| role.reads(*audience)).collect(),
    }
}

/// Whether a device may come in, given a workspace that is held.
pub(crate) fn admit(
    state: &State,
    device: SignerKey,
    capability: Option<InviteId>,
    now: Millis,
) -> Result<Admission, Denial> {
    if let Some((_, role)) = state.actor(device) {
        return Ok(Admission { seat: Seat::Member, reads: carries(role) });
    }
    let Some(id) = capability else {
        return Err(if state.device(device).is_some() { Denial::Removed } else { Denial::NotMember });
    };
    // The capability is an invite's key, or a member's own from the recovery phrase.
    let person = PersonId::from_bytes(*id.as_bytes());
    if let Some(member) = state.member(person) {
        let reads = carries(state.role(person).ok_or(Denial::Removed)?);
        debug_assert!(member.is_active(), "only present members have a role");
        return Ok(Admission { seat: Seat::Newcomer(person), reads });
    }
    // Whoever was a member's is told of the removal, not of a link that went with it.
    let gone = |denial| if state.device(device).is_some() { Denial::Removed } else { denial };
    let role = open_invite(state, id, now).map_err(gone)?;
    Ok(Admission { seat: Seat::Joiner(id), reads: carries(role) })
}

/// The role that an invite grants now.
pub(crate) fn open_invite(state: &State, id: InviteId, now: Millis) -> Result<Role, Denial> {
    let invite = state.invite(id).ok_or(Denial::InviteUnknown)?;
    if invite.closed.is_some() {
        return Err(Denial::InviteClosed);
    }
    if invite.has_expired(now) {
        return Err(Denial::InviteExpired);
    }
    if invite.uses_left == 0 {
        return Err(Denial::InviteUsed);
    }
    Ok(invite.role)
}
