//! Who this peer is.

use proofroom_ident::{DeviceRecord, DeviceSecrets, KexPublic, KexSecret, PersonId, SignerKey};
use proofroom_review::ProfileStatement;

/// This peer's person, device and printed name.
#[derive(Clone, Debug)]
pub struct Me {
    /// The device's secret keys.
    pub secrets: DeviceSecrets,
    /// The record that binds them to the person.
    pub record: DeviceRecord,
    /// The person's recovery key-exchange key: epoch keys are wrapped to it too.
    pub recovery: Option<KexPublic>,
    /// Present only while a person is restored from the recovery phrase: opens
    /// the wraps that were made for the phrase.
    pub recovery_secret: Option<KexSecret>,
    /// What decisions and member lists show.
    pub profile: ProfileStatement,
}

impl Me {
    /// The person.
    pub fn person(&self) -> PersonId {
        self.record.person
    }
    /// The device.
    pub fn device(&self) -> SignerKey {
        self.record.signing
    }
}
