//! A workspace: what waits for me, and every asset by where it stands.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, AssetCard, Board, Reply};

use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::upload::{AddAsset, Uploads};
use crate::welcome::Problem;
use crate::words::{age, count, due, label, tone};

/// The columns of the board, and which outcomes stand in each.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("To come", &["pending"]),
    ("In review", &["in_progress"]),
    ("Needs work", &["changes_required", "rejected", "expired"]),
    ("Done", &["approved", "approved_with_changes", "not_applicable", "skipped", "superseded", "withdrawn"]),
];

/// A workspace's inbox and board.
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
                state.knows(&new.workspace);
                // The screen may be gone by the time the answer comes.
                if board.try_with_untracked(|old| old.as_ref() != Some(&*new)) == Some(true) {
                    board.set(Some(*new));
                }
            }
            Reply::Fault(f) => fault.set(told(&f)),
            _ => {}
        });
    });
    let (add, uploads) = (workspace.clone(), workspace.clone());
    let may_add = Memo::new(move |_| board.with(|b| b.as_ref().is_some_and(|b| b.may_add)));
    view! {
        <Problem fault/>
        <Uploads workspace=uploads/>
        {move || board.get().map(|board| view! { <Columns workspace=workspace.clone() board/> })}
        {move || may_add.get().then(|| view! { <AddAsset workspace=add.clone() request=String::new() slots=Vec::new()/> })}
    }
}

#[component]
fn Columns(workspace: String, board: Board) -> impl IntoView {
    let arriving = board.assets.is_empty() && board.workspace.role == "joining";
    let mut mine: Vec<AssetCard> = board.assets.iter().filter(|a| a.waits_for_me).cloned().collect();
    mine.sort_by_key(|asset| (asset.due == 0, asset.due));
    let waits = mine.len();
    let to = workspace.clone();
    let waiting = board.requests.iter().filter(|r| r.state == "submitted").count();
    view! {
        <section class="inbox" aria-labelledby="inbox">
            <h1 id="inbox">{if waits == 0 { "Nothing waits for you".to_owned() } else { format!("{} for you", count(waits, "decision")) }}</h1>
            {arriving.then(|| view! { <p class="empty" role="status">"The workspace is on its way to this browser. It comes by itself as soon as the relay is reachable."</p> })}
            <ul class="cards wide">
                {mine.into_iter().map(|asset| view! { <li><Tile workspace=to.clone() asset/></li> }).collect_view()}
            </ul>
            {(waiting > 0 && board.may_add).then(|| view! {
                <p><a class="button" href=Route::Requests(workspace.clone()).href()>{format!("{} to triage", count(waiting, "request"))}</a></p>
            })}
        </section>
        <section class="board" aria-label="Board" data-testid="board">
            {COLUMNS.map(|(title, outcomes)| column(&workspace, title, outcomes, &board.assets)).collect_view()}
        </section>
    }
}

fn column(workspace: &str, title: &str, outcomes: &[&str], assets: &[AssetCard]) -> impl IntoView + use<> {
    let (workspace, title) = (workspace.to_owned(), title.to_owned());
    let mut here: Vec<AssetCard> =
        assets.iter().filter(|a| outcomes.contains(&a.outcome.as_str())).cloned().collect();
    // What has been there longest stands first.
    here.sort_by_key(|asset| asset.since);
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
    let open_work =
        !matches!(asset.outcome.as_str(), "approved" | "not_applicable" | "skipped" | "withdrawn");
    let old = age(asset.since).filter(|_| open_work);
    let stage = asset.stage.clone();
    let thumbnail = asset.thumbnail.map(|content| format!("./media/{workspace}/{}/{content}", asset.id));
    let (pictured, broken) = (thumbnail.is_some(), RwSignal::new(false));
    // The very first page has no service worker yet, which hands pictures out.
    let picture = thumbnail.map(|url| {
        view! { <img class="thumb" src=url alt="" loading="lazy" class:gone=move || broken.get() on:error=move |_| broken.set(true)/> }
    });
    view! {
        <a class="card" class:pictured=pictured href=Route::Review(workspace, asset.id).href()>
            {picture}
            <span class="told">
            <span class="row">
                <strong>{asset.name}</strong>
                <span class=format!("chip {}", tone(&asset.outcome))>{label(&asset.outcome)}</span>
            </span>
            <span class="row quiet">
                <span>{label(&asset.category)}" · "{versions}{(!stage.is_empty()).then(|| format!(" · {stage}"))}</span>
                {(open > 0).then(|| view! { <span>{count(open, "open comment")}</span> })}
            </span>
            {(!waits.is_empty() || asset.due > 0 || old.is_some()).then(|| view! {
                <span class="row quiet"><span>{waits}</span>
                    <span class="due">{due(asset.due)}</span>
                    {old.map(|days| view! { <span class="age" class:old=days.ge(&7) title="Since it is where it is">{format!("{days} d")}</span> })}
                </span>
            })}
            </span>
        </a>
    }
}
