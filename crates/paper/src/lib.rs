//! The record of a certificate as a document for people, and as a page for the browser.
//!
//! Heart storey: no IO. Everything here is derived from what the verifier recomputed, and none of it
//! is believed by the verifier: it is bound to the certificate by its hash.
//!
//! ```text
//! Verdict --lay out--> blocks (layout.rs)  --html--> report.html    one file, no script, prints well
//!                                          the crate `pdf` makes report.pdf of the same blocks
//! ```

mod block;
mod html;
mod layout;
mod words;

pub use block::{Block, Cell, StageBox};
pub use html::{fragment, html};
pub use layout::{layout, verdict_blocks};

/// What lies beside every certificate: how to check it without trusting whoever sent it.
pub const VERIFY_MD: &str = include_str!("VERIFY.md");
