//! Why the other end closes a session, by who can do something about it.

use proofroom_sync::Code;

use super::far::Far;
use crate::failure::{Failure, Kind};

/// The failure behind a code.
pub(super) fn refusal(far: &Far, code: Code, text: &str) -> Failure {
    let (kind, hint) = match far {
        Far::Relay(_) => of_relay(code),
        Far::Peer(_) => of_peer(code),
    };
    let failure = Failure::new(kind, format!("{far} ends the session ({code}): {text}"));
    if hint.is_empty() { failure } else { failure.hint(hint) }
}

fn of_peer(code: Code) -> (Kind, &'static str) {
    match code {
        Code::NotMember | Code::Removed | Code::UnknownWorkspace => {
            (Kind::Network, "one of the two has not heard of the other's membership yet: sync with the relay")
        }
        Code::WrongBlob | Code::BadProof | Code::BadEntry | Code::WrongPeer => {
            (Kind::Verify, "nothing of it was kept")
        }
        Code::UnsupportedVersion => (Kind::Network, "update the older of the two programs"),
        _ => (Kind::Network, ""),
    }
}

fn of_relay(code: Code) -> (Kind, &'static str) {
    match code {
        Code::InviteUnknown | Code::InviteExpired | Code::InviteUsed => (Kind::User, "ask for a new link"),
        Code::NotMember | Code::Removed => (
            Kind::Network,
            "the relay knows this device as no member's: ask an owner or producer, or approve it from another device",
        ),
        Code::UnknownWorkspace | Code::MayNotCreate => {
            (Kind::Network, "ask whoever runs the relay, or use another one: proofroom workspace relay URL")
        }
        Code::QuotaExceeded | Code::RateLimited | Code::TooLarge => {
            (Kind::Network, "ask whoever runs the relay about its limits")
        }
        Code::WrongBlob | Code::BadProof | Code::BadEntry => {
            (Kind::Verify, "nothing of it was kept; tell whoever runs the relay")
        }
        Code::UnsupportedVersion => (Kind::Network, "update the older of the two programs"),
        _ => (Kind::Network, "what was exchanged so far is kept: run `proofroom sync` again"),
    }
}
