//! What is in a file, for screens: texts as blocks, designs in layers, what changed between two versions.
//!
//! ```text
//! page --Look, bytes--> a worker of its own: look --Looked, a picture--> page
//! ```
//!
//! Pure: bytes in, values out. It is a module by itself, loaded when it is first needed: who opens the app to
//! read a comment fetches no decoder. Its worker holds no key and lives for one look, so whatever a
//! stranger's file does to a decoder ends there, and its memory with it.

mod changes;
mod design;
mod prose;
#[cfg(target_family = "wasm")]
mod worker;

use proofroom_web_wire::{Look, Looked};

/// What is seen, and a picture that the page shows beside it.
pub type Seen = (Looked, Option<Vec<u8>>);

/// Looks into files; each ask names how many it needs, in their order.
pub fn look(ask: &Look, files: &[Vec<u8>]) -> Seen {
    let first = files.first().map_or(&[][..], Vec::as_slice);
    match ask {
        Look::Prose { media_type } => {
            (prose::prose(media_type, first).map_or_else(Looked::Fault, Looked::Prose), None)
        }
        Look::Design { media_type } => design::design(media_type, first),
        Look::Changes { pairs, anchors } => {
            (changes::changes(pairs, anchors, files).map_or_else(Looked::Fault, Looked::Changes), None)
        }
    }
}
