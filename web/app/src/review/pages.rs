//! PDF: page by page, with its words to be selected and quoted.

use js_sys::{Function, Promise, Reflect};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use proofroom_web_wire::{FileCard, Place};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::Desk;
use super::file::{FileBar, Shown, open};
use super::quote::{self, Quotes};
use super::surface::{Ground, Surface, ratio};
use super::tools::Tools;

/// CSS pixels of the paper to a point of the page.
const SCALE: f64 = 1.0;
/// The finest that a page is drawn, in pixels to a point.
const FINE_MAX: f64 = 6.0;

/// A document that pdf.js holds.
#[derive(Clone)]
struct Document(SendWrapper<(JsValue, JsValue)>);

impl Document {
    async fn open(url: &str) -> Result<Self, JsValue> {
        let load: Function = Reflect::get(&js_sys::global(), &"proofroomPages".into())?.dyn_into()?;
        let module = JsFuture::from(load.call0(&JsValue::UNDEFINED)?.dyn_into::<Promise>()?).await?;
        let document = call(&module, "open", &[&url.into()]).await?;
        Ok(Self(SendWrapper::new((module, document))))
    }

    async fn ask(&self, what: &str, args: &[&JsValue]) -> Result<JsValue, JsValue> {
        let (module, document) = &*self.0;
        let args: Vec<&JsValue> = std::iter::once(document).chain(args.iter().copied()).collect();
        call(module, what, &args).await
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of pages")]
    fn pages(&self) -> u32 {
        Reflect::get(&self.0.1, &"pages".into()).ok().and_then(|n| n.as_f64()).map_or(1, |n| n as u32)
    }
}

async fn call(module: &JsValue, name: &str, args: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(module, &name.into())?.dyn_into()?;
    let list = args.iter().fold(js_sys::Array::new(), |list, arg| {
        list.push(arg);
        list
    });
    JsFuture::from(function.apply(&JsValue::UNDEFINED, &list)?.dyn_into::<Promise>()?).await
}

fn said(error: &JsValue) -> String {
    let text = error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message()));
    text.unwrap_or_else(|| "its pages cannot be drawn".into())
}

/// A page on its ground, drawn as fine as it is looked at.
#[component]
pub(crate) fn PageSheet(
    url: String,
    ground: Ground,
    page: RwSignal<u32>,
    pages: RwSignal<u32>,
    /// Called whenever a page was drawn.
    done: Callback<()>,
    /// Where its words are laid, to be selected.
    #[prop(optional)]
    words: Option<NodeRef<Div>>,
    #[prop(optional)] fault: Option<RwSignal<String>>,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let document = RwSignal::new(None::<Document>);
    let tell = move |error: JsValue| {
        if let Some(fault) = fault {
            // The screen may be gone by now.
            let _gone = fault.try_set(said(&error));
        }
    };
    leptos::task::spawn_local(async move {
        match Document::open(&url).await {
            Ok(opened) => {
                let _gone = pages.try_set(opened.pages());
                let _gone = document.try_set(Some(opened));
            }
            Err(error) => tell(error),
        }
    });
    // In steps, so that a page is not drawn anew for every turn of a wheel.
    let fine = Memo::new(move |_| {
        let wanted = (ground.look.get().zoom * SCALE * ratio()).clamp(0.5, FINE_MAX);
        2_f64.powf(wanted.log2().ceil())
    });
    Effect::new(move |_| {
        let (Some(document), Some(canvas), index, fine) =
            (document.get(), canvas.get(), page.get(), fine.get())
        else {
            return;
        };
        leptos::task::spawn_local(async move {
            let drawn = async {
                let size = document.ask("size", &[&index.into()]).await?;
                let side = |key: &str| {
                    Reflect::get(&size, &key.into()).ok().and_then(|n| n.as_f64()).unwrap_or(1.0) * SCALE
                };
                let size = Some((side("width"), side("height")));
                if ground.size.try_get_untracked() != Some(size) {
                    let _gone = ground.size.try_set(size);
                }
                document.ask("draw", &[&index.into(), &canvas, &fine.into()]).await
            };
            match drawn.await {
                Ok(whole) if whole.is_truthy() => _ = done.try_run(()),
                Ok(_) => {}
                Err(error) => tell(error),
            }
        });
    });
    Effect::new(move |_| {
        let (Some(document), Some(words), index) = (document.get(), words.and_then(|w| w.get()), page.get())
        else {
            return;
        };
        leptos::task::spawn_local(async move {
            match document.ask("words", &[&index.into(), &words]).await {
                Ok(_) => _ = done.try_run(()),
                Err(error) => tell(error),
            }
        });
    });
    view! { <canvas class="medium" node_ref=canvas role="img" aria-label=move || format!("Page {}", page.get() + 1)></canvas> }
}

/// A document with its comments.
#[component]
pub(crate) fn Pages(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let ground = Ground::new();
    let (page, pages, fault) = (RwSignal::new(0_u32), RwSignal::new(1_u32), RwSignal::new(String::new()));
    let words = NodeRef::<Div>::new();
    let laid = RwSignal::new(0_u64);
    desk.pages.set(Some((page, pages)));
    on_cleanup(move || {
        // Signals of a screen that is gone are nobody's.
        let _gone = desk.pages.try_set(None);
        let _gone = desk.now.try_set(Place::default());
    });
    Effect::new(move |_| desk.now.set(Place { page: Some(page.get()), ..Place::default() }));
    Effect::new(move |_| {
        if let Some(index) = desk.goal.get().and_then(|goal| goal.page) {
            page.set(index.min(pages.get_untracked().saturating_sub(1)));
        }
    });
    super::picture::follow_goal(desk, ground);
    let said = move || match shown.get() {
        Shown::Opening => Some("The document is on its way".to_owned()),
        Shown::Fault(text) => Some(text),
        Shown::At(_) if !fault.with(String::is_empty) => Some(format!(
            "This document cannot be shown: {}. Its bytes are the ones that were signed. Save the file to open it elsewhere.",
            fault.get()
        )),
        Shown::At(_) => None,
    };
    let done = Callback::new(move |()| laid.update(|n| *n += 1));
    let selected = move || {
        if let Some(words) = words.get_untracked()
            && let Some(found) = quote::selected(&words)
        {
            desk.aim.update(|aim| (aim.quote, aim.page) = (Some(found), Some(page.get_untracked())));
        }
    };
    let medium = move || {
        match shown.get() {
        Shown::At(url) if fault.with(String::is_empty) => view! {
            <PageSheet url ground page pages done words fault/>
            <div class="textLayer" class:quiet=move || desk.tool.get().is_some() node_ref=words on:pointerdown=|e| e.stop_propagation() on:pointerup=move |_| selected() on:keyup=move |_| selected()></div>
        }.into_any(),
        _ => ().into_any(),
    }
    };
    view! {
        <Tools ground><Turn page pages/></Tools>
        {move || said().map(|text| view! { <p class="empty" role="status">{text}</p> })}
        <div class="fill" class:gone=move || said().is_some()><Surface ground>{medium}</Surface></div>
        <Quotes within=words laid page=Some(page)/>
        <FileBar file shown/>
    }
}

/// From page to page.
#[component]
fn Turn(page: RwSignal<u32>, pages: RwSignal<u32>) -> impl IntoView {
    let go = move |event| {
        if let Ok(n) = event_target_value(&event).parse::<u32>() {
            page.set(n.clamp(1, pages.get_untracked().max(1)) - 1);
        }
    };
    view! {
        <button class="icon" aria-label="Previous page" title="Previous page (←)" disabled=move || page.get() == 0 on:click=move |_| page.update(|p| *p = p.saturating_sub(1))>"◂"</button>
        <label class="inline"><span class="sr">"Page"</span>
            <input class="short" inputmode="numeric" prop:value=move || (page.get() + 1).to_string() on:change=go/></label>
        <span>" of "{move || pages.get()}</span>
        <button class="icon" aria-label="Next page" title="Next page (→)" disabled=move || { page.get() + 1 >= pages.get() } on:click=move |_| page.update(|p| *p += 1)>"▸"</button>
    }
}
