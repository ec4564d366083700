//! A request: filing one, and its page with form, brief, triage and deliverables.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, FormCheck, FormDraft, PlanAct, PlanReply, Reply, RequestScreen, SlotCard};

use crate::brief::Brief;
use crate::form::{Fields, Filling, Gate};
use crate::route::Route;
use crate::state::{State, told};
use crate::upload::AddAsset;
use crate::welcome::Problem;
use crate::words::{ago, label, tone};
use crate::{engine, page};

/// A form for a new request. What was typed is there again after a reload.
#[component]
pub(crate) fn NewRequest(workspace: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let key = format!("proofroom-draft/{workspace}/new");
    let form = FormDraft { risk_class: "standard".into(), ..FormDraft::default() };
    let filling = Filling::new(workspace.clone(), key, form, FormCheck::default());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let act = PlanAct::File { id: page::fresh_id(), form: filling.draft.get_untracked() };
        let workspace = workspace.clone();
        engine::ask(Ask::Plan { workspace: workspace.clone(), act }, move |reply| match reply {
            Reply::Plan(PlanReply::Filed { request }) => {
                filling.done();
                state.say("Filed");
                Route::Request(workspace, request).go();
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    };
    view! {
        <form class="panel form" on:submit=submit>
            <h1>"New request"</h1>
            <Fields filling/>
            <Problem fault=filling.fault/>
            <Problem fault/>
            <Gate check=filling.check.into()/>
            <div class="row end"><span class="quiet">"It can be filed before it is complete. What you type is kept in this browser."</span>
                <button class="primary" type="submit">"File the request"</button></div>
        </form>
    }
}

/// A request with its brief.
#[component]
pub(crate) fn RequestPage(workspace: String, request: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let screen = RwSignal::new(None::<RequestScreen>);
    let (of, key) = (workspace.clone(), request.clone());
    Effect::new(move |_| {
        state.news_of(&of);
        let ask = Ask::Plan { workspace: of.clone(), act: PlanAct::Request { request: key.clone() } };
        engine::ask(ask, move |reply| match reply {
            Reply::Plan(PlanReply::Request(new)) => {
                // The screen may be gone by the time the answer comes.
                if screen.try_with_untracked(|old| old.as_ref() != Some(&*new)) == Some(true) {
                    screen.set(Some(*new));
                }
            }
            Reply::Fault(f) => _ = fault.try_set(told(&f)),
            _ => {}
        });
    });
    let there = Memo::new(move |_| screen.with(Option::is_some));
    let (workspace, request) = (StoredValue::new(workspace), StoredValue::new(request));
    view! {
        <Problem fault/>
        {move || there.get().then(|| view! { <Parts workspace request screen/> })}
    }
}

/// The parts of the page: each looks at its own part of the screen, so that news leave the others alone.
#[component]
fn Parts(
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    screen: RwSignal<Option<RequestScreen>>,
) -> impl IntoView {
    let of = move || screen.get().unwrap_or_default();
    let card = Memo::new(move |_| of().card);
    let questions = Memo::new(move |_| of().questions);
    let slots = Memo::new(move |_| (of().slots, of().strays));
    let check = Memo::new(move |_| of().check);
    let may_add = Memo::new(move |_| of().may_add);
    let first = screen.get_untracked().unwrap_or_default();
    let names =
        move || slots.with(|(slots, _)| slots.iter().map(|s| s.deliverable.name.clone()).collect::<Vec<_>>());
    view! {
        <div class="columns wide-left">
            <section class="panel" aria-labelledby="title">
                <header class="row">
                    <h1 id="title">{move || card.get().title}</h1>
                    <span class=move || format!("chip {}", tone(&card.get().state)) data-testid="state">{move || label(&card.get().state)}</span>
                </header>
                <p class="quiet">{move || format!("Filed by {}, {}", card.get().author, ago(card.get().created_at))}</p>
                {move || Some(card.get().reason).filter(|r| !r.is_empty()).map(|reason| view! { <p class="said">{reason}</p> })}
                <ul class="notes">{move || questions.get().into_iter().map(|q| view! { <li>"Asked: "{q}</li> }).collect_view()}</ul>
                <Brief workspace request text=first.card.brief.clone() revision=first.revision.clone() may_edit=first.may_edit screen/>
            </section>
            <div class="stack">
                <section class="panel" aria-labelledby="gate"><h2 id="gate">"Completeness"</h2><Gate check=check.into()/>
                    <Triage workspace request screen/></section>
                <section class="panel" aria-labelledby="slots"><h2 id="slots">"Deliverables"</h2>
                    {move || { let (slots, strays) = slots.get(); matrix(&workspace.get_value(), slots, strays) }}
                </section>
                {move || may_add.get().then(|| view! { <AddAsset workspace=workspace.get_value() request=request.get_value() slots=names()/> })}
                {first.may_edit.then(|| view! { <EditForm workspace request screen/> })}
            </div>
        </div>
    }
}

/// Expected, there, late.
fn matrix(workspace: &str, slots: Vec<SlotCard>, strays: Vec<(String, String)>) -> impl IntoView + use<> {
    let none = slots.is_empty();
    let to = workspace.to_owned();
    let row = move |slot: SlotCard| {
        let d = slot.deliverable;
        let spec = [d.channel, d.size, d.locale, d.spec]
            .into_iter()
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        let (word, colour) = match (slot.late, slot.state.as_str()) {
            (true, _) => ("Late", "bad"),
            (false, "approved") => ("Approved", "good"),
            (false, "filled") => ("In work", "busy"),
            (false, _) => ("Expected", "calm"),
        };
        let asset = slot.asset.map(|(id, name)| {
            let href = Route::Review(to.clone(), id).href();
            view! { <a href=href>{name}" "{slot.version}</a> }
        });
        view! {
            <li><span class="main"><strong>{d.name}</strong><span class="quiet">{spec}</span>{asset}</span>
                <span class="quiet">{slot.due}</span><span class=format!("chip {colour}")>{word}</span></li>
        }
    };
    let stray = strays.into_iter().map(|(_, name)| view! { <li>{name}" fills no deliverable"</li> });
    view! {
        {none.then(|| view! { <p class="empty">"The brief lists no deliverables."</p> })}
        <ul class="rows" data-testid="slots">{slots.into_iter().map(row).collect_view()}</ul>
        <ul class="notes">{stray.collect_view()}</ul>
    }
}

/// Accept, return with questions, decline with a reason; submit again.
#[component]
fn Triage(
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    screen: RwSignal<Option<RequestScreen>>,
) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let (asking, text) = (RwSignal::new(""), RwSignal::new(String::new()));
    let dialog = NodeRef::<html::Dialog>::new();
    let view = Memo::new(move |_| {
        screen.with(|s| {
            s.as_ref().map(|s| (s.card.state.clone(), s.may_triage, s.may_edit, !s.check.missing.is_empty()))
        })
    });
    let answer = move |word: &'static str, reason: String, questions: Vec<String>| {
        let act = PlanAct::Answer { request: request.get_value(), state: word.to_owned(), reason, questions };
        engine::ask(Ask::Plan { workspace: workspace.get_value(), act }, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {
                [fault, text].iter().for_each(|text| text.set(String::new()));
                state.say(format!("{}: it is signed, and others hear of it", label(word)));
                dialog.get_untracked().iter().for_each(|dialog| dialog.close());
            }
        });
    };
    let open = move |word: &'static str| {
        asking.set(word);
        if let Some(dialog) = dialog.get_untracked() {
            // One that is open stays open.
            let _open = dialog.show_modal();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let said = text.get_untracked();
        match asking.get_untracked() {
            "returned" => answer("returned", String::new(), said.lines().map(str::to_owned).collect()),
            word => answer(word, said, Vec::new()),
        }
    };
    view! {
        <Problem fault/>
        {move || view.get().map(|(now, may_triage, may_edit, lacks)| view! {
            <div class="row start">
                {(may_triage && now != "accepted").then(|| view! {
                    <button class="primary" on:click=move |_| if lacks { open("accepted") } else { answer("accepted", String::new(), Vec::new()) }>
                        {if lacks { "Accept as it is" } else { "Accept" }}</button>
                })}
                {(may_triage && now != "returned").then(|| view! { <button on:click=move |_| open("returned")>"Return with questions"</button> })}
                {(may_triage && now != "declined").then(|| view! { <button on:click=move |_| open("declined")>"Decline"</button> })}
                {(may_edit && matches!(now.as_str(), "returned" | "declined")).then(|| view! {
                    <button on:click=move |_| answer("submitted", String::new(), Vec::new())>"Submit again"</button>
                })}
            </div>
        })}
        <dialog node_ref=dialog aria-labelledby="triage-title">
            <form on:submit=submit>
                <h2 id="triage-title">{move || spoken(asking.get()).0}</h2>
                <label>{move || spoken(asking.get()).1}
                    <textarea bind:value=text rows="4" required maxlength="20000"></textarea></label>
                <Problem fault/>
                <div class="row end">
                    <button type="button" on:click=move |_| if let Some(d) = dialog.get_untracked() { d.close(); }>"Cancel"</button>
                    <button class="primary" type="submit">{move || spoken(asking.get()).2}</button>
                </div>
            </form>
        </dialog>
    }
}

/// An answer's dialog: its title, what it asks for, its button.
fn spoken(answer: &str) -> (&'static str, &'static str, &'static str) {
    match answer {
        "returned" => ("Return with questions", "Questions, one a line", "Return"),
        "declined" => ("Decline", "Why", "Decline"),
        _ => ("Accept though something is missing", "Why", "Accept"),
    }
}

/// The form, to be changed.
#[component]
fn EditForm(
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    screen: RwSignal<Option<RequestScreen>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let toggle = move |event| {
        let details: web_sys::HtmlDetailsElement = event_target(&event);
        open.set(details.open());
    };
    view! {
        <details class="panel" on:toggle=toggle>
            <summary><h2>"The form"</h2></summary>
            <Show when=move || open.get()><FormEditor workspace request screen/></Show>
        </details>
    }
}

#[component]
fn FormEditor(
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    screen: RwSignal<Option<RequestScreen>>,
) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let first = screen.get_untracked().unwrap_or_default();
    let key = format!("proofroom-draft/{}/{}", workspace.get_value(), request.get_value());
    let filling = Filling::new(workspace.get_value(), key, first.form, first.check);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let act = PlanAct::SetForm { request: request.get_value(), form: filling.draft.get_untracked() };
        engine::ask(Ask::Plan { workspace: workspace.get_value(), act }, move |reply| match reply {
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {
                filling.done();
                fault.set(String::new());
                state.say("The form is changed");
            }
        });
    };
    view! {
        <form on:submit=submit>
            <Fields filling/>
            <Problem fault=filling.fault/>
            <Problem fault/>
            <div class="row end"><button class="primary" type="submit">"Change the form"</button></div>
        </form>
    }
}
