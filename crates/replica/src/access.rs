//! Who may what, asked of the membership log.

use std::collections::BTreeSet;

use proofroom_authority::{Role, Standing};
use proofroom_document::WriterRole;
use proofroom_entry::{EntryKind, Header};
use proofroom_ident::{Audience, Millis, PersonId, SignerKey};

use crate::error::ReplicaError;
use crate::open::{Membership, Replica};

/// What the membership log says of an entry's author at that entry.
pub type Standings = Standing;

impl Replica {
    /// The author's standing at an entry.
    pub fn standing(&self, h: &Header) -> Standing {
        self.authority.standing(h.author, h.doc, h.log, h.seq, h.auth_head)
    }

    /// The audiences that a proven device may read; `None` if it is no member's.
    /// A relay carries everything and reads nothing.
    pub fn reads_of(&self, device: SignerKey) -> Option<Vec<Audience>> {
        let state = self.authority.state();
        let person = state.person_of(device)?;
        let role = state.role(person)?;
        Some(Audience::ALL.into_iter().filter(|a| role == Role::Relay || role.reads(*a)).collect())
    }

    pub(crate) fn my_role(&self) -> Result<Role, ReplicaError> {
        match self.membership() {
            Membership::Member(role) => Ok(role),
            Membership::Joining(_) => Err(ReplicaError::StillJoining),
            Membership::Removed | Membership::Stranger => Err(ReplicaError::NotMember),
        }
    }

    /// Fails unless my role is at least `least`.
    pub(crate) fn require(&self, least: Role, act: &str) -> Result<Role, ReplicaError> {
        let role = self.my_role()?;
        if role >= least {
            return Ok(role);
        }
        let allowed = [Role::Owner, Role::Producer, Role::Reviewer, Role::Guest];
        let allowed: Vec<String> =
            allowed.into_iter().filter(|r| *r >= least).map(|r| format!("{r}s")).collect();
        Err(ReplicaError::NotAllowed { role, act: act.into(), allowed: allowed.join(", ") })
    }

    pub(crate) fn readers(&self, audience: Audience, now: Millis) -> BTreeSet<proofroom_ident::KexPublic> {
        self.authority.state().readers(audience, now)
    }

    pub(crate) fn active_people(&self) -> Vec<(PersonId, Role)> {
        self.authority.state().active_members().map(|(p, m)| (p, m.role)).collect()
    }
}

/// May a member of this role write such an entry to this audience at all?
pub(crate) fn role_writes(role: Role, kind: EntryKind, audience: Audience) -> bool {
    match kind {
        EntryKind::Authority => role != Role::Relay,
        EntryKind::Record => role >= Role::Producer && role.reads(audience),
        EntryKind::Change
        | EntryKind::Approval
        | EntryKind::Profile
        | EntryKind::Receipt
        | EntryKind::Act
        | EntryKind::Delegation => role.reads(audience),
    }
}

/// The document's coarse roles.
pub(crate) fn writer_role(role: Role) -> WriterRole {
    if role >= Role::Producer { WriterRole::Producer } else { WriterRole::Contributor }
}
