//! A picture: as large as one likes, down to its pixels and their colours.

use leptos::html::Img;
use leptos::prelude::*;
use proofroom_web_wire::FileCard;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use super::Desk;
use super::file::{FileBar, Shown, open};
use super::surface::{Ground, Surface, image_size};
use super::tools::Tools;

/// The kinds of pictures that browsers show.
pub(crate) fn is_picture(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png"
            | "image/jpeg"
            | "image/gif"
            | "image/webp"
            | "image/svg+xml"
            | "image/avif"
            | "image/bmp"
    )
}

/// A picture with its comments.
#[component]
pub(crate) fn Picture(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let ground = Ground::new();
    let image = NodeRef::<Img>::new();
    let colour = RwSignal::new(None::<Colour>);
    let broken = RwSignal::new(false);
    let glass = StoredValue::new_local(Glass::new());
    let hover = Callback::new(move |at: (i64, i64)| {
        let read = image.get_untracked().and_then(|image| glass.with_value(|g| g.as_ref()?.look(&image, at)));
        colour.set(read);
    });
    follow_goal(desk, ground);
    let name = file.name.clone();
    let medium = move || match shown.get() {
        Shown::At(url) if !broken.get() => {
            let loaded = move |_| {
                if let Some(image) = image.get_untracked() {
                    image_size(ground, &image);
                }
            };
            view! { <img class="medium" node_ref=image src=url alt=name.clone() draggable="false" on:load=loaded on:error=move |_| broken.set(true)/> }.into_any()
        }
        _ => ().into_any(),
    };
    let said = move || {
        match shown.get() {
        Shown::Opening => Some("The picture is on its way".to_owned()),
        Shown::Fault(text) => Some(text),
        Shown::At(_) if broken.get() => {
            Some("This browser cannot show the picture: its bytes are the ones that were signed, but they are damaged or of a kind it does not know. Save the file to open it elsewhere.".to_owned())
        }
        Shown::At(_) => None,
    }
    };
    view! {
        <Tools ground>
            <ColourOut colour/>
        </Tools>
        {move || said().map(|text| view! { <p class="empty" role="status">{text}</p> })}
        <div class="fill" class:gone=move || said().is_some()>
            <Surface ground hover>{medium}</Surface>
        </div>
        <FileBar file shown/>
    }
}

/// The colour under the pointer.
#[component]
pub(crate) fn ColourOut(colour: RwSignal<Option<Colour>>) -> impl IntoView {
    view! {
        <output class="colour" aria-label="Colour under the pointer">
            {move || colour.get().map(|c| view! { <span class="swatch" style:background-color=c.hex()></span>{c.text()} })}
        </output>
    }
}

/// Brings the place of a chosen comment into the window, where it is magnified out of it.
pub(crate) fn follow_goal(desk: Desk, ground: Ground) {
    Effect::new(move |_| {
        let Some([x, y, w, h]) = desk.goal.get().and_then(|place| place.region) else { return };
        let (Some((width, height)), Some(window)) =
            (ground.size.get_untracked(), ground.window.get_untracked())
        else {
            return;
        };
        let (rw, rh) = (f64::from(window.client_width()), f64::from(window.client_height()));
        let at = |from: u32, length: u32, size: f64| f64::from(from + length / 2) / 1e6 * size;
        ground.look.update(|l| {
            let (px, py) = (at(x, w, width) * l.zoom + l.x, at(y, h, height) * l.zoom + l.y);
            if px < 24.0 || py < 24.0 || px > rw - 24.0 || py > rh - 24.0 {
                (l.x, l.y, l.fit) = (l.x + rw / 2.0 - px, l.y + rh / 2.0 - py, false);
            }
        });
    });
}

/// A pixel of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) at: (u32, u32),
    pub(crate) rgba: [u8; 4],
    /// Whether it is read from a rendition, which may be a little off.
    pub(crate) near: bool,
}

impl Colour {
    fn hex(self) -> String {
        let [r, g, b, _] = self.rgba;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    fn text(self) -> String {
        let [r, g, b, a] = self.rgba;
        let see_through = if a == 255 { String::new() } else { format!(" · alpha {a}") };
        let near = if self.near { "≈ " } else { "" };
        format!("{near}{} · {r} {g} {b}{see_through} · {}, {}", self.hex(), self.at.0, self.at.1)
    }
}

/// Reads single pixels: a canvas of one.
pub(crate) struct Glass {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Glass {
    pub(crate) fn new() -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width(1);
        canvas.set_height(1);
        let options = js_sys::Object::new();
        // Setting a field of a fresh object does not fail.
        let _set = js_sys::Reflect::set(&options, &"willReadFrequently".into(), &JsValue::TRUE);
        let context = canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()?;
        Some(Self { canvas, context })
    }

    /// The pixel at a place given in parts per million.
    fn look(&self, image: &HtmlImageElement, (x, y): (i64, i64)) -> Option<Colour> {
        let pixel = |ppm: i64, size: u32| {
            let inside = (0..1_000_000).contains(&ppm) && size > 0;
            inside.then(|| u32::try_from(ppm * i64::from(size) / 1_000_000).ok())?
        };
        let at = (pixel(x, image.natural_width())?, pixel(y, image.natural_height())?);
        Some(Colour { at, rgba: self.read(image, at)?, near: false })
    }

    /// A pixel of an image.
    pub(crate) fn read(&self, image: &HtmlImageElement, at: (u32, u32)) -> Option<[u8; 4]> {
        self.context.clear_rect(0.0, 0.0, f64::from(self.canvas.width()), f64::from(self.canvas.height()));
        let (sx, sy) = (f64::from(at.0), f64::from(at.1));
        self.context
            .draw_image_with_html_image_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                image, sx, sy, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0,
            )
            .ok()?;
        let data = self.context.get_image_data(0.0, 0.0, 1.0, 1.0).ok()?.data();
        Some([*data.first()?, *data.get(1)?, *data.get(2)?, *data.get(3)?])
    }
}
