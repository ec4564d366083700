//! The comment rail: threads, filters, and a place to write.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use proofroom_web_wire::{Ask, CommentCard, Draft, Place, Reply};
use wasm_bindgen::JsCast as _;

use super::Desk;
use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{ago, count, label, tone};

const LABELS: [&str; 6] = ["change", "question", "suggestion", "praise", "blocker", "info"];
const OPEN: [&str; 2] = ["open", "task"];

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

/// Random bytes as hexadecimal digits: the id of a new comment.
fn fresh_id() -> String {
    let mut bytes = [0_u8; 16];
    if let Some(crypto) = web_sys::window().and_then(|w| w.crypto().ok()) {
        // Sixteen bytes are far below the browser's limit.
        let _filled = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// All threads of the version, and a place to write.
#[component]
pub(crate) fn Rail() -> impl IntoView {
    let desk: Desk = expect_context();
    let only = RwSignal::new("all".to_owned());
    let numbered = move || {
        let wanted = only.get();
        let all = desk.threads().into_iter().enumerate();
        all.filter(|(_, c)| match wanted.as_str() {
            "open" => OPEN.contains(&c.state.as_str()),
            "blocker" => c.label == "blocker",
            "team" => c.team,
            "mine" => c.mine,
            _ => true,
        })
        .map(|(i, c)| (i + 1, c))
        .collect::<Vec<_>>()
    };
    let empty = move || numbered().is_empty();
    view! {
        <aside class="rail" aria-label="Comments">
            <div class="row">
                <h2>"Comments"</h2>
                <label class="inline"><span class="sr">"Show"</span>
                    <select prop:value=move || only.get() on:change=move |event| only.set(event_target_value(&event))>
                        <option value="all">"All"</option>
                        <option value="open">"Open"</option>
                        <option value="blocker">"Blockers"</option>
                        <option value="team">"Team only"</option>
                        <option value="mine">"Mine"</option>
                    </select>
                </label>
            </div>
            <Show when=empty>
                <p class="empty">"Nothing here yet. Press D to draw on the picture, or C to write about all of it."</p>
            </Show>
            <ol class="threads">
                <For each=numbered key=|(n, c)| (*n, c.clone_key()) let:pair>
                    <Thread n=pair.0 comment=pair.1/>
                </For>
            </ol>
            <Writer/>
        </aside>
    }
}

trait CloneKey {
    /// What makes a row new: everything that it shows of the comment.
    fn clone_key(&self) -> String;
}

impl CloneKey for CommentCard {
    fn clone_key(&self) -> String {
        format!("{}/{}/{}/{}/{}", self.key, self.state, self.label, self.author_name, self.body)
    }
}

#[component]
fn Thread(n: usize, comment: CommentCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let key = StoredValue::new(comment.key.clone());
    let chosen = Memo::new(move |_| desk.chosen.with(|c| key.with_value(|k| c == k)));
    let replies = move || {
        desk.screen.with(|s| {
            let all = s.iter().flat_map(|s| &s.comments);
            all.filter(|c| key.with_value(|k| c.parent.as_ref() == Some(k))).cloned().collect::<Vec<_>>()
        })
    };
    let row = NodeRef::<leptos::html::Li>::new();
    Effect::new(move |_| {
        if let (true, Some(row)) = (chosen.get(), row.get()) {
            row.scroll_into_view_with_bool(false);
        }
    });
    let open = OPEN.contains(&comment.state.as_str());
    let (state, tag, team) = (comment.state.clone(), comment.label.clone(), comment.team);
    view! {
        <li class="thread" class:chosen=move || chosen.get() class:team=team node_ref=row data-testid="thread">
            <button class="number" on:click=move |_| desk.chosen.set(key.get_value())
                aria-label=format!("Comment {n}")>{n}</button>
            <div class="body">
                <p class="row quiet"><strong>{comment.author_name.clone()}</strong><span>{ago(comment.created_at)}</span></p>
                <p class="said">{comment.body.clone()}</p>
                <p class="row">
                    <span class=format!("chip {}", tone(&tag))>{label(&tag)}</span>
                    <span class=format!("chip {}", tone(&state))>{label(&state)}</span>
                    {comment.team.then(|| view! { <span class="chip team">"Team only"</span> })}
                </p>
                <ul class="replies">
                    {move || replies().into_iter().map(|r| view! {
                        <li><p class="row quiet"><strong>{r.author_name}</strong><span>{ago(r.created_at)}</span></p><p class="said">{r.body}</p></li>
                    }).collect_view()}
                </ul>
                <Show when=move || chosen.get()>
                    <Answer comment=comment.clone() open/>
                </Show>
            </div>
        </li>
    }
}

/// What can be done with a chosen thread.
#[component]
fn Answer(comment: CommentCard, open: bool) -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let (text, fault) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let comment = StoredValue::new(comment);
    let moves = move |to: &'static str| {
        let ask = comment.with_value(|c| Ask::CommentState {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            comment: c.key.clone(),
            team: c.team,
            state: to.into(),
        });
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            _ => state.say(format!("Comment: {}", label(to))),
        });
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
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            _ => text.set(String::new()),
        });
    };
    view! {
        <form class="answer" on:submit=reply>
            <label><span class="sr">"Reply"</span><input bind:value=text required placeholder="Reply" maxlength="20000"/></label>
            <button type="submit">"Reply"</button>
            {open.then(|| view! { <button type="button" on:click=move |_| moves("addressed")>"Mark addressed"</button> })}
            {(!open).then(|| view! { <button type="button" on:click=move |_| moves("open")>"Open again"</button> })}
            <Problem fault/>
        </form>
    }
}

/// Where a comment is written. What was typed stays until it is kept.
#[component]
fn Writer() -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let text = RwSignal::new(String::new());
    let tag = RwSignal::new("change".to_owned());
    let team = RwSignal::new(false);
    let fault = RwSignal::new(String::new());
    let id = RwSignal::new(fresh_id());
    let has_team = move || desk.screen.with(|s| s.as_ref().is_some_and(|s| s.has_team));
    let send = move || {
        if text.with_untracked(|t| t.trim().is_empty()) {
            return fault.set("Write something first.".into());
        }
        let draft = Draft {
            id: id.get_untracked(),
            body: text.get_untracked(),
            version: desk.version.get_untracked(),
            place: desk.place.get_untracked(),
            label: tag.get_untracked(),
            parent: None,
            team: team.get_untracked(),
        };
        let ask =
            Ask::Comment { workspace: desk.workspace.get_value(), asset: desk.asset.get_value(), draft };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {
                text.set(String::new());
                fault.set(String::new());
                id.set(fresh_id());
                desk.place.set(Place::default());
                state.say("Kept in this browser");
            }
        });
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send();
        }
    };
    let aim = move || match desk.place.get().region {
        Some(_) => "Points at the region you drew",
        None => "About all of this version",
    };
    view! {
        <form class="writer" on:submit=move |event: SubmitEvent| { event.prevent_default(); send(); }>
            <label for="comment" class="quiet">{aim}</label>
            <textarea id="comment" bind:value=text on:keydown=keys rows="3" maxlength="20000"
                placeholder="What should change?"></textarea>
            <div class="row">
                <label class="inline"><span class="sr">"Label"</span>
                    <select prop:value=move || tag.get() on:change=move |event| tag.set(event_target_value(&event))>
                        {LABELS.map(|word| view! { <option value=word>{label(word)}</option> }).collect_view()}
                    </select>
                </label>
                <Show when=has_team>
                    <label class="inline"><input type="checkbox" prop:checked=move || team.get()
                        on:change=move |event| team.set(event_target_checked(&event))/>"Team only"</label>
                </Show>
                <span class="grow"></span>
                <button class="primary" type="submit">"Comment"</button>
            </div>
            <Problem fault/>
            <p class="sr" aria-live="polite">{move || count(desk.threads().len(), "thread")}</p>
        </form>
    }
}
