//! The other version's comments, beside the version that is shown: did it change there?

use leptos::prelude::*;
use proofroom_web_wire::CommentCard;

use super::super::Desk;
use super::super::desk::OPEN;
use super::super::writer::spoken;
use crate::words::{ago, label, tone};

/// What is still open on the version compared with.
#[component]
pub(crate) fn OldComments() -> impl IntoView {
    let desk: Desk = expect_context();
    let old = Memo::new(move |_| {
        let other = desk.mode.with(|m| m.other().to_owned());
        desk.screen.with(|s| {
            let all = s.iter().flat_map(|s| &s.comments);
            let here = |c: &&CommentCard| c.version == other && c.parent.is_none() && c.state != "withdrawn";
            all.filter(here).cloned().collect::<Vec<_>>()
        })
    });
    let name = move || {
        let other = desk.mode.with(|m| m.other().to_owned());
        desk.version_of(&other).map(|v| v.label).unwrap_or_default()
    };
    view! {
        <aside class="rail open" aria-label="Comments on the other version">
            <h2>{move || format!("Comments on {}", name())}</h2>
            <Show when=move || old.with(Vec::is_empty)><p class="empty">"Nobody said anything about it."</p></Show>
            <ol class="threads" tabindex="0" aria-label="Threads">
                {move || old.get().into_iter().enumerate().map(|(i, comment)| view! { <Row n=i + 1 comment/> }).collect_view()}
            </ol>
        </aside>
    }
}

#[component]
fn Row(n: usize, comment: CommentCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let key = comment.key.clone();
    let changed = move || {
        let answer = desk.changes.with(|changes| match changes {
            None => Some("being compared".to_owned()),
            Some(Ok(card)) => {
                card.under.iter().find(|(comment, _)| *comment == key).map(|(_, said)| said.clone())
            }
            Some(Err(_)) => None,
        });
        let answer = answer.unwrap_or_else(|| "unknown".to_owned());
        let tone = if answer == "yes" { "warn" } else { "calm" };
        let words = format!("changed under the anchor: {answer}");
        view! { <span class=format!("chip {tone}")>{words}</span> }
    };
    let done = !OPEN.contains(&comment.state.as_str());
    view! {
        <li class="thread" class:done=done class:team=comment.team data-testid="old">
            <span class="number">{n}</span>
            <div class="body">
                <p class="row quiet"><strong>{comment.author_name.clone()}</strong><span>{ago(comment.created_at)}</span></p>
                <p class="said">{spoken(desk, &comment.body)}</p>
                <p class="row"><span class=format!("chip {}", tone(&comment.label))>{label(&comment.label)}</span>
                    <span class=format!("chip {}", tone(&comment.state))>{label(&comment.state)}</span>{changed}</p>
            </div>
        </li>
    }
}
