//! The page: screens of the review app.
//!
//! Plain data comes from the engine in its worker, signals show it, and what a
//! person does goes back as asks. The page holds no keys and decides nothing.

#![cfg(target_family = "wasm")]

mod asset;
mod badge;
mod board;
mod brief;
mod confirm;
mod engine;
mod form;
mod home;
mod lens;
mod link;
mod page;
mod people;
mod request;
mod requests;
mod review;
mod route;
mod settings;
mod share;
mod shell;
mod state;
mod store;
mod trail;
mod update;
mod upload;
mod welcome;
mod words;

use wasm_bindgen::prelude::wasm_bindgen;

/// Shows the page. Called once, by the page's script.
#[wasm_bindgen]
pub fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(shell::Shell);
}
