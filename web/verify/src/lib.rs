//! The verifier's page: the crate `verify` for a browser, and nothing else. It opens no connection,
//! keeps nothing, and works from a disk without a network.

#![cfg(target_family = "wasm")]

use std::collections::BTreeSet;

use proofroom_ident::{ContentHash, HashWords as _};
use proofroom_paper::{fragment, layout, verdict_blocks};
use proofroom_verify::verify_bytes;
use wasm_bindgen::prelude::wasm_bindgen;

/// A certificate that was looked at.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Checked {
    html: String,
    holds: bool,
    contents: BTreeSet<ContentHash>,
}

#[wasm_bindgen]
impl Checked {
    /// Verifies the bytes of a file.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Self {
        console_error_panic_hook::set_once();
        let verdict = verify_bytes(bytes);
        let mut blocks = verdict_blocks(&verdict);
        blocks.extend(layout(&verdict));
        let assets = verdict.record.iter().flat_map(|r| &r.assets);
        let versions = assets.flat_map(|a| a.versions.iter().filter(|v| Some(v.version) == a.certified));
        let contents = versions.flat_map(|v| v.manifest.files.iter().map(|f| f.content)).collect();
        Self { html: fragment(&blocks), holds: verdict.holds, contents }
    }

    /// What was found, as markup in which nothing that people wrote is markup.
    #[wasm_bindgen(getter)]
    pub fn html(&self) -> String {
        self.html.clone()
    }

    /// Whether everything holds.
    #[wasm_bindgen(getter)]
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether these are the bytes of a certified file.
    pub fn certifies(&self, bytes: &[u8]) -> bool {
        self.contents.contains(&ContentHash::of(bytes))
    }
}
