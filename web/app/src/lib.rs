//! The page: screens of the review app.
//!
//! Plain data comes from the engine in its worker, signals show it, and what a
//! person does goes back as asks. The page holds no keys and decides nothing.

#![cfg(target_family = "wasm")]

mod badge;
mod board;
mod engine;
mod review;
mod route;
mod shell;
mod state;
mod welcome;
mod words;

use wasm_bindgen::prelude::wasm_bindgen;

/// Shows the page. Called once, by the page's script.
#[wasm_bindgen]
pub fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(shell::Shell);
}
