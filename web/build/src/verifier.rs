//! The verifier's page: one file with everything in it, so that it opens from a disk.
//!
//! Its script is allowed by its hash, and nothing else is: no connection, no image from elsewhere.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::{Done, compiled, fill, optimise};

/// The page.
pub fn page(root: &Path, target: &Path, stage: &Path) -> Done<String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(compiled(target, "verify")).out_name("verify").typescript(false).no_modules(true)?;
    bindgen.generate(stage)?;
    let module = stage.join("verify_bg.wasm");
    optimise(&module)?;
    let bindings = fs::read_to_string(stage.join("verify.js"))?;
    let own = fs::read_to_string(root.join("web/static/verify.js"))?;
    let module = BASE64.encode(&fs::read(module)?);
    let script = format!("{bindings}\nconst MODULE = '{module}';\n{own}");
    if script.contains("</script") {
        return Err("the verifier's script would end itself".into());
    }
    let hash = format!("sha256-{}", BASE64.encode(&Sha256::digest(script.as_bytes())));
    let style = fs::read_to_string(root.join("crates/paper/src/paper.css"))?;
    let frame = fs::read_to_string(root.join("web/static/verify.html"))?;
    Ok(fill(&frame, &[("SCRIPT_HASH", &hash), ("STYLE", &style), ("SCRIPT", &script)]))
}
