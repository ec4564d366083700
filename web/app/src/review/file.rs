//! A file of a version as something that the page can show.
//!
//! The service worker answers for `media/...` with pieces that the engine opens, so a player seeks
//! in a film that was never fetched as a whole. A page without one (the very first, or one that was
//! reloaded past it) collects a file of moderate size itself.

use js_sys::{Array, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Fault, FileCard, OwnAct, PIECE_BYTES_MAX, Reply};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::Desk;
use crate::engine;
use crate::state::told;
use crate::words::size;

/// Largest file that a page collects in memory, in bytes.
pub(crate) const COLLECTED_BYTES_MAX: u64 = 64 << 20;
/// How long a new page waits for the service worker.
const WORKER_MS: u32 = 4_000;

/// Where a file stands on its way to the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is being opened.
    Opening,
    /// An address that this page can show.
    At(String),
    /// Why it cannot be shown.
    Fault(String),
}

/// Opens a file; once more if it could not be and something arrived meanwhile.
pub(crate) fn open(desk: Desk, file: &FileCard) -> RwSignal<Shown> {
    let shown = RwSignal::new(Shown::Opening);
    let file = file.clone();
    let held = {
        let content = file.content.clone();
        Memo::new(move |_| {
            desk.screen.with(|s| {
                let mut files = s.iter().flat_map(|s| &s.versions).flat_map(|v| &v.files);
                files.find(|f| f.content == content).map_or(0, |f| f.held)
            })
        })
    };
    Effect::new(move |_| {
        held.track();
        if matches!(shown.get_untracked(), Shown::At(_)) {
            return;
        }
        let file = file.clone();
        leptos::task::spawn_local(async move {
            let found = address(desk, &file).await;
            // The screen may be gone by now.
            let _gone = shown.try_set(match found {
                Ok(url) => Shown::At(url),
                Err(_) if file.held < file.bytes && !file.here => Shown::Opening,
                Err(why) => Shown::Fault(why),
            });
        });
    });
    on_cleanup(move || {
        if let Shown::At(url) = shown.get_untracked()
            && url.starts_with("blob:")
        {
            // It was made here, so it can be given back.
            let _revoked = web_sys::Url::revoke_object_url(&url);
        }
    });
    shown
}

/// The address of a file that is saved at most, not shown: nothing of it is fetched for that.
pub(crate) fn unread(desk: Desk, file: &FileCard) -> RwSignal<Shown> {
    let shown = RwSignal::new(Shown::Opening);
    let address = address_of(desk, file);
    leptos::task::spawn_local(async move {
        if controlled().await {
            // The screen may be gone by now.
            let _gone = shown.try_set(Shown::At(address));
        }
    });
    shown
}

/// Where the service worker answers for a file.
fn address_of(desk: Desk, file: &FileCard) -> String {
    format!("./media/{}/{}/{}", desk.workspace.get_value(), desk.asset.get_value(), file.content)
}

/// An address of a file for this page.
async fn address(desk: Desk, file: &FileCard) -> Result<String, String> {
    let address = address_of(desk, file);
    // Whether it can be opened at all, before a player is told an address.
    piece(desk, &file.content, 0, 1).await?;
    if controlled().await {
        return Ok(address);
    }
    if file.bytes > COLLECTED_BYTES_MAX {
        return Err(format!(
            "{} is too large to be shown before the app is installed in this browser: reload the page",
            size(file.bytes)
        ));
    }
    let bytes = collect(desk, file).await?;
    blob_of(&bytes, &file.media_type)
}

/// An address of bytes that this page holds; to be given back.
pub(crate) fn blob_of(pieces: &Array, media_type: &str) -> Result<String, String> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let refused = |_| "the browser cannot show it".to_owned();
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(pieces, &options).map_err(refused)?;
    web_sys::Url::create_object_url_with_blob(&blob).map_err(refused)
}

/// All bytes of a file, in pieces.
pub(crate) async fn collect(desk: Desk, file: &FileCard) -> Result<Array, String> {
    let (parts, mut at) = (Array::new(), 0);
    if file.bytes > COLLECTED_BYTES_MAX {
        return Err(format!("{} is too large to be read in a browser", size(file.bytes)));
    }
    while at < file.bytes {
        let bytes = piece(desk, &file.content, at, PIECE_BYTES_MAX).await?;
        if bytes.length() == 0 {
            return Err("the file ends early".into());
        }
        at += u64::from(bytes.length());
        parts.push(&bytes);
    }
    Ok(parts)
}

/// A piece of a file.
pub(crate) async fn piece(desk: Desk, content: &str, offset: u64, bytes: u64) -> Result<Uint8Array, String> {
    // Somebody may have left the screen while a long file was collected.
    let ids = desk.workspace.try_get_value().zip(desk.asset.try_get_value());
    let (workspace, asset) = ids.ok_or("the screen was left")?;
    let ask = Ask::Piece { workspace, asset, content: content.to_owned(), offset, bytes };
    match engine::answer(ask).await {
        (Reply::Fault(fault), _) => Err(told(&fault)),
        (_, Some(body)) => Ok(body),
        (_, None) => Err(told(&Fault { what: "the engine gives no bytes".into(), hint: String::new() })),
    }
}

/// Whether the service worker answers for this page; a new page waits for it a moment.
async fn controlled() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let field = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let workers = field(&window.navigator(), "serviceWorker");
    if workers.is_undefined() {
        return false;
    }
    if field(&workers, "controller").is_truthy() {
        return true;
    }
    let taken = Promise::new(&mut |resolve, _| {
        let target: &web_sys::EventTarget = workers.unchecked_ref();
        // A page that is not taken over in time is told below.
        let _listening = target.add_event_listener_with_callback("controllerchange", &resolve);
        gloo_timers::callback::Timeout::new(WORKER_MS, move || {
            let _resolved = resolve.call0(&JsValue::UNDEFINED);
        })
        .forget();
    });
    let _waited = JsFuture::from(taken).await;
    field(&workers, "controller").is_truthy()
}

/// What a file is, and the ways to save and keep it.
#[component]
pub(crate) fn FileBar(file: FileCard, shown: RwSignal<Shown>) -> impl IntoView {
    let desk: Desk = expect_context();
    let name = file.name.clone();
    let save = move || match shown.get() {
        Shown::At(url) if url.starts_with("blob:") => {
            Some(view! { <a class="button" href=url download=name.clone()>"Save the file"</a> }.into_any())
        }
        // The service worker hands it out as something to save.
        Shown::At(url) => {
            let name = String::from(js_sys::encode_uri_component(&name));
            Some(view! { <a class="button" href=format!("{url}?save={name}")>"Save the file"</a> }.into_any())
        }
        _ => None,
    };
    let kept = {
        let content = file.content.clone();
        Memo::new(move |_| {
            desk.screen.with(|s| {
                let mut files = s.iter().flat_map(|s| &s.versions).flat_map(|v| &v.files);
                files.find(|f| f.content == content).map_or((false, false, 0), |f| (f.here, f.kept, f.held))
            })
        })
    };
    let keep = move |_| {
        let act = OwnAct::Keep {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            keep: !kept.get_untracked().1,
        };
        engine::ask(Ask::Own(act), |_| {});
    };
    let bytes = file.bytes;
    let tiles = {
        let content = file.content.clone();
        Memo::new(move |_| {
            desk.screen.with(|s| {
                let mut files = s.iter().flat_map(|s| &s.versions).flat_map(|v| &v.files);
                files.find(|f| f.content == content)?.tiles.as_ref().map(|t| (t.held, t.bytes))
            })
        })
    };
    let where_it_is = move || {
        let tiles = tiles.get().map_or_else(String::new, |(held, all)| {
            format!(", {} of {} of tiles here", size(held), size(all))
        });
        let whole = match kept.get() {
            (true, ..) => "here, also offline".to_owned(),
            (false, true, held) => format!("{} of {} here", size(held), size(bytes)),
            (false, false, 0) => "at the relay".to_owned(),
            (false, false, held) => format!("{} here", size(held)),
        };
        whole + &tiles
    };
    let offer = move || match kept.get() {
        (true, ..) => None,
        (_, true, _) => Some("Stop keeping it offline".to_owned()),
        _ => Some(format!("Make available offline, {}", size(bytes))),
    };
    view! {
        <p class="filebar">
            <strong>{file.name.clone()}</strong>
            <span>{file.media_type.clone()}" · "{size(bytes)}" · "{where_it_is}</span>
            <span class="grow"></span>
            {move || offer().map(|text| view! { <button on:click=keep>{text}</button> })}
            {save}
        </p>
    }
}

/// Any other file: what it is, and the way to save it.
#[component]
pub(crate) fn FileView(file: FileCard, why: String) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let body = move || match shown.get() {
        Shown::Opening => {
            view! { <p class="empty" role="status">"On its way to this browser"</p> }.into_any()
        }
        Shown::Fault(text) => view! { <p class="problem" role="alert">{text}</p> }.into_any(),
        Shown::At(_) => view! { <p class="empty">{why.clone()}</p> }.into_any(),
    };
    view! { <div class="file"><FileBar file=file.clone() shown/>{body}</div> }
}
