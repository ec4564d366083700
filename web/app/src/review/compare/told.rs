//! What changed, told: file by file, texts passage by passage, designs layer by layer. Both versions are
//! read once, whichever way they are looked at.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, ChangesCard, Fate, FileChangesCard, Look, Looked, Passage, Reply};

use super::super::Desk;
use super::super::file::collect;
use crate::engine;
use crate::lens;
use crate::state::told;

/// Compares the two versions whenever they are others.
pub(crate) fn ask(desk: Desk) {
    let versions = Memo::new(move |_| (desk.mode.with(|m| m.other().to_owned()), desk.version.get()));
    Effect::new(move |_| {
        let (before, after) = versions.get();
        desk.changes.set(None);
        leptos::task::spawn_local(async move {
            let found = compared(desk, before.clone(), after.clone()).await;
            // Others may be compared by now, or none.
            if versions.try_get_untracked() == Some((before, after)) {
                desk.changes.set(Some(found));
            }
        });
    });
}

async fn compared(desk: Desk, before: String, after: String) -> Result<ChangesCard, String> {
    let (workspace, asset) = (desk.workspace.get_value(), desk.asset.get_value());
    let (pairs, anchors) = match engine::answer(Ask::Pairs { workspace, asset, before, after }).await.0 {
        Reply::Pairs { pairs, anchors } => (pairs, anchors),
        Reply::Fault(fault) => return Err(told(&fault)),
        _ => return Err("the engine says something else".into()),
    };
    let mut files = Vec::new();
    for (old, new) in pairs.iter().filter_map(|pair| pair.differs()) {
        files.push(collect(desk, old).await?);
        files.push(collect(desk, new).await?);
    }
    match lens::look(Look::Changes { pairs, anchors }, files).await? {
        (Looked::Changes(card), _) => Ok(card),
        _ => Err("the files were read as something else".into()),
    }
}

/// The first file's changes: the one on the stage.
fn first(desk: Desk) -> Option<FileChangesCard> {
    desk.changes.with(|changes| changes.as_ref()?.as_ref().ok()?.files.first().cloned())
}

/// In a few words, above both.
#[component]
pub(crate) fn Said() -> impl IntoView {
    let desk: Desk = expect_context();
    let text = move || match desk.changes.get() {
        None => "Comparing".to_owned(),
        Some(Err(why)) => format!("What changed cannot be told: {why}"),
        Some(Ok(card)) => card.files.into_iter().map(|f| f.said).collect::<Vec<_>>().join(" "),
    };
    view! { <p class="told" role="status" data-testid="changes">{text}</p> }
}

/// Both texts as one, with what went and what came.
#[component]
pub(crate) fn Words() -> impl IntoView {
    let desk: Desk = expect_context();
    let passages = Memo::new(move |_| first(desk).map(|f| f.passages).unwrap_or_default());
    view! {
        <div class="fill scroll">
            <div class="prose diff" tabindex="0" role="document" aria-label="What changed in the text" data-testid="words">
                <p class="verbatim">{move || passages.get().into_iter().map(passage).collect_view()}</p>
            </div>
        </div>
    }
}

fn passage(passage: Passage) -> AnyView {
    let text = passage.text;
    match passage.fate {
        Fate::Kept => view! { <span class="kept">{text}</span> }.into_any(),
        Fate::Gone => view! { <del>{text}</del> }.into_any(),
        Fate::Come => view! { <ins>{text}</ins> }.into_any(),
    }
}

/// What happened to each layer.
#[component]
pub(crate) fn Layers() -> impl IntoView {
    let desk: Desk = expect_context();
    let layers = Memo::new(move |_| first(desk).map(|f| f.layers).unwrap_or_default());
    view! {
        <div class="fill scroll">
            <ul class="layered" tabindex="0" aria-label="What changed in the layers" data-testid="layers">
                {move || layers.get().into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}
            </ul>
        </div>
    }
}
