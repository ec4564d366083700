//! Who is who: names, devices, keys.

use proofroom_ident::{DeviceRecord, DeviceSecrets, Millis, PersonSecret};
use proofroom_replica::Me;
use proofroom_review::ProfileStatement;

use crate::dice::randomness;

/// The world's clock begins here.
pub(crate) const START_MS: u64 = 1_700_000_000_000;
/// Every text that somebody writes holds this word: a relay must never have it on its disk.
pub(crate) const SECRET_WORD: &str = "quokkazebra";

const NAMES: [&str; 8] = ["ada", "bo", "cy", "dee", "eli", "fay", "gus", "hal"];
/// The forger's place in the cast.
pub(crate) const MALLORY: usize = NAMES.len();

/// The name of a place in the cast; the last one is the forger's, those after it are copies.
pub fn name(place: usize) -> String {
    match NAMES.get(place) {
        Some(name) => (*name).to_owned(),
        None if place == MALLORY => "mallory".to_owned(),
        None => format!("twin{}", place - MALLORY),
    }
}

/// The place of a name.
pub(crate) fn place(name: &str) -> Option<usize> {
    (0..MALLORY + 10).find(|place| self::name(*place) == name)
}

/// A person with one device, the same for a seed and a name.
pub(crate) fn me(seed: u64, place: usize) -> Me {
    let name = name(place);
    let mut rng = randomness(seed, &format!("device of {name}"));
    let person = PersonSecret::from_seed(blake3::hash(format!("{seed} {name}").as_bytes()).as_bytes());
    let secrets = DeviceSecrets::generate(&mut rng);
    let record = DeviceRecord::by_person(&person, &secrets, Millis(START_MS));
    let profile = ProfileStatement {
        printed_name: format!("{name} {SECRET_WORD}"),
        organisation: "Studio".into(),
        role_title: None,
    };
    Me { secrets, record, recovery: None, recovery_secret: None, profile }
}
