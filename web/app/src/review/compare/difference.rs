//! What differs, pixel by pixel, beyond a tolerance.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast as _, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, HtmlVideoElement, ImageData};

use super::super::surface::{Ground, Surface};
use super::medium::{Medium, Step};
use super::{Named, Slider};

/// Pixels that are compared at most; larger pictures are compared smaller.
const PIXELS_MAX: f64 = 6_000_000.0;
/// What differs is drawn in this colour.
const MARK: [u8; 3] = [255, 72, 48];

/// Two pictures of the same size, as RGBA: what is drawn of their difference, and how many pixels differ.
/// Where nothing does, the newer one is shown pale and grey.
fn difference(old: &[u8], new: &[u8], tolerance: u8) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(new.len());
    let mut differ = 0;
    for (a, b) in old.as_chunks::<4>().0.iter().zip(new.as_chunks::<4>().0) {
        let apart = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        if apart > tolerance {
            differ += 1;
            out.extend_from_slice(&[MARK[0], MARK[1], MARK[2], 255]);
        } else {
            let grey = (u16::from(b[0]) * 3 + u16::from(b[1]) * 6 + u16::from(b[2])) / 10;
            let pale = u8::try_from(grey / 4 + 24).unwrap_or(u8::MAX);
            out.extend_from_slice(&[pale, pale, pale, 255]);
        }
    }
    (out, differ)
}

/// Both media out of sight, and what they differ in.
#[component]
pub(crate) fn Difference(old: Named, new: Named, ground: Ground, step: Step) -> impl IntoView {
    let tolerance = RwSignal::new(4.0);
    let found = RwSignal::new(None::<(usize, usize)>);
    let fault = RwSignal::new(String::new());
    let (first, second) = (Ground::new(), Ground::new());
    let (a, b) = (NodeRef::<Div>::new(), NodeRef::<Div>::new());
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        step.shown.track();
        let tolerance = tolerance_of(tolerance.get());
        let (Some(a), Some(b), Some(canvas)) = (a.get(), b.get(), canvas.get()) else { return };
        let Some((w, h)) = second.size.get().filter(|_| first.size.get().is_some()) else { return };
        ground.size.set(Some((w, h)));
        match draw(&a, &b, &canvas, (w, h), tolerance) {
            Ok(counts) => {
                fault.set(String::new());
                found.set(Some(counts));
            }
            Err(error) => fault.set(format!("the pictures cannot be compared: {error:?}")),
        }
    });
    let other_size = move || {
        let (a, b) = (first.size.get()?, second.size.get()?);
        (a != b).then(|| {
            format!(
                "The sizes differ: {:.0} × {:.0} and {:.0} × {:.0}. The older one is stretched.",
                a.0, a.1, b.0, b.1
            )
        })
    };
    let said = move || {
        found.get().map(|(differ, all)| {
            #[expect(clippy::cast_precision_loss, reason = "a count of pixels, shown as a share")]
            let share = differ as f64 / all.max(1) as f64 * 100.0;
            match differ {
                0 => "No pixel differs beyond the tolerance.".to_owned(),
                n => format!("{n} of {all} pixels differ ({share:.2} %)."),
            }
        })
    };
    view! {
        <div class="fill wipe">
            <div class="sources" aria-hidden="true">
                <div node_ref=a><Medium file=old.1 ground=first step leads=false/></div>
                <div node_ref=b><Medium file=new.1 ground=second step leads=true/></div>
            </div>
            <Surface ground marked=false><canvas class="medium" node_ref=canvas role="img" aria-label="What differs"></canvas></Surface>
            <p class="said" role="status" data-testid="difference">{said}" "{other_size}</p>
            <p class="problem" role="alert">{move || fault.get()}</p>
            <Slider value=tolerance name="Tolerance" low="exact".to_owned() high="tolerant".to_owned()/>
        </div>
    }
}

/// From a slider's percent to a distance of channels.
fn tolerance_of(percent: f64) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let value = (percent.clamp(0.0, 100.0) * 1.28) as u8;
    value
}

/// Draws what differs; how many pixels do, and of how many.
fn draw(
    a: &web_sys::Element,
    b: &web_sys::Element,
    canvas: &HtmlCanvasElement,
    size: (f64, f64),
    tolerance: u8,
) -> Result<(usize, usize), JsValue> {
    let scale = (PIXELS_MAX / (size.0 * size.1)).sqrt().min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million at most")]
    let (w, h) = ((size.0 * scale).round().max(1.0) as u32, (size.1 * scale).round().max(1.0) as u32);
    canvas.set_width(w);
    canvas.set_height(h);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    let pixels = |of: &web_sys::Element| -> Result<Vec<u8>, JsValue> {
        context.clear_rect(0.0, 0.0, f64::from(w), f64::from(h));
        paint(&context, of, f64::from(w), f64::from(h))?;
        Ok(context.get_image_data(0.0, 0.0, f64::from(w), f64::from(h))?.data().0)
    };
    let (old, new) = (pixels(a)?, pixels(b)?);
    let (out, differ) = difference(&old, &new, tolerance);
    context.put_image_data(&ImageData::new_with_u8_clamped_array_and_sh(Clamped(&out), w, h)?, 0.0, 0.0)?;
    Ok((differ, out.len() / 4))
}

fn paint(
    context: &CanvasRenderingContext2d,
    holder: &web_sys::Element,
    w: f64,
    h: f64,
) -> Result<(), JsValue> {
    let medium =
        holder.query_selector(".medium")?.ok_or_else(|| JsValue::from_str("one of them is not here yet"))?;
    if let Some(image) = medium.dyn_ref::<HtmlImageElement>() {
        return context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, w, h);
    }
    if let Some(video) = medium.dyn_ref::<HtmlVideoElement>() {
        return context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h);
    }
    context.draw_image_with_html_canvas_element_and_dw_and_dh(&medium.dyn_into()?, 0.0, 0.0, w, h)
}
