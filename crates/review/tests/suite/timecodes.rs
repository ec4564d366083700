use proofroom_ident::VersionHash;
use proofroom_review::anchor::Frames;
use proofroom_review::{Anchor, Rate, Selector, Timecode, TimecodeError};
use proptest::prelude::*;

const RATES: [Rate; 8] = [
    Rate::FPS_23_976,
    Rate::FPS_24,
    Rate::FPS_25,
    Rate::FPS_29_97,
    Rate::FPS_30,
    Rate::FPS_50,
    Rate::FPS_59_94,
    Rate::FPS_60,
];

fn check(rate: Rate, frame: u64, label: &str) {
    let parsed: Timecode = label.parse().expect("a well-formed label");
    assert_eq!(Timecode::of_frame(frame, rate, parsed.drop_frame), Ok(parsed), "frame {frame} at {rate}");
    assert_eq!(parsed.to_frame(rate), Ok(frame), "{label} at {rate}");
    assert_eq!(parsed.to_string(), label);
}

#[test]
fn drop_frame_labels_match_the_standard() {
    for (rate, frame, label) in [
        (Rate::FPS_29_97, 0, "00:00:00;00"),
        (Rate::FPS_29_97, 1_799, "00:00:59;29"),
        (Rate::FPS_29_97, 1_800, "00:01:00;02"),
        (Rate::FPS_29_97, 3_597, "00:01:59;29"),
        (Rate::FPS_29_97, 3_598, "00:02:00;02"),
        (Rate::FPS_29_97, 17_981, "00:09:59;29"),
        (Rate::FPS_29_97, 17_982, "00:10:00;00"),
        (Rate::FPS_29_97, 17_983, "00:10:00;01"),
        (Rate::FPS_29_97, 107_892, "01:00:00;00"),
        (Rate::FPS_29_97, 2_589_407, "23:59:59;29"),
        (Rate::FPS_59_94, 3_599, "00:00:59;59"),
        (Rate::FPS_59_94, 3_600, "00:01:00;04"),
        (Rate::FPS_59_94, 35_964, "00:10:00;00"),
        (Rate::FPS_59_94, 215_784, "01:00:00;00"),
    ] {
        check(rate, frame, label);
    }
}

#[test]
fn non_drop_labels_count_every_frame() {
    for (rate, frame, label) in [
        (Rate::FPS_23_976, 86_400, "01:00:00:00"),
        (Rate::FPS_24, 25, "00:00:01:01"),
        (Rate::FPS_25, 1_500, "00:01:00:00"),
        (Rate::FPS_29_97, 1_800, "00:01:00:00"),
        (Rate::FPS_30, 108_000, "01:00:00:00"),
        (Rate::FPS_50, 49, "00:00:00:49"),
        (Rate::FPS_59_94, 3_600, "00:01:00:00"),
        (Rate::FPS_60, 59, "00:00:00:59"),
    ] {
        check(rate, frame, label);
    }
}

#[test]
fn dropped_labels_are_refused_and_name_the_one_that_exists() {
    for (rate, label, first) in [
        (Rate::FPS_29_97, "00:01:00;00", "00:01:00;02"),
        (Rate::FPS_29_97, "00:01:00;01", "00:01:00;02"),
        (Rate::FPS_29_97, "12:59:00;01", "12:59:00;02"),
        (Rate::FPS_59_94, "00:01:00;03", "00:01:00;04"),
    ] {
        let label: Timecode = label.parse().expect("a well-formed label");
        let first: Timecode = first.parse().expect("a well-formed label");
        assert_eq!(label.to_frame(rate), Err(TimecodeError::Dropped { label, rate, first }));
    }
    let error = "00:01:00;00".parse::<Timecode>().expect("a well-formed label").to_frame(Rate::FPS_29_97);
    let text = error.expect_err("a dropped label").to_string();
    assert!(
        text.contains("00:01:00;00") && text.contains("30000/1001") && text.contains("00:01:00;02"),
        "{text}"
    );
}

#[test]
fn drop_frame_exists_at_two_rates_only() {
    let label: Timecode = "00:00:10;00".parse().expect("a well-formed label");
    for rate in RATES {
        let wanted = [Rate::FPS_29_97, Rate::FPS_59_94].contains(&rate);
        assert_eq!(label.to_frame(rate).is_ok(), wanted, "{rate}");
        assert_eq!(Timecode::of_frame(1, rate, true).is_ok(), wanted, "{rate}");
    }
}

#[test]
fn impossible_labels_are_refused() {
    for text in [
        "",
        "1:2:3:4",
        "00:00:00",
        "00:00:00:00:00",
        "00:00;00;00",
        "-1:00:00:00",
        "aa:00:00:00",
        "００:00:00:00",
    ] {
        assert!(matches!(text.parse::<Timecode>(), Err(TimecodeError::Form(_))), "{text}");
    }
    for (text, part) in [
        ("24:00:00:00", "hours"),
        ("00:60:00:00", "minutes"),
        ("00:00:60:00", "seconds"),
        ("00:00:00:25", "frames"),
    ] {
        let label: Timecode = text.parse().expect("a well-formed label");
        let error = label.to_frame(Rate::FPS_25).expect_err("out of range");
        assert!(matches!(error, TimecodeError::Range { part: p, .. } if p == part), "{error}");
    }
    assert_eq!("00;01;00;02".parse::<Timecode>(), "00:01:00;02".parse(), "as some editors write it");
}

#[test]
fn a_label_counts_from_the_label_of_the_first_frame() {
    let start: Timecode = "01:00:00;00".parse().expect("a well-formed label");
    let label: Timecode = "01:01:00;02".parse().expect("a well-formed label");
    assert_eq!(label.to_frame_from(start, Rate::FPS_29_97), Ok(1_800));
    assert!(matches!(start.to_frame_from(label, Rate::FPS_29_97), Err(TimecodeError::BeforeStart { .. })));
}

#[test]
fn rates_are_reduced_read_and_bounded() {
    assert_eq!(Rate::new(50, 2), Ok(Rate::FPS_25));
    assert_eq!(Rate::new(60_000, 2_002), Ok(Rate::FPS_29_97));
    assert_eq!("29.97".parse(), Ok(Rate::FPS_29_97));
    assert_eq!("24000/1001".parse(), Ok(Rate::FPS_23_976));
    for (num, den) in [(0, 1), (1, 0), (0, 0), (1, 2), (1_001, 1), (u32::MAX, u32::MAX)] {
        assert_eq!(Rate::new(num, den), Err(TimecodeError::Rate(num, den)));
    }
    assert!("fast".parse::<Rate>().is_err() && "25.5".parse::<Rate>().is_err());
}

#[test]
fn an_anchor_with_an_impossible_start_label_is_refused() {
    let frames = |label: &str| Frames {
        start: 0,
        duration: 1,
        rate: Rate::FPS_29_97,
        start_timecode: label.parse().ok(),
        display_offset: 0,
        pts: None,
    };
    let anchor = |label| Anchor::at(VersionHash::ZERO, Selector::Frames(frames(label)));
    assert!(anchor("00:01:00;02").check().is_ok());
    assert!(anchor("00:01:00;01").check().is_err());
}

proptest! {
    #[test]
    fn every_frame_of_a_day_has_one_label(rate in proptest::sample::select(&RATES[..]), drop: bool, frame in 0u64..5_184_000) {
        let drop = drop && rate.has_drop_frame();
        let per_day = u64::from(rate.nominal()) * 86_400 - if drop { u64::from(rate.nominal()) / 15 * (1_440 - 144) } else { 0 };
        let frame = frame % per_day;
        let label = Timecode::of_frame(frame, rate, drop).expect("a rate that counts so");
        prop_assert_eq!(label.to_frame(rate), Ok(frame));
        prop_assert_eq!(Timecode::of_frame(frame + per_day, rate, drop), Ok(label), "labels wrap after a day");
    }

    #[test]
    fn a_frame_is_found_again_by_its_time(num in 1u32..200_000, den in 1u32..2_000, frame in 0u64..10_000_000) {
        if let Ok(rate) = Rate::new(num, den) {
            prop_assert_eq!(rate.frame_at_ms(rate.frame_to_ms(frame)), frame);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,24}", frame: u64) {
        if let Ok(label) = text.parse::<Timecode>() {
            for rate in RATES { let _ = label.to_frame(rate); }
        }
        let _ = text.parse::<Rate>();
        for rate in RATES { let _ = (Timecode::of_frame(frame, rate, false), rate.frame_to_ms(frame), rate.frame_at_ms(frame)); }
    }
}
