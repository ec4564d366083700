//! Why something was refused: a code for programs beside a text for people.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $n:literal $word:literal;)*) => {
        /// Why a session, an entry or a blob was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// A code of a later version.
            Other(u16),
        }

        impl Code {
            /// The number on the wire.
            pub fn number(self) -> u16 {
                match self {
                    $(Self::$name => $n,)*
                    Self::Other(n) => n,
                }
            }
            /// The code of a number; one that is not known is kept.
            pub fn from_number(n: u16) -> Self {
                match n {
                    $($n => Self::$name,)*
                    n => Self::Other(n),
                }
            }
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($word),)*
                    Self::Other(n) => write!(f, "code_{n}"),
                }
            }
        }
    };
}

codes! {
    /// A frame is not a message, or comes where it must not.
    BadMessage = 1 "bad_message";
    /// The peers speak different versions.
    UnsupportedVersion = 2 "unsupported_version";
    /// A key was not proved.
    BadProof = 3 "bad_proof";
    /// Not the peer that was expected.
    WrongPeer = 4 "wrong_peer";
    /// The peer took too long.
    Timeout = 5 "timeout";
    /// The reader fell too far behind: connect again and compare.
    Lagging = 6 "lagging";
    /// What the peer may read has widened: connect again and compare.
    Reconnect = 7 "reconnect";
    /// The server stops.
    ShuttingDown = 8 "shutting_down";
    /// The peer's own store or program failed.
    Internal = 9 "internal";
    /// The workspace is exchanged with this peer on another connection.
    Duplicate = 10 "duplicate";
    /// Another connection is bringing the workspace up to date: connect again in a moment.
    Busy = 11 "busy";
    /// The workspace is not held here, and was not brought.
    UnknownWorkspace = 20 "unknown_workspace";
    /// This device may not bring new workspaces here.
    MayNotCreate = 21 "may_not_create";
    /// The device is not one of a member's.
    NotMember = 22 "not_member";
    /// The device's member was removed.
    Removed = 23 "removed";
    /// No such invite.
    InviteUnknown = 24 "invite_unknown";
    /// The invite expired, by the server's clock.
    InviteExpired = 25 "invite_expired";
    /// The invite has no uses left.
    InviteUsed = 26 "invite_used";
    /// The role, or the invite, does not allow writing this.
    MayNotWrite = 27 "may_not_write";
    /// A quota is full.
    QuotaExceeded = 40 "quota_exceeded";
    /// Too much in too short a time.
    RateLimited = 41 "rate_limited";
    /// Larger than the limit.
    TooLarge = 42 "too_large";
    /// The signature, the payload's hash or the form does not hold.
    BadEntry = 60 "bad_entry";
    /// Entries before it are missing.
    Gap = 61 "gap";
    /// The author signed two histories of one log.
    Equivocation = 62 "equivocation";
    /// Beyond a removal's cut.
    HeldBack = 63 "held_back";
    /// It stands on an authority entry that is not known here.
    AwaitsAuthority = 64 "awaits_authority";
    /// The bytes do not have the hash that names them.
    WrongBlob = 80 "wrong_blob";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_number_survives_the_round_trip() {
        for n in 0..200 {
            assert_eq!(Code::from_number(n).number(), n);
        }
    }
}
