//! Why a relay ends a session, by who can do something about it.

use proofroom_sync::Code;
use proofroom_transport::Address;

use crate::failure::{Failure, Kind};

/// The failure behind a code.
pub(super) fn refusal(relay: &Address, code: Code, text: &str) -> Failure {
    let (kind, hint) = match code {
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
    };
    Failure::new(kind, format!("the relay {relay} ends the session ({code}): {text}")).hint(hint)
}
