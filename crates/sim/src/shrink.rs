//! From a long scenario that breaks a rule to a short one that breaks the same.

use crate::scenario::{Net, Scenario};
use crate::{Report, run};

/// Drops what is not needed for the same rule to break. Tries at most `runs_max` scenarios.
pub fn shrink(scenario: &Scenario, report: &Report, runs_max: usize) -> Scenario {
    let Some(broken) = &report.broken else { return scenario.clone() };
    let mut runs = 0;
    let mut still = |candidate: &Scenario| {
        runs += 1;
        runs <= runs_max && run(candidate).broken.is_some_and(|b| b.rule == broken.rule)
    };
    let mut best = scenario.clone();
    for simpler in simplifications(&best) {
        if still(&simpler) {
            best = simpler;
        }
    }
    // Whole stretches first, single acts last.
    let mut stretch = best.acts.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < best.acts.len() {
            let mut shorter = best.clone();
            let end = (at + stretch).min(shorter.acts.len());
            shorter.acts.drain(at..end);
            if still(&shorter) {
                best = shorter;
            } else {
                at += stretch;
            }
        }
        if stretch == 1 {
            break;
        }
        stretch = stretch.div_ceil(2);
    }
    best.title = format!("shrunk from seed {}: {}", scenario.seed, broken.rule);
    best
}

fn simplifications(scenario: &Scenario) -> Vec<Scenario> {
    let mut calm = scenario.clone();
    calm.net = Net::default();
    let mut alone = calm.clone();
    alone.meetings.clear();
    vec![calm, alone]
}
