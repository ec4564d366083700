//! The named scenarios, a short swarm, and that a run can be told again word for word.

use std::path::PathBuf;

use proofroom_sim::{Scenario, generate, run};

fn scenarios() -> Vec<(String, Scenario)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(&folder).expect("the scenarios are beside the sources");
    let mut out: Vec<_> = files
        .map(|file| {
            let path = file.expect("a listed file can be read").path();
            let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a scenario is text");
            let scenario = Scenario::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, scenario)
        })
        .collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// Runs a share of the scenarios, so that the test runner spreads them over the processors.
fn a_share_holds(share: usize) {
    let all = scenarios();
    assert!(all.len() >= 30, "{} scenarios", all.len());
    let mut broken = Vec::new();
    for (name, scenario) in all.into_iter().skip(share).step_by(4) {
        let report = run(&scenario);
        assert!(report.done > 0, "{name}: nothing happens in it");
        broken.extend(report.broken.map(|b| format!("{name} at {} ms: {}\n{}", b.at_ms, b.rule, b.text)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn every_named_scenario_holds_1() {
    a_share_holds(0);
}

#[test]
fn every_named_scenario_holds_2() {
    a_share_holds(1);
}

#[test]
fn every_named_scenario_holds_3() {
    a_share_holds(2);
}

#[test]
fn every_named_scenario_holds_4() {
    a_share_holds(3);
}

#[test]
fn a_few_seeds_hold() {
    for seed in 1..=8 {
        let report = run(&generate(seed));
        assert_eq!(report.broken, None, "seed {seed}");
    }
}

#[test]
fn the_same_seed_twice_gives_the_same_trace() {
    for seed in [3, 12] {
        let (one, other) = (run(&generate(seed)), run(&generate(seed)));
        assert_eq!(
            (one.trace, one.frames, one.stored),
            (other.trace, other.frames, other.stored),
            "seed {seed}"
        );
        assert!(one.frames > 0);
    }
    assert_ne!(run(&generate(3)).trace, run(&generate(4)).trace);
}

#[test]
fn a_scenario_is_read_back_as_it_was_written() {
    for seed in 1..200 {
        let scenario = generate(seed);
        let again = Scenario::parse(&scenario.to_string()).expect("what was written is read");
        assert_eq!(scenario, again, "seed {seed}");
    }
}

#[test]
fn a_wrong_word_in_a_scenario_is_named() {
    let cases = [
        ("10 bo dances", "`dances`"),
        ("10 zed comments", "`zed`"),
        ("10 bo", "too short"),
        ("weather fine", "weather fine"),
        ("net 1 2", "net 1 2"),
        ("meet bo bo", "meet bo bo"),
    ];
    for (text, named) in cases {
        let error = Scenario::parse(text).expect_err(text).to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}
