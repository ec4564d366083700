//! Designs: the flat picture, and the tree of layers beside it. A comment may be about a layer.

use leptos::html::Img;
use leptos::prelude::*;
use proofroom_web_wire::{DesignCard, FileCard, LayerCard, Look, Looked};

use super::Desk;
use super::file::{FileBar, blob_of, collect, open};
use super::picture::follow_goal;
use super::surface::{Ground, Surface, image_size};
use super::tools::Tools;
use crate::lens;

/// Whether a file is shown by reading it here: browsers do not show these kinds.
pub(crate) fn is_design(media_type: &str) -> bool {
    matches!(media_type, "image/vnd.adobe.photoshop" | "image/tiff")
}

/// What was read of a design, and the address of its flat picture.
type Read = Result<(DesignCard, Option<String>), String>;

/// Reads a design once its bytes are here.
fn read(desk: Desk, file: &FileCard) -> RwSignal<Option<Read>> {
    let found = RwSignal::new(None::<Read>);
    let file = file.clone();
    leptos::task::spawn_local(async move {
        let read = seen(desk, &file).await;
        // The screen may be gone by now.
        let _gone = found.try_set(Some(read));
    });
    on_cleanup(move || {
        if let Some(Some(Ok((_, Some(url))))) = found.try_get_untracked() {
            // It was made here, so it can be given back.
            let _revoked = web_sys::Url::revoke_object_url(&url);
        }
    });
    found
}

async fn seen(desk: Desk, file: &FileCard) -> Read {
    let bytes = collect(desk, file).await?;
    let ask = Look::Design { media_type: file.media_type.clone() };
    match lens::look(ask, vec![bytes]).await? {
        (Looked::Design(card), picture) => {
            let url = picture.map(|bytes| blob_of(&js_sys::Array::of1(&bytes), "image/png")).transpose()?;
            Ok((card, url))
        }
        _ => Err("it was read as something else".into()),
    }
}

/// A design with its comments.
#[component]
pub(crate) fn Design(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let found = read(desk, &file);
    let ground = Ground::new();
    let image = NodeRef::<Img>::new();
    follow_goal(desk, ground);
    let loaded = move |_| {
        if let Some(image) = image.get_untracked() {
            image_size(ground, &image);
        }
    };
    let name = file.name.clone();
    let medium = move || {
        let url = found.with(|f| f.as_ref()?.as_ref().ok()?.1.clone())?;
        Some(
            view! { <img class="medium" node_ref=image src=url alt=name.clone() draggable="false" on:load=loaded/> },
        )
    };
    let said = move || {
        found.with(|f| match f {
            None => Some("The design is being read".to_owned()),
            Some(Err(why)) => {
                Some(format!("This design cannot be shown: {why}. Save the file to open it elsewhere."))
            }
            Some(Ok((card, None))) => Some(format!("Its flat picture cannot be shown: {}.", card.flat_fault)),
            Some(Ok(_)) => None,
        })
    };
    let layers =
        move || found.with(|f| Some(f.as_ref()?.as_ref().ok()?.0.layers.clone())).unwrap_or_default();
    view! {
        <Tools ground/>
        {move || said().map(|text| view! { <p class="empty" role="status">{text}</p> })}
        <div class="fill beside" class:gone=move || said().is_some()>
            <Surface ground>{medium}</Surface>
            {move || Some(layers()).filter(|l| !l.is_empty()).map(|layers| view! { <Layers layers/> })}
        </div>
        <FileBar file shown/>
    }
}

/// The tree of layers, from the top down. A pressed layer is what the next comment is about.
#[component]
fn Layers(layers: Vec<LayerCard>) -> impl IntoView {
    let desk: Desk = expect_context();
    let row = move |layer: LayerCard| {
        let (path, chosen) = (layer.path.clone(), layer.path.clone());
        let id = layer.id.map(|id| id.to_string());
        let pressed = Memo::new(move |_| desk.aim.with(|aim| aim.layer.as_ref() == Some(&chosen)));
        let choose = move |_| {
            desk.aim.update(|aim| {
                let again = aim.layer.as_ref() == Some(&path);
                (aim.layer, aim.layer_id, aim.region) =
                    if again { (None, None, None) } else { (Some(path.clone()), id.clone(), layer.region) };
            });
        };
        let name = layer.path.last().cloned().unwrap_or_default();
        let mut more = Vec::new();
        if layer.hidden {
            more.push("hidden".to_owned());
        }
        if layer.opacity < 100 {
            more.push(format!("{} %", layer.opacity));
        }
        view! {
            <li style=("--depth", layer.path.len().saturating_sub(1).to_string()) class:hidden=layer.hidden>
                <button aria-pressed=move || pressed.get().to_string() on:click=choose>
                    <span aria-hidden="true">{if layer.group { "▾ " } else { "" }}</span>{name}
                    {(!more.is_empty()).then(|| view! { <span class="quiet">{more.join(", ")}</span> })}
                </button></li>
        }
    };
    view! {
        <section class="layers" aria-label="Layers"><h2>"Layers"</h2>
            <ul tabindex="0" aria-label="Layers, from the top">{layers.into_iter().map(row).collect_view()}</ul></section>
    }
}
