//! The comment rail: threads, filters, and a place to write.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::Desk;
use super::desk::{OPEN, Thread};
use super::thread::ThreadRow;
use super::writer::Writer;
use crate::words::{count, label};

/// Labels in the order in which they are offered.
pub(crate) const LABELS: [&str; 6] = ["change", "question", "suggestion", "praise", "blocker", "info"];
const STATES: [&str; 5] = ["open", "task", "addressed", "verified", "wont_fix"];
/// How many rows are built at first, and more whenever the end of the list comes near.
const ROWS: usize = 60;

/// Puts the caret where a comment is written.
pub(crate) fn write() {
    focus("comment");
}

/// Puts the focus on an element.
pub(crate) fn focus(id: &str) {
    let field = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id(id));
    if let Some(field) = field.and_then(|f| f.dyn_into::<web_sys::HtmlElement>().ok()) {
        // A field on the screen takes the caret.
        let _focused = field.focus();
    }
}

/// Which threads are listed; an empty text stands for all.
#[derive(Clone, Debug, Default, PartialEq)]
struct Filter {
    show: String,
    label: String,
    person: String,
}

impl Filter {
    fn takes(&self, thread: &Thread) -> bool {
        let c = &thread.comment;
        let shown = match self.show.as_str() {
            "" => true,
            "unresolved" => OPEN.contains(&c.state.as_str()),
            "team" => c.team,
            "mine" => c.mine || thread.replies.iter().any(|r| r.mine),
            state => c.state == state,
        };
        shown
            && (self.label.is_empty() || c.label == self.label)
            && (self.person.is_empty() || c.author == self.person)
    }
}

/// All threads of the version, and a place to write.
#[component]
pub(crate) fn Rail() -> impl IntoView {
    let desk: Desk = expect_context();
    let filter = RwSignal::new(Filter::default());
    let listed = Memo::new(move |_| {
        let filter = filter.get();
        desk.threads.with(|all| all.iter().filter(|t| filter.takes(t)).cloned().collect::<Vec<Arc<Thread>>>())
    });
    let built = RwSignal::new(ROWS);
    // A comment that is chosen on the stage is in the list, however far down.
    Effect::new(move |_| {
        let at = listed.with(|all| desk.chosen.with(|key| all.iter().position(|t| t.comment.key == *key)));
        if let Some(at) = at.filter(|at| *at + 1 > built.get_untracked()) {
            built.set(at + ROWS);
        }
    });
    let rows = move || listed.with(|all| all.iter().take(built.get()).cloned().collect::<Vec<_>>());
    let scrolled = move |event: web_sys::Event| {
        if let Some(list) = super::surface::target::<web_sys::Element>(&event) {
            let left = list.scroll_height() - list.scroll_top() - list.client_height();
            if left < 800 && built.get_untracked() < listed.with_untracked(Vec::len) {
                built.update(|n| *n += ROWS);
            }
        }
    };
    let more = move || listed.with(Vec::len).saturating_sub(built.get());
    let empty = move || listed.with(Vec::is_empty);
    let none = move || desk.threads.with(Vec::is_empty);
    let open = RwSignal::new(false);
    // What makes a row new: all that it shows of the comment.
    let key = |t: &Arc<Thread>| {
        let c = &t.comment;
        (t.n, c.key.clone(), c.state.clone(), c.label.clone(), c.author_name.clone(), c.body.clone())
    };
    view! {
        <aside class="rail" class:open=move || open.get() aria-label="Comments">
            <button class="grip" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|o| *o = !*o)>
                {move || format!("Comments · {} open", desk.threads.with(|all| all.iter().filter(|t| t.is_open()).count()))}
            </button>
            <Filters filter/>
            <Show when=empty>
                <p class="empty">{move || if none() {
                    "Nothing here yet. Draw on the stage, or press C to write about all of it."
                } else { "No comment passes these filters." }}</p>
            </Show>
            <ol class="threads" tabindex="0" aria-label="Threads" on:scroll=scrolled>
                <For each=rows key=key let:thread>
                    <ThreadRow thread/>
                </For>
                <Show when=move || { more() > 0 }>
                    <li><button on:click=move |_| built.update(|n| *n += ROWS)>{move || format!("{} more", more())}</button></li>
                </Show>
            </ol>
            <Writer/>
            <p class="sr" aria-live="polite">{move || count(desk.threads.with(Vec::len), "comment")}" on this version"</p>
        </aside>
    }
}

/// By state, label and person.
#[component]
fn Filters(filter: RwSignal<Filter>) -> impl IntoView {
    let desk: Desk = expect_context();
    let people = Memo::new(move |_| {
        desk.threads.with(|all| {
            all.iter()
                .map(|t| (t.comment.author_name.clone(), t.comment.author.clone()))
                .collect::<BTreeSet<_>>()
        })
    });
    let has_team = Memo::new(move |_| desk.screen.with(|s| s.as_ref().is_some_and(|s| s.has_team)));
    view! {
        <div class="filters" role="group" aria-label="Which comments are listed">
            <select aria-label="By state" on:change=move |e| filter.update(|f| f.show = event_target_value(&e))>
                <option value="">"All"</option>
                <option value="unresolved">"Unresolved"</option>
                <option value="mine">"Mine"</option>
                {move || has_team.get().then(|| view! { <option value="team">"Team only"</option> })}
                {STATES.map(|s| view! { <option value=s>{label(s)}</option> }).collect_view()}
            </select>
            <select aria-label="By label" on:change=move |e| filter.update(|f| f.label = event_target_value(&e))>
                <option value="">"Any label"</option>
                {LABELS.map(|l| view! { <option value=l>{label(l)}</option> }).collect_view()}
            </select>
            <select aria-label="By person" on:change=move |e| filter.update(|f| f.person = event_target_value(&e))>
                <option value="">"Anybody"</option>
                {move || people.get().into_iter().map(|(name, person)| view! { <option value=person>{name}</option> }).collect_view()}
            </select>
        </div>
    }
}
