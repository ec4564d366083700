//! The threat model names tests; each of them exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of every Rust file below a folder.
fn sources(folder: &Path, into: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(std::fs::read_to_string(&path).expect("sources are text"));
        }
    }
}

/// The functions of a package that follow a test attribute.
fn tests_of(package: &str) -> BTreeSet<String> {
    let folder =
        if package == "tests" { root().join("tests/tests") } else { root().join("crates").join(package) };
    let mut texts = Vec::new();
    sources(&folder, &mut texts);
    let mut names = BTreeSet::new();
    for text in texts {
        let mut armed = false;
        // Journeys are listed, and made into tests by a macro.
        let journeys = text.split_once("\njourneys! {\n").and_then(|(_, rest)| rest.split_once('}'));
        names.extend(journeys.iter().flat_map(|(list, _)| list.split_whitespace()).map(str::to_owned));
        for line in text.lines().map(str::trim) {
            armed |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let name = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|l| l.split_once('('));
            if let Some((name, _)) = name {
                if armed {
                    names.insert(name.to_owned());
                }
                armed = false;
            }
        }
    }
    names
}

/// `package::test` in backticks.
fn named(text: &str) -> Vec<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let pairs = quoted.filter_map(|word| word.split_once("::"));
    pairs.filter(|(_, test)| *test != "test").map(|(p, t)| (p.to_owned(), t.to_owned())).collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = std::fs::read_to_string(root().join("docs/threats.md")).expect("the threat model is there");
    let named = named(&text);
    assert!(named.len() > 50, "only {} tests were read from the threat model", named.len());
    let gone: Vec<String> = named
        .into_iter()
        .filter(|(package, test)| !tests_of(package).contains(test))
        .map(|(package, test)| format!("{package}::{test}"))
        .collect();
    assert!(gone.is_empty(), "named in docs/threats.md, but no test: {gone:#?}");
}
