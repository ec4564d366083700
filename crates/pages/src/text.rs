//! The words of a page, from where its glyphs are drawn.
//!
//! A PDF places glyphs and knows no words. Glyphs are taken in the order in which they are drawn;
//! a step down begins a line, a gap of a quarter of the type's size is a space.

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::hayro_interpret::hayro_syntax::xref::XRef;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, RenderContent, SoftMask, TransformExt as _, interpret_page,
};
use hayro::kurbo::{Affine, BezPath, Point, Rect};

/// The text of a page, `bytes_max` of it at most.
pub(crate) fn of<'a>(page: &'a Page<'a>, xref: &'a XRef, bytes_max: usize) -> String {
    let (width, height) = page.render_dimensions();
    let settings = InterpreterSettings { render_content: RenderContent::PAGE, ..Default::default() };
    let cache = InterpreterCache::new();
    let whole = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let upright = page.initial_transform(true).to_kurbo();
    let mut context = Context::new(upright, whole, &cache, xref, settings);
    let mut words = Words { text: String::new(), pen: None, bytes_max };
    interpret_page(page, &mut context, &mut words);
    words.text.truncate(words.text.trim_end().len());
    words.text
}

/// Where the last glyph ended, and how large the type was.
#[derive(Clone, Copy)]
struct Pen {
    end: Point,
    size: f64,
}

struct Words {
    text: String,
    pen: Option<Pen>,
    bytes_max: usize,
}

impl Words {
    fn glyph(&mut self, glyph: &Glyph<'_>, place: Affine) {
        let Some(said) = glyph.as_unicode() else { return };
        if self.text.len() + 8 > self.bytes_max {
            return;
        }
        // Glyphs are drawn in a square of a thousand units.
        let (start, up) = (place * Point::ORIGIN, place * Point::new(0.0, 1_000.0));
        let size = start.distance(up);
        let advance = match glyph {
            Glyph::Outline(outline) => outline.advance_width(),
            Glyph::Type3(drawn) => drawn.advance_width(),
        };
        let end = place * Point::new(f64::from(advance.unwrap_or(500.0)), 0.0);
        if let Some(pen) = self.pen {
            self.bridge(pen, start, size);
        }
        self.pen = Some(Pen { end, size });
        let clean = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
        match said {
            BfString::Char(c) => self.text.extend(Some(c).filter(clean)),
            BfString::String(s) => self.text.extend(s.chars().filter(clean).take(16)),
        }
    }

    /// What lies between two glyphs: nothing, a space, a new line.
    fn bridge(&mut self, pen: Pen, start: Point, size: f64) {
        let type_size = pen.size.max(size).max(0.1);
        let (right, down) = (start.x - pen.end.x, start.y - pen.end.y);
        let gap = if down.abs() > type_size * 0.6 || right < -type_size * 2.0 {
            '\n'
        } else if right > type_size * 0.25 {
            ' '
        } else {
            return;
        };
        if !self.text.ends_with([' ', '\n']) {
            self.text.push(gap);
        } else if gap == '\n' {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push_str(if self.text.ends_with('\n') { "" } else { "\n" });
        }
    }
}

impl Device<'_> for Words {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.glyph(glyph, props.transform * glyph.transform());
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
