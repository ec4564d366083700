//! The pages of a PDF: what they say and how they look.
//!
//! Ground storey: bytes in, values out. A crate of its own, because reading PDFs brings fonts and
//! decoders of its own: who has another reader, such as a browser, need not be built with it.

mod drawn;
mod guard;
mod text;

use hayro::hayro_interpret::hayro_syntax::object::Rect;
use hayro::hayro_interpret::hayro_syntax::page::{Page, Rotation};
use hayro::hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use proofroom_pictures::Picture;
use proofroom_review::media::{PageEdges, PageFacts};

use guard::guard;

/// Most pages of a document that is read.
pub const PAGES_MAX: usize = 5_000;
/// Most bytes of text of one document that are read.
pub const TEXT_BYTES_MAX: usize = 16 << 20;

/// A PDF cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesError {
    /// It is no PDF, or too damaged.
    #[error("it is damaged, or no PDF")]
    Damaged,
    /// It opens with a password only.
    #[error("it is protected by a password")]
    Password,
    /// It is encrypted in a way that is not known.
    #[error("it is encrypted in a way that is not known")]
    Encrypted,
    /// It has more pages than the limit.
    #[error("it has {0} pages, the limit is {PAGES_MAX}")]
    TooMany(usize),
}

/// A PDF that was opened.
pub struct Pages {
    pdf: Pdf,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pages({})", self.count())
    }
}

impl Pages {
    /// Opens a PDF.
    ///
    /// # Errors
    /// When it is damaged, encrypted, or has too many pages.
    pub fn open(bytes: Vec<u8>) -> Result<Self, PagesError> {
        let opened = guard(|| Pdf::new(bytes).map(|pdf| Self { pdf })).ok_or(PagesError::Damaged)?;
        let pages = opened.map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => PagesError::Password,
            LoadPdfError::Decryption(_) => PagesError::Encrypted,
            LoadPdfError::Invalid => PagesError::Damaged,
        })?;
        match pages.count() {
            0 => Err(PagesError::Damaged),
            count if count > PAGES_MAX => Err(PagesError::TooMany(count)),
            _ => Ok(pages),
        }
    }

    /// How many pages it has.
    pub fn count(&self) -> usize {
        self.pdf.pages().len()
    }

    /// What each page says of itself. A page that cannot be read says nothing.
    pub fn facts(&self) -> Vec<PageFacts> {
        let mut left = TEXT_BYTES_MAX;
        let pages = self.pdf.pages().iter();
        pages
            .map(|page| {
                let text = guard(|| text::of(page, self.pdf.xref(), left)).unwrap_or_default();
                left = left.saturating_sub(text.len());
                facts(page, text)
            })
            .collect()
    }

    /// A page as a screen shows it, with a longer side of `side` pixels at most; `None` where it
    /// cannot be drawn.
    pub fn picture(&self, page: usize, side: u16) -> Option<Picture> {
        let page = self.pdf.pages().get(page)?;
        guard(|| drawn::picture(page, side)).flatten()
    }
}

fn facts(page: &Page<'_>, text: String) -> PageFacts {
    let named = |key: &str| page.raw().get::<Rect>(key.as_bytes()).map(edges);
    PageFacts {
        media_box: edges(page.media_box()),
        crop_box: edges(page.crop_box()),
        trim_box: named("TrimBox"),
        bleed_box: named("BleedBox"),
        rotate: match page.rotation() {
            Rotation::None => 0,
            Rotation::Horizontal => 90,
            Rotation::Flipped => 180,
            Rotation::FlippedHorizontal => 270,
        },
        text,
    }
}

/// Rounded, so that no float is compared or printed.
fn edges(rect: Rect) -> PageEdges {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let thousandths = |points: f64| (points * 1_000.0).round() as i64;
    [rect.x0, rect.y0, rect.x1, rect.y1].map(thousandths)
}
