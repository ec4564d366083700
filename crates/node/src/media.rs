//! Renditions on this machine: what is made of a file, by whom, and when nobody here can.
//!
//! ```text
//! file --kinds--> what it calls for --make--> Made, or why not --keep--> blobs, one signed edit
//! ```
//!
//! Pictures and pages are made by this program. Films and sound are decoded by ffmpeg where it is
//! installed: a program of its own that reads what strangers send, so it is started without a
//! network, without a terminal, with limits on time and memory, and never through a shell.

pub mod bench;
pub mod contents;
mod film;
mod keep;
pub mod marks;
mod probe;
mod sheet;
mod tool;
mod waveform;

use std::path::PathBuf;

use proofroom_review::{FileRef, MediaType, Recipe, RenditionKind};

pub use bench::Bench;
pub use keep::{Kept, Made, keep_all};
pub use tool::ToolError;

/// A file whose plaintext is at hand.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which file.
    pub file: FileRef,
    /// Where its bytes are.
    pub path: PathBuf,
}

/// Something that was made, before it became a blob.
#[derive(Debug)]
pub struct Rendered {
    /// Where its bytes are.
    pub(crate) bytes: Bytes,
    /// What it is, as `type/subtype`.
    pub(crate) media_type: String,
    /// Width and height.
    pub(crate) size: Option<(u32, u32)>,
    /// How it was made.
    pub(crate) recipe: Recipe,
}

/// Where the bytes of something made are.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// In memory.
    Held(Vec<u8>),
    /// In a file of the bench.
    At(PathBuf),
}

/// Why a rendition was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// It makes no sense for this file, or nobody here can: the file itself is shown instead.
    #[error("not_applicable ({0})")]
    NotApplicable(String),
    /// It was tried and failed.
    #[error("failed: {0}")]
    Failed(String),
}

impl From<ToolError> for NotMade {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Missing(_) | ToolError::Codec(_) => Self::NotApplicable(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// How far the making of one file's renditions is, from 0 to 1.
pub type Tell<'a> = &'a mut dyn FnMut(RenditionKind, f64);

/// What comes of making one rendition.
pub type Outcome = (RenditionKind, Result<Rendered, NotMade>);

/// Makes renditions of a file.
pub fn make(source: &Source, kinds: &[RenditionKind], bench: &Bench, tell: Tell<'_>) -> Vec<Outcome> {
    if kinds.is_empty() {
        return Vec::new();
    }
    match MediaType::of_mime(&source.file.media_type) {
        MediaType::Mp4
        | MediaType::Mov
        | MediaType::WebM
        | MediaType::Mkv
        | MediaType::Wav
        | MediaType::Mp3 => film::make(source, kinds, bench, tell),
        MediaType::Pdf => sheet::of_pages(source, kinds, tell),
        _ => sheet::of_picture(source, kinds, tell),
    }
}

/// Why nothing that a file calls for can be made on this machine; `None` where it can.
pub fn cannot(file: &FileRef) -> Option<NotMade> {
    let decoded = matches!(
        MediaType::of_mime(&file.media_type),
        MediaType::Mp4 | MediaType::Mov | MediaType::WebM | MediaType::Mkv | MediaType::Wav | MediaType::Mp3
    );
    if decoded { tool::version().err().map(NotMade::from) } else { None }
}

/// This program, as recipes name it.
pub(crate) fn own_tool() -> String {
    format!("proofroom {}", env!("CARGO_PKG_VERSION"))
}
