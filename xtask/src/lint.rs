//! `cargo xtask lint`.

use crate::run::{Done, cargo, must, program};
use crate::tools;

/// The storeys without IO: they must build for the browser too.
const PURE: &[&str] = &[
    "ident",
    "entry",
    "authority",
    "seal",
    "timecode",
    "review",
    "workflow",
    "document",
    "store",
    "sync",
    "replica",
    "relay",
];

/// Runs every check; the first failure ends it.
pub fn run() -> Done {
    must(cargo().args(["fmt", "--all", "--check"]))?;
    must(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny=warnings",
        "--deny=clippy::too_many_lines",
    ]))?;
    browser()?;
    let deny = tools::deny()?;
    must(program(&deny).args(["--all-features", "check", "bans", "licenses", "sources"]))?;
    // The advisories live on another host: out of its reach is not the same as a finding.
    match must(program(&deny).args(["fetch", "db"])) {
        Ok(()) => must(program(&deny).args(["--all-features", "check", "advisories"])),
        Err(what) => {
            eprintln!("xtask: advisories NOT checked: {what}");
            Ok(())
        }
    }
}

fn browser() -> Done {
    tools::wasm_target()?;
    let mut check = cargo();
    check.args(["check", "--target", "wasm32-unknown-unknown"]);
    for name in PURE {
        check.args(["--package", &format!("proofroom-{name}")]);
    }
    must(&mut check)
}
