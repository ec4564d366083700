//! The worker: a desk on a browser's files, sockets, locks and clock.
//!
//! ```text
//! page --postMessage--> worker --ask--> desk        in the tab that leads
//!                       worker --BroadcastChannel--> the leading tab's worker
//! ```
//!
//! One tab leads: its worker holds a Web Lock for as long as it lives, and only
//! that one opens the store. The other tabs' workers forward their asks, and send
//! them again when another tab takes over, so nothing typed is lost with a tab.
//!
//! # Files
//!
//! The origin's private file system (OPFS), which alone gives a worker synchronous,
//! flushable handles: what IndexedDB cannot do, and what a database needs.
//!
//! ```text
//! proofroom/store.redb    the store; every commit ends in a flush
//! proofroom/whole         exists once the store's first commit was flushed; a store
//!                         without it was cut off while it was made, and is emptied
//! proofroom/blobs/        ciphertext by its hash, slice by slice; see `slices.rs`
//! proofroom/trees/HASH    the hash pairs of a blob that the relay lacks; made anew if missing
//! proofroom/uploads/ID-N  a file of an upload, as far as it was read and sealed
//! proofroom/export.bundle what was exported last, until the next time
//! ```

#![cfg(target_family = "wasm")]

mod disk;
mod export;
mod hub;
mod lead;
mod media;
mod slices;
mod socket;
mod upload;
mod world;

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs the worker. Called once, by the worker's script.
#[wasm_bindgen]
pub fn start() {
    console_error_panic_hook::set_once();
    hub::run();
}
