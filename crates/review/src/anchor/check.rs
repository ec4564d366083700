//! What each selector must keep.

use super::{AnchorError, CONTEXT_CHARS_MAX, DEPTH_MAX, Frames, PATH_BYTES_MAX, QUOTE_BYTES_MAX, Selector};
use crate::text::{self, TextError};

impl Selector {
    /// Whether it points somewhere.
    pub fn check(&self) -> Result<(), AnchorError> {
        match self {
            Self::Whole => Ok(()),
            Self::Region(region) => region.check(),
            Self::Shape { svg_path } => check_path(svg_path),
            Self::Frames(frames) => frames.check(),
            Self::TimeMs { start, end } => range("milliseconds", *start, *end),
            Self::Cue { track, .. } => Ok(text::line("the caption track", track)?),
            Self::Page { label, rotate, .. } => check_page(label.as_deref(), *rotate),
            Self::Quote { exact, prefix, suffix } => check_quote(exact, prefix, suffix),
            Self::TextPos { start, end, .. } => range("characters", *start, *end),
            Self::Block { path } => check_names("the heading path", path),
            Self::Layer { tool, id, path, rel } => {
                text::line("the layer's tool", tool)?;
                text::line("the layer's id", id)?;
                text::count("layers on the way", path.len(), DEPTH_MAX)?;
                path.iter().try_for_each(|name| text::line_or_blank("a layer's name", name))?;
                rel.as_ref().map_or(Ok(()), |region| region.check())
            }
            Self::Slot { deliverable } => Ok(text::line("the deliverable", deliverable)?),
        }
    }
}

impl Frames {
    fn check(&self) -> Result<(), AnchorError> {
        let end = self.start.checked_add(self.duration);
        range("frames", self.start, end.unwrap_or(0))?;
        if let Some(label) = self.start_timecode {
            label.to_frame(self.rate)?;
        }
        Ok(())
    }
}

fn range(what: &'static str, start: u64, end: u64) -> Result<(), AnchorError> {
    if start < end { Ok(()) } else { Err(AnchorError::Range { what, start, end }) }
}

/// Path data only: an SVG path is shown by every peer, so nothing else may ride on it.
fn check_path(path: &str) -> Result<(), AnchorError> {
    if path.len() > PATH_BYTES_MAX {
        let over =
            TextError::TooLong { field: "the shape's path", bytes: path.len(), bytes_max: PATH_BYTES_MAX };
        return Err(over.into());
    }
    let is_data = |c: char| c.is_ascii_digit() || "MmLlHhVvCcSsQqTtAaZz ,.-+\n".contains(c);
    match path.chars().find(|c| !is_data(*c)) {
        Some(c) => Err(AnchorError::Path(c)),
        None if !path.trim_start().starts_with(['M', 'm']) => Err(AnchorError::Empty("the shape's path")),
        None => Ok(()),
    }
}

fn check_page(label: Option<&str>, rotate: u16) -> Result<(), AnchorError> {
    if let Some(label) = label {
        text::line("the page's label", label)?;
    }
    if matches!(rotate, 0 | 90 | 180 | 270) { Ok(()) } else { Err(AnchorError::Rotation(rotate)) }
}

fn check_quote(exact: &str, prefix: &str, suffix: &str) -> Result<(), AnchorError> {
    if exact.trim().is_empty() {
        return Err(AnchorError::Empty("the quote"));
    }
    if exact.len() > QUOTE_BYTES_MAX {
        let over = TextError::TooLong { field: "the quote", bytes: exact.len(), bytes_max: QUOTE_BYTES_MAX };
        return Err(over.into());
    }
    for (what, context) in [("the prefix", prefix), ("the suffix", suffix)] {
        let chars = context.chars().count();
        if chars > CONTEXT_CHARS_MAX {
            return Err(AnchorError::Context { what, chars });
        }
    }
    Ok(())
}

fn check_names(what: &'static str, path: &[String]) -> Result<(), AnchorError> {
    if path.is_empty() {
        return Err(AnchorError::Empty(what));
    }
    text::count("names on the way", path.len(), DEPTH_MAX)?;
    Ok(path.iter().try_for_each(|name| text::line("a name on the way", name))?)
}
