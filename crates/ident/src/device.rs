//! Device records: three keys bound to a person.
//!
//! ```text
//! record  version:u8=1  person:32  signing:32  kex:32  endpoint:32  claimed_at:u64   (137 bytes)
//! voucher tag:u8  0 = the person's key, signature:64
//!                 1 = another device, signer:32, signature:64
//! ```

use rand_core::CryptoRng;

use crate::{
    ByteReader, ByteWriter, EndpointKey, KexPublic, KexSecret, Millis, PersonId, PersonSecret, ShortInput,
    SignError, Signature, SignerKey, SigningSecret,
};

const DOMAIN: &str = "proofroom 1 device record";

/// A device record does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRecordError {
    /// The bytes end too early.
    #[error("device record: {0}")]
    Short(#[from] ShortInput),
    /// The schema byte or the voucher tag is not known.
    #[error("device record: unknown {what} {value}")]
    Unknown {
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u8,
    },
    /// The voucher's signature does not hold.
    #[error("device record: {0}")]
    Sign(#[from] SignError),
}

/// Who signed a device record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// The person's own key, from the recovery phrase.
    Person(Signature),
    /// Another device; counts only where that device is one of the same person's.
    Device(SignerKey, Signature),
}

/// Binds a device's three keys to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Whose device it is.
    pub person: PersonId,
    /// Signs entries.
    pub signing: SignerKey,
    /// Receives epoch keys.
    pub kex: KexPublic,
    /// Answers on the network.
    pub endpoint: EndpointKey,
    /// When the device says it was made.
    pub claimed_at: Millis,
    /// Who vouches.
    pub voucher: Voucher,
}

impl DeviceRecord {
    fn body(&self) -> Vec<u8> {
        let mut w = ByteWriter::with_capacity(137);
        w.u8(1).put(self.person.as_bytes()).put(self.signing.as_bytes()).put(self.kex.as_bytes());
        w.put(self.endpoint.as_bytes()).u64(self.claimed_at.0);
        w.finish()
    }

    fn unsigned(person: PersonId, secrets: &DeviceSecrets, claimed_at: Millis) -> Self {
        Self {
            person,
            signing: secrets.signing.public(),
            kex: secrets.kex.public(),
            endpoint: EndpointKey::from_bytes(*secrets.endpoint.public().as_bytes()),
            claimed_at,
            voucher: Voucher::Person(Signature::ZERO),
        }
    }

    /// Bound by the person's own key.
    pub fn by_person(person: &PersonSecret, secrets: &DeviceSecrets, claimed_at: Millis) -> Self {
        let mut record = Self::unsigned(person.id(), secrets, claimed_at);
        record.voucher = Voucher::Person(person.sign(DOMAIN, &record.body()));
        record
    }

    /// A record that asks for a voucher: the new device's half of linking.
    pub fn request(person: PersonId, secrets: &DeviceSecrets, claimed_at: Millis) -> Self {
        Self::unsigned(person, secrets, claimed_at)
    }

    /// The same record, vouched for by another device of the same person.
    pub fn vouched_by(mut self, device: &SigningSecret) -> Self {
        self.voucher = Voucher::Device(device.public(), device.sign(DOMAIN, &self.body()));
        self
    }

    /// Checks the voucher's signature. Whether a vouching device belongs to the
    /// person is for the authority log to say.
    pub fn verify(&self) -> Result<(), SignError> {
        match &self.voucher {
            Voucher::Person(signature) => self.person.verify(DOMAIN, &self.body(), signature),
            Voucher::Device(signer, signature) => signer.verify(DOMAIN, &self.body(), signature),
        }
    }

    /// Appends the canonical bytes.
    pub fn encode(&self, w: &mut ByteWriter) {
        w.put(&self.body());
        match &self.voucher {
            Voucher::Person(s) => w.u8(0).put(s.as_bytes()),
            Voucher::Device(k, s) => w.u8(1).put(k.as_bytes()).put(s.as_bytes()),
        };
    }

    /// Reads the canonical bytes; does not check the voucher.
    pub fn decode(r: &mut ByteReader<'_>) -> Result<Self, DeviceRecordError> {
        let version = r.u8("device record version")?;
        if version != 1 {
            return Err(DeviceRecordError::Unknown { what: "version", value: version });
        }
        let person = PersonId::from_bytes(r.array("person")?);
        let signing = SignerKey::from_bytes(r.array("signing key")?);
        let kex = KexPublic::from_bytes(r.array("key-exchange key")?);
        let endpoint = EndpointKey::from_bytes(r.array("endpoint key")?);
        let claimed_at = Millis(r.u64("claimed time")?);
        let voucher = match r.u8("voucher tag")? {
            0 => Voucher::Person(Signature::from_bytes(r.array("voucher")?)),
            1 => Voucher::Device(
                SignerKey::from_bytes(r.array("vouching device")?),
                Signature::from_bytes(r.array("voucher")?),
            ),
            value => return Err(DeviceRecordError::Unknown { what: "voucher", value }),
        };
        Ok(Self { person, signing, kex, endpoint, claimed_at, voucher })
    }
}

/// A device's three secret keys.
#[derive(Clone, Debug)]
pub struct DeviceSecrets {
    /// Signs entries.
    pub signing: SigningSecret,
    /// Opens key wraps.
    pub kex: KexSecret,
    /// Answers on the network.
    pub endpoint: SigningSecret,
}

impl DeviceSecrets {
    /// Three new keys.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self {
            signing: SigningSecret::generate(rng),
            kex: KexSecret::generate(rng),
            endpoint: SigningSecret::generate(rng),
        }
    }
}
