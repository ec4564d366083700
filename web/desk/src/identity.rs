//! Who is at this browser: a value of the store, sealed where there is a passphrase.
//!
//! ```text
//! "web/identity"   {"version": 1, "keys": {"plain": {...}} | {"vault": "HEX of ident::Vault"}}
//! ```

use proofroom_ident::{
    ByteReader, ByteWriter, DeviceRecord, DeviceSecrets, KexPublic, KexSecret, Millis, RecoveryPhrase,
    SigningSecret, Vault, VaultError,
};
use proofroom_replica::Me;
use proofroom_review::ProfileStatement;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Where the store keeps it.
pub(crate) const KEY: &[u8] = b"web/identity";
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
    pub recovery: KexPublic,
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
}

/// What the store holds, before a passphrase was given.
pub(crate) enum Held {
    Open(Box<Identity>),
    Sealed(Vec<u8>),
}

impl Identity {
    /// A new person with a new device. The phrase is returned once and stored nowhere.
    pub fn generate(
        name: &str,
        organisation: &str,
        now: Millis,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, RecoveryPhrase), IdentityError> {
        let (name, organisation) = (printed("printed name", name)?, printed("organisation", organisation)?);
        let phrase = RecoveryPhrase::generate(rng);
        let secrets = DeviceSecrets::generate(rng);
        let record = DeviceRecord::by_person(&phrase.person(), &secrets, now);
        Ok((Self { name, organisation, secrets, record, recovery: phrase.kex().public() }, phrase))
    }

    /// What a replica needs to know.
    pub fn me(&self) -> Me {
        Me {
            secrets: self.secrets.clone(),
            record: self.record.clone(),
            recovery: Some(self.recovery),
            recovery_secret: None,
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
        let file: StoredFile = serde_json::from_slice(bytes).map_err(damaged)?;
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
        serde_json::from_slice::<Stored>(&plain).map_err(damaged)?.unpack()
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
            recovery: self.recovery.to_hex(),
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
            recovery: KexPublic::from_bytes(*seed(&self.recovery)?),
        })
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
