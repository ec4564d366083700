//! `cargo xtask web`: the review app, from sources to the files that the relay embeds.

use crate::run::{Done, cargo, must, root};
use crate::tools;

/// Compiles, binds, shrinks, compresses. Nothing is done twice for the same sources.
pub fn build() -> Done {
    tools::wasm_target()?;
    tools::node_modules()?;
    let mut build = cargo();
    build.args(["run", "--quiet", "--package", "proofroom-web-build"]);
    must(build.env("PROOFROOM_WASM_OPT", root().join("tests/node_modules/.bin/wasm-opt")))
}
