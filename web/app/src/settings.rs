//! This browser: appearance, keys, storage, devices; routes and calendars to be read.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Library, OwnAct, OwnReply, Reply, StoredCard, Who, WorkspaceCard};

use crate::link::LinkScreen;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::size;
use crate::{engine, page, store};

/// This browser.
#[component]
pub(crate) fn SettingsScreen() -> impl IntoView {
    view! {
        <div class="columns">
            <div class="stack"><Person/><Passphrase/><Phrase/><LinkScreen code=String::new()/></div>
            <div class="stack"><Appearance/><Storage/><Workspaces/></div>
        </div>
    }
}

#[component]
fn Person() -> impl IntoView {
    let state = State::here();
    let who = move || {
        state.start.with(|s| match s.as_ref().map(|s| s.who.clone()) {
            Some(Who::Person { name, organisation, person, .. }) => Some((name, organisation, person)),
            _ => None,
        })
    };
    view! {
        <section class="panel" aria-labelledby="you"><h1 id="you">"Settings"</h1>
            {move || who().map(|(name, organisation, person)| view! {
                <p><strong>{name}</strong>", "{organisation}<br/><span class="code quiet" title="Your id, which your signatures prove">{person}</span></p>
            })}
        </section>
    }
}

#[component]
fn Appearance() -> impl IntoView {
    let now = RwSignal::new(page::theme());
    let choice = move |value: &'static str, name: &'static str| {
        view! {
            <label class="inline"><input type="radio" name="theme" prop:checked=move || now.get() == value
                on:change=move |_| { page::set_theme(value); now.set(value.to_owned()); }/>{name}</label>
        }
    };
    view! {
        <section class="panel" aria-labelledby="look"><h2 id="look">"Appearance"</h2>
            <div class="row start" role="radiogroup" aria-labelledby="look">
                {choice("", "As the system")}{choice("light", "Light")}{choice("dark", "Dark")}
            </div>
        </section>
    }
}

fn has_passphrase(state: State) -> bool {
    state.start.with(|s| matches!(s.as_ref().map(|s| &s.who), Some(Who::Person { passphrase: true, .. })))
}

#[component]
fn Passphrase() -> impl IntoView {
    let state = State::here();
    let (old, new, again) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (fault, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let sealed = move || has_passphrase(state);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if new.get_untracked() != again.get_untracked() {
            return fault.set("The two new passphrases differ: nothing was changed".into());
        }
        busy.set(true);
        let act = OwnAct::Passphrase { old: old.get_untracked(), new: new.get_untracked() };
        engine::ask(Ask::Own(act), move |reply| {
            // The screen may be gone by the time the answer comes.
            let _gone = busy.try_set(false);
            match reply {
                Reply::Own(OwnReply::Start(start)) => {
                    [old, new, again, fault].iter().for_each(|text| text.set(String::new()));
                    state.started(Reply::Start(*start));
                    state.say("The passphrase is changed");
                }
                Reply::Fault(f) => fault.set(told(&f)),
                _ => {}
            }
        });
    };
    view! {
        <section class="panel" aria-labelledby="keys"><h2 id="keys">"Keys"</h2>
            <p class="quiet">{move || if sealed() { "Your keys in this browser are under a passphrase: it opens them, and signing asks for it." }
                else { "Your keys are in this browser without a passphrase: whoever opens this profile can sign as you." }}</p>
            <form on:submit=submit>
                <Show when=sealed><label>"Passphrase now"<input type="password" bind:value=old required autocomplete="current-password"/></label></Show>
                <label>"New passphrase"<input type="password" bind:value=new autocomplete="new-password" placeholder="Empty for none"/></label>
                <label>"The same again"<input type="password" bind:value=again autocomplete="new-password"/></label>
                <Problem fault/>
                <button type="submit" disabled=move || busy.get()>{move || if busy.get() { "Deriving the key" } else { "Change" }}</button>
            </form>
        </section>
    }
}

#[component]
fn Phrase() -> impl IntoView {
    let state = State::here();
    let (words, passphrase) = (RwSignal::new(None::<Vec<String>>), RwSignal::new(String::new()));
    let fault = RwSignal::new(String::new());
    let sealed = move || has_passphrase(state);
    let show = move |event: SubmitEvent| {
        event.prevent_default();
        engine::ask(Ask::Own(OwnAct::Phrase { passphrase: passphrase.get_untracked() }), move |reply| {
            match reply {
                Reply::Own(OwnReply::Phrase { words: found }) => {
                    fault.set(String::new());
                    words.set(Some(found));
                }
                Reply::Fault(f) => fault.set(told(&f)),
                _ => {}
            }
        });
    };
    let kept = move |_| {
        engine::ask(Ask::Own(OwnAct::PhraseKept { passphrase: passphrase.get_untracked() }), move |reply| {
            match reply {
                Reply::Own(OwnReply::Start(start)) => {
                    words.set(Some(Vec::new()));
                    state.started(Reply::Start(*start));
                }
                Reply::Fault(f) => fault.set(told(&f)),
                _ => {}
            }
        });
    };
    view! {
        <section class="panel" aria-labelledby="phrase"><h2 id="phrase">"Recovery phrase"</h2>
            <p class="quiet">"24 words that restore you when every device is lost. Write them on paper; then they are removed from this browser."</p>
            {move || match words.get() {
                None => view! {
                    <form on:submit=show>
                        <Show when=sealed><label>"Passphrase"<input type="password" bind:value=passphrase required autocomplete="current-password"/></label></Show>
                        <button type="submit">"Show the words"</button>
                    </form>
                }.into_any(),
                Some(words) if words.is_empty() => view! { <p>"It is not in this browser: it was written down, or this browser was linked."</p> }.into_any(),
                Some(words) => view! {
                    <ol class="phrase" data-testid="phrase">{words.into_iter().map(|w| view! { <li>{w}</li> }).collect_view()}</ol>
                    <button class="primary" on:click=kept>"I have written it down"</button>
                }.into_any(),
            }}
            <Problem fault/>
        </section>
    }
}

#[component]
fn Storage() -> impl IntoView {
    let state = State::here();
    let cards = RwSignal::new(Vec::<StoredCard>::new());
    let (room, persistent) = (RwSignal::new(None::<(f64, f64)>), RwSignal::new(None::<bool>));
    let look = move || {
        wasm_bindgen_futures::spawn_local(async move {
            let (estimate, kept) = (store::estimate().await, store::persist(false).await);
            // The screen may be gone by the time the answers come.
            let _gone = (room.try_set(estimate), persistent.try_set(Some(kept)));
        });
    };
    let take = move |reply: Reply| match reply {
        Reply::Own(OwnReply::Storage(found)) => _ = cards.try_set(found),
        Reply::Fault(f) => state.say(told(&f)),
        _ => {}
    };
    Effect::new(move |_| {
        state.news.track();
        engine::ask(Ask::Own(OwnAct::Storage), take);
        look();
    });
    let ask = move |_| {
        wasm_bindgen_futures::spawn_local(async move {
            let granted = store::persist(true).await;
            // The screen may be gone by the time the answer comes.
            let _gone = persistent.try_set(Some(granted));
        });
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of files")]
    let used = move || {
        room.get().map(|(used, quota)| (size(used as u64), size(quota as u64), used / quota.max(1.0)))
    };
    let row = move |card: StoredCard| {
        let (workspace, asset) = (StoredValue::new(card.workspace), StoredValue::new(card.asset));
        let toggle = move |event| {
            let keep = event_target_checked(&event);
            let act = OwnAct::Keep { workspace: workspace.get_value(), asset: asset.get_value(), keep };
            engine::ask(Ask::Own(act), take);
        };
        view! {
            <li><span class="main"><strong>{card.name.clone()}</strong><span class="quiet">{card.workspace_name}</span></span>
                <span class="quiet number">{format!("{} of {}", size(card.bytes_here), size(card.bytes))}</span>
                <label class="inline"><input type="checkbox" prop:checked=card.kept on:change=toggle aria-label=format!("Keep {} offline", card.name)/>"Offline"</label></li>
        }
    };
    view! {
        <section class="panel" aria-labelledby="storage"><h2 id="storage">"Storage"</h2>
            {move || used().map(|(used, quota, share)| view! {
                <p>{format!("{used} used of the {quota} that this browser allows.")}</p>
                <progress max="100" value=share * 100.0 aria-label="Share of the storage that is used"></progress>
                {(share > 0.9).then(|| view! { <p class="problem">"Nearly full. What is written is safe; give up files that others have, or free some space on this machine."</p> })}
            })}
            {move || match persistent.get() {
                Some(true) => view! { <p class="quiet" data-testid="persistent">"The browser promised not to evict it."</p> }.into_any(),
                Some(false) => view! {
                    <p class="quiet" data-testid="persistent">"The browser may evict it when space runs short. What was sent is safe with the others; what was not would be lost."</p>
                    <button on:click=ask>"Ask it to keep everything"</button>
                }.into_any(),
                None => ().into_any(),
            }}
            <ul class="rows">{move || cards.get().into_iter().map(row).collect_view()}</ul>
        </section>
    }
}

/// Each workspace: everything of it as a file, its routes and calendars.
#[component]
fn Workspaces() -> impl IntoView {
    let state = State::here();
    let list = Memo::new(move |_| {
        state.start.with(|s| s.as_ref().map(|s| s.workspaces.clone()).unwrap_or_default())
    });
    view! { {move || list.get().into_iter().map(|card| view! { <Workspace card/> }).collect_view()} }
}

#[component]
fn Workspace(card: WorkspaceCard) -> impl IntoView {
    let state = State::here();
    let (id, library) = (StoredValue::new(card.id), RwSignal::new(None::<Library>));
    let busy = RwSignal::new(false);
    let export = move |_| {
        busy.set(true);
        engine::ask_for_file(Ask::Own(OwnAct::Export { workspace: id.get_value() }), move |reply, file| {
            // The screen may be gone by the time the answer comes.
            let _gone = busy.try_set(false);
            match (reply, file) {
                (Reply::Own(OwnReply::Bundle { name, entries, files }), Some(file)) => {
                    page::save(&file, &name);
                    state.say(format!("{entries} entries and {files} files are in {name}"));
                }
                (Reply::Fault(f), _) => state.say(told(&f)),
                _ => {}
            }
        });
    };
    let look = move |_| {
        engine::ask(Ask::Own(OwnAct::Library { workspace: id.get_value() }), move |reply| {
            if let Reply::Own(OwnReply::Library(found)) = reply {
                // The screen may be gone by the time the answer comes.
                let _gone = library.try_set(Some(found));
            }
        });
    };
    view! {
        <section class="panel">
            <h2>{card.name}</h2>
            <p class="quiet">"Everything of it in one file, sealed only by this machine's care: it opens on any machine of a member, without a network."</p>
            <div class="row start">
                <button disabled=move || busy.get() on:click=export>{move || if busy.get() { "Writing the file" } else { "Export everything" }}</button>
            </div>
            <details on:toggle=look><summary>"Routes and calendars"</summary>{move || library.get().map(shown)}</details>
        </section>
    }
}

fn shown(library: Library) -> impl IntoView {
    let none = library.routes.is_empty() && library.calendars.is_empty();
    let routes = library.routes.into_iter().map(|route| view! {
        <li><strong>{route.name}</strong>" "<span class="quiet">{route.about}</span>
            <ol class="stages">{route.stages.into_iter().map(|(name, asks)| view! { <li>{name}" "<span class="quiet">{asks}</span></li> }).collect_view()}</ol></li>
    });
    let calendars = library.calendars.into_iter().map(|(name, zone, week)| view! { <li><strong>{name}</strong>" "<span class="quiet">{zone}" · "{week}</span></li> });
    let cast = library.cast.into_iter().map(|(role, people)| view! { <li><strong>{role}</strong>" "<span class="quiet">{people.join(", ")}</span></li> });
    view! {
        {none.then(|| view! { <p class="empty">"None of its own: every version goes by the built-in route, which asks all reviewers."</p> })}
        <ul class="library">{routes.collect_view()}{calendars.collect_view()}{cast.collect_view()}</ul>
    }
}
