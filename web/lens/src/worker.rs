//! What the worker's script calls.

use js_sys::{Array, Uint8Array};
use proofroom_web_wire::{Look, Looked};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// Looks into files, each a list of pieces; returns what is seen as text, and a picture or nothing.
#[wasm_bindgen]
pub fn look(ask: &str, files: &Array) -> Array {
    console_error_panic_hook::set_once();
    let files: Vec<Vec<u8>> = files.iter().map(|pieces| whole(&pieces.unchecked_into())).collect();
    let (seen, picture) = match serde_json::from_str::<Look>(ask) {
        Ok(ask) => crate::look(&ask, &files),
        Err(error) => (Looked::Fault(error.to_string()), None),
    };
    // Plain data becomes text.
    let text = serde_json::to_string(&seen).unwrap_or_default();
    let picture = picture.map_or(JsValue::UNDEFINED, |bytes| Uint8Array::from(bytes.as_slice()).into());
    Array::of2(&text.into(), &picture)
}

fn whole(pieces: &Array) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces.iter() {
        bytes.append(&mut piece.unchecked_into::<Uint8Array>().to_vec());
    }
    bytes
}
