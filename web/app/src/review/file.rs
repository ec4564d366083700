//! A file's bytes as something that the page can show.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, FileCard, Reply};
use wasm_bindgen::JsValue;

use super::Desk;
use crate::engine;
use crate::state::told;
use crate::words::size;

/// Where a file stands on its way to the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is being opened.
    Opening,
    /// An address that this page can show; it ends with the page.
    At(String),
    /// Why it cannot be shown.
    Fault(String),
}

/// Opens a file, again whenever it has arrived meanwhile.
pub(crate) fn open(desk: Desk, file: &FileCard) -> RwSignal<Shown> {
    let shown = RwSignal::new(Shown::Opening);
    let content = file.content.clone();
    let here = {
        let content = content.clone();
        Memo::new(move |_| {
            desk.screen.with(|s| {
                let files = s.iter().flat_map(|s| &s.versions).flat_map(|v| &v.files);
                files.into_iter().any(|f| f.content == content && f.here)
            })
        })
    };
    Effect::new(move |_| {
        if !here.get() {
            return;
        }
        let ask = Ask::File {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            content: content.clone(),
        };
        engine::ask_for_bytes(ask, move |reply, body| match (reply, body) {
            (Reply::File { media_type }, Some(body)) => shown.set(address(&media_type, &body)),
            (Reply::Fault(fault), _) => shown.set(Shown::Fault(told(&fault))),
            _ => {}
        });
    });
    on_cleanup(move || {
        if let Shown::At(url) = shown.get_untracked() {
            // It was made here, so it can be given back.
            let _revoked = web_sys::Url::revoke_object_url(&url);
        }
    });
    shown
}

fn address(media_type: &str, bytes: &js_sys::Uint8Array) -> Shown {
    let parts = js_sys::Array::of1(bytes);
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let made = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options)
        .and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob));
    match made {
        Ok(url) => Shown::At(url),
        Err(error) => Shown::Fault(error.as_string().unwrap_or_else(|| "the browser cannot show it".into())),
    }
}

/// Any file: what it is, and the way to save it; text and video are shown.
#[component]
pub(crate) fn FileView(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let (name, kind, bytes) = (file.name.clone(), file.media_type.clone(), file.bytes);
    let body = move || {
        match shown.get() {
        Shown::Opening => view! { <p class="empty" role="status">{if file.here { "Opening" } else { "On its way to this browser" }}</p> }.into_any(),
        Shown::Fault(text) => view! { <p class="problem" role="alert">{text}</p> }.into_any(),
        Shown::At(url) => player(&kind, url, &name).into_any(),
    }
    };
    view! {
        <figure class="file">
            <figcaption>{file.name.clone()}" · "{file.media_type.clone()}" · "{size(bytes)}</figcaption>
            {body}
        </figure>
    }
}

fn player(kind: &str, url: String, name: &str) -> AnyView {
    let save = view! { <a class="button" href=url.clone() download=name.to_owned()>"Save the file"</a> };
    if kind.starts_with("video/") {
        return view! { <video controls src=url></video>{save} }.into_any();
    }
    if kind.starts_with("audio/") {
        return view! { <audio controls src=url></audio>{save} }.into_any();
    }
    if kind.starts_with("text/") {
        return view! { <TextFile url/>{save} }.into_any();
    }
    view! { <p class="empty">"This browser does not show files of this kind. Save it to open it elsewhere."</p>{save} }.into_any()
}

/// A text, as it is: nothing in it is run.
#[component]
fn TextFile(url: String) -> impl IntoView {
    let text = RwSignal::new(String::new());
    leptos::task::spawn_local(async move {
        if let Ok(got) = read(&url).await {
            text.set(got);
        }
    });
    view! { <pre class="text" tabindex="0">{move || text.get()}</pre> }
}

async fn read(url: &str) -> Result<String, JsValue> {
    use wasm_bindgen::JsCast as _;
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response = wasm_bindgen_futures::JsFuture::from(window.fetch_with_str(url)).await?;
    let response: web_sys::Response = response.dyn_into()?;
    let text = wasm_bindgen_futures::JsFuture::from(response.text()?).await?;
    Ok(text.as_string().unwrap_or_default())
}
