//! A text to carry elsewhere: to copy, or to photograph.

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

use crate::page;
use crate::state::State;

/// The dark modules of a code as one path, with a quiet zone of four around it.
fn drawing(text: &str) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + 4, y + 4));
        }
    }
    Some((size + 8, path))
}

/// A text with a button that copies it, and a code for a camera.
#[component]
pub(crate) fn Share(text: String, what: &'static str) -> impl IntoView {
    let state = State::here();
    let shown = text.clone();
    let drawn = drawing(&text);
    let select = |event: leptos::ev::FocusEvent| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        input.select();
    };
    let copy = move |_| {
        page::copy(&text, move |went| {
            state.say(if went {
                "Copied"
            } else {
                "This browser does not let the page copy: select the text instead"
            });
        });
    };
    view! {
        <div class="share">
            <input class="code" readonly aria-label=format!("The {what}") data-testid=what prop:value=shown
                on:focus=select/>
            <button type="button" on:click=copy>"Copy"</button>
            {drawn.map(|(size, path)| view! {
                <details><summary>"Show as a code for a camera"</summary>
                    <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label=format!("The {what} as a QR code")>
                        <rect width=size height=size fill="#fff"/><path d=path fill="#000"/>
                    </svg>
                </details>
            })}
        </div>
    }
}
