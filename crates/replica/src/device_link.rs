//! The codes of device linking: text that a person carries from one machine to the other.
//!
//! ```text
//! request   proofroom:device/BASE32(bytes)     new machine -> old machine
//!           version:u8=1  signing:32  kex:32  endpoint:32  claimed_at:u64  check:4
//! approval  proofroom:linked/BASE32(bytes)     old machine -> new machine
//!           version:u8=1  record:run  recovery:u8 (0 | 1, key:32)  name:run  organisation:run  title:run
//!           count:u16 (workspace:32  relay:run)*  check:4
//! locator   proofroom:workspace/BASE32(bytes)  where a restored person finds a workspace
//!           workspace:32  relay:run  check:4
//! ```
//!
//! Neither holds a secret: the request has public keys, the approval a signed
//! record and where the workspaces are. Keys travel sealed, through the relay.
//! `check` is the start of the BLAKE3 hash of all before it: it finds slips of
//! copying; forgery is for the record's signature.

use proofroom_ident::{
    ByteReader, ByteWriter, DeviceRecord, DeviceSecrets, EndpointKey, KexPublic, Millis, PersonId,
    ShortInput, Signature, SignerKey, Voucher, WorkspaceId,
};

use proofroom_review::ProfileStatement;

const REQUEST: &str = "proofroom:device/";
const APPROVAL: &str = "proofroom:linked/";
const LOCATOR: &str = "proofroom:workspace/";
const CHARS_MAX: usize = 64 << 10;
const WORKSPACES_MAX: usize = 1000;

/// A text is not the code that is wanted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It begins like neither code.
    #[error("this is no code of device linking: it should begin with `{REQUEST}` or `{APPROVAL}`")]
    Prefix,
    /// It does not begin like a locator.
    #[error("this is not a workspace locator: it should begin with `{LOCATOR}`")]
    NoLocator,
    /// It is too long.
    #[error("this is no code of device linking: {0} characters, the limit is {CHARS_MAX}")]
    TooLong(usize),
    /// Characters were lost or changed.
    #[error("the code is mangled ({0}): copy it again, whole")]
    Mangled(String),
    /// A newer version made it.
    #[error("the code has version {0}, this program knows version 1: update it")]
    Version(u8),
    /// The approval was made for another device.
    #[error("the code approves device {found}, this machine asked for {asked}")]
    OtherDevice {
        /// The device it approves.
        found: String,
        /// The device that waits here.
        asked: String,
    },
    /// The approval's signature does not hold.
    #[error("the code does not prove who approves this device: {0}")]
    Unproved(proofroom_ident::SignError),
}

impl From<ShortInput> for CodeError {
    fn from(e: ShortInput) -> Self {
        Self::Mangled(e.to_string())
    }
}

/// Either code, as pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A new machine asks to be linked.
    Request(LinkRequest),
    /// The old machine's answer.
    Approval(Box<LinkApproval>),
}

impl std::str::FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        if text.len() > CHARS_MAX {
            return Err(CodeError::TooLong(text.len()));
        }
        if let Some(body) = text.strip_prefix(REQUEST) {
            return LinkRequest::decode(&unwrap_text(body)?).map(Self::Request);
        }
        let body = text.strip_prefix(APPROVAL).ok_or(CodeError::Prefix)?;
        LinkApproval::decode(&unwrap_text(body)?).map(|a| Self::Approval(Box::new(a)))
    }
}

fn wrap_text(prefix: &str, mut bytes: Vec<u8>) -> String {
    let check = blake3::hash(&bytes);
    bytes.extend_from_slice(&check.as_bytes()[..4]);
    format!("{prefix}{}", data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase())
}

fn unwrap_text(body: &str) -> Result<Vec<u8>, CodeError> {
    let folded: String = body.split_whitespace().collect::<String>().to_uppercase();
    let bytes = data_encoding::BASE32_NOPAD.decode(folded.as_bytes());
    let mut bytes = bytes.map_err(|e| CodeError::Mangled(e.to_string()))?;
    let Some((head, check)) = bytes.split_last_chunk::<4>() else {
        return Err(CodeError::Mangled("it is too short".into()));
    };
    if blake3::hash(head).as_bytes()[..4] != check[..] {
        return Err(CodeError::Mangled("its check digits do not match".into()));
    }
    bytes.truncate(bytes.len() - 4);
    Ok(bytes)
}

fn reader(bytes: &[u8]) -> Result<ByteReader<'_>, CodeError> {
    let mut r = ByteReader::new(bytes);
    match r.u8("version")? {
        1 => Ok(r),
        version => Err(CodeError::Version(version)),
    }
}

fn ended(r: &ByteReader<'_>) -> Result<(), CodeError> {
    if r.is_empty() { Ok(()) } else { Err(CodeError::Mangled("it holds more than it should".into())) }
}

/// The new machine's public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    signing: SignerKey,
    kex: KexPublic,
    endpoint: EndpointKey,
    claimed_at: Millis,
}

impl LinkRequest {
    /// Asks for `secrets` to be linked.
    pub fn new(secrets: &DeviceSecrets, claimed_at: Millis) -> Self {
        let nobody = PersonId::ZERO;
        let record = DeviceRecord::request(nobody, secrets, claimed_at);
        Self { signing: record.signing, kex: record.kex, endpoint: record.endpoint, claimed_at }
    }

    /// The device that asks. People compare it on both screens.
    pub fn device(&self) -> SignerKey {
        self.signing
    }

    /// The record that the old machine vouches for.
    pub fn record_of(&self, person: PersonId) -> DeviceRecord {
        DeviceRecord {
            person,
            signing: self.signing,
            kex: self.kex,
            endpoint: self.endpoint,
            claimed_at: self.claimed_at,
            voucher: Voucher::Person(Signature::ZERO),
        }
    }

    /// The code to carry.
    pub fn to_text(self) -> String {
        let mut w = ByteWriter::default();
        w.u8(1).put(self.signing.as_bytes()).put(self.kex.as_bytes()).put(self.endpoint.as_bytes());
        w.u64(self.claimed_at.0);
        wrap_text(REQUEST, w.finish())
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodeError> {
        let mut r = reader(bytes)?;
        let request = Self {
            signing: SignerKey::from_bytes(r.array("signing key")?),
            kex: KexPublic::from_bytes(r.array("key-exchange key")?),
            endpoint: EndpointKey::from_bytes(r.array("endpoint key")?),
            claimed_at: Millis(r.u64("claimed time")?),
        };
        ended(&r)?;
        Ok(request)
    }
}

/// Where a workspace is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locator {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its relay; empty when it has none.
    pub relay: String,
}

impl std::fmt::Display for Locator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut w = ByteWriter::default();
        w.put(self.workspace.as_bytes()).run(self.relay.as_bytes());
        f.write_str(&wrap_text(LOCATOR, w.finish()))
    }
}

impl std::str::FromStr for Locator {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        if text.len() > CHARS_MAX {
            return Err(CodeError::TooLong(text.len()));
        }
        let bytes = unwrap_text(text.strip_prefix(LOCATOR).ok_or(CodeError::NoLocator)?)?;
        let mut r = ByteReader::new(&bytes);
        let workspace = WorkspaceId::from_bytes(r.array("workspace")?);
        let locator = Self { workspace, relay: self::text(&mut r)? };
        ended(&r)?;
        Ok(locator)
    }
}

/// The old machine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkApproval {
    /// The new device's keys, bound to the person and vouched for.
    pub record: DeviceRecord,
    /// The person's recovery key.
    pub recovery: Option<KexPublic>,
    /// What people see of the person.
    pub profile: ProfileStatement,
    /// The person's workspaces.
    pub workspaces: Vec<Locator>,
}

impl LinkApproval {
    /// The code to carry back.
    pub fn to_text(&self) -> String {
        let mut record = ByteWriter::default();
        self.record.encode(&mut record);
        let mut w = ByteWriter::default();
        w.u8(1).run(&record.finish());
        match &self.recovery {
            None => w.u8(0),
            Some(key) => w.u8(1).put(key.as_bytes()),
        };
        w.run(self.profile.printed_name.as_bytes()).run(self.profile.organisation.as_bytes());
        w.run(self.profile.role_title.as_deref().unwrap_or_default().as_bytes());
        let listed = &self.workspaces[..self.workspaces.len().min(WORKSPACES_MAX)];
        w.u16(u16::try_from(listed.len()).unwrap_or(u16::MAX));
        for locator in listed {
            w.put(locator.workspace.as_bytes()).run(locator.relay.as_bytes());
        }
        wrap_text(APPROVAL, w.finish())
    }

    fn decode(bytes: &[u8]) -> Result<Self, CodeError> {
        let mangled = |e: &dyn std::fmt::Display| CodeError::Mangled(e.to_string());
        let mut r = reader(bytes)?;
        let mut record_bytes = ByteReader::new(r.run("device record")?);
        let record = DeviceRecord::decode(&mut record_bytes).map_err(|e| mangled(&e))?;
        ended(&record_bytes)?;
        let recovery = match r.u8("recovery tag")? {
            0 => None,
            1 => Some(KexPublic::from_bytes(r.array("recovery key")?)),
            tag => return Err(mangled(&format!("unknown recovery tag {tag}"))),
        };
        let (name, organisation, title) = (text(&mut r)?, text(&mut r)?, text(&mut r)?);
        let role_title = Some(title).filter(|t| !t.is_empty());
        let profile = ProfileStatement { printed_name: name, organisation, role_title };
        profile.check().map_err(|e| mangled(&e))?;
        let mut workspaces = Vec::new();
        for _ in 0..r.u16("number of workspaces")?.min(u16::try_from(WORKSPACES_MAX).unwrap_or(u16::MAX)) {
            let workspace = WorkspaceId::from_bytes(r.array("workspace")?);
            workspaces.push(Locator { workspace, relay: text(&mut r)? });
        }
        ended(&r)?;
        Ok(Self { record, recovery, profile, workspaces })
    }

    /// Checks that it approves the device that waits here, and that somebody vouches for it.
    ///
    /// # Errors
    /// When it is for another device, or its signature does not hold.
    pub fn check(&self, waiting: &DeviceSecrets) -> Result<(), CodeError> {
        let asked = LinkRequest::new(waiting, self.record.claimed_at);
        let ours = asked.signing == self.record.signing
            && asked.kex == self.record.kex
            && asked.endpoint == self.record.endpoint;
        if !ours {
            let (found, asked) = (self.record.signing.short(), asked.signing.short());
            return Err(CodeError::OtherDevice { found, asked });
        }
        self.record.verify().map_err(CodeError::Unproved)
    }
}

fn text(r: &mut ByteReader<'_>) -> Result<String, CodeError> {
    let text = std::str::from_utf8(r.run("text")?);
    text.map(str::to_owned).map_err(|e| CodeError::Mangled(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{Code, CodeError, LinkApproval, LinkRequest, Locator};
    use proofroom_ident::{DeviceSecrets, Millis, PersonId, SigningSecret, WorkspaceId};
    use proofroom_review::ProfileStatement;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn asked(seed: u8) -> (DeviceSecrets, LinkRequest) {
        let secrets = DeviceSecrets::generate(&mut ChaCha20Rng::from_seed([seed; 32]));
        let request = LinkRequest::new(&secrets, Millis(7));
        (secrets, request)
    }

    fn approved(request: &LinkRequest) -> LinkApproval {
        let old = SigningSecret::from_seed(&[9; 32]);
        LinkApproval {
            record: request.record_of(PersonId::from_bytes([5; 32])).vouched_by(&old),
            recovery: None,
            profile: ProfileStatement {
                printed_name: "Ada".into(),
                organisation: "Studio Nord".into(),
                role_title: Some("Art director".into()),
            },
            workspaces: vec![Locator {
                workspace: WorkspaceId::from_bytes([3; 32]),
                relay: "ws://127.0.0.1:4747".into(),
            }],
        }
    }

    #[test]
    fn both_codes_survive_the_trip_even_when_a_mail_breaks_their_lines() {
        let (_, request) = asked(1);
        let mut wrapped = request.to_text();
        wrapped.insert_str(60, "\n  ");
        assert_eq!(wrapped.parse(), Ok(Code::Request(request)));
        let approval = approved(&request);
        assert_eq!(approval.to_text().parse(), Ok(Code::Approval(Box::new(approval))));
    }

    #[test]
    fn an_approval_holds_for_the_device_that_asked_only() {
        let ((ada, request), (mallory, _)) = (asked(1), asked(2));
        let approval = approved(&request);
        assert_eq!(approval.check(&ada), Ok(()));
        assert!(matches!(approval.check(&mallory), Err(CodeError::OtherDevice { .. })));
    }

    #[test]
    fn an_altered_approval_proves_nothing() {
        let (ada, request) = asked(1);
        let mut approval = approved(&request);
        approval.record.person = PersonId::from_bytes([6; 32]);
        assert!(matches!(approval.check(&ada), Err(CodeError::Unproved(_))));
    }

    #[test]
    fn mangled_codes_are_refused_and_say_so() {
        let text = asked(1).1.to_text();
        let swapped = text.replacen('a', "b", 1);
        for bad in ["", "hello", &text[..text.len() - 3], &swapped, "proofroom:device/"] {
            let refused = bad.parse::<Code>();
            assert!(matches!(refused, Err(CodeError::Mangled(_) | CodeError::Prefix)), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn a_locator_survives_the_trip_and_a_mangled_one_does_not() {
        let workspace = WorkspaceId::from_bytes([8; 32]);
        for relay in ["wss://relay.example", ""] {
            let locator = Locator { workspace, relay: relay.into() };
            assert_eq!(locator.to_string().parse(), Ok(locator));
        }
        let text = Locator { workspace, relay: String::new() }.to_string();
        let flipped = text.replacen("proofroom:workspace/b", "proofroom:workspace/c", 1);
        for bad in ["", "proofroom:workspace/", &text[..text.len() - 2], flipped.as_str()] {
            assert!(bad.parse::<Locator>().is_err(), "{bad}");
        }
    }
}
