//! The sync badge: always visible, in words as well as colour.

use leptos::prelude::*;
use proofroom_web_wire::{Ask, Badge, Link};

use crate::engine;
use crate::state::State;
use crate::words::{ago, count};

fn text(badge: &Badge) -> String {
    let waiting = usize::try_from(badge.waiting).unwrap_or(usize::MAX);
    let mut text = match (badge.link, waiting) {
        (Link::Refused, _) => format!("Refused: {}", badge.text),
        (Link::Offline, 0) => "Offline, nothing waits".into(),
        (Link::Offline, n) => format!("Offline, {} to send", count(n, "change")),
        (Link::Connecting, _) => "Connecting".into(),
        (Link::Exchanging, _) => "Exchanging".into(),
        (Link::InSync, 0) => "In sync".into(),
        (Link::InSync, n) => format!("Sending {}", count(n, "change")),
    };
    if badge.link == Link::Offline && badge.synced_at > 0 {
        text.push_str(&format!(", in sync {}", ago(badge.synced_at)));
    }
    if badge.files_waiting > 0 {
        let files = usize::try_from(badge.files_waiting).unwrap_or(usize::MAX);
        text.push_str(&format!(", {} to send", count(files, "file")));
    }
    if badge.files_missing > 0 {
        let files = usize::try_from(badge.files_missing).unwrap_or(usize::MAX);
        text.push_str(&format!(", {} on the way", count(files, "file")));
    }
    text
}

fn tone(badge: &Badge) -> &'static str {
    match badge.link {
        Link::InSync => "badge good",
        Link::Connecting | Link::Exchanging => "badge busy",
        Link::Offline => "badge calm",
        Link::Refused => "badge bad",
    }
}

/// The badge of one workspace; pressing it connects now.
#[component]
pub(crate) fn SyncBadge(workspace: String) -> impl IntoView {
    let state = State::here();
    let of = workspace.clone();
    let badge = Memo::new(move |_| state.badges.with(|all| all.get(&of).cloned().unwrap_or_default()));
    let reconnect = move |_| engine::ask(Ask::Reconnect { workspace: workspace.clone() }, |_| {});
    view! {
        <button
            class=move || badge.with(tone)
            on:click=reconnect
            title=move || badge.with(|b| format!("Last in sync: {}. Press to connect now.", ago(b.synced_at)))
            aria-live="polite"
            data-testid="sync"
        >
            <span class="dot" aria-hidden="true"></span>
            {move || badge.with(text)}
        </button>
    }
}
