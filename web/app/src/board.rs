//! A workspace: what waits for me, every asset by its outcome, requests, people.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, AssetCard, Board, MemberCard, Reply, RequestCard};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{count, label, tone};

/// The columns of the board, and which outcomes stand in each.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("To come", &["pending"]),
    ("In review", &["in_progress"]),
    ("Needs work", &["changes_required", "rejected", "expired"]),
    ("Done", &["approved", "approved_with_changes", "not_applicable", "skipped", "superseded", "withdrawn"]),
];

/// A workspace's inbox, board and members.
#[component]
pub(crate) fn BoardScreen(workspace: String) -> impl IntoView {
    let state = State::here();
    let board = RwSignal::new(None::<Board>);
    let fault = RwSignal::new(String::new());
    let of = workspace.clone();
    Effect::new(move |_| {
        state.news_of(&of);
        engine::ask(Ask::Board { workspace: of.clone() }, move |reply| match reply {
            Reply::Board(new) => {
                if state.start.with_untracked(|s| {
                    s.as_ref().is_some_and(|s| {
                        s.workspaces.iter().all(|w| w.id != new.workspace.id || w.name != new.workspace.name)
                    })
                }) {
                    state.restart();
                }
                // The screen may be gone by the time the answer comes.
                if board.try_with_untracked(|old| old.as_ref() != Some(&*new)) == Some(true) {
                    board.set(Some(*new));
                }
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    });
    view! {
        <Problem fault/>
        {move || board.get().map(|board| view! { <Columns workspace=workspace.clone() board/> })}
    }
}

#[component]
fn Columns(workspace: String, board: Board) -> impl IntoView {
    let role = board.workspace.role.clone();
    let arriving = board.assets.is_empty() && role == "joining";
    let mine: Vec<AssetCard> = board.assets.iter().filter(|a| a.waits_for_me).cloned().collect();
    let waits = mine.len();
    let to = workspace.clone();
    view! {
        <section class="inbox" aria-labelledby="inbox">
            <h1 id="inbox">{if waits == 0 { "Nothing waits for you".to_owned() } else { format!("{} for you", count(waits, "decision")) }}</h1>
            {arriving.then(|| view! { <p class="empty" role="status">"The workspace is on its way to this browser."</p> })}
            {(role == "removed").then(|| view! {
                <p class="problem" role="alert">"You were removed from this workspace: what you write here counts no more. What you had is still here."</p>
            })}
            <ul class="cards wide">
                {mine.into_iter().map(|asset| view! { <li><Tile workspace=to.clone() asset/></li> }).collect_view()}
            </ul>
        </section>
        <section class="board" aria-label="Board">
            {COLUMNS.map(|(title, outcomes)| column(&workspace, title, outcomes, &board.assets)).collect_view()}
        </section>
        {(!board.requests.is_empty()).then(|| requests(&board.requests))}
        {people(&board.members)}
    }
}

fn column(workspace: &str, title: &str, outcomes: &[&str], assets: &[AssetCard]) -> impl IntoView + use<> {
    let (workspace, title) = (workspace.to_owned(), title.to_owned());
    let here: Vec<AssetCard> =
        assets.iter().filter(|a| outcomes.contains(&a.outcome.as_str())).cloned().collect();
    let empty = here.is_empty();
    view! {
        <div class="column">
            <h2>{title} <small>{here.len()}</small></h2>
            {empty.then(|| view! { <p class="empty">"Nothing here"</p> })}
            <ul>{here.into_iter().map(|asset| view! { <li><Tile workspace=workspace.clone() asset/></li> }).collect_view()}</ul>
        </div>
    }
}

#[component]
fn Tile(workspace: String, asset: AssetCard) -> impl IntoView {
    let waits = match asset.waits_for.as_slice() {
        [] => String::new(),
        [one] => format!("Waits for {one}"),
        [first, rest @ ..] => format!("Waits for {first} and {} more", rest.len()),
    };
    let versions =
        if asset.versions.is_empty() { "no version yet".into() } else { asset.versions.join(" and ") };
    let open = asset.open_comments as usize;
    view! {
        <a class="card" href=Route::Review(workspace, asset.id).href()>
            <span class="row">
                <strong>{asset.name}</strong>
                <span class=format!("chip {}", tone(&asset.outcome))>{label(&asset.outcome)}</span>
            </span>
            <span class="row quiet">
                <span>{label(&asset.category)}" · "{versions}</span>
                {(open > 0).then(|| view! { <span>{count(open, "open comment")}</span> })}
            </span>
            {(!waits.is_empty()).then(|| view! { <span class="quiet">{waits}</span> })}
        </a>
    }
}

fn requests(requests: &[RequestCard]) -> impl IntoView + use<> {
    let rows = requests.iter().cloned().map(|request| view! {
        <li><details class="card">
            <summary class="row"><strong>{request.title}</strong>
                <span class=format!("chip {}", tone(&request.state))>{label(&request.state)}</span></summary>
            <p class="quiet">"Filed by "{request.author}</p>
            <p class="brief">{request.brief}</p>
        </details></li>
    });
    view! {
        <section aria-labelledby="requests"><h2 id="requests">"Requests"</h2>
            <ul class="cards wide">{rows.collect_view()}</ul></section>
    }
}

fn people(members: &[MemberCard]) -> impl IntoView + use<> {
    let rows = members.iter().cloned().map(|member| {
        view! {
            <tr class:removed=member.removed>
                <td><strong>{member.name}</strong>{member.me.then_some(" (you)")}</td>
                <td>{member.organisation}</td>
                <td>{label(&member.role)}{member.removed.then_some(", removed")}</td>
                <td class="number">{count(member.devices as usize, "device")}</td>
            </tr>
        }
    });
    view! {
        <section class="people" aria-labelledby="people" tabindex="0">
            <h2 id="people">"People"</h2>
            <table><thead><tr><th>"Name"</th><th>"Organisation"</th><th>"Role"</th><th>"Devices"</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody></table>
        </section>
    }
}
