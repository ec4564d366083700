//! The named scenarios, a short swarm, and that a run can be told again word for word.

use std::path::PathBuf;

use proofroom_sim::targets::{TARGETS, samples};
use proofroom_sim::vetting::{Outcome, Vetting};
use proofroom_sim::{Dice, Scenario, generate, mutate_bytes, run};

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

#[test]
fn every_way_in_takes_its_corpus_and_mutations_of_it() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in TARGETS {
        let mut inputs: Vec<Vec<u8>> =
            samples().into_iter().filter(|(name, _)| *name == target.name).map(|(_, bytes)| bytes).collect();
        assert!(!inputs.is_empty(), "{} has no honest input", target.name);
        // What a fuzzer found once is kept beside the honest ones.
        for file in std::fs::read_dir(folder.join(target.name)).into_iter().flatten() {
            let path = file.expect("a listed file can be read").path();
            inputs.push(std::fs::read(path).expect("a corpus is readable"));
        }
        let mut dice = Dice::new(1, target.name);
        for input in inputs {
            (target.run)(&input);
            for _ in 0..40 {
                (target.run)(&mutate_bytes(&mut dice, &input));
            }
        }
    }
}

#[test]
fn vetting_survives_what_a_malicious_member_signs() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut vetting = Vetting::new(1);
    let mut outcomes = Vec::new();
    for _ in 0..1_500 {
        outcomes.push(vetting.change().expect("no change spoils a document"));
    }
    for _ in 0..150 {
        vetting.snapshot().expect("no snapshot spoils a document");
    }
    for wanted in [Outcome::Refused, Outcome::Taken] {
        assert!(outcomes.contains(&wanted), "mutations reach further than the first check: {wanted:?}");
    }
}
