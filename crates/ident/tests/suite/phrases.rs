//! Recovery phrases.

use proofroom_ident::{PhraseError, RecoveryPhrase};

use crate::world::rng;

#[test]
fn a_phrase_restores_the_same_person() {
    let phrase = RecoveryPhrase::generate(&mut rng(1));
    let words = phrase.words();
    assert_eq!(words.split(' ').count(), 24);
    let restored = RecoveryPhrase::parse(&words).expect("its own words");
    assert_eq!(restored.person().id(), phrase.person().id());
    assert_eq!(restored.kex().public(), phrase.kex().public());
    let signed = restored.person().sign("proofroom 1 test", b"still me");
    assert_eq!(phrase.person().id().verify("proofroom 1 test", b"still me", &signed), Ok(()));
}

#[test]
fn case_and_spacing_do_not_matter() {
    let phrase = RecoveryPhrase::generate(&mut rng(1));
    let untidy = format!("\n  {}\t\n", phrase.words().to_uppercase().replace(' ', "  \n "));
    let restored = RecoveryPhrase::parse(&untidy).expect("the same words");
    assert_eq!(restored.person().id(), phrase.person().id());
}

#[test]
fn other_phrases_are_other_people() {
    let (one, other) = (RecoveryPhrase::generate(&mut rng(1)), RecoveryPhrase::generate(&mut rng(2)));
    assert_ne!(one.person().id(), other.person().id());
    assert_ne!(one.kex().public(), other.kex().public());
    assert_ne!(one.person().id().as_bytes(), one.kex().public().as_bytes(), "one key, one purpose");
}

#[test]
fn a_missing_word_is_counted() {
    let words = RecoveryPhrase::generate(&mut rng(1)).words();
    let (most, _) = words.rsplit_once(' ').expect("24 words");
    for (text, count) in [(most.to_owned(), 23), (format!("{} again", *words), 25), (String::new(), 0)] {
        assert_eq!(RecoveryPhrase::parse(&text).err(), Some(PhraseError::WordCount(count)));
    }
}

#[test]
fn wrong_and_swapped_words_are_noticed() {
    let words = RecoveryPhrase::generate(&mut rng(1)).words();
    let list: Vec<&str> = words.split(' ').collect();
    let mut misspelt = list.clone();
    misspelt[5] = "proofroom";
    let mut swapped = list.clone();
    swapped.swap(0, 1);
    assert_ne!(swapped, list);
    for wrong in [misspelt, swapped] {
        let error = RecoveryPhrase::parse(&wrong.join(" ")).err().expect("not the phrase");
        assert!(error.to_string().contains("check each word"), "{error}");
    }
}
