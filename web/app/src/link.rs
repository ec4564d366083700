//! A person in a second browser: codes that two screens show each other, or the recovery phrase.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, OwnAct, OwnReply, Reply};

use crate::route::Route;
use crate::share::Share;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::{engine, page};

/// A code as it can be pasted: with or without the app's address before it.
fn code_in(text: &str) -> String {
    text.find("proofroom:").map_or(text, |at| &text[at..]).trim().to_owned()
}

/// A browser without keys: it shows a code, and takes the approval.
#[component]
pub(crate) fn NewDevice(code: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let asked = RwSignal::new(None::<(String, String)>);
    let approval = RwSignal::new(if code.starts_with("proofroom:linked/") { code } else { String::new() });
    let take = move || {
        let code = code_in(&approval.get_untracked());
        engine::ask(Ask::Own(OwnAct::TakeLink { code }), move |reply| match reply {
            Reply::Own(OwnReply::Start(start)) => {
                state.started(Reply::Start(*start));
                Route::Home.go();
                state.route.set(Route::Home);
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    };
    engine::ask(Ask::Own(OwnAct::AskLink), move |reply| match reply {
        Reply::Own(OwnReply::Code { code, device }) => {
            asked.set(Some((code, device)));
            if !approval.get_untracked().is_empty() {
                take();
            }
        }
        Reply::Fault(f) => fault.set(told(&f)),
        _ => {}
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        take();
    };
    view! {
        <section class="sheet">
            <h1>"Link this browser"</h1>
            <ol class="steps">
                <li>"Open this link in a browser where you are known, or paste it there under Settings."
                    {move || asked.get().map(|(code, device)| view! {
                        <Share text=format!("{}#{code}", page::address()) what="link"/>
                        <p>"There, compare the device: "<strong class="code" data-testid="device">{device}</strong></p>
                    })}
                </li>
                <li>"Bring back the approval that it shows, and paste it here."
                    <form on:submit=submit>
                        <label>"Approval"
                            <textarea bind:value=approval rows="3" placeholder="proofroom:linked/…" spellcheck="false" required></textarea>
                        </label>
                        <Problem fault/>
                        <button class="primary" type="submit">"Link"</button>
                    </form>
                </li>
            </ol>
        </section>
        <Recover/>
    }
}

/// Restores a person from the phrase.
#[component]
fn Recover() -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let (words, name) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (organisation, locator) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let act = OwnAct::Recover {
            words: words.get_untracked(),
            name: name.get_untracked(),
            organisation: organisation.get_untracked(),
            locator: code_in(&locator.get_untracked()),
        };
        engine::ask(Ask::Own(act), move |reply| match reply {
            Reply::Own(OwnReply::Start(start)) => {
                words.set(String::new());
                state.started(Reply::Start(*start));
                Route::Home.go();
                state.route.set(Route::Home);
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    };
    view! {
        <details class="sheet">
            <summary>"No other device? Use your recovery phrase"</summary>
            <form on:submit=submit>
                <label>"Recovery phrase, 24 words"
                    <textarea bind:value=words rows="3" autocomplete="off" spellcheck="false" required></textarea>
                </label>
                <label>"Printed name"<input bind:value=name required maxlength="200" autocomplete="name"/></label>
                <label>"Organisation"<input bind:value=organisation required maxlength="200" autocomplete="organization"/></label>
                <label>"Workspace "<small>"its locator: any member finds it under Settings, or by `proofroom workspace locate`"</small>
                    <input bind:value=locator required placeholder="proofroom:workspace/…" spellcheck="false"/>
                </label>
                <Problem fault/>
                <button type="submit">"Restore"</button>
            </form>
        </details>
    }
}

/// A browser with keys was shown a code: approve it, if it is one of one's own.
#[component]
pub(crate) fn LinkScreen(code: String) -> impl IntoView {
    let fault = RwSignal::new(String::new());
    let text = RwSignal::new(code_in(&code));
    let asked = RwSignal::new(None::<(String, String)>);
    let approval = RwSignal::new(String::new());
    let read = move || {
        fault.set(String::new());
        engine::ask(Ask::Own(OwnAct::ReadLink { code: code_in(&text.get_untracked()) }), move |reply| {
            match reply {
                Reply::Own(OwnReply::Code { code, device }) => asked.set(Some((code, device))),
                Reply::Fault(f) => fault.set(told(&f)),
                _ => {}
            }
        });
    };
    if code.contains("proofroom:device/") && code.len() > "proofroom:device/".len() {
        read();
    }
    let approve = move |_| {
        let Some((code, _)) = asked.get_untracked() else { return };
        engine::ask(Ask::Own(OwnAct::ApproveLink { code }), move |reply| match reply {
            Reply::Own(OwnReply::Code { code, .. }) => approval.set(code),
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        read();
    };
    view! {
        <section class="sheet">
            <h1>"Link another device"</h1>
            <p>"On the new browser or machine, choose “Link this browser” (or run `proofroom device link`). It shows a code."</p>
            <form on:submit=submit>
                <label>"Its code"
                    <textarea bind:value=text rows="3" placeholder="proofroom:device/…" spellcheck="false" required></textarea>
                </label>
                <Problem fault/>
                <button type="submit">"Read the code"</button>
            </form>
            {move || asked.get().map(|(_, device)| view! {
                <p>"It comes from device "<strong class="code" data-testid="device">{device}</strong>". Approve it only if the other screen shows the same: it will act as you."</p>
                <button class="primary" on:click=approve>"Approve this device"</button>
            })}
            {move || Some(approval.get()).filter(|code| !code.is_empty()).map(|code| view! {
                <h2>"Approved"</h2>
                <p>"Open this on the new device, or paste it there."</p>
                <Share text=format!("{}#{code}", page::address()) what="approval"/>
            })}
        </section>
    }
}
