//! What enters the dependency tree is what `deny.toml` lets in. `cargo xtask lint` asks cargo-deny the same, and the
//! advisories too, which lie on another host; this needs nothing but the lock file, and so runs every time.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand};
use proofroom_tests::house::root;
use spdx::{Expression, ParseMode};
use toml::Table;

fn rules() -> Table {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    text.parse().expect("deny.toml is TOML")
}

/// Every package of the lock file that any target or feature may bring in.
fn tree() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("`cargo metadata` describes the workspace")
}

fn texts<'a>(rules: &'a Table, table: &str, key: &str) -> BTreeSet<&'a str> {
    let list = rules[table][key].as_array().expect("a list");
    list.iter().map(|text| text.as_str().expect("a text")).collect()
}

/// Whether a licence expression can be met by what is allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> Result<bool, String> {
    let expression = Expression::parse_mode(expression, ParseMode::LAX).map_err(|e| e.to_string())?;
    Ok(expression.evaluate(|wanted| allowed.contains(wanted.to_string().as_str())))
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let rules = rules();
    let allowed = texts(&rules, "licenses", "allow");
    let judge = |expression: &str| is_allowed(expression, &allowed);
    assert_eq!((judge("GPL-3.0-only"), judge("MIT AND AGPL-3.0-only")), (Ok(false), Ok(false)));
    assert_eq!((judge("MIT OR GPL-2.0-only"), judge("MIT/Apache-2.0")), (Ok(true), Ok(true)));
    let tree = tree();
    assert!(tree.packages.len() > 300, "only {} packages were found", tree.packages.len());
    let mut wrong = Vec::new();
    for package in &tree.packages {
        let said = package.license.as_deref().unwrap_or("no licence");
        if judge(said) != Ok(true) {
            wrong.push(format!("{} {}: {said}", package.name, package.version));
        }
    }
    assert!(wrong.is_empty(), "licences that deny.toml does not allow:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_licence_that_is_allowed_is_needed() {
    let rules = rules();
    let allowed = texts(&rules, "licenses", "allow");
    let tree = tree();
    let said: Vec<&str> = tree.packages.iter().filter_map(|package| package.license.as_deref()).collect();
    let unused = allowed.iter().filter(|licence| !said.iter().any(|said| said.contains(**licence)));
    assert_eq!(unused.collect::<Vec<_>>(), [&""; 0], "deny.toml allows more than anything asks for");
}

#[test]
fn everything_comes_from_the_registry_and_nothing_that_is_banned_comes() {
    let rules = rules();
    let (tree, sources) = (tree(), texts(&rules, "sources", "allow-registry"));
    let banned = rules["bans"]["deny"].as_array().expect("a list").iter();
    let banned: BTreeSet<_> = banned.map(|ban| ban["name"].as_str().expect("a name")).collect();
    assert!(banned.contains("openssl"), "{banned:?}");
    for package in &tree.packages {
        assert!(!banned.contains(package.name.as_str()), "{} is banned", package.name);
        let Some(source) = &package.source else { continue };
        let registry = source.repr.strip_prefix("registry+").unwrap_or(&source.repr);
        assert!(sources.contains(registry), "{} comes from {}", package.name, source.repr);
    }
}
