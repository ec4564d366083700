//! The decision dialog: what is signed, by whom, about which bytes, and what is still open.

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, CommentCard, Reply, Who};

use super::Desk;
use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{count, label};

/// Decisions, and the sentence that each stands for.
const CHOICES: [(&str, &str); 5] = [
    ("approved", "I approve this version as it is."),
    ("approved_with_changes", "I approve this version once the listed conditions are met."),
    ("changes_required", "This version needs changes before I can approve it."),
    ("rejected", "I reject this version."),
    ("abstained", "This is not for me to decide."),
];

/// Opens over the screen; nothing is signed by one key.
#[component]
pub(crate) fn DecideDialog() -> impl IntoView {
    let desk: Desk = expect_context();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match desk.deciding.get() {
            // A dialog that is open already stays as it is.
            true if !dialog.open() => _ = dialog.show_modal(),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog node_ref=dialog aria-labelledby="decide-title" on:close=move |_| desk.deciding.set(false)>
            <Show when=move || desk.deciding.get()><Sheet/></Show>
        </dialog>
    }
}

#[component]
fn Sheet() -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let choice = RwSignal::new(String::new());
    let (reason, conditions) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (passphrase, fault) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let version = desk.shown().unwrap_or_default();
    let sealed = state
        .start
        .with_untracked(|s| matches!(s.as_ref().map(|s| &s.who), Some(Who::Person { passphrase: true, .. })));
    let is_open = |c: &CommentCard| matches!(c.state.as_str(), "open" | "task");
    let open: Vec<CommentCard> = desk.threads().into_iter().filter(is_open).collect();
    let blockers: Vec<CommentCard> = open.iter().filter(|c| c.label == "blocker").cloned().collect();
    let hash = version.hash.clone();
    let sign = move |event: SubmitEvent| {
        event.prevent_default();
        if choice.with_untracked(String::is_empty) {
            return fault.set("Choose a decision.".into());
        }
        let lines = conditions.with_untracked(|c| {
            c.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        });
        let with = choice.with_untracked(|c| c == "approved_with_changes");
        let ask = Ask::Decide {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            version: hash.clone(),
            decision: choice.get_untracked(),
            reason: reason.get_untracked(),
            conditions: if with { lines } else { Vec::new() },
            passphrase: passphrase.get_untracked(),
        };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            Reply::Kept { entry } => {
                desk.deciding.set(false);
                state.say(format!("Signed and kept: {}", &entry[..8.min(entry.len())]));
            }
            _ => {}
        });
    };
    let with = move || choice.with(|c| c == "approved_with_changes");
    view! {
        <form class="decide" on:submit=sign>
            <h2 id="decide-title">"Decide on "{version.label.clone()}</h2>
            <p class="quiet">"Version "<code>{version.words.clone()}</code>", "{count(version.files.len(), "file")}". Your signature covers exactly these bytes."</p>
            {(!blockers.is_empty()).then(|| view! {
                <div class="problem" role="note"><p>{count(blockers.len(), "open blocker")}":"</p>
                    <ul>{blockers.into_iter().map(|b| view! { <li><strong>{b.author_name}</strong>": "{b.body}</li> }).collect_view()}</ul></div>
            })}
            {(!open.is_empty()).then(|| view! { <p class="quiet">{count(open.len(), "comment")}" still open on this version."</p> })}
            <fieldset><legend>"Decision"</legend>
                {CHOICES.map(|(word, sentence)| view! {
                    <label class="choice"><input type="radio" name="decision" value=word
                        on:change=move |_| choice.set(word.into())/>
                        <span><strong>{label(word)}</strong><br/><span class="quiet">{sentence}</span></span></label>
                }).collect_view()}
            </fieldset>
            <Show when=with>
                <label>"Conditions, one a line"<textarea bind:value=conditions rows="3" required></textarea></label>
            </Show>
            <label>"Reason"<textarea bind:value=reason rows="2" maxlength="20000"></textarea></label>
            {sealed.then(|| view! {
                <label>"Passphrase"<input type="password" bind:value=passphrase required autocomplete="current-password"/></label>
            })}
            <Problem fault/>
            <div class="row">
                <button type="button" on:click=move |_| desk.deciding.set(false)>"Cancel"</button>
                <span class="grow"></span>
                <button class="primary" type="submit">"Sign"</button>
            </div>
        </form>
    }
}
