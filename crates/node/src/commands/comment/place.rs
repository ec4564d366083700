//! From what a person types to an anchor: a region, frames, a page, a quote, a layer.

use clap::Args;
use proofroom_ident::{VersionHash, WorkspaceId};
use proofroom_review::anchor::{Frames, PageBox, Region};
use proofroom_review::media::{Film, film, picture_size};
use proofroom_review::{Anchor, BlobRef, FileRef, MediaType, Rate, ReviewView, Selector, Timecode};

use crate::blobs::Blobs;
use crate::failure::Failure;
use crate::peer::Seat;

/// How much of a picture is read to learn its size.
const PICTURE_HEAD_BYTES: usize = 1 << 20;
/// Longest text that a quote is looked up in.
const TEXT_BYTES_MAX: u64 = 8 << 20;

/// Where a comment points. Nothing given: all of the version.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where it points")]
pub struct Place {
    /// A rectangle in pixels, or percent:x,y,w,h; within frames, a page or a layer where one is given
    #[arg(long, value_name = "X,Y,W,H")]
    region: Option<String>,
    /// Frames from the first up to, not including, the last
    #[arg(long, value_name = "FIRST..LAST", conflicts_with_all = ["timecode", "page", "quote", "layer"])]
    frames: Option<String>,
    /// A frame by its timecode, or a range of them; `;` before the frames means drop-frame
    #[arg(long, value_name = "HH:MM:SS:FF", conflicts_with_all = ["page", "quote", "layer"])]
    timecode: Option<String>,
    /// Frames per second, e.g. 25, 29.97, 30000/1001; read from the film where it says so
    #[arg(long)]
    rate: Option<Rate>,
    /// A page, counted from 1
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "layer")]
    page: Option<u32>,
    /// A passage of the text, word for word; it must stand there once
    #[arg(long, conflicts_with = "layer")]
    quote: Option<String>,
    /// A layer, or GROUP/LAYER
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Which file of the version, where it has several
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
}

/// The file that a comment is about, and its bytes where they are here.
struct Subject<'a> {
    blobs: &'a Blobs,
    workspace: WorkspaceId,
    file: &'a FileRef,
    blob: Option<&'a BlobRef>,
}

impl Subject<'_> {
    fn media(&self) -> MediaType {
        MediaType::of_mime(&self.file.media_type)
    }

    fn peek(&self, offset: u64, max: usize) -> Option<Vec<u8>> {
        self.blobs.range(self.workspace, &self.file.name, self.blob?, offset, max as u64).ok()
    }

    fn film(&self) -> Option<Film> {
        film(self.file.bytes, |offset, length| self.peek(offset, length))
    }

    fn size_px(&self) -> Option<(u32, u32)> {
        let head = self.peek(0, PICTURE_HEAD_BYTES)?;
        picture_size(&head).or_else(|| self.film().map(|f| f.size))
    }

    fn text(&self) -> Option<String> {
        let readable = matches!(self.media(), MediaType::Text | MediaType::Markdown | MediaType::Svg);
        let max = usize::try_from(self.file.bytes.min(TEXT_BYTES_MAX)).ok()?;
        if readable { String::from_utf8(self.peek(0, max)?).ok() } else { None }
    }
}

/// Selectors, best first; what refines them; what to warn of.
struct Found {
    selectors: Vec<Selector>,
    refined_by: Option<Selector>,
    warning: Option<String>,
}

impl Found {
    fn plain(selectors: Vec<Selector>, refined_by: Option<Selector>) -> Self {
        Self { selectors, refined_by, warning: None }
    }
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::user(error).hint("see `proofroom comment add --help`")
}

impl Place {
    /// The anchor, and what to warn of.
    ///
    /// # Errors
    /// When the place cannot exist.
    pub fn anchor(
        &self,
        workspace: WorkspaceId,
        seat: &Seat<'_>,
        view: &ReviewView,
        version: VersionHash,
    ) -> Result<(Anchor, Option<String>), Failure> {
        let manifest = view.versions.get(&version);
        let files = manifest.map(|m| m.files.as_slice()).unwrap_or_default();
        let file = match &self.file {
            None => files.first(),
            Some(name) => files.iter().find(|f| f.name == *name),
        };
        let file = file.ok_or_else(|| {
            let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
            Failure::user(format!("the version has no file `{}`", self.file.as_deref().unwrap_or_default()))
                .hint(format!("it has {}", names.join(", ")))
        })?;
        let subject = Subject { blobs: seat.blobs, workspace, file, blob: view.blobs.get(&file.content) };
        let Found { selectors, refined_by, warning } = self.find(&subject)?;
        let anchor = Anchor { version, rendition: None, selectors, refined_by };
        anchor.check().map_err(refused)?;
        Ok((anchor, warning))
    }

    fn find(&self, subject: &Subject<'_>) -> Result<Found, Failure> {
        let region = self.region(subject)?;
        let within = region.map(Selector::Region);
        if self.frames.is_some() || self.timecode.is_some() {
            let (frames, warning) = self.frames(subject)?;
            return Ok(Found { selectors: vec![Selector::Frames(frames)], refined_by: within, warning });
        }
        if let Some(layer) = &self.layer {
            return Ok(Found::plain(vec![layer_of(subject, layer, region)], None));
        }
        let quote = self.quote.as_deref().map(|q| quote_of(subject, q)).transpose()?;
        if let Some(page) = self.page {
            let page = Selector::Page { index: page - 1, label: None, r#box: PageBox::Crop, rotate: 0 };
            let first = quote.and_then(|q| q.into_iter().next());
            return Ok(Found::plain(vec![page], first.or(within)));
        }
        if let Some(quote) = quote {
            return Ok(Found::plain(quote, within));
        }
        Ok(Found::plain(vec![within.unwrap_or(Selector::Whole)], None))
    }

    fn region(&self, subject: &Subject<'_>) -> Result<Option<Region>, Failure> {
        let Some(text) = &self.region else { return Ok(None) };
        Region::parse(text, subject.size_px()).map(Some).map_err(refused)
    }

    fn frames(&self, subject: &Subject<'_>) -> Result<(Frames, Option<String>), Failure> {
        let film = subject.film();
        let drop_frame = self.timecode.as_deref().is_some_and(|t| t.contains(';'));
        let named = self.rate.or(film.and_then(|f| f.rate));
        let rate = named.unwrap_or(if drop_frame { Rate::FPS_29_97 } else { Rate::FPS_25 });
        let (start, end) = match (&self.frames, &self.timecode) {
            (Some(text), _) => frame_range(text)?,
            (None, Some(text)) => timecode_range(text, rate)?,
            (None, None) => (0, 1),
        };
        let duration = end
            .checked_sub(start)
            .filter(|d| *d > 0)
            .ok_or_else(|| refused(format!("frames {start}..{end}: the end must lie after the start")))?;
        let start_timecode = if drop_frame { Some(zero_label()) } else { None };
        let frames = Frames { start, duration, rate, start_timecode, display_offset: 0, pts: None };
        let warning = match film {
            Some(film) if end > film.frames && film.frames > 0 => Some(format!(
                "`{}` ends at frame {}: {start}..{end} lies beyond it",
                subject.file.name, film.frames
            )),
            _ if named.is_none() => {
                Some(format!("the film's frame rate is not known: {rate} is assumed; say --rate"))
            }
            _ => None,
        };
        Ok((frames, warning))
    }
}

/// Drop-frame counting from the start of the film.
fn zero_label() -> Timecode {
    Timecode { hours: 0, minutes: 0, seconds: 0, frames: 0, drop_frame: true }
}

fn frame_range(text: &str) -> Result<(u64, u64), Failure> {
    let number = |part: &str| part.trim().parse::<u64>().ok();
    let read = match text.split_once("..") {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(text).and_then(|n| Some((n, n.checked_add(1)?))),
    };
    read.ok_or_else(|| {
        refused(format!("`{text}` is not a range of frames: FIRST..LAST is wanted, e.g. 120..148"))
    })
}

fn timecode_range(text: &str, rate: Rate) -> Result<(u64, u64), Failure> {
    let frame = |part: &str| {
        let label: Timecode = part.trim().parse().map_err(refused)?;
        label.to_frame(rate).map_err(|e| refused(format!("{e} ({} frames per second)", decimal(rate))))
    };
    match text.split_once("..") {
        Some((first, last)) => Ok((frame(first)?, frame(last)?)),
        None => frame(text).map(|f| (f, f + 1)),
    }
}

/// A rate as people say it: 25, 29.97.
fn decimal(rate: Rate) -> String {
    let hundredths = (u64::from(rate.num()) * 100 + u64::from(rate.den()) / 2) / u64::from(rate.den());
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn layer_of(subject: &Subject<'_>, layer: &str, rel: Option<Region>) -> Selector {
    let tool = match subject.media() {
        MediaType::Psd => "psd",
        MediaType::Svg => "svg",
        _ => "file",
    };
    let path: Vec<String> = layer.split('/').map(|p| p.trim().to_owned()).collect();
    let id = path.last().cloned().unwrap_or_default();
    Selector::Layer { tool: tool.into(), id, path, rel }
}

fn quote_of(subject: &Subject<'_>, exact: &str) -> Result<Vec<Selector>, Failure> {
    match subject.text() {
        Some(text) => Selector::quote(&text, exact).map(Vec::from).map_err(refused),
        None => {
            Ok(vec![Selector::Quote { exact: exact.into(), prefix: String::new(), suffix: String::new() }])
        }
    }
}

/// Where an anchor points, in a few words.
pub fn shown(anchor: &Anchor) -> String {
    let first = anchor.selectors.first().map(selector_shown).unwrap_or_default();
    match &anchor.refined_by {
        Some(within) => format!("{first}, {}", selector_shown(within)),
        None => first,
    }
}

fn selector_shown(selector: &Selector) -> String {
    match selector {
        Selector::Whole => "all of it".into(),
        Selector::Region(region) => match region.to_px() {
            Some((x, y, w, h)) => format!("{x},{y} {w}x{h} px"),
            None => region.to_string(),
        },
        Selector::Shape { .. } => "a shape".into(),
        Selector::Frames(f) => {
            let drop_frame = f.start_timecode.is_some_and(|t| t.drop_frame);
            let label = Timecode::of_frame(f.start, f.rate, drop_frame);
            let label = label.map(|t| format!(" ({t})")).unwrap_or_default();
            format!("frames {}..{}{label}", f.start, f.start.saturating_add(f.duration))
        }
        Selector::TimeMs { start, end } => format!("{start}..{end} ms"),
        Selector::Cue { track, cue_index, .. } => format!("cue {cue_index} of {track}"),
        Selector::Page { index, label, .. } => {
            format!("page {}", label.clone().unwrap_or_else(|| (u64::from(*index) + 1).to_string()))
        }
        Selector::Quote { exact, .. } => format!("\"{}\"", exact.chars().take(40).collect::<String>()),
        Selector::TextPos { start, end, .. } => format!("characters {start}..{end}"),
        Selector::Block { path } => path.join(" / "),
        Selector::Layer { path, .. } => format!("layer {}", path.join("/")),
        Selector::Slot { deliverable } => format!("deliverable {deliverable}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{decimal, frame_range, timecode_range};
    use proofroom_review::Rate;

    #[test]
    fn frames_are_read_as_ranges_without_their_end() {
        assert_eq!(frame_range("120..148"), Ok((120, 148)));
        assert_eq!(frame_range("7"), Ok((7, 8)));
        for bad in ["", "a..b", "1..", "-1..2", "1...2", "99999999999999999999"] {
            assert!(frame_range(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_read_as_people_say_them() {
        let said = [Rate::FPS_25, Rate::FPS_29_97, Rate::FPS_59_94, Rate::FPS_23_976].map(decimal);
        assert_eq!(said, ["25", "29.97", "59.94", "23.98"]);
    }

    #[test]
    fn an_impossible_timecode_names_the_label_that_exists() {
        assert_eq!(timecode_range("00:01:00;02", Rate::FPS_29_97), Ok((1800, 1801)));
        let refused = timecode_range("00:01:00;00", Rate::FPS_29_97).expect_err("a dropped label");
        assert!(refused.what.contains("00:01:00;02"), "{refused}");
    }
}
