use std::collections::BTreeMap;

use proofroom_review::{CanonicalError, canonical_json, from_canonical_json};
use proptest::prelude::*;
use serde_json::{Value, json};

fn check(value: Value, wanted: &str) {
    assert_eq!(canonical_json(&value).as_deref(), Ok(wanted));
    assert_eq!(from_canonical_json(wanted, 1_000), Ok(value));
}

#[test]
fn values_have_one_spelling() {
    check(json!({"b": 1, "a": [true, null, "x"]}), r#"{"a":[true,null,"x"],"b":1}"#);
    check(json!({}), "{}");
    check(json!([]), "[]");
    check(json!(-9_007_199_254_740_991_i64), "-9007199254740991");
    check(json!("\u{8}\t\n\u{c}\r\"\\/\u{1}\u{7f}é😀"), "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\u{7f}é😀\"");
}

#[test]
fn keys_are_sorted_by_utf_16_code_units() {
    // The example of RFC 8785, section 3.2.3: an emoji sorts before U+FB33, though its code point is higher.
    let value =
        json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
    check(
        value,
        "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}",
    );
}

#[test]
fn numbers_that_some_library_would_round_are_refused() {
    for value in
        [json!(1.5), json!(9_007_199_254_740_992_u64), json!(-9_007_199_254_740_992_i64), json!(u64::MAX)]
    {
        assert!(matches!(canonical_json(&value), Err(CanonicalError::Number(_))), "{value}");
    }
}

#[test]
fn other_spellings_are_refused_and_say_where() {
    for (text, at) in
        [(r#"{"a":1, "b":2}"#, 7), (r#"{"b":2,"a":1}"#, 2), (r#"{"a":1,"a":1}"#, 6), ("{ }", 1), ("1 ", 1)]
    {
        assert_eq!(from_canonical_json::<Value>(text, 1_000), Err(CanonicalError::Spelling { at }), "{text}");
    }
    assert!(from_canonical_json::<Value>("\"\\u0041\"", 1_000).is_err(), "an escape that need not be");
    assert!(matches!(from_canonical_json::<Value>("[1", 1_000), Err(CanonicalError::Json(_))));
    assert!(matches!(
        from_canonical_json::<Value>("1111", 3),
        Err(CanonicalError::TooLarge { bytes: 4, .. })
    ));
    let deep = "[".repeat(5_000);
    assert!(matches!(from_canonical_json::<Value>(&deep, 10_000), Err(CanonicalError::Json(_))));
}

proptest! {
    #[test]
    fn canonical_text_reads_back_and_is_stable(map: BTreeMap<String, (Vec<i32>, Option<bool>, String)>) {
        let text = canonical_json(&map).expect("small integers");
        let read: BTreeMap<String, (Vec<i32>, Option<bool>, String)> = from_canonical_json(&text, usize::MAX).expect("canonical");
        prop_assert_eq!(&read, &map);
        prop_assert_eq!(canonical_json(&read).expect("small integers"), text);
    }

    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = from_canonical_json::<Value>(&text, 1_000);
    }
}
