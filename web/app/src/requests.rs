//! The requests of a workspace.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, PlanAct, PlanReply, Reply, RequestCard};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{ago, label, tone};

/// All requests, newest first.
#[component]
pub(crate) fn RequestsScreen(workspace: String) -> impl IntoView {
    let state = State::here();
    let fault = RwSignal::new(String::new());
    let (requests, may_file) = (RwSignal::new(None::<Vec<RequestCard>>), RwSignal::new(false));
    let (of, new) = (workspace.clone(), Route::NewRequest(workspace.clone()).href());
    Effect::new(move |_| {
        state.news_of(&of);
        let ask = Ask::Plan { workspace: of.clone(), act: PlanAct::Requests };
        engine::ask(ask, move |reply| match reply {
            Reply::Plan(PlanReply::Requests { requests: found, may_file: may }) => {
                // The screen may be gone by the time the answer comes.
                let _gone = (requests.try_set(Some(found)), may_file.try_set(may));
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    });
    view! {
        <Problem fault/>
        <section class="panel" aria-labelledby="requests">
            <header class="row">
                <h1 id="requests">"Requests"</h1>
                {move || may_file.get().then(|| view! { <a class="button primary" href=new.clone()>"New request"</a> })}
            </header>
            {move || requests.get().map(|found| {
                let none = found.is_empty();
                let workspace = workspace.clone();
                view! {
                    {none.then(|| view! { <p class="empty">"No requests yet. A request says what is wanted; accepted, it is the brief that versions are measured by."</p> })}
                    <ul class="rows">{found.into_iter().map(|r| row(&workspace, r)).collect_view()}</ul>
                }
            })}
        </section>
    }
}

fn row(workspace: &str, request: RequestCard) -> impl IntoView + use<> {
    let lacks = (request.missing > 0).then(|| format!("lacks {}", request.missing));
    view! {
        <li><a class="rowlink" href=Route::Request(workspace.to_owned(), request.key).href()>
            <span class="main"><strong>{request.title}</strong>
                <span class="quiet">{request.author}", "{ago(request.created_at)}{(!request.due.is_empty()).then(|| format!(" · due {}", request.due))}</span></span>
            {lacks.map(|text| view! { <span class="chip warn">{text}</span> })}
            <span class=format!("chip {}", tone(&request.state))>{label(&request.state)}</span>
        </a></li>
    }
}
