//! What an author may do, judged by what they knew.

use proofroom_entry::Header;
use proofroom_ident::{DeviceRecord, EntryHash, LogId, Millis, PersonId, SignerKey, Voucher};

use crate::op::Op;
use crate::state::history::BarKind;
use crate::{Member, Refusal, Role, Seniority, State};

/// What an entry says: its operation and what of its header matters.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub author: SignerKey,
    pub log: LogId,
    pub seq: u64,
    pub prev: EntryHash,
    pub at: Millis,
    pub op: Op,
}

impl Act {
    pub fn new(header: &Header, op: Op) -> Self {
        let (author, log, seq, prev) = (header.author, header.log, header.seq, header.prev);
        Self { author, log, seq, prev, at: header.claimed_at, op }
    }

    /// Whether the author is the very device that the operation introduces.
    pub fn introduces_itself(&self) -> bool {
        self.op.introduces().is_some_and(|device| device.signing == self.author)
    }
}

/// On whose behalf an entry acts, and what that rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mandate {
    pub person: PersonId,
    /// The role that the author had, as far as they knew.
    pub role: Role,
    pub seniority: Seniority,
    /// The lowest role that may do this.
    pub least: Role,
}

/// Judges an act by the state that its author knew. `new` is the seniority of whoever it admits.
pub(crate) fn judge(act: &Act, new: Seniority, before: &State) -> Result<Mandate, Refusal> {
    let mandate = match &act.op {
        Op::Genesis { device, .. } => {
            Mandate { person: device.person, role: Role::Owner, seniority: new, least: Role::Relay }
        }
        Op::Accept { invite, device, .. } => {
            vouched_by_person(act, device)?;
            let role = before.invite(*invite).ok_or(Refusal::NoSuchInvite(*invite))?.role;
            let member = before.member(device.person).filter(|member| member.is_active());
            let seniority = member.map_or(new, |member| member.seniority);
            Mandate { person: device.person, role, seniority, least: Role::Relay }
        }
        Op::AddDevice { device, .. } if act.introduces_itself() => {
            vouched_by_person(act, device)?;
            mandate_of(device.person, active(before, device.person)?)
        }
        _ => {
            let device = before.device(act.author).filter(|device| device.is_active());
            let person = device.ok_or(Refusal::NotMember(act.author))?.person;
            let member = active(before, person).map_err(|_| Refusal::NotMember(act.author))?;
            mandate_of(person, member)
        }
    };
    let least = least_role(&act.op, act.author, &mandate, before)?;
    if mandate.role < least {
        return Err(Refusal::Rank { role: mandate.role, least });
    }
    Ok(Mandate { least, ..mandate })
}

fn mandate_of(person: PersonId, member: &Member) -> Mandate {
    Mandate { person, role: member.role, seniority: member.seniority, least: Role::Relay }
}

fn active(state: &State, person: PersonId) -> Result<&Member, Refusal> {
    state.member(person).filter(|member| member.is_active()).ok_or(Refusal::NoSuchMember(person))
}

fn vouched_by_person(act: &Act, device: &DeviceRecord) -> Result<(), Refusal> {
    let vouched = matches!(device.voucher, Voucher::Person(_)) && device.signing == act.author;
    if vouched { Ok(()) } else { Err(Refusal::Voucher(device.signing)) }
}

/// The lowest role that may do this, given who it is done to.
fn least_role(op: &Op, author: SignerKey, by: &Mandate, before: &State) -> Result<Role, Refusal> {
    Ok(match op {
        Op::Genesis { .. } | Op::Accept { .. } | Op::Merge => Role::Relay,
        Op::AddDevice { device, .. } => {
            let vouched = match device.voucher {
                Voucher::Person(_) => true,
                Voucher::Device(voucher, _) => voucher == author,
            };
            if !vouched || device.person != by.person {
                return Err(Refusal::Voucher(device.signing));
            }
            Role::Relay
        }
        Op::RemoveDevice { signer, .. } => {
            let device = before.device(*signer).filter(|device| device.is_active());
            on_person(device.ok_or(Refusal::NoSuchDevice(*signer))?.person, by, before)?
        }
        Op::Remove { person, .. } => on_person(*person, by, before)?,
        Op::SetRole { person, role, .. } => {
            let held = active(before, *person)?.role;
            // Stepping down is everybody's own business.
            let down = *person == by.person && *role < held;
            if down { Role::Relay } else { Role::least_to_act_on(held).max(Role::least_to_grant(*role)) }
        }
        Op::Invite { role, .. } => Role::least_to_grant(*role),
        Op::RevokeInvite { id } => {
            let invite = before.invite(*id).ok_or(Refusal::NoSuchInvite(*id))?;
            if invite.inviter == by.person { Role::Relay } else { Role::least_to_grant(invite.role) }
        }
        Op::ExtendCut { removal, .. } => {
            let bar = before.bars.get(removal).ok_or(Refusal::NoSuchRemoval(*removal))?;
            let own_device = bar.kind == BarKind::Device && bar.person == by.person;
            if own_device { Role::Relay } else { Role::least_to_act_on(bar.held) }
        }
        Op::Erase { .. } => Role::Producer,
        Op::RotateKey { audience, .. } | Op::ShareKey { audience, .. } => Role::least_to_read(*audience),
    })
}

/// Ending one's own membership or device is one's own business.
fn on_person(person: PersonId, by: &Mandate, before: &State) -> Result<Role, Refusal> {
    let held = active(before, person)?.role;
    Ok(if person == by.person { Role::Relay } else { Role::least_to_act_on(held) })
}
