//! Roles and their ranks.

use std::fmt;
use std::str::FromStr;

use proofroom_ident::Audience;

/// What a member is. Ordered by rank: a later role outranks an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// Stores and forwards; reads nothing.
    Relay = 0,
    /// Sees what is for everyone, comments on it.
    Guest = 1,
    /// Reviews and decides, for everyone and within the team.
    Reviewer = 2,
    /// Runs the work: requests, assets, versions, lower members.
    Producer = 3,
    /// Answers for the workspace.
    Owner = 4,
}

/// A text is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: owner, producer, reviewer, guest or relay is wanted")]
pub struct RoleParseError(pub String);

impl Role {
    /// All roles, highest rank first.
    pub const ALL: [Role; 5] = [Role::Owner, Role::Producer, Role::Reviewer, Role::Guest, Role::Relay];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Producer => "producer",
            Self::Reviewer => "reviewer",
            Self::Guest => "guest",
            Self::Relay => "relay",
        }
    }

    /// The role of a byte from the wire.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| *role as u8 == byte)
    }

    /// Whether it reads documents for `audience`.
    pub fn reads(self, audience: Audience) -> bool {
        match audience {
            Audience::Everyone => self >= Self::Guest,
            Audience::Team => self >= Self::Reviewer,
        }
    }

    /// The audiences that it reads, widest first.
    pub fn audiences(self) -> Vec<Audience> {
        Audience::ALL.into_iter().filter(|audience| self.reads(*audience)).collect()
    }

    /// Whether it acts on members of rank `other`: strictly lower ones, and owners on owners.
    pub fn may_act_on(self, other: Role) -> bool {
        self > other || self == Self::Owner
    }

    /// Whether it may make somebody a `role`, by an invite or by a change of role.
    pub fn may_grant(self, role: Role) -> bool {
        self >= Role::least_to_grant(role)
    }

    /// Whether it writes documents at all.
    pub fn may_write(self) -> bool {
        self >= Self::Guest
    }

    /// The lowest role that acts on members of rank `other`.
    pub(crate) fn least_to_act_on(other: Role) -> Role {
        match other {
            Self::Relay => Self::Guest,
            Self::Guest => Self::Reviewer,
            Self::Reviewer => Self::Producer,
            Self::Producer | Self::Owner => Self::Owner,
        }
    }

    /// The lowest role that may make somebody a `role`. Relays hold everybody's
    /// entries, so admitting one is a producer's business, whatever its rank.
    pub(crate) fn least_to_grant(role: Role) -> Role {
        match role {
            Self::Relay => Self::Producer,
            other => Role::least_to_act_on(other),
        }
    }

    /// The lowest role that reads `audience`.
    pub(crate) fn least_to_read(audience: Audience) -> Role {
        match audience {
            Audience::Everyone => Self::Guest,
            Audience::Team => Self::Reviewer,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleParseError;
    fn from_str(text: &str) -> Result<Self, RoleParseError> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| RoleParseError(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use proofroom_ident::Audience;

    use super::Role;

    #[test]
    fn helpers_agree_with_the_lowest_roles() {
        for mine in Role::ALL {
            for other in Role::ALL {
                assert_eq!(mine.may_act_on(other), mine >= Role::least_to_act_on(other), "{mine} on {other}");
            }
        }
    }

    #[test]
    fn a_relay_neither_reads_nor_writes_and_a_guest_does_not_see_the_team() {
        let can = Role::ALL.map(|role| (role.may_write(), role.audiences()));
        let (all, everyone) = (vec![Audience::Everyone, Audience::Team], vec![Audience::Everyone]);
        let member = (true, all);
        assert_eq!(can, [member.clone(), member.clone(), member, (true, everyone), (false, vec![])]);
    }

    #[test]
    fn words_and_bytes_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!((Role::from_byte(role as u8), role.to_string()), (Some(role), role.as_str().into()));
        }
        assert!("admin".parse::<Role>().is_err());
        assert_eq!(Role::from_byte(5), None);
    }
}
