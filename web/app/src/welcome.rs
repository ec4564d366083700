//! The first screens: a printed name, a passphrase, a link, the workspaces.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Reply, WorkspaceCard};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::words::label;

/// Takes up a link and goes to its workspace.
fn join(state: State, link: String, fault: RwSignal<String>) {
    engine::ask(Ask::Join { link }, move |reply| match reply {
        Reply::Joining { workspace } => {
            state.restart();
            Route::Board(workspace).go();
        }
        Reply::Fault(f) => fault.set(told(&f)),
        _ => {}
    });
}

/// Asks who is there; a link that was opened is taken up right after.
#[component]
pub(crate) fn Welcome(link: String) -> impl IntoView {
    let state = State::here();
    let (name, organisation) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (passphrase, fault) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let invited = !link.is_empty();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let link = link.clone();
        let ask = Ask::SetUp {
            name: name.get_untracked(),
            organisation: organisation.get_untracked(),
            passphrase: passphrase.get_untracked(),
        };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            reply => {
                state.started(reply);
                if !link.is_empty() {
                    join(state, link, fault);
                }
            }
        });
    };
    view! {
        <section class="sheet">
            <h1>{if invited { "You are invited to review" } else { "Welcome to Proofroom" }}</h1>
            <p>
                "Your name is printed beside what you write and decide. There is no account: this browser makes your keys, "
                "and they stay in it."
            </p>
            <form on:submit=submit>
                <label>"Printed name"
                    <input bind:value=name required autocomplete="name" maxlength="200" autofocus/>
                </label>
                <label>"Organisation"
                    <input bind:value=organisation required autocomplete="organization" maxlength="200"/>
                </label>
                <label>"Passphrase " <small>"optional: asked for when this browser opens and when you sign"</small>
                    <input bind:value=passphrase type="password" autocomplete="new-password"/>
                </label>
                <Problem fault/>
                <button class="primary" type="submit">{if invited { "Join" } else { "Go on" }}</button>
            </form>
        </section>
    }
}

/// What went wrong, where it can be seen and is read out.
#[component]
pub(crate) fn Problem(fault: RwSignal<String>) -> impl IntoView {
    view! { <p class="problem" role="alert">{move || fault.get()}</p> }
}

/// Opens keys that are under a passphrase.
#[component]
pub(crate) fn Unlock() -> impl IntoView {
    let state = State::here();
    let (passphrase, fault) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        engine::ask(Ask::Unlock { passphrase: passphrase.get_untracked() }, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            reply => state.started(reply),
        });
    };
    view! {
        <section class="sheet">
            <h1>"Your keys are locked"</h1>
            <form on:submit=submit>
                <label>"Passphrase"
                    <input bind:value=passphrase type="password" required autocomplete="current-password" autofocus/>
                </label>
                <Problem fault/>
                <button class="primary" type="submit">"Unlock"</button>
            </form>
        </section>
    }
}

/// The workspaces of this browser, and a place for a link.
#[component]
pub(crate) fn Home(link: String) -> impl IntoView {
    let state = State::here();
    let text = RwSignal::new(link.clone());
    let fault = RwSignal::new(String::new());
    if !link.is_empty() {
        join(state, link, fault);
    }
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        join(state, text.get_untracked(), fault);
    };
    let list = move || state.start.with(|s| s.as_ref().map(|s| s.workspaces.clone()).unwrap_or_default());
    let none = move || list().is_empty();
    view! {
        <section class="sheet">
            <h1>"Workspaces"</h1>
            <Show when=none>
                <p class="empty">"None yet. Somebody who runs a review sends you a link: open it, or paste it here."</p>
            </Show>
            <ul class="cards">
                <For each=list key=|w| (w.id.clone(), w.name.clone(), w.role.clone()) let:card>
                    <WorkspaceRow card/>
                </For>
            </ul>
            <form on:submit=submit>
                <label>"Invite link"
                    <input bind:value=text placeholder="proofroom:join/…" autocomplete="off" spellcheck="false"/>
                </label>
                <Problem fault/>
                <button type="submit">"Join"</button>
            </form>
        </section>
    }
}

#[component]
fn WorkspaceRow(card: WorkspaceCard) -> impl IntoView {
    let name = if card.name.is_empty() { "On its way".to_owned() } else { card.name };
    view! {
        <li>
            <a class="card" href=Route::Board(card.id).href()>
                <strong>{name}</strong>
                <span class="chip calm">{label(&card.role)}</span>
            </a>
        </li>
    }
}
