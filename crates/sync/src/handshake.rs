//! Proving keys: what both sides sign.
//!
//! ```text
//! transcript  speaker:u8 (0 client, 1 server)
//!             proto:u16 nonce:32 device:32                                     of the greeting
//!             proto:u16 nonce:32 device:32 workspace:32 offers:u8 invite:32 summary:64
//!             prefer:run                                                       of the opening
//!             channel:run
//!             reads:u8 may_write:u8 summary:64                                 server only
//! ```
//!
//! Both nonces are fresh, so a proof serves one handshake only; both keys and
//! the workspace are covered, so it serves no other peer. `channel` binds it to
//! the connection where both ends know something of it.

use proofroom_ident::{ByteWriter, InviteId, Signature, SigningSecret};

use crate::fault::Fault;
use crate::limits::PROTOCOL;
use crate::message::{Greeting, Open, Welcome};
use crate::{Code, InviteSigner};

const DEVICE_DOMAIN: &str = "proofroom 1 session";
const INVITE_DOMAIN: &str = "proofroom 1 session invite";

fn transcript(speaker: u8, greeting: &Greeting, open: &Open, channel: &[u8]) -> ByteWriter {
    let mut w = ByteWriter::with_capacity(320 + channel.len());
    w.u8(speaker).u16(greeting.proto).put(&greeting.nonce).put(greeting.device.as_bytes());
    w.u16(open.proto).put(&open.nonce).put(open.device.as_bytes()).put(open.workspace.as_bytes());
    let invite = open.invite.map_or(InviteId::ZERO, |(id, _)| id);
    w.u8(open.offers.bits()).put(invite.as_bytes()).put(&open.summary.0[0]).put(&open.summary.0[1]);
    let prefer: Vec<u8> = open.prefer.iter().flat_map(|doc| *doc.as_bytes()).collect();
    w.run(&prefer).run(channel);
    w
}

fn of_client(greeting: &Greeting, open: &Open, channel: &[u8]) -> Vec<u8> {
    transcript(0, greeting, open, channel).finish()
}

fn of_server(greeting: &Greeting, open: &Open, channel: &[u8], welcome: &Welcome) -> Vec<u8> {
    let mut w = transcript(1, greeting, open, channel);
    w.u8(welcome.reads.bits()).u8(welcome.may_write.into());
    w.put(&welcome.summary.0[0]).put(&welcome.summary.0[1]);
    w.finish()
}

/// Signs the opening with the device's key and, where there is one, the invite's.
pub(crate) fn sign_open(
    greeting: &Greeting,
    mut open: Open,
    channel: &[u8],
    device: &SigningSecret,
    invite: Option<&(InviteId, InviteSigner)>,
) -> Open {
    open.invite = invite.map(|(id, _)| (*id, Signature::ZERO));
    let said = of_client(greeting, &open, channel);
    open.proof = device.sign(DEVICE_DOMAIN, &said);
    open.invite = invite.map(|(id, sign)| (*id, sign(INVITE_DOMAIN, &said)));
    open
}

/// Checks the client's proofs.
pub(crate) fn check_open(greeting: &Greeting, open: &Open, channel: &[u8]) -> Result<(), Fault> {
    check_version(open.proto)?;
    let said = of_client(greeting, open, channel);
    let bad = |e| Fault::new(Code::BadProof, format!("the client's proof does not hold: {e}"));
    open.device.verify(DEVICE_DOMAIN, &said, &open.proof).map_err(bad)?;
    match &open.invite {
        None => Ok(()),
        Some((id, signature)) => id
            .verify(INVITE_DOMAIN, &said, signature)
            .map_err(|e| Fault::new(Code::BadProof, format!("the invite's proof does not hold: {e}"))),
    }
}

/// Signs the server's answer.
pub(crate) fn sign_welcome(
    greeting: &Greeting,
    open: &Open,
    channel: &[u8],
    mut welcome: Welcome,
    device: &SigningSecret,
) -> Welcome {
    welcome.proof = device.sign(DEVICE_DOMAIN, &of_server(greeting, open, channel, &welcome));
    welcome
}

/// Checks the server's proof.
pub(crate) fn check_welcome(
    greeting: &Greeting,
    open: &Open,
    channel: &[u8],
    welcome: &Welcome,
) -> Result<(), Fault> {
    let said = of_server(greeting, open, channel, welcome);
    greeting
        .device
        .verify(DEVICE_DOMAIN, &said, &welcome.proof)
        .map_err(|e| Fault::new(Code::BadProof, format!("the server's proof does not hold: {e}")))
}

/// Both sides must speak the same version.
pub(crate) fn check_version(proto: u16) -> Result<(), Fault> {
    if proto == PROTOCOL {
        return Ok(());
    }
    let text = format!("the peer speaks protocol {proto}, this program speaks {PROTOCOL}");
    Err(Fault::new(Code::UnsupportedVersion, text))
}
