//! Device records.

use proofroom_ident::{
    ByteReader, ByteWriter, DeviceRecord, DeviceRecordError, EndpointKey, KexPublic, Millis, SignError,
    SignerKey, Voucher,
};

use crate::world::{ada, laptop, mallory, phone};

const AT: Millis = Millis(1_750_000_000_000);

fn by_person() -> DeviceRecord {
    DeviceRecord::by_person(&ada(), &laptop(), AT)
}

fn by_device() -> DeviceRecord {
    DeviceRecord::request(ada().id(), &phone(), AT).vouched_by(&laptop().signing)
}

fn encoded(record: &DeviceRecord) -> Vec<u8> {
    let mut w = ByteWriter::default();
    record.encode(&mut w);
    w.finish()
}

fn decoded(bytes: &[u8]) -> Result<DeviceRecord, DeviceRecordError> {
    DeviceRecord::decode(&mut ByteReader::new(bytes))
}

#[test]
fn the_persons_key_vouches() {
    let record = by_person();
    assert_eq!(record.verify(), Ok(()));
    assert_eq!(record.person, ada().id());
    assert_eq!(record.signing, laptop().signing.public());
    assert_eq!(record.kex, laptop().kex.public());
    assert_eq!(record.endpoint.as_bytes(), laptop().endpoint.public().as_bytes());
    assert!(matches!(record.voucher, Voucher::Person(_)));
}

#[test]
fn another_device_vouches() {
    let record = by_device();
    assert_eq!(record.verify(), Ok(()));
    let Voucher::Device(by, _) = record.voucher else { panic!("a device vouched") };
    assert_eq!(by, laptop().signing.public());
}

#[test]
fn a_request_counts_only_once_somebody_vouched() {
    let request = DeviceRecord::request(ada().id(), &phone(), AT);
    let nobody = SignerKey::from_bytes(*ada().id().as_bytes());
    assert_eq!(request.verify(), Err(SignError::BadSignature(nobody)));
}

/// Mallory binds her own device to ada's name.
#[test]
fn nobody_vouches_in_anothers_name() {
    let mut forged = DeviceRecord::by_person(&mallory(), &laptop(), AT);
    forged.person = ada().id();
    assert!(forged.verify().is_err());
    let mut stolen = by_device();
    stolen.voucher = match stolen.voucher {
        Voucher::Device(_, signature) => Voucher::Device(phone().signing.public(), signature),
        Voucher::Person(_) => panic!("a device vouched"),
    };
    assert!(stolen.verify().is_err());
    stolen.voucher = match by_person().voucher {
        Voucher::Person(signature) => Voucher::Person(signature),
        Voucher::Device(..) => panic!("the person vouched"),
    };
    assert!(stolen.verify().is_err(), "that signature is for the other device");
}

#[test]
fn every_field_is_signed() {
    for record in [by_person(), by_device()] {
        let altered = [
            DeviceRecord { person: mallory().id(), ..record.clone() },
            DeviceRecord { signing: SignerKey::from_bytes([1; 32]), ..record.clone() },
            DeviceRecord { kex: KexPublic::from_bytes([1; 32]), ..record.clone() },
            DeviceRecord { endpoint: EndpointKey::from_bytes([1; 32]), ..record.clone() },
            DeviceRecord { claimed_at: Millis(0), ..record.clone() },
        ];
        for other in altered {
            assert!(other.verify().is_err(), "{other:?}");
        }
    }
}

#[test]
fn both_shapes_survive_encoding() {
    for (record, len) in [(by_person(), 137 + 1 + 64), (by_device(), 137 + 1 + 32 + 64)] {
        let bytes = encoded(&record);
        assert_eq!(bytes.len(), len);
        assert_eq!(decoded(&bytes), Ok(record));
        for short in 0..bytes.len() {
            assert!(matches!(decoded(&bytes[..short]), Err(DeviceRecordError::Short(_))), "{short} bytes");
        }
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for record in [by_person(), by_device()] {
        let bytes = encoded(&record);
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let mut r = ByteReader::new(&altered);
            let holds = DeviceRecord::decode(&mut r).is_ok_and(|d| r.is_empty() && d.verify().is_ok());
            assert!(!holds, "byte {at}");
        }
    }
}

#[test]
fn unknown_versions_and_vouchers_are_named() {
    let mut bytes = encoded(&by_person());
    bytes[137] = 2;
    assert_eq!(decoded(&bytes), Err(DeviceRecordError::Unknown { what: "voucher", value: 2 }));
    bytes[0] = 9;
    assert_eq!(decoded(&bytes), Err(DeviceRecordError::Unknown { what: "version", value: 9 }));
}

#[test]
fn a_device_has_three_different_keys() {
    let record = by_person();
    assert_ne!(record.signing.as_bytes(), record.endpoint.as_bytes());
    assert_ne!(record.signing.as_bytes(), record.kex.as_bytes());
    let printed = format!("{:?}", laptop());
    assert!(printed.contains("SigningSecret(secret)") && printed.contains("KexSecret(secret)"), "{printed}");
}
