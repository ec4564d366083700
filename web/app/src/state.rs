//! What all screens share, as signals.

use std::collections::BTreeMap;

use leptos::prelude::*;
use proofroom_web_wire::{Ask, Badge, Fault, Notice, Reply, Start, UploadCard, WorkspaceCard};

use crate::engine;
use crate::route::Route;

/// Shared by all screens.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// Which screen is shown.
    pub(crate) route: RwSignal<Route>,
    /// Who is here, once the engine said so.
    pub(crate) start: RwSignal<Option<Start>>,
    /// Why nothing can be done at all.
    pub(crate) broken: RwSignal<Option<Fault>>,
    /// The state of the exchange, by workspace.
    pub(crate) badges: RwSignal<BTreeMap<String, Badge>>,
    /// Counts up whenever a workspace has news.
    pub(crate) news: RwSignal<BTreeMap<String, u64>>,
    /// What is under way into each workspace.
    pub(crate) uploads: RwSignal<BTreeMap<String, Vec<UploadCard>>>,
    /// Said for a while at the lower edge, and to screen readers.
    pub(crate) said: RwSignal<String>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            route: RwSignal::new(Route::here()),
            start: RwSignal::new(None),
            broken: RwSignal::new(None),
            badges: RwSignal::new(BTreeMap::new()),
            news: RwSignal::new(BTreeMap::new()),
            uploads: RwSignal::new(BTreeMap::new()),
            said: RwSignal::new(String::new()),
        }
    }

    /// The state that the shell provides.
    pub(crate) fn here() -> Self {
        expect_context()
    }

    /// Takes what the engine says by itself.
    pub(crate) fn notice(self, notice: Notice) {
        match notice {
            Notice::Ready { fault: Some(fault) } => self.broken.set(Some(fault)),
            Notice::Ready { fault: None } => {
                if self.start.with_untracked(Option::is_none) {
                    self.restart();
                }
            }
            Notice::Changed { workspace, .. } | Notice::File { workspace } => {
                self.news.update(|news| *news.entry(workspace).or_default() += 1);
            }
            Notice::Upload { workspace, uploads } => {
                self.uploads.update(|all| {
                    all.insert(workspace, uploads);
                });
            }
            Notice::Badge { workspace, badge } => {
                self.badges.update(|badges| {
                    badges.insert(workspace, badge);
                });
            }
        }
    }

    /// Asks who is here.
    pub(crate) fn restart(self) {
        engine::ask(Ask::Start, move |reply| self.started(reply));
    }

    /// Takes the answer to who is here.
    pub(crate) fn started(self, reply: Reply) {
        match reply {
            Reply::Start(start) => {
                self.badges.update(|badges| {
                    badges.extend(start.workspaces.iter().map(|w| (w.id.clone(), w.badge.clone())));
                });
                crate::store::note(&start);
                self.start.set(Some(start));
            }
            Reply::Fault(fault) => self.broken.set(Some(fault)),
            _ => {}
        }
    }

    /// A screen learned a workspace's name and role: asks again who is here where that is news.
    pub(crate) fn knows(self, card: &WorkspaceCard) {
        let is = |w: &WorkspaceCard| w.id == card.id && w.name == card.name && w.role == card.role;
        if self.start.with_untracked(|s| s.as_ref().is_some_and(|s| !s.workspaces.iter().any(is))) {
            self.restart();
        }
    }

    /// How often a workspace had news; reading it in an effect runs that again at the next.
    pub(crate) fn news_of(self, workspace: &str) -> u64 {
        self.news.with(|news| news.get(workspace).copied().unwrap_or_default())
    }

    /// Tells the person something, for a while.
    pub(crate) fn say(self, text: impl Into<String>) {
        let text = text.into();
        self.said.set(text.clone());
        gloo_timers::callback::Timeout::new(6_000, move || {
            if self.said.with_untracked(|said| *said == text) {
                self.said.set(String::new());
            }
        })
        .forget();
    }
}

/// What a fault says, in one line.
pub(crate) fn told(fault: &Fault) -> String {
    if fault.hint.is_empty() { fault.what.clone() } else { format!("{} — {}", fault.what, fault.hint) }
}
