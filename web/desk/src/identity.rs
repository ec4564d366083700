//! Who is at this browser: a value of the store, sealed where there is a passphrase.
//!
//! ```text
//! "web/identity"   {"version": 1, "keys": {"plain": {...}} | {"vault": "HEX of ident::Vault"}}
//! "web/pending"    {...}    keys of a browser that waits to be linked, until it is
//! ```
//!
//! The recovery phrase stands beside the keys until the person says that it is written down;
//! where a person was restored from it, until every workspace has arrived.

use proofroom_ident::{
    ByteReader, ByteWriter, DeviceRecord, DeviceSecrets, KexPublic, KexSecret, Millis, RecoveryPhrase,
    SigningSecret, Vault, VaultError,
};
use proofroom_replica::Me;
use proofroom_replica::device_link::LinkApproval;
use proofroom_review::ProfileStatement;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Where the store keeps it.
pub(crate) const KEY: &[u8] = b"web/identity";
/// Where the store keeps the keys of a browser that waits to be linked.
pub(crate) const PENDING: &[u8] = b"web/pending";
const VERSION: u32 = 1;
const NAME_CHARS_MAX: usize = 200;

/// An identity cannot be made or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A name is empty, too long, or cannot be printed.
    #[error("the {what} {problem}")]
    Name {
        /// Which name.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The passphrase does not open the keys.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The stored keys cannot be read.
    #[error("the keys in this browser are damaged: {0}")]
    Damaged(String),
}

impl IdentityError {
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Vault(VaultError::WrongPassphrase) => {
                "try again; it cannot be reset, only recovered by your phrase"
            }
            Self::Vault(_) | Self::Damaged(_) => "restore yourself from your recovery phrase on this browser",
            Self::Name { .. } => "",
        }
    }
}

/// A person at this browser.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Printed name.
    pub name: String,
    /// Organisation.
    pub organisation: String,
    /// The device's secrets.
    pub secrets: DeviceSecrets,
    /// The record that binds them to the person.
    pub record: DeviceRecord,
    /// Where epoch keys are wrapped for the day this device is lost.
    pub recovery: Option<KexPublic>,
    /// The recovery phrase, until it is written down.
    pub(crate) phrase: Option<Zeroizing<String>>,
    /// The person was restored from the phrase: it proves them to relays and opens what was wrapped for it.
    pub(crate) restored: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    version: u32,
    keys: Keys,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keys {
    Plain(Stored),
    Vault(String),
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Stored {
    name: String,
    organisation: String,
    record: String,
    signing: String,
    kex: String,
    endpoint: String,
    recovery: String,
    #[serde(default)]
    phrase: String,
    #[serde(default)]
    restored: bool,
}

/// What the store holds, before a passphrase was given.
pub(crate) enum Held {
    Open(Box<Identity>),
    Sealed(Vec<u8>),
}

impl Identity {
    /// A new person with a new device.
    pub fn generate(
        name: &str,
        organisation: &str,
        now: Millis,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, IdentityError> {
        Self::of_phrase(&RecoveryPhrase::generate(rng), name, organisation, false, now, rng)
    }

    /// The person of a phrase, with a new device.
    pub(crate) fn of_phrase(
        phrase: &RecoveryPhrase,
        name: &str,
        organisation: &str,
        restored: bool,
        now: Millis,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, IdentityError> {
        let (name, organisation) = (printed("printed name", name)?, printed("organisation", organisation)?);
        let secrets = DeviceSecrets::generate(rng);
        let record = DeviceRecord::by_person(&phrase.person(), &secrets, now);
        let recovery = Some(phrase.kex().public());
        Ok(Self { name, organisation, secrets, record, recovery, phrase: Some(phrase.words()), restored })
    }

    /// The person of an approval, on this device.
    pub(crate) fn of_link(secrets: DeviceSecrets, approval: &LinkApproval) -> Self {
        Self {
            name: approval.profile.printed_name.clone(),
            organisation: approval.profile.organisation.clone(),
            secrets,
            record: approval.record.clone(),
            recovery: approval.recovery,
            phrase: None,
            restored: false,
        }
    }

    /// The phrase of a person who was restored from it.
    pub(crate) fn proof(&self) -> Option<RecoveryPhrase> {
        let words = self.phrase.as_ref().filter(|_| self.restored)?;
        RecoveryPhrase::parse(words).ok()
    }

    /// What a replica needs to know.
    pub fn me(&self) -> Me {
        Me {
            secrets: self.secrets.clone(),
            record: self.record.clone(),
            recovery: self.recovery,
            recovery_secret: self.proof().map(|phrase| phrase.kex()),
            profile: ProfileStatement {
                printed_name: self.name.clone(),
                organisation: self.organisation.clone(),
                role_title: None,
            },
        }
    }

    /// The bytes to store; sealed unless the passphrase is empty.
    pub(crate) fn to_bytes(
        &self,
        passphrase: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, IdentityError> {
        let stored = self.pack();
        let keys = if passphrase.is_empty() {
            Keys::Plain(stored)
        } else {
            let plain = Zeroizing::new(serde_json::to_vec(&stored).map_err(damaged)?);
            Keys::Vault(data_encoding::HEXLOWER.encode(&Vault::default().seal(passphrase, &plain, rng)?))
        };
        serde_json::to_vec(&StoredFile { version: VERSION, keys }).map_err(damaged)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Held, IdentityError> {
        let file: StoredFile = crate::kept::read(bytes).map_err(damaged)?;
        if file.version != VERSION {
            return Err(IdentityError::Damaged(format!("version {} is not known", file.version)));
        }
        match file.keys {
            Keys::Plain(stored) => Ok(Held::Open(Box::new(stored.unpack()?))),
            Keys::Vault(hex) => {
                Ok(Held::Sealed(data_encoding::HEXLOWER.decode(hex.as_bytes()).map_err(damaged)?))
            }
        }
    }

    pub(crate) fn unseal(sealed: &[u8], passphrase: &str) -> Result<Self, IdentityError> {
        let plain = Vault::open(passphrase, sealed)?;
        crate::kept::read::<Stored>(&plain).map_err(damaged)?.unpack()
    }

    fn pack(&self) -> Stored {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let mut record = ByteWriter::default();
        self.record.encode(&mut record);
        Stored {
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            record: hex(&record.finish()),
            signing: hex(self.secrets.signing.seed().as_ref()),
            kex: hex(self.secrets.kex.seed().as_ref()),
            endpoint: hex(self.secrets.endpoint.seed().as_ref()),
            recovery: self.recovery.map(|key| key.to_hex()).unwrap_or_default(),
            phrase: self.phrase.as_deref().cloned().unwrap_or_default(),
            restored: self.restored,
        }
    }
}

impl Stored {
    fn unpack(&self) -> Result<Identity, IdentityError> {
        let bytes = data_encoding::HEXLOWER.decode(self.record.as_bytes()).map_err(damaged)?;
        let mut reader = ByteReader::new(&bytes);
        let record = DeviceRecord::decode(&mut reader).map_err(damaged)?;
        let secrets = DeviceSecrets {
            signing: SigningSecret::from_seed(&*seed(&self.signing)?),
            kex: KexSecret::from_seed(&*seed(&self.kex)?),
            endpoint: SigningSecret::from_seed(&*seed(&self.endpoint)?),
        };
        let ours = record.signing == secrets.signing.public() && record.kex == secrets.kex.public();
        if !reader.is_empty() || !ours || record.verify().is_err() {
            return Err(IdentityError::Damaged("the device record does not belong to the keys".into()));
        }
        Ok(Identity {
            name: self.name.clone(),
            organisation: self.organisation.clone(),
            secrets,
            record,
            recovery: match self.recovery.as_str() {
                "" => None,
                hex => Some(KexPublic::from_bytes(*seed(hex)?)),
            },
            phrase: Some(Zeroizing::new(self.phrase.clone())).filter(|words| !words.is_empty()),
            restored: self.restored,
        })
    }
}

/// Keys that wait to be linked.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Pending {
    signing: String,
    kex: String,
    endpoint: String,
    claimed_at: u64,
}

impl Pending {
    pub(crate) fn of(secrets: &DeviceSecrets, claimed_at: Millis) -> Self {
        let hex = |seed: Zeroizing<[u8; 32]>| data_encoding::HEXLOWER.encode(seed.as_ref());
        Self {
            signing: hex(secrets.signing.seed()),
            kex: hex(secrets.kex.seed()),
            endpoint: hex(secrets.endpoint.seed()),
            claimed_at: claimed_at.0,
        }
    }

    pub(crate) fn secrets(&self) -> Result<(DeviceSecrets, Millis), IdentityError> {
        let secrets = DeviceSecrets {
            signing: SigningSecret::from_seed(&*seed(&self.signing)?),
            kex: KexSecret::from_seed(&*seed(&self.kex)?),
            endpoint: SigningSecret::from_seed(&*seed(&self.endpoint)?),
        };
        Ok((secrets, Millis(self.claimed_at)))
    }
}

fn seed(hex: &str) -> Result<Zeroizing<[u8; 32]>, IdentityError> {
    let bytes = Zeroizing::new(data_encoding::HEXLOWER.decode(hex.as_bytes()).map_err(damaged)?);
    let array: [u8; 32] = bytes.as_slice().try_into().map_err(damaged)?;
    Ok(Zeroizing::new(array))
}

fn damaged(cause: impl std::fmt::Display) -> IdentityError {
    IdentityError::Damaged(cause.to_string())
}

fn printed(what: &'static str, text: &str) -> Result<String, IdentityError> {
    let text = text.trim();
    let problem = if text.is_empty() {
        "is empty".to_owned()
    } else if text.chars().count() > NAME_CHARS_MAX {
        format!("is longer than {NAME_CHARS_MAX} characters")
    } else if text.chars().any(char::is_control) {
        "holds a control character".to_owned()
    } else {
        return Ok(text.to_owned());
    };
    Err(IdentityError::Name { what, problem })
}
