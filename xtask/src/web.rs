//! `cargo xtask web`: the review app, from sources to the files that the relay embeds.

use crate::run::{Done, cargo, must, output_of, program, root};
use crate::tools;

/// Compiles, binds, shrinks, compresses. Nothing is done twice for the same sources.
pub fn build() -> Done {
    tools::wasm_target()?;
    let mut build = cargo();
    build.args(["run", "--quiet", "--package", "proofroom-web-build"]);
    if output_of(program("npm").arg("--version")).is_some() {
        tools::node_modules()?;
        build.env("PROOFROOM_WASM_OPT", root().join("tests/node_modules/.bin/wasm-opt"));
        build.env("PROOFROOM_PDFJS", root().join("tests/node_modules/pdfjs-dist"));
    } else {
        eprintln!("xtask: npm is not here: the app is not shrunk, and shows no PDF pages");
    }
    must(&mut build)
}
