//! Who this machine is: `HOME/identity.json`.
//!
//! ```text
//! {"version": 1, "keys": {"plain": {...}}}                 readable by the owner of the file only
//! {"version": 1, "keys": {"vault": "HEX of ident::Vault"}} under a passphrase
//! ```
//!
//! The person's own key is not in it: it lives in the recovery phrase, which is
//! shown once and never stored. A lost machine loses one device, not the person.

use proofroom_ident::{
    ByteReader, ByteWriter, DeviceRecord, DeviceSecrets, KexPublic, KexSecret, Millis, PersonId,
    RecoveryPhrase, SigningSecret, Vault, VaultError,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::failure::Failure;
use crate::home::{Home, HomeError};

/// Name of the file in the home directory.
pub const FILE: &str = "identity.json";
const VERSION: u64 = 1;

/// The identity cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file fails.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The keys are under a passphrase and none, or a wrong one, was given.
    #[error("the keys in {path}: {error}")]
    Vault {
        /// The file.
        path: String,
        /// What the vault says.
        error: VaultError,
    },
    /// There is an identity already.
    #[error("{0} holds an identity already")]
    Exists(String),
    /// A name is empty, too long, or cannot be printed.
    #[error("the {what} {problem}")]
    Name {
        /// Which name.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl From<IdentityError> for Failure {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Home(error) => error.into(),
            e @ IdentityError::Vault { error: VaultError::WrongPassphrase, .. } => {
                Failure::user(e).hint("give the passphrase at the prompt or in PROOFROOM_PASSPHRASE")
            }
            e @ IdentityError::Vault { .. } => Failure::store(e).hint("restore the file from a backup"),
            e @ IdentityError::Exists(_) => {
                Failure::user(e).hint("use it, or make another one elsewhere: --home DIR")
            }
            e @ IdentityError::Name { .. } => Failure::user(e),
        }
    }
}

/// What people see of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The printed name, as it stands on a certificate.
    pub name: String,
    /// The organisation the person acts for.
    pub organisation: String,
    /// The person's title there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_title: Option<String>,
}

/// Longest printed name, organisation or title, in characters.
const NAME_CHARS_MAX: usize = 200;

impl Profile {
    /// Checks and trims the names.
    ///
    /// # Errors
    /// Names the part that cannot be printed.
    pub fn new(name: &str, organisation: &str, role_title: Option<&str>) -> Result<Self, IdentityError> {
        Ok(Self {
            name: printed("printed name", name)?,
            organisation: printed("organisation", organisation)?,
            role_title: role_title.map(|t| printed("role title", t)).transpose()?,
        })
    }
}

fn printed(what: &'static str, text: &str) -> Result<String, IdentityError> {
    let text = text.trim();
    let problem = if text.is_empty() {
        "is empty".to_owned()
    } else if text.chars().count() > NAME_CHARS_MAX {
        format!("is longer than {NAME_CHARS_MAX} characters")
    } else if let Some(c) = text.chars().find(|c| c.is_control()) {
        format!("holds the control character {}", c.escape_unicode())
    } else {
        return Ok(text.to_owned());
    };
    Err(IdentityError::Name { what, problem })
}

/// A recovery phrase that stays for a while.
#[derive(Clone)]
pub struct HeldPhrase(Zeroizing<String>);

impl HeldPhrase {
    /// The phrase.
    pub fn parse(&self) -> Option<RecoveryPhrase> {
        RecoveryPhrase::parse(&self.0).ok()
    }
}

impl std::fmt::Debug for HeldPhrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldPhrase(secret)")
    }
}

/// A person on this device.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What people see.
    pub profile: Profile,
    /// The device's keys, bound to the person and vouched for.
    pub device: DeviceRecord,
    /// The device's secrets.
    pub secrets: DeviceSecrets,
    /// Where epoch keys are wrapped for the day this device is lost.
    pub recovery: Option<KexPublic>,
    /// The phrase itself, on a device that was restored from it and has not
    /// introduced itself to all workspaces yet. `recover --forget` ends that.
    pub phrase: Option<HeldPhrase>,
}

impl Identity {
    /// A new device of the person who holds `phrase`. With `restored`, the
    /// phrase is kept: it opens the workspaces that know the person already.
    pub fn from_phrase(
        phrase: &RecoveryPhrase,
        profile: Profile,
        now: Millis,
        restored: bool,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let secrets = DeviceSecrets::generate(rng);
        Self {
            profile,
            device: DeviceRecord::by_person(&phrase.person(), &secrets, now),
            secrets,
            recovery: Some(phrase.kex().public()),
            phrase: restored.then(|| HeldPhrase(phrase.words())),
        }
    }

    /// The person.
    pub fn person(&self) -> PersonId {
        self.device.person
    }

    /// Reads the file; `passphrase` is asked for only when the keys are under one.
    ///
    /// # Errors
    /// When there is no identity, it is damaged, or the passphrase is wrong.
    pub fn load<E: From<IdentityError>>(
        home: &Home,
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, E>,
    ) -> Result<Self, E> {
        let file = IdentityFile::read(home)?;
        match file.keys {
            Keys::Plain(stored) => Ok(stored.unpack(home)?),
            Keys::Vault(hex) => {
                let sealed = bytes_of_hex(home, "vault", &hex)?;
                let secret = passphrase()?;
                let path = home.path(FILE).display().to_string();
                let opened = Vault::open(&secret, &sealed);
                let bytes = opened.map_err(|error| IdentityError::Vault { path, error })?;
                let stored: Stored =
                    serde_json::from_slice(&bytes).map_err(|e| damaged(home, &e.to_string()))?;
                Ok(stored.unpack(home)?)
            }
        }
    }

    /// Whether there is one, and whether it is under a passphrase.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn exists(home: &Home) -> Result<bool, IdentityError> {
        Ok(home.read(FILE)?.is_some())
    }

    /// Whether the keys are under a passphrase.
    ///
    /// # Errors
    /// When there is no identity, or its file cannot be read.
    pub fn is_under_passphrase(home: &Home) -> Result<bool, IdentityError> {
        Ok(matches!(IdentityFile::read(home)?.keys, Keys::Vault(_)))
    }

    /// Writes the file, under `passphrase` where one is given.
    ///
    /// # Errors
    /// When it cannot be made durable.
    pub fn save(
        &self,
        home: &Home,
        passphrase: Option<&str>,
        rng: &mut impl CryptoRng,
    ) -> Result<(), IdentityError> {
        let stored = Stored::pack(self);
        let keys = match passphrase {
            None => Keys::Plain(stored),
            Some(passphrase) => {
                let bytes =
                    Zeroizing::new(serde_json::to_vec(&stored).map_err(|e| damaged(home, &e.to_string()))?);
                let sealed = Vault::default().seal(passphrase, &bytes, rng);
                let path = home.path(FILE).display().to_string();
                let sealed = sealed.map_err(|error| IdentityError::Vault { path, error })?;
                Keys::Vault(data_encoding::HEXLOWER.encode(&sealed))
            }
        };
        let file = IdentityFile { version: VERSION, keys };
        let bytes =
            Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(|e| damaged(home, &e.to_string()))?);
        Ok(home.write(FILE, &bytes)?)
    }
}

#[derive(Serialize, Deserialize)]
struct IdentityFile {
    version: u64,
    keys: Keys,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keys {
    Plain(Stored),
    Vault(String),
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u64,
}

impl IdentityFile {
    fn read(home: &Home) -> Result<Self, IdentityError> {
        let bytes = home.read(FILE)?.map(Zeroizing::new);
        let bytes = bytes.ok_or_else(|| HomeError::Empty(home.dir().to_owned()))?;
        let seen: VersionOnly = serde_json::from_slice(&bytes).map_err(|e| damaged(home, &e.to_string()))?;
        if seen.version > VERSION {
            let newer = HomeError::Newer { path: home.path(FILE), found: seen.version, known: VERSION };
            return Err(newer.into());
        }
        serde_json::from_slice(&bytes).map_err(|e| damaged(home, &e.to_string()))
    }
}

/// The identity as stored: hexadecimal, wiped when dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Stored {
    name: String,
    organisation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_title: Option<String>,
    device: String,
    signing: String,
    kex: String,
    endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
}

impl Stored {
    fn pack(identity: &Identity) -> Self {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let mut device = ByteWriter::default();
        identity.device.encode(&mut device);
        Self {
            name: identity.profile.name.clone(),
            organisation: identity.profile.organisation.clone(),
            role_title: identity.profile.role_title.clone(),
            device: hex(&device.finish()),
            signing: hex(identity.secrets.signing.seed().as_ref()),
            kex: hex(identity.secrets.kex.seed().as_ref()),
            endpoint: hex(identity.secrets.endpoint.seed().as_ref()),
            recovery: identity.recovery.map(|k| k.to_hex()),
            phrase: identity.phrase.as_ref().map(|p| p.0.to_string()),
        }
    }

    fn unpack(&self, home: &Home) -> Result<Identity, IdentityError> {
        let bytes = bytes_of_hex(home, "device", &self.device)?;
        let mut reader = ByteReader::new(&bytes);
        let device = DeviceRecord::decode(&mut reader).map_err(|e| damaged(home, &e.to_string()))?;
        let signing = seed(home, "signing", &self.signing)?;
        let kex = seed(home, "kex", &self.kex)?;
        let endpoint = seed(home, "endpoint", &self.endpoint)?;
        let secrets = DeviceSecrets {
            signing: SigningSecret::from_seed(&signing),
            kex: KexSecret::from_seed(&kex),
            endpoint: SigningSecret::from_seed(&endpoint),
        };
        let ours = device.signing == secrets.signing.public() && device.kex == secrets.kex.public();
        if !reader.is_empty() || !ours || device.verify().is_err() {
            return Err(damaged(home, "the device record does not belong to the keys"));
        }
        let recovery = self.recovery.as_deref().map(|k| seed(home, "recovery", k)).transpose()?;
        Ok(Identity {
            profile: Profile::new(&self.name, &self.organisation, self.role_title.as_deref())?,
            device,
            secrets,
            recovery: recovery.map(|k| KexPublic::from_bytes(*k)),
            phrase: self.phrase.clone().map(|words| HeldPhrase(Zeroizing::new(words))),
        })
    }
}

fn bytes_of_hex(home: &Home, what: &str, hex: &str) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes());
    bytes.map(Zeroizing::new).map_err(|e| damaged(home, &format!("{what}: {e}")))
}

fn seed(home: &Home, what: &str, hex: &str) -> Result<Zeroizing<[u8; 32]>, IdentityError> {
    let bytes = bytes_of_hex(home, what, hex)?;
    let seed = <[u8; 32]>::try_from(bytes.as_slice());
    seed.map(Zeroizing::new).map_err(|_| damaged(home, &format!("{what}: 32 bytes are wanted")))
}

fn damaged(home: &Home, reason: &str) -> IdentityError {
    HomeError::Damaged { path: home.path(FILE), reason: reason.to_owned() }.into()
}

#[cfg(test)]
mod tests;
