//! An asset: its versions, and where every reviewer stands.

use leptos::prelude::*;
use proofroom_web_wire::{
    Ask, AssetScreen, MemberCard, PeopleAct, PeopleReply, PersonCard, PlanAct, Reply, VersionCard,
};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::upload::{AddVersion, Uploads};
use crate::welcome::Problem;
use crate::words::{due, label, moment, size, tone};

const DUTIES: [&str; 6] =
    ["viewer", "reviewer", "mandatory_reviewer", "approver", "gatekeeper", "key_approver"];

/// An asset's versions and reviewers.
#[component]
pub(crate) fn AssetPage(workspace: String, asset: String) -> impl IntoView {
    let state = State::here();
    let (fault, screen) = (RwSignal::new(String::new()), RwSignal::new(None::<AssetScreen>));
    let (of, id) = (workspace.clone(), asset.clone());
    Effect::new(move |_| {
        state.news_of(&of);
        engine::ask(Ask::Asset { workspace: of.clone(), asset: id.clone() }, move |reply| match reply {
            Reply::Asset(new) => {
                // The screen may be gone by the time the answer comes.
                if screen.try_with_untracked(|old| old.as_ref() != Some(&*new)) == Some(true) {
                    screen.set(Some(*new));
                }
            }
            Reply::Fault(f) => _ = fault.try_set(told(&f)),
            _ => {}
        });
    });
    let uploads = workspace.clone();
    let add = StoredValue::new((workspace.clone(), asset.clone()));
    let may_add = Memo::new(move |_| screen.with(|s| s.as_ref().is_some_and(|s| s.may_add)));
    view! {
        <Problem fault/>
        <Uploads workspace=uploads/>
        {move || screen.get().map(|s| view! { <Head workspace=workspace.clone() asset=asset.clone() screen=s.clone()/> })}
        {move || may_add.get().then(|| view! { <AddVersion workspace=add.get_value().0 asset=add.get_value().1/> })}
        {move || screen.get().map(|s| s.versions.into_iter().map(version).collect_view())}
        {move || may_add.get().then(|| view! { <Cast workspace=add.get_value().0 asset=add.get_value().1 screen/> })}
    }
}

#[component]
fn Head(workspace: String, asset: String, screen: AssetScreen) -> impl IntoView {
    let card = screen.card;
    let request =
        (!card.request.is_empty()).then(|| Route::Request(workspace.clone(), card.request.clone()).href());
    view! {
        <section class="panel" aria-labelledby="asset">
            <header class="row">
                <h1 id="asset">{card.name}</h1>
                <span class=format!("chip {}", tone(&card.outcome))>{label(&card.outcome)}</span>
            </header>
            <p class="quiet">{label(&card.category)}{(!card.stage.is_empty()).then(|| format!(" · {}", card.stage))}
                {(card.due > 0).then(|| format!(" · {}", due(card.due)))}</p>
            <ul class="notes">{card.blocked_by.into_iter().map(|b| view! { <li>{b}</li> }).collect_view()}</ul>
            <div class="row start">
                <a class="button primary" href=Route::Review(workspace.clone(), asset.clone()).href()>"Review"</a>
                <a class="button" href=Route::Trail(workspace, asset).href()>"Audit trail"</a>
                {request.map(|href| view! { <a class="button" href=href>"Brief"</a> })}
            </div>
        </section>
    }
}

fn version(version: VersionCard) -> impl IntoView {
    let files = version.files.into_iter().map(|file| view! {
        <li>{file.name}<span class="quiet">" · "{file.media_type}" · "{size(file.bytes)}{if file.here { " · in this browser" } else { " · not here yet" }}</span></li>
    });
    view! {
        <section class="panel" class:past=!version.current aria-label=version.label.clone() data-testid="version">
            <header class="row">
                <h2>{version.label.clone()}{version.current.then_some(", current")}</h2>
                <span class=format!("chip {}", tone(&version.outcome))>{label(&version.outcome)}</span>
            </header>
            <p class="quiet">{version.author}", "{moment(version.claimed_at)}" · "<span class="code" title="The version's hash in words">{version.words}</span></p>
            {(!version.note.is_empty()).then(|| view! { <p class="said">{version.note}</p> })}
            <ul class="files">{files.collect_view()}</ul>
            {(!version.people.is_empty()).then(|| people(version.people))}
            <ul class="notes">{version.warnings.into_iter().chain(version.blocked_by).map(|w| view! { <li>{w}</li> }).collect_view()}</ul>
        </section>
    }
}

/// Synced, opened, commented, decided: how far somebody has come.
const STEPS: [(&str, &str); 4] =
    [("synced", "Synced"), ("opened", "Opened"), ("commented", "Commented"), ("decided", "Decided")];

fn people(people: Vec<PersonCard>) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Reviewers">
            <table class="standing-table"><thead><tr><th>"Reviewer"</th>{STEPS.map(|(_, name)| view! { <th>{name}</th> }).collect_view()}<th>"Due"</th></tr></thead>
            <tbody>{people.into_iter().map(person).collect_view()}</tbody></table>
        </div>
    }
}

fn person(person: PersonCard) -> impl IntoView {
    let reached = match (&person.decision, person.commented, person.progress.as_str()) {
        (Some(_), ..) => 4,
        (None, true, _) => 3,
        (None, false, "opened") => 2,
        (None, false, "synced") => 1,
        _ => 0,
    };
    let decision = person.decision.clone();
    let cell = move |(at, (word, _)): (usize, (&'static str, &'static str))| {
        let text = match (&decision, word) {
            (Some(d), "decided") => view! { <span class=format!("chip {}", tone(&d.decision)) title=d.reason.clone()>{label(&d.decision)}</span> }.into_any(),
            (_, "commented") if at < reached && !person.commented => view! { <span class="quiet">"–"</span> }.into_any(),
            _ if at < reached => view! { <span class="tick" aria-label="yes">"✓"</span> }.into_any(),
            _ => view! { <span class="quiet" aria-label="not yet">"·"</span> }.into_any(),
        };
        view! { <td>{text}</td> }
    };
    let must = if person.must_decide { "must decide" } else { "may decide" };
    view! {
        <tr><th scope="row"><strong>{person.name}</strong>
                <span class="quiet block">{label(&person.role)}", "{must}{(!person.stage.is_empty()).then(|| format!(" · {}", person.stage))}</span></th>
            {STEPS.into_iter().enumerate().map(cell).collect_view()}
            <td class="number">{due(person.due)}</td></tr>
    }
}

/// Who reviews the asset, to be changed.
#[component]
fn Cast(workspace: String, asset: String, screen: RwSignal<Option<AssetScreen>>) -> impl IntoView {
    let state = State::here();
    let members = RwSignal::new(Vec::<MemberCard>::new());
    let fault = RwSignal::new(String::new());
    engine::ask(Ask::People { workspace: workspace.clone(), act: PeopleAct::Show }, move |reply| {
        if let Reply::People(PeopleReply::Show(found)) = reply {
            let active =
                found.members.into_iter().map(|m| m.card).filter(|m| !m.removed && m.role != "relay");
            // The screen may be gone by the time the answer comes.
            let _gone = members.try_set(active.collect());
        }
    });
    let (workspace, asset) = (StoredValue::new(workspace), StoredValue::new(asset));
    let duty = move |person: &str| {
        screen.with(|s| {
            let current = s.as_ref()?.versions.iter().find(|v| v.current)?;
            current.people.iter().find(|p| p.person == person).map(|p| p.role.clone())
        })
    };
    let row = move |member: MemberCard| {
        let (person, now) =
            (StoredValue::new(member.person.clone()), duty(&member.person).unwrap_or_default());
        let change = move |event| {
            let act = PlanAct::Assign {
                asset: asset.get_value(),
                person: person.get_value(),
                role: event_target_value(&event),
            };
            engine::ask(Ask::Plan { workspace: workspace.get_value(), act }, move |reply| match reply {
                Reply::Fault(f) => fault.set(told(&f)),
                _ => state.say("Changed"),
            });
        };
        view! {
            <li><span class="main"><strong>{member.name.clone()}</strong><span class="quiet">{member.organisation}</span></span>
                <select aria-label=format!("What {} is to this review", member.name) on:change=change>
                    <option value="" selected=now.is_empty()>"Not asked"</option>
                    {DUTIES.map(|word| view! { <option value=word selected=now == word>{label(word)}</option> }).collect_view()}
                </select></li>
        }
    };
    view! {
        <details class="panel"><summary><h2>"Who reviews it"</h2></summary>
            <p class="quiet">"Once somebody is named here, nobody else is asked."</p>
            <Problem fault/>
            <ul class="rows">{move || members.get().into_iter().map(row).collect_view()}</ul>
        </details>
    }
}
