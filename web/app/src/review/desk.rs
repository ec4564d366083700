//! What the parts of the review screen share.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use proofroom_web_wire::{AssetScreen, ChangesCard, CommentCard, Place, VersionCard};

use super::compare::Mode;
use super::film::Player;
use super::keys::Keys;
use super::shape::{Shape, Tool};
use super::surface::Ground;
use crate::state::State;

/// States in which somebody still has to do something about a comment.
pub(crate) const OPEN: [&str; 2] = ["open", "task"];

/// A thread: a comment, its number on this version, and its replies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thread {
    pub(crate) n: usize,
    pub(crate) comment: CommentCard,
    pub(crate) replies: Vec<CommentCard>,
}

impl Thread {
    pub(crate) fn is_open(&self) -> bool {
        OPEN.contains(&self.comment.state.as_str())
    }
}

/// All signals of one review.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// The workspace.
    pub(crate) workspace: StoredValue<String>,
    /// The asset.
    pub(crate) asset: StoredValue<String>,
    /// What the engine shows.
    pub(crate) screen: RwSignal<Option<AssetScreen>>,
    /// The version that is looked at.
    pub(crate) version: RwSignal<String>,
    /// The comments on it, in order, withdrawn ones left out.
    pub(crate) threads: Memo<Vec<Arc<Thread>>>,
    /// The comment that canvas and rail both show.
    pub(crate) chosen: RwSignal<String>,
    /// What is drawn with, if anything.
    pub(crate) tool: RwSignal<Option<Tool>>,
    /// What was drawn for the next comment.
    pub(crate) shape: RwSignal<Option<Shape>>,
    /// What else the next comment points at: a range of frames, a quote, a layer.
    pub(crate) aim: RwSignal<Place>,
    /// What is on the stage now: a frame, a page. Comments made now belong there.
    pub(crate) now: RwSignal<Place>,
    /// The place that the stage is to go to.
    pub(crate) goal: RwSignal<Option<Place>>,
    /// Whether the decision dialog is open.
    pub(crate) deciding: RwSignal<bool>,
    /// Whether the keys are listed.
    pub(crate) helping: RwSignal<bool>,
    /// Whether two versions are compared, and how.
    pub(crate) mode: RwSignal<Mode>,
    /// The version that is flicked to.
    pub(crate) flick: RwSignal<String>,
    /// What changed between the versions that are compared, once it is known.
    pub(crate) changes: RwSignal<Option<Result<ChangesCard, String>>>,
    /// The keys in force.
    pub(crate) keys: RwSignal<Keys>,
    /// The ground that zoom keys move.
    pub(crate) ground: RwSignal<Option<Ground>>,
    /// The film's player, where there is a film.
    pub(crate) player: RwSignal<Option<Player>>,
    /// The page that is shown and how many there are, where there are pages.
    pub(crate) pages: RwSignal<Option<(RwSignal<u32>, RwSignal<u32>)>>,
    /// What all screens share.
    pub(crate) state: State,
}

impl Desk {
    pub(crate) fn new(state: State, workspace: String, asset: String) -> Self {
        let screen = RwSignal::new(None::<AssetScreen>);
        let version = RwSignal::new(String::new());
        Self {
            workspace: StoredValue::new(workspace),
            asset: StoredValue::new(asset),
            screen,
            version,
            threads: Memo::new(move |_| {
                version.with(|version| {
                    screen.with(|s| s.as_ref().map(|s| threads(s, version)).unwrap_or_default())
                })
            }),
            chosen: RwSignal::new(String::new()),
            tool: RwSignal::new(None),
            shape: RwSignal::new(None),
            aim: RwSignal::new(Place::default()),
            now: RwSignal::new(Place::default()),
            goal: RwSignal::new(None),
            deciding: RwSignal::new(false),
            helping: RwSignal::new(false),
            mode: RwSignal::new(Mode::default()),
            flick: RwSignal::new(String::new()),
            changes: RwSignal::new(None),
            keys: RwSignal::new(Keys::load()),
            ground: RwSignal::new(None),
            player: RwSignal::new(None),
            pages: RwSignal::new(None),
            state,
        }
    }

    /// The version that is looked at.
    pub(crate) fn shown(self) -> Option<VersionCard> {
        self.version.with(|hash| self.version_of(hash))
    }

    /// A version by its hash.
    pub(crate) fn version_of(self, hash: &str) -> Option<VersionCard> {
        self.screen.with(|s| s.as_ref()?.versions.iter().find(|v| v.hash == hash).cloned())
    }

    /// Shows a comment on stage and rail.
    pub(crate) fn choose(self, comment: &CommentCard) {
        self.chosen.set(comment.key.clone());
        self.goal.set(Some(comment.place.clone()));
    }

    /// Goes to the next or previous comment.
    pub(crate) fn step(self, by: isize) {
        let chosen = self.chosen.get_untracked();
        let next = self.threads.with_untracked(|threads| {
            let at = threads.iter().position(|t| t.comment.key == chosen);
            let n = threads.len().cast_signed();
            let next =
                at.map_or(if by > 0 { 0 } else { n - 1 }, |at| (at.cast_signed() + by).rem_euclid(n.max(1)));
            threads.get(next.cast_unsigned()).cloned()
        });
        if let Some(thread) = next {
            self.choose(&thread.comment);
        }
    }

    /// Where the next comment points.
    pub(crate) fn place(self) -> Place {
        let (now, aim) = (self.now.get(), self.aim.get());
        let drawn = self.shape.get();
        let pointed = drawn.is_some() || aim != Place::default();
        let place = Place {
            frames: aim.frames.or(now.frames),
            rate: aim.rate.or(now.rate),
            page: if pointed { aim.page.or(now.page) } else { None },
            quote: aim.quote,
            layer: aim.layer,
            layer_id: aim.layer_id,
            region: aim.region,
            path: None,
        };
        match drawn {
            Some(shape) => shape.into_place(place),
            None => place,
        }
    }

    /// Nothing is pointed at any more.
    pub(crate) fn clear(self) {
        self.tool.set(None);
        self.shape.set(None);
        self.aim.set(Place::default());
        if let Some(player) = self.player.get_untracked() {
            player.drop_range();
        }
    }
}

fn threads(screen: &AssetScreen, version: &str) -> Vec<Arc<Thread>> {
    let mut replies: BTreeMap<&str, Vec<CommentCard>> = BTreeMap::new();
    for comment in &screen.comments {
        if let Some(parent) = &comment.parent {
            replies.entry(parent).or_default().push(comment.clone());
        }
    }
    let here = |c: &&CommentCard| c.version == version && c.parent.is_none() && c.state != "withdrawn";
    let threads = screen.comments.iter().filter(here).enumerate().map(|(i, comment)| {
        let replies = replies.remove(comment.key.as_str()).unwrap_or_default();
        Arc::new(Thread { n: i + 1, comment: comment.clone(), replies })
    });
    threads.collect()
}
