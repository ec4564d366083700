//! Invite links: a capability and where to find the workspace, as one line of text.
//!
//! ```text
//! proofroom:join/BASE32(bytes)          lower case, no padding
//! bytes  version:u8=1  workspace:32  seed:32  role:u8  expires:u64 (0 = never)
//!        relays:u8  (len:u16 utf8)*     check:4 = first bytes of BLAKE3 of all before
//! ```
//!
//! The text is a secret until it is used: whoever holds it may join.

use std::fmt;

use proofroom_authority::Role;
use proofroom_ident::{ByteReader, ByteWriter, Millis, ShortInput, WorkspaceId};
use proofroom_seal::InviteSecret;

const PREFIX: &str = "proofroom:join/";
pub(crate) const LINK_CHARS_MAX: usize = 4096;
const RELAYS_MAX: usize = 8;

/// A text is not an invite link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin like one.
    #[error("this is not an invite link: it should begin with `{PREFIX}`")]
    Prefix,
    /// It is too long.
    #[error("this is not an invite link: {0} characters, the limit is {LINK_CHARS_MAX}")]
    TooLong(usize),
    /// A character does not belong, or characters are missing.
    #[error("the invite link is mangled ({0}): copy it again, whole")]
    Mangled(String),
    /// A newer version made it.
    #[error("the invite link has version {0}, this program knows version 1: update it")]
    Version(u8),
}

impl From<ShortInput> for LinkError {
    fn from(e: ShortInput) -> Self {
        Self::Mangled(e.to_string())
    }
}

/// What an invite link holds.
#[derive(Clone)]
pub struct InviteLink {
    /// The workspace to join.
    pub workspace: WorkspaceId,
    /// The capability.
    pub secret: InviteSecret,
    /// The role it gives, as the inviter says; the authority log decides.
    pub role: Role,
    /// When it ends, if it does.
    pub expires: Option<Millis>,
    /// Relays that carry the workspace, as URLs.
    pub relays: Vec<String>,
}

impl fmt::Debug for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteLink({:?}, {:?}, secret)", self.workspace, self.role)
    }
}

impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut w = ByteWriter::default();
        w.u8(1).put(self.workspace.as_bytes()).put(self.secret.seed().as_ref()).u8(self.role as u8);
        w.u64(self.expires.map_or(0, |t| t.0));
        let relays: Vec<&String> = self.relays.iter().take(RELAYS_MAX).collect();
        w.u8(u8::try_from(relays.len()).unwrap_or(u8::MAX));
        for relay in relays {
            let short: Vec<u8> = relay.bytes().take(512).collect();
            w.u16(u16::try_from(short.len()).unwrap_or(u16::MAX)).put(&short);
        }
        let mut bytes = w.finish();
        let check = blake3::hash(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..4]);
        write!(f, "{PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
    }
}

impl std::str::FromStr for InviteLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > LINK_CHARS_MAX {
            return Err(LinkError::TooLong(text.len()));
        }
        let at = text.find(PREFIX).ok_or(LinkError::Prefix)?;
        let body = text[at + PREFIX.len()..].to_uppercase();
        let bytes = data_encoding::BASE32_NOPAD
            .decode(body.as_bytes())
            .map_err(|e| LinkError::Mangled(e.to_string()))?;
        let (head, check) =
            bytes.split_last_chunk::<4>().ok_or_else(|| LinkError::Mangled("it is too short".into()))?;
        if blake3::hash(head).as_bytes()[..4] != check[..] {
            return Err(LinkError::Mangled("its check digits do not match".into()));
        }
        decode(head)
    }
}

fn decode(bytes: &[u8]) -> Result<InviteLink, LinkError> {
    let mut r = ByteReader::new(bytes);
    let version = r.u8("version")?;
    if version != 1 {
        return Err(LinkError::Version(version));
    }
    let workspace = WorkspaceId::from_bytes(r.array("workspace")?);
    let secret = InviteSecret::from_seed(r.array("seed")?);
    let role = Role::from_byte(r.u8("role")?).ok_or_else(|| LinkError::Mangled("unknown role".into()))?;
    let expires = Some(Millis(r.u64("expiry")?)).filter(|t| t.0 != 0);
    let count = r.u8("relays")?;
    let mut relays = Vec::new();
    for _ in 0..count {
        let len = usize::from(r.u16("relay length")?);
        let url = std::str::from_utf8(r.take(len, "relay")?)
            .map_err(|_| LinkError::Mangled("a relay address is not text".into()))?;
        relays.push(url.to_owned());
    }
    if !r.is_empty() {
        return Err(LinkError::Mangled("it holds more than it should".into()));
    }
    Ok(InviteLink { workspace, secret, role, expires, relays })
}
