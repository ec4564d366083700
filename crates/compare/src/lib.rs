//! What changed between two versions, as plain data.
//!
//! Ground storey: bytes in, values out, the same on every machine, with a limit on everything.
//!
//! ```text
//! manifests --pair--> pairs of files
//! bytes --Content::read--> Content        pictures, words, layers, films, archives
//! Content, Content --compare--> Detail    what changed, in the terms of its kind
//! Anchor, Changes --changed_under--> Under   did it change there: yes, no, unknown
//! ```
//!
//! A kind that cannot be read is a visible [`Detail::NotApplicable`] with its reason, and never
//! looks like "nothing changed". PDFs are read by `proofroom-pages`, or by whatever reader there
//! is: their pages come in as plain data.

mod archive;
mod changes;
mod content;
mod docx;
mod films;
mod frames;
mod layers;
mod pages;
mod pairs;
mod pixels;
mod regions;
mod under;
mod words;

pub use archive::ArchiveChanges;
pub use changes::{Changes, Detail, FactChange, FileChange};
pub use content::{BYTES_MAX, Content, NoPictures, PagePictures, Side, compare};
pub use docx::text_of_docx;
pub use films::{FilmChanges, TrackChange};
pub use frames::{FrameMarks, FrameRange, compare_frames};
pub use layers::{LayerChange, LayerChanges, LayerDifference};
pub use pages::{PageChange, PageChanges, compare_pages};
pub use pairs::{Pair, pair};
pub use pixels::{Alignment, PictureChanges, Tolerance, compare_pictures};
pub use regions::ChangedRegion;
pub use under::{Under, changed_under};
pub use words::{Hunk, WordChanges, compare_words};
