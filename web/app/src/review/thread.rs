//! One thread: what was said, where it stands, and what can be done with it.

use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, CommentCard, Draft, Place, Reply};

use super::Desk;
use super::desk::Thread;
use super::rail::LABELS;
use super::writer::{fresh_id, spoken};
use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{ago, label, tone};

/// The states that a comment may go to from where it is, and the words for it.
fn moves(state: &str) -> &'static [(&'static str, &'static str)] {
    match state {
        "open" => &[("task", "Make it a task"), ("addressed", "Mark addressed"), ("wont_fix", "Won't fix")],
        "task" => &[("addressed", "Mark addressed"), ("wont_fix", "Won't fix"), ("open", "No task")],
        "addressed" => &[("verified", "Verify"), ("open", "Open again")],
        _ => &[("open", "Open again")],
    }
}

/// A row of the rail.
#[component]
pub(crate) fn ThreadRow(thread: Arc<Thread>) -> impl IntoView {
    let desk: Desk = expect_context();
    let comment = thread.comment.clone();
    let key = StoredValue::new(comment.key.clone());
    let chosen = Memo::new(move |_| desk.chosen.with(|c| key.with_value(|k| c == k)));
    let n = thread.n;
    let replies = Memo::new(move |_| {
        desk.threads.with(|all| all.get(n - 1).map(|t| t.replies.clone()).unwrap_or_default())
    });
    let row = NodeRef::<leptos::html::Li>::new();
    Effect::new(move |_| {
        if let (true, Some(row)) = (chosen.get(), row.get()) {
            row.scroll_into_view_with_bool(false);
        }
    });
    let choose = {
        let comment = comment.clone();
        move |_| desk.choose(&comment)
    };
    let (done, team) = (!thread.is_open(), comment.team);
    view! {
        <li class="thread" class:chosen=move || chosen.get() class:team=team class:done=done node_ref=row data-testid="thread">
            <button class="number" class:blocker=comment.label == "blocker" on:click=choose aria-label=format!("Comment {n}") aria-current=move || chosen.get().to_string()>{n}</button>
            <div class="body">
                <p class="row quiet"><strong>{comment.author_name.clone()}</strong><span>{points_at(&comment.place)}</span><span>{ago(comment.created_at)}</span></p>
                {comment.place.quote.as_ref().map(|q| view! { <blockquote>{q[0].clone()}</blockquote> })}
                <p class="said">{spoken(desk, &comment.body)}</p>
                <p class="row">
                    <span class=format!("chip {}", tone(&comment.label))>{label(&comment.label)}</span>
                    <span class=format!("chip {}", tone(&comment.state))>{label(&comment.state)}</span>
                    {team.then(|| view! { <span class="chip team">"Team only"</span> })}
                </p>
                {move || (!replies.with(Vec::is_empty)).then(|| view! {
                    <ul class="replies">{replies.get().into_iter().map(|r| view! { <Answered reply=r/> }).collect_view()}</ul>
                })}
                <Show when=move || chosen.get()><Answer comment=comment.clone()/></Show>
            </div>
        </li>
    }
}

#[component]
fn Answered(reply: CommentCard) -> impl IntoView {
    let desk: Desk = expect_context();
    view! {
        <li><p class="row quiet"><strong>{reply.author_name}</strong><span>{ago(reply.created_at)}</span></p>
            <p class="said">{spoken(desk, &reply.body)}</p></li>
    }
}

/// Where a comment points, in a word or two.
fn points_at(place: &Place) -> String {
    let at = |rate: [u32; 2], frame: u64| super::film::time::text(frame, rate);
    match (place.frames, place.rate) {
        (Some([start, 1]), Some(rate)) => return at(rate, start),
        (Some([start, length]), Some(rate)) => {
            return format!("{} – {}", at(rate, start), at(rate, start + length.saturating_sub(1)));
        }
        _ => {}
    }
    match (place.page, &place.layer) {
        (Some(page), _) => format!("page {}", page + 1),
        (None, Some(path)) => path.join(" › "),
        (None, None) => String::new(),
    }
}

/// What can be done with a chosen thread.
#[component]
fn Answer(comment: CommentCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let (text, fault) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let may = desk.screen.with_untracked(|s| s.as_ref().is_some_and(|s| s.may_write));
    let comment = StoredValue::new(comment);
    let go = move |to: &'static str| {
        let ask = comment.with_value(|c| Ask::CommentState {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            comment: c.key.clone(),
            team: c.team,
            state: to.into(),
        });
        tell(ask, fault, move || state.say(format!("Comment: {}", label(to))));
    };
    let relabel = move |to: String| {
        let ask = comment.with_value(|c| Ask::CommentLabel {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            comment: c.key.clone(),
            team: c.team,
            label: to.clone(),
        });
        tell(ask, fault, move || state.say(format!("Comment: {}", label(&to))));
    };
    let reply = move |event: SubmitEvent| {
        event.prevent_default();
        let ask = comment.with_value(|c| Ask::Comment {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            draft: Draft {
                id: fresh_id(),
                body: text.get_untracked(),
                version: c.version.clone(),
                place: Place::default(),
                label: "info".into(),
                parent: Some(c.key.clone()),
                team: c.team,
            },
        });
        tell(ask, fault, move || text.set(String::new()));
    };
    let (now, mine, tag) = comment.with_value(|c| (c.state.clone(), c.mine, c.label.clone()));
    view! {
        <form class="answer" on:submit=reply>
            <label><span class="sr">"Reply"</span><input bind:value=text required placeholder="Reply" maxlength="20000" disabled=!may/></label>
            <div class="row">
                <button type="submit" disabled=!may>"Reply"</button>
                {moves(&now).iter().map(|(to, words)| view! { <button type="button" disabled=!may on:click=move |_| go(to)>{*words}</button> }).collect_view()}
                {mine.then(|| view! {
                    <button type="button" on:click=move |_| go("withdrawn")>"Withdraw"</button>
                    <select aria-label="Label" on:change=move |e| relabel(event_target_value(&e))>
                        {LABELS.map(|l| view! { <option value=l selected=l == tag>{label(l)}</option> }).collect_view()}
                    </select>
                })}
            </div>
            <Problem fault/>
        </form>
    }
}

/// Asks, and says what came of it.
fn tell(ask: Ask, fault: RwSignal<String>, done: impl FnOnce() + 'static) {
    engine::ask(ask, move |reply| match reply {
        Reply::Fault(f) => fault.set(told(&f)),
        _ => done(),
    });
}
