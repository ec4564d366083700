//! The audit trail of an asset: who did what, when, and whether it counts.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, Reply, TrailLine, TrailScreen};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{count, label, moment};

/// Who did what to an asset.
#[component]
pub(crate) fn TrailPage(workspace: String, asset: String) -> impl IntoView {
    let state = State::here();
    let (fault, trail) = (RwSignal::new(String::new()), RwSignal::new(None::<TrailScreen>));
    let back = Route::Asset(workspace.clone(), asset.clone()).href();
    Effect::new(move |_| {
        state.news_of(&workspace);
        let ask = Ask::Trail { workspace: workspace.clone(), asset: asset.clone() };
        engine::ask(ask, move |reply| match reply {
            Reply::Trail(new) => {
                // The screen may be gone by the time the answer comes.
                let _gone = trail.try_set(Some(*new));
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    });
    view! {
        <Problem fault/>
        {move || trail.get().map(|t| view! {
            <section class="panel" aria-labelledby="trail">
                <header class="row">
                    <h1 id="trail">"Audit trail of "{t.name.clone()}</h1>
                    <a class="button" href=back.clone()>"Asset"</a>
                </header>
                <Verdict trail=t.clone()/>
                <div class="scroll trail" tabindex="0" role="region" aria-label="What was done">
                    <table><thead><tr><th>"When, as its author says"</th><th>"Who"</th><th>"What"</th><th>"Before, after"</th><th>"Stands out"</th><th>"Entry"</th></tr></thead>
                        <tbody>{t.lines.into_iter().map(line).collect_view()}</tbody></table>
                </div>
                {t.short.then(|| view! { <p class="quiet">"It is too long to be told with its values here: proofroom audit tells them."</p> })}
                {(t.older > 0).then(|| view! { <p class="quiet">{format!("{} older lines: proofroom audit shows all.", t.older)}</p> })}
            </section>
        })}
    }
}

#[component]
fn Verdict(trail: TrailScreen) -> impl IntoView {
    let checked = usize::try_from(trail.checked).unwrap_or(usize::MAX);
    let sound = trail.problems.is_empty();
    view! {
        <p class="verdict" class:good=sound class:bad=!sound>
            {if sound { format!("{checked} signatures, hashes and links were checked again in this browser: all hold.") }
             else { count(trail.problems.len(), "problem") }}
        </p>
        <ul class="notes">
            {trail.problems.into_iter().map(|p| view! { <li>{p}</li> }).collect_view()}
            {trail.gaps.into_iter().map(|(maker, n)| view! {
                <li>{format!("{n} earlier entries are not held here: a snapshot by {maker} stands for them.")}</li>
            }).collect_view()}
        </ul>
    }
}

fn line(line: TrailLine) -> impl IntoView {
    let TrailLine { old, new, why, .. } = line;
    view! {
        <tr class:held=!line.marks.is_empty()>
            <td class="number">{moment(line.claimed_at)}</td>
            <td><strong>{line.who}</strong>" "<span class="code quiet">{line.device}</span></td>
            <td>{label(&line.what)}{line.team.then(|| view! { " "<span class="chip team">"Team"</span> })}
                {(!line.about.is_empty()).then(|| view! { <span class="quiet block">{line.about}</span> })}</td>
            <td class="values">
                {(!old.is_empty()).then(|| view! { <del>{old}</del>" " })}
                {(!new.is_empty()).then(|| view! { <ins>{new}</ins> })}
                {(!why.is_empty()).then(|| view! { <span class="quiet block">"Why: "{why}</span> })}
            </td>
            <td>{line.marks.join("; ")}</td>
            <td class="code">{line.short}<span class="quiet">" #"{line.seq}</span></td>
        </tr>
    }
}
