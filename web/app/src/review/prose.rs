//! Written work: rendered as text, quoted by selecting it.

use leptos::html::Div;
use leptos::prelude::*;
use proofroom_web_wire::{Block, BlockKind, FileCard, Look, Looked, Run};

use super::Desk;
use super::file::{FileBar, collect, open};
use super::quote::{self, Quotes};
use crate::lens;

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Whether a file is shown as text.
pub(crate) fn is_prose(media_type: &str) -> bool {
    media_type.starts_with("text/") || media_type == DOCX
}

/// The blocks of a file, once they are here.
fn blocks_of(desk: Desk, file: &FileCard) -> RwSignal<Result<Vec<Block>, String>> {
    let blocks = RwSignal::new(Ok(Vec::new()));
    let file = file.clone();
    leptos::task::spawn_local(async move {
        let ask = Look::Prose { media_type: file.media_type.clone() };
        let found = match collect(desk, &file).await {
            Ok(bytes) => lens::look(ask, vec![bytes]).await,
            Err(why) => Err(why),
        };
        // The screen may be gone by now.
        let _gone = match found {
            Ok((Looked::Prose(found), _)) => blocks.try_set(Ok(found)),
            Ok(_) => None,
            Err(why) => blocks.try_set(Err(why)),
        };
    });
    blocks
}

/// A text with its comments.
#[component]
pub(crate) fn Prose(file: FileCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let blocks = blocks_of(desk, &file);
    let text = NodeRef::<Div>::new();
    let laid = RwSignal::new(0_u64);
    Effect::new(move |_| {
        blocks.track();
        // The blocks are on the page once this turn is over.
        gloo_timers::callback::Timeout::new(0, move || _ = laid.try_update(|n| *n += 1)).forget();
    });
    let selected = move || {
        if let Some(text) = text.get_untracked()
            && let Some(found) = quote::selected(&text)
        {
            desk.aim.update(|aim| aim.quote = Some(found));
        }
    };
    let body = move || match blocks.get() {
        Ok(blocks) => blocks.into_iter().map(|block| view! { <Piece block/> }).collect_view().into_any(),
        Err(why) => view! { <p class="problem" role="note">{why}" Save the file to open it elsewhere."</p> }
            .into_any(),
    };
    view! {
        <div class="fill scroll">
            <div class="prose" node_ref=text tabindex="0" role="document" aria-label=file.name.clone() on:pointerup=move |_| selected() on:keyup=move |_| selected()>{body}</div>
        </div>
        <Quotes within=text laid page=None/>
        <FileBar file shown/>
    }
}

#[component]
fn Piece(block: Block) -> impl IntoView {
    let runs = block.runs.iter().map(run).collect_view();
    match block.kind {
        BlockKind::Heading(1) => view! { <h2>{runs}</h2> }.into_any(),
        BlockKind::Heading(2) => view! { <h3>{runs}</h3> }.into_any(),
        BlockKind::Heading(_) => view! { <h4>{runs}</h4> }.into_any(),
        BlockKind::Paragraph => view! { <p>{runs}</p> }.into_any(),
        BlockKind::Item(depth, number) => {
            let mark = number.map_or("•".to_owned(), |n| format!("{n}."));
            view! { <p class="item" style=("--depth", depth.to_string())><span class="bullet" data-mark=mark></span>{runs}</p> }.into_any()
        }
        BlockKind::Quote => view! { <blockquote>{runs}</blockquote> }.into_any(),
        BlockKind::Verbatim => view! { <p class="verbatim">{runs}</p> }.into_any(),
        BlockKind::Row => view! { <p class="cells">{runs}</p> }.into_any(),
        BlockKind::Rule => view! { <hr/> }.into_any(),
    }
}

/// A run of text. Where a link leads is told, and not followed.
fn run(run: &Run) -> AnyView {
    let text = run.text.clone();
    let style =
        [(run.strong, "strong"), (run.stressed, "stressed"), (run.code, "code"), (run.struck, "struck")];
    let classes: Vec<&str> = style.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    match (&run.link, classes.is_empty()) {
        (Some(link), _) => view! { <span class="linked" title=link.clone()>{text}</span> }.into_any(),
        (None, true) => text.into_any(),
        (None, false) => view! { <span class=classes.join(" ")>{text}</span> }.into_any(),
    }
}
