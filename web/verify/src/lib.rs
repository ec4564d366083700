//! The verifier's page: the crate `verify` for a browser, and nothing else. It opens no connection,
//! keeps nothing, and works from a disk without a network.

#![cfg(target_family = "wasm")]

use std::collections::BTreeSet;

use proofroom_certificate::Archive;
use proofroom_ident::{ContentHash, HashWords as _};
use proofroom_paper::{fragment, layout, verdict_blocks};
use proofroom_stamp::certificates;
use proofroom_verify::{self as verifier, verify_bytes, verify_trusting};
use wasm_bindgen::prelude::wasm_bindgen;

/// A certificate that was looked at.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Checked {
    html: String,
    holds: bool,
    contents: BTreeSet<ContentHash>,
}

/// The authorities for time, and the relays, whose clocks the reader believes.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Believed(verifier::Believed);

#[wasm_bindgen]
impl Believed {
    /// Nobody yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        console_error_panic_hook::set_once();
        Self::default()
    }

    /// The certificates in a file, as PEM or DER; how many there were.
    ///
    /// # Errors
    /// Says why it holds none.
    pub fn add(&mut self, file: &[u8]) -> Result<usize, String> {
        let mut found = certificates(file).map_err(|e| e.to_string())?;
        let count = found.len();
        self.0.authorities.append(&mut found);
        Ok(count)
    }

    /// A relay by its key.
    ///
    /// # Errors
    /// Says why it is no key.
    pub fn add_relay(&mut self, key: &str) -> Result<(), String> {
        let key = key.trim().parse().map_err(|e: proofroom_ident::IdParseError| e.to_string())?;
        self.0.relays.push(key);
        Ok(())
    }

    /// Verifies the bytes of a file.
    pub fn check(&self, bytes: &[u8]) -> Checked {
        let verdict = match Archive::decode(bytes) {
            Ok(archive) => verify_trusting(&archive, &self.0),
            Err(_) => verify_bytes(bytes),
        };
        let mut blocks = verdict_blocks(&verdict);
        blocks.extend(layout(&verdict));
        let assets = verdict.record.iter().flat_map(|r| &r.assets);
        let versions = assets.flat_map(|a| a.versions.iter().filter(|v| Some(v.version) == a.certified));
        let contents = versions.flat_map(|v| v.manifest.files.iter().map(|f| f.content)).collect();
        Checked { html: fragment(&blocks), holds: verdict.holds, contents }
    }
}

#[wasm_bindgen]
impl Checked {
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
