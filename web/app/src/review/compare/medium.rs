//! One of two media that are compared, in step with the other.

use leptos::html::{Img, Video};
use leptos::prelude::*;
use proofroom_timecode::Rate;
use proofroom_web_wire::{Ask, FileCard, FilmCard, Reply};

use super::super::Desk;
use super::super::design::is_design;
use super::super::file::{Shown, open};
use super::super::film::{is_film, time};
use super::super::pages::PageSheet;
use super::super::picture::is_picture;
use super::super::prose::is_prose;
use super::super::surface::{Ground, image_size};
use crate::engine;

/// What can be compared with its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Picture,
    Film,
    Pages,
    /// Texts are told passage by passage.
    Words,
    /// Designs are told layer by layer.
    Layers,
    None,
}

impl Kind {
    /// Whether two of it are looked at together.
    pub(crate) fn is_seen(self) -> bool {
        matches!(self, Self::Picture | Self::Film | Self::Pages)
    }
}

/// What a file is for a comparison.
pub(crate) fn kind(file: &FileCard) -> Kind {
    match file.media_type.as_str() {
        kind if is_picture(kind) => Kind::Picture,
        kind if is_film(kind) => Kind::Film,
        "application/pdf" => Kind::Pages,
        kind if is_prose(kind) => Kind::Words,
        kind if is_design(kind) => Kind::Layers,
        _ => Kind::None,
    }
}

/// Where both are: a frame, a page.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) desk: Desk,
    pub(crate) frame: RwSignal<u64>,
    pub(crate) rate: RwSignal<Rate>,
    pub(crate) playing: RwSignal<bool>,
    pub(crate) page: RwSignal<u32>,
    pub(crate) pages: RwSignal<u32>,
    length: RwSignal<f64>,
    /// Counts up whenever something new is on the screen.
    pub(crate) shown: RwSignal<u64>,
}

impl Step {
    pub(crate) fn new(desk: Desk) -> Self {
        Self {
            desk,
            frame: RwSignal::new(desk.now.with_untracked(|n| n.frames.map_or(0, |f| f[0]))),
            rate: RwSignal::new(Rate::FPS_25),
            playing: RwSignal::new(false),
            page: RwSignal::new(desk.now.with_untracked(|n| n.page.unwrap_or(0))),
            pages: RwSignal::new(1),
            length: RwSignal::new(0.0),
            shown: RwSignal::new(0),
        }
    }

    /// Something new is on the screen.
    pub(crate) fn tell(self) {
        // A medium that is gone tells nobody.
        let _gone = self.shown.try_update(|n| *n += 1);
    }

    pub(crate) fn go(self, by: i64) {
        self.playing.set(false);
        let last = time::frames_in(self.length.get_untracked(), self.rate.get_untracked()).max(1) - 1;
        self.frame.update(|f| *f = f.saturating_add_signed(by).min(last));
    }

    pub(crate) fn turn(self, by: i32) {
        let last = self.pages.get_untracked().max(1) - 1;
        self.page.update(|p| *p = p.saturating_add_signed(by).min(last));
    }
}

/// A picture, film or page on its ground. The one that leads gives the time.
#[component]
pub(crate) fn Medium(file: FileCard, ground: Ground, step: Step, leads: bool) -> impl IntoView {
    let shown = open(step.desk, &file);
    let kind = kind(&file);
    if leads && kind == Kind::Film {
        ask_rate(step, &file);
    }
    let name = file.name.clone();
    move || {
        match shown.get() {
        Shown::Opening => ().into_any(),
        Shown::Fault(text) => view! { <p class="problem" role="alert">{text}</p> }.into_any(),
        Shown::At(url) => match kind {
            Kind::Film => view! { <Reel url ground step leads/> }.into_any(),
            Kind::Pages => view! { <PageSheet url ground page=step.page pages=step.pages done=Callback::new(move |()| step.tell())/> }.into_any(),
            _ => view! { <Still url name=name.clone() ground step/> }.into_any(),
        },
    }
    }
}

#[component]
fn Still(url: String, name: String, ground: Ground, step: Step) -> impl IntoView {
    let image = NodeRef::<Img>::new();
    let loaded = move |_| {
        if let Some(image) = image.get_untracked() {
            image_size(ground, &image);
            step.tell();
        }
    };
    view! { <img class="medium" node_ref=image src=url alt=name draggable="false" on:load=loaded/> }
}

/// A film without controls of its own.
#[component]
fn Reel(url: String, ground: Ground, step: Step, leads: bool) -> impl IntoView {
    let video = NodeRef::<Video>::new();
    let sized = move |_| {
        if let Some(video) = video.get_untracked() {
            ground
                .size
                .set(Some((f64::from(video.video_width().max(1)), f64::from(video.video_height().max(1)))));
            if leads {
                step.length.set(video.duration());
            }
        }
    };
    Effect::new(move |_| {
        let (frame, rate, playing) = (step.frame.get(), step.rate.get(), step.playing.get());
        let Some(video) = video.get() else { return };
        if playing {
            // A promise that is broken where a browser forbids playing.
            let _playing = video.play();
        } else {
            // It stops, or was not playing.
            let _paused = video.pause();
            video.set_current_time(time::middle(frame, rate));
        }
    });
    let ticked = move |_| {
        if let (true, true, Some(video)) = (leads, step.playing.get_untracked(), video.get_untracked()) {
            step.desk.now.update(|now| {
                now.frames = Some([time::frame_at(video.current_time(), step.rate.get_untracked()), 1])
            });
        }
    };
    let paused = move |_| {
        if let (true, Some(video)) = (leads, video.get_untracked()) {
            let rate = step.rate.get_untracked();
            // Between two stamps the earlier frame is shown.
            let frame =
                time::nearest((video.current_time() * f64::from(rate.num()) / f64::from(rate.den())).floor());
            if step.frame.get_untracked() != frame {
                step.frame.set(frame);
            }
        }
    };
    view! {
        <video class="medium" node_ref=video src=url playsinline muted preload="auto" aria-label="Film" on:loadedmetadata=sized
            on:seeked=move |_| step.tell() on:loadeddata=move |_| step.tell() on:timeupdate=ticked on:pause=paused></video>
    }
}

fn ask_rate(step: Step, file: &FileCard) {
    let ask = Ask::Film {
        workspace: step.desk.workspace.get_value(),
        asset: step.desk.asset.get_value(),
        content: file.content.clone(),
    };
    engine::ask(ask, move |reply| {
        if let Reply::Film(Some(FilmCard { rate: Some(rate), .. })) = reply {
            // The screen may be gone by the time the answer comes.
            let _gone = step.rate.try_set(time::rate_of(rate));
        }
    });
}

/// Frames or pages of both at once.
#[component]
pub(crate) fn StepControls(step: Step, kind: Kind) -> impl IntoView {
    match kind {
        Kind::Film => view! {
            <button class="icon" aria-label="Previous frame" on:click=move |_| step.go(-1)>"◂▮"</button>
            <button class="icon wide" aria-label=move || if step.playing.get() { "Pause" } else { "Play" } on:click=move |_| step.playing.update(|p| *p = !*p)>
                {move || if step.playing.get() { "❚❚" } else { "►" }}</button>
            <button class="icon" aria-label="Next frame" on:click=move |_| step.go(1)>"▮▸"</button>
            <output aria-label="Frame">{move || time::label(step.frame.get(), step.rate.get())}</output>
        }
        .into_any(),
        Kind::Pages => view! {
            <button class="icon" aria-label="Previous page" on:click=move |_| step.turn(-1)>"◂"</button>
            <output aria-label="Page">{move || format!("{} of {}", step.page.get() + 1, step.pages.get())}</output>
            <button class="icon" aria-label="Next page" on:click=move |_| step.turn(1)>"▸"</button>
        }
        .into_any(),
        _ => ().into_any(),
    }
}
