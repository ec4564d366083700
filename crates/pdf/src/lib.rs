//! A document for people as a file for the archive: PDF/A-2a and PDF/UA-1, tagged, fonts inside.
//!
//! Heart storey: no IO; the fonts are in the program.
//!
//! ```text
//! blocks --flow--> lines at places on pages, and the tree of what they are   (flow.rs)
//!        --draw--> PDF                                                       (here)
//! ```
//!
//! The writer (krilla) refuses what those standards forbid, so a document that comes out keeps them
//! as far as a program can tell.

mod flow;
mod fonts;

use krilla::color::rgb;
use krilla::configure::ConfigurationBuilder;
use krilla::configure::validate::{Accessibility, Archival};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use krilla::text::TextDirection;
use krilla::{Document, SerializeSettings};
use proofroom_ident::Millis;
use proofroom_paper::Block;

use flow::{Element, Flow, Ink, Kind, Line, PAGE_HEIGHT, PAGE_WIDTH, Rule};
use fonts::Fonts;

/// A document could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdfError(pub String);

impl std::fmt::Display for PdfError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "report.pdf: {}", self.0)
    }
}

impl std::error::Error for PdfError {}

/// The file of these blocks; `at` is the moment that it is of.
///
/// # Errors
/// When the standards forbid something in it.
pub fn pdf(title: &str, blocks: &[Block], at: Millis) -> Result<Vec<u8>, PdfError> {
    let fonts = Fonts::load().ok_or_else(|| PdfError("a built-in font is damaged".into()))?;
    let flow = Flow::of(blocks, &fonts);
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|e| PdfError(format!("{e:?}")))?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let mut ids: Vec<Option<Identifier>> = Vec::new();
    ids.resize_with(flow.lines.len(), || None);
    for page in 0..flow.pages {
        let size =
            PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or_else(|| PdfError("no page size".into()))?;
        let mut sheet = document.start_page_with(size);
        let mut surface = sheet.surface();
        flow.rules.iter().filter(|r| r.page == page).for_each(|rule| draw_rule(&mut surface, rule));
        for (i, line) in flow.lines.iter().enumerate().filter(|(_, l)| l.page == page) {
            ids[i] = Some(draw_line(&mut surface, line, &fonts));
        }
        footer(&mut surface, title, page, flow.pages, &fonts);
        surface.finish();
        sheet.finish();
    }
    let mut tree = TagTree::new().with_lang(Some("en".into()));
    flow.elements.iter().filter_map(|e| tag(e, &mut ids)).for_each(|node| tree.push(node));
    document.set_tag_tree(tree);
    document.set_outline(outline(&flow));
    document.set_metadata(metadata(title, at));
    document.finish().map_err(|e| PdfError(format!("{e:?}")))
}

fn metadata(title: &str, at: Millis) -> Metadata {
    let moment = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let civil = moment.map(|m| m.to_zoned(jiff::tz::TimeZone::UTC).datetime()).unwrap_or_default();
    let part = |n: i8| u8::try_from(n).unwrap_or(0);
    let date = DateTime::new(u16::try_from(civil.year()).unwrap_or(0))
        .month(part(civil.month()))
        .day(part(civil.day()))
        .hour(part(civil.hour()))
        .minute(part(civil.minute()))
        .second(part(civil.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(title.to_owned())
        .language("en".into())
        .creator("proofroom".into())
        .description("A reading of the evidence in certificate.bin".into())
        .creation_date(date)
}

fn outline(flow: &Flow) -> Outline {
    let mut outline = Outline::new();
    for (text, page, y) in &flow.headings {
        let at = krilla::destination::XyzDestination::new(*page, Point::from_xy(0.0, *y));
        outline.push_child(OutlineNode::new(text.clone(), at));
    }
    outline
}

fn ink(ink: Ink) -> Fill {
    let (r, g, b) = match ink {
        Ink::Text => (27, 31, 36),
        Ink::Faint => (91, 101, 112),
        Ink::Line => (201, 206, 212),
        Ink::Good => (20, 104, 58),
        Ink::Bad => (154, 27, 27),
    };
    Fill { paint: rgb::Color::new(r, g, b).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn draw_rule(surface: &mut Surface<'_>, rule: &Rule) {
    let Some(rect) = Rect::from_xywh(rule.x, rule.y, rule.width, rule.height) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    let Some(path) = path.finish() else { return };
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    surface.set_fill(Some(ink(rule.ink)));
    surface.draw_path(&path);
    surface.end_tagged();
}

fn draw_line(surface: &mut Surface<'_>, line: &Line, fonts: &Fonts) -> Identifier {
    let tag = if line.decoration {
        ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout))
    } else {
        ContentTag::Span(SpanTag::empty())
    };
    let id = surface.start_tagged(tag);
    surface.set_fill(Some(ink(line.ink)));
    let at = Point::from_xy(line.x, line.y);
    surface.draw_text(at, fonts.font(line.face), line.size, &line.text, false, TextDirection::Auto);
    surface.end_tagged();
    id
}

fn footer(surface: &mut Surface<'_>, title: &str, page: usize, pages: usize, fonts: &Fonts) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    surface.set_fill(Some(ink(Ink::Faint)));
    let count = format!("Page {} of {pages}", page + 1);
    let face = fonts::Face::Text;
    let short = fonts.fitting(face, 8.0, title, PAGE_WIDTH - 2.0 * flow::MARGIN - 90.0);
    let y = PAGE_HEIGHT - 28.0;
    let right = PAGE_WIDTH - flow::MARGIN - fonts.width(face, 8.0, &count);
    surface.draw_text(
        Point::from_xy(flow::MARGIN, y),
        fonts.font(face),
        8.0,
        &short,
        false,
        TextDirection::Auto,
    );
    surface.draw_text(Point::from_xy(right, y), fonts.font(face), 8.0, &count, false, TextDirection::Auto);
    surface.end_tagged();
}

/// An element as the tree wants it; nothing where nothing was drawn of it.
fn tag(element: &Element, ids: &mut [Option<Identifier>]) -> Option<Node> {
    let mut children: Vec<Node> = Vec::new();
    for line in &element.lines {
        children.extend(ids.get_mut(*line).and_then(Option::take).map(Node::from));
    }
    children.extend(element.children.iter().filter_map(|child| tag(child, ids)));
    if children.is_empty() && element.kind != Kind::Cell {
        return None;
    }
    let heading = |level: u16| {
        let level = std::num::NonZeroU16::new(level).unwrap_or(std::num::NonZeroU16::MIN);
        Tag::Hn(level, Some(element.title.clone()))
    };
    let group = match element.kind {
        Kind::Title => TagGroup::with_children(heading(1), children),
        Kind::Heading => TagGroup::with_children(heading(2), children),
        Kind::Subheading => TagGroup::with_children(heading(3), children),
        Kind::Paragraph => TagGroup::with_children(Tag::P, children),
        Kind::Quote => TagGroup::with_children(Tag::BlockQuote, children),
        Kind::List => TagGroup::with_children(Tag::L(ListNumbering::None), children),
        Kind::Item => TagGroup::with_children(Tag::LI, children),
        Kind::ItemBody => TagGroup::with_children(Tag::LBody, children),
        Kind::Table => {
            TagGroup::with_children(Tag::Table.with_summary(Some(element.title.clone())), children)
        }
        Kind::Row => TagGroup::with_children(Tag::TR, children),
        Kind::Head => TagGroup::with_children(Tag::TH(TableHeaderScope::Column), children),
        Kind::RowHead => TagGroup::with_children(Tag::TH(TableHeaderScope::Row), children),
        Kind::Cell => TagGroup::with_children(Tag::TD, children),
    };
    Some(group.into())
}
