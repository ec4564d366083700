//! A page as pixels.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::peniko::ImageAlphaType;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use proofroom_pictures::Picture;

/// Pixels per point at most: 288 per inch.
const SCALE_MAX: f32 = 4.0;

pub(crate) fn picture<'a>(page: &'a Page<'a>, side: u16) -> Option<Picture> {
    let (width, height) = page.render_dimensions();
    let longer = width.max(height);
    if !longer.is_finite() || longer <= 0.0 {
        return None;
    }
    let scale = (f32::from(side) / longer).min(SCALE_MAX);
    // A hair of a page is drawn as one pixel.
    let least = |length: f32| if length * scale < 1.0 { 1.0 / length } else { scale };
    let settings = PixmapSettings { x_scale: least(width), y_scale: least(height), bg_color: WHITE };
    let (interpreter, rendering) = (InterpreterSettings::default(), RenderSettings::default());
    let pixmap = render(page, &RenderCache::new(), &interpreter, &rendering, &settings);
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    Picture::of_rgba(width, height, pixmap.take_rgba8(ImageAlphaType::Alpha))
}
