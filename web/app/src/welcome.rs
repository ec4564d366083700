//! The first screens: a printed name, a passphrase, a link, the workspaces.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Reply};

use crate::route::Route;
use crate::state::{State, told};
use crate::{engine, store};

/// Takes up a link and goes to its workspace.
pub(crate) fn join(state: State, link: String, fault: RwSignal<String>) {
    engine::ask(Ask::Join { link }, move |reply| match reply {
        Reply::Joining { workspace } => {
            // Work is going to be here: the browser is asked to keep it.
            wasm_bindgen_futures::spawn_local(async { _ = store::persist(true).await });
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
                <p class="hint">"Are you known elsewhere already? "
                    <a href="#proofroom:device/">"Link this browser, or use your recovery phrase"</a>"."
                </p>
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
                <p class="hint">"It opens the keys in this browser. Nobody else has it, and it cannot be reset; a linked device or your recovery phrase can restore you."</p>
                <Problem fault/>
                <button class="primary" type="submit">"Unlock"</button>
            </form>
        </section>
    }
}

/// The keys of somebody who was here are gone: the browser was cleared, or another profile is open.
#[component]
pub(crate) fn Lost(name: String, link: String) -> impl IntoView {
    let anew = RwSignal::new(false);
    let begin = move |_| {
        store::forget();
        anew.set(true);
    };
    view! {
        {move || match anew.get() {
            true => view! { <Welcome link=link.clone()/> }.into_any(),
            false => view! {
                <section class="sheet">
                    <h1>"This browser's storage is gone"</h1>
                    <p>"The keys and the work of "<strong>{name.clone()}</strong>" were stored in this browser, and are not any more: it was cleared, or evicted them."</p>
                    <p>"What had been sent is safe with the other members and the relay. What had not been sent yet is lost."</p>
                    <p>"To be "{name.clone()}" again here, use one of these:"</p>
                    <ul class="steps">
                        <li><strong>"Another browser or machine of yours"</strong>" approves this one: "
                            <a href="#proofroom:device/">"link this browser"</a>"."</li>
                        <li><strong>"Your recovery phrase"</strong>" restores you: "
                            <a href="#proofroom:device/">"enter it"</a>"."</li>
                        <li><strong>"Neither"</strong>": ask for a new invite link, and begin as somebody new."</li>
                    </ul>
                    <button on:click=begin>"Begin anew"</button>
                </section>
            }.into_any(),
        }}
    }
}
