use super::{Identity, IdentityError, Profile};
use crate::home::{Home, HomeError};
use proofroom_ident::{Millis, RecoveryPhrase, VaultError};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use zeroize::Zeroizing;

type Asked = Result<Zeroizing<String>, IdentityError>;

fn nobody_asks() -> Asked {
    panic!("a plain identity asks for no passphrase")
}

fn told(passphrase: &str) -> impl FnOnce() -> Asked {
    let passphrase = Zeroizing::new(passphrase.to_owned());
    move || Ok(passphrase)
}

struct World {
    _dir: tempfile::TempDir,
    home: Home,
    rng: ChaCha20Rng,
}

fn world() -> World {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let home = Home::locate(Some(dir.path())).expect("a path was given");
    World { _dir: dir, home, rng: ChaCha20Rng::from_seed([7; 32]) }
}

fn ada(w: &mut World) -> (RecoveryPhrase, Identity) {
    let phrase = RecoveryPhrase::generate(&mut w.rng);
    let profile = Profile::new("Ada Ackermann", "Studio Nord", None).expect("printable names");
    let identity = Identity::from_phrase(&phrase, profile, Millis(1), false, &mut w.rng);
    (phrase, identity)
}

#[test]
fn an_identity_comes_back_as_it_was_saved() {
    let mut w = world();
    let (_, ada) = ada(&mut w);
    ada.save(&w.home, None, &mut w.rng).expect("durable");
    let back = Identity::load(&w.home, nobody_asks).expect("readable");
    assert_eq!((back.device, back.profile, back.recovery), (ada.device, ada.profile, ada.recovery));
    assert_eq!(back.secrets.signing.seed(), ada.secrets.signing.seed());
}

#[test]
fn a_passphrase_is_wanted_and_checked() {
    let mut w = world();
    let (_, ada) = ada(&mut w);
    ada.save(&w.home, Some("correct horse"), &mut w.rng).expect("durable");
    let wrong = Identity::load(&w.home, told("battery staple")).expect_err("wrong");
    assert!(matches!(wrong, IdentityError::Vault { error: VaultError::WrongPassphrase, .. }));
    let back = Identity::load(&w.home, told("correct horse")).expect("right");
    assert_eq!(back.device, ada.device);
}

#[test]
fn nothing_of_the_keys_is_readable_in_a_vault() {
    let mut w = world();
    let (_, ada) = ada(&mut w);
    ada.save(&w.home, Some("correct horse"), &mut w.rng).expect("durable");
    let text = String::from_utf8(w.home.read(super::FILE).expect("there").expect("there")).expect("text");
    let seed = data_encoding::HEXLOWER.encode(ada.secrets.signing.seed().as_ref());
    assert!(!text.contains(&seed) && !text.contains("Ackermann"));
}

#[test]
fn the_phrase_restores_the_same_person_on_a_new_device() {
    let mut w = world();
    let (phrase, ada) = ada(&mut w);
    let read = RecoveryPhrase::parse(&phrase.words().to_uppercase()).expect("24 words");
    let restored = Identity::from_phrase(&read, ada.profile.clone(), Millis(2), true, &mut w.rng);
    assert_eq!(restored.person(), ada.person());
    assert_ne!(restored.device.signing, ada.device.signing);
    let held = restored.phrase.and_then(|p| p.parse()).expect("kept until every workspace is open");
    assert_eq!(Some(held.kex().public()), ada.recovery);
}

#[test]
fn a_missing_newer_or_damaged_file_is_named() {
    let w = world();
    let missing = Identity::load(&w.home, nobody_asks).expect_err("missing");
    assert!(matches!(missing, IdentityError::Home(HomeError::Empty(_))));
    let load = |bytes: &[u8]| {
        w.home.write(super::FILE, bytes).expect("durable");
        let error = Identity::load(&w.home, told("x")).expect_err("not an identity");
        assert!(error.to_string().contains(super::FILE), "{error}");
        error
    };
    let newer = load(br#"{"version":9,"keys":{"quantum":{}}}"#);
    assert!(matches!(newer, IdentityError::Home(HomeError::Newer { found: 9, .. })));
    for bytes in [b"{".as_slice(), br#"{"version":1,"keys":{"vault":"zz"}}"#] {
        assert!(matches!(load(bytes), IdentityError::Home(HomeError::Damaged { .. })));
    }
}

#[test]
fn keys_of_another_device_are_refused() {
    let mut w = world();
    let ((_, ada), (_, bo)) = (ada(&mut w), ada(&mut w));
    let mixed = Identity { secrets: bo.secrets, ..ada };
    mixed.save(&w.home, None, &mut w.rng).expect("durable");
    let error = Identity::load(&w.home, nobody_asks).expect_err("mixed");
    assert!(matches!(error, IdentityError::Home(HomeError::Damaged { .. })));
}

#[test]
fn names_that_cannot_be_printed_are_refused() {
    let long = "x".repeat(201);
    for name in ["", "  ", "a\u{7}b", long.as_str()] {
        assert!(Profile::new(name, "Studio Nord", None).is_err(), "{name:?}");
    }
}
