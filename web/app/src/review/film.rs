//! A film: every frame by its number, with marks on the frame that is shown.

mod captions;
mod player;
pub(crate) mod time;
mod timeline;

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::prelude::*;
use proofroom_web_wire::{Ask, FileCard, FilmCard, Reply};

use super::Desk;
use super::file::{FileBar, Shown, open};
use super::surface::{Ground, Surface};
use super::tools::Tools;
use crate::engine;
pub(crate) use captions::is_captions;
use captions::{CaptionsOf, Cues};
pub(crate) use player::Player;
use timeline::Timeline;

/// Rates that are offered where a film does not say.
const RATES: [([u32; 2], &str); 8] = [
    ([24_000, 1_001], "23.976"),
    ([24, 1], "24"),
    ([25, 1], "25"),
    ([30_000, 1_001], "29.97"),
    ([30, 1], "30"),
    ([50, 1], "50"),
    ([60_000, 1_001], "59.94"),
    ([60, 1], "60"),
];

/// Whether a browser plays files of this kind.
pub(crate) fn is_film(media_type: &str) -> bool {
    media_type.starts_with("video/")
}

/// A film with its comments; `captions` are the text files beside it.
#[component]
pub(crate) fn Film(file: FileCard, captions: Vec<FileCard>) -> impl IntoView {
    let desk: Desk = expect_context();
    let shown = open(desk, &file);
    let ground = Ground::new();
    let player = Player::new(desk);
    let video = player.video;
    ask_film(desk, &file, player);
    desk.player.set(Some(player));
    on_cleanup(move || {
        // Signals of a screen that is gone are nobody's.
        let _gone = desk.player.try_set(None);
        let _gone = desk.now.try_set(proofroom_web_wire::Place::default());
    });
    let sized = move |_| {
        if let Some(video) = video.get_untracked() {
            player.loaded(&video);
            ground
                .size
                .set(Some((f64::from(video.video_width().max(1)), f64::from(video.video_height().max(1)))));
        }
    };
    let cues = RwSignal::new(Cues::default());
    let broken = RwSignal::new(false);
    let said = move || {
        match shown.get() {
        Shown::Opening => Some("The film is on its way".to_owned()),
        Shown::Fault(text) => Some(text),
        Shown::At(_) if broken.get() => Some("This browser cannot play the film: its bytes are the ones that were signed, but they are damaged or in a codec that it does not know. Save the file to play it elsewhere.".to_owned()),
        Shown::At(_) => None,
    }
    };
    let medium = move || {
        match shown.get() {
        Shown::At(url) if !broken.get() => view! {
            <video class="medium" node_ref=video src=url playsinline preload="auto" aria-label="Film"
                on:loadedmetadata=sized on:play=move |_| player.playing.set(true) on:pause=move |_| player.playing.set(false)
                on:seeked=move |_| player.seeked() on:ended=move |_| player.ended() on:error=move |_| broken.set(true)></video>
        }.into_any(),
        _ => ().into_any(),
    }
    };
    view! {
        <Tools ground/>
        {move || said().map(|text| view! { <p class="empty" role="status">{text}</p> })}
        <div class="fill" class:gone=move || said().is_some()>
            <Surface ground>{medium}</Surface>
            <p class="caption" aria-live="off">{move || player.captions.get().then(|| cues.with(|c| c.at(player.seconds()))).flatten()}</p>
        </div>
        <Timeline player waveform=file.waveform.clone().map(|content| (desk, content))/>
        <Controls player/>
        <CaptionsOf files=captions cues player/>
        <FileBar file shown/>
    }
}

/// Asks for size and rate; a player without them plays all the same.
fn ask_film(desk: Desk, file: &FileCard, player: Player) {
    let ask = Ask::Film {
        workspace: desk.workspace.get_value(),
        asset: desk.asset.get_value(),
        content: file.content.clone(),
    };
    engine::ask(ask, move |reply| {
        if let Reply::Film(Some(FilmCard { rate: Some(rate), .. })) = reply {
            // The screen may be gone by the time the answer comes.
            let _gone = player.rate.try_set(time::rate_of(rate));
            let _gone = player.told.try_set(true);
        }
    });
}

/// Play, steps, speed, range, sound, and the frame by its name.
#[component]
fn Controls(player: Player) -> impl IntoView {
    let desk: Desk = expect_context();
    let play = move || if player.playing.get() { "Pause" } else { "Play" };
    let range = move || {
        player
            .range
            .get()
            .map(|(a, b)| (time::label(a, player.rate.get()), time::label(b, player.rate.get())))
    };
    let speed = move |event| {
        if let Ok(speed) = event_target_value(&event).parse::<f64>() {
            player.speed_to(speed);
        }
    };
    view! {
        <div class="tools film" role="toolbar" aria-label="Playback">
            <button class="icon" on:click=move |_| player.step(-1) aria-label="Previous frame" title="Previous frame (←)">"◂▮"</button>
            <button class="icon wide" on:click=move |_| player.toggle() aria-label=play title="Play or pause (Space)">{move || if player.playing.get() { "❚❚" } else { "►" }}</button>
            <button class="icon" on:click=move |_| player.step(1) aria-label="Next frame" title="Next frame (→)">"▮▸"</button>
            <Counter player/>
            <select aria-label="Speed" on:change=speed prop:value=move || player.speed.get().to_string()>
                {["0.25", "0.5", "1", "1.5", "2", "4"].map(|s| view! { <option value=s selected=s == "1">{s}" ×"</option> }).collect_view()}
            </select>
            <button on:click=move |_| player.mark_in() title="Range begins here (I)">"In"</button>
            <button on:click=move |_| player.mark_out() title="Range ends here (O)">"Out"</button>
            {move || range().map(|(a, b)| view! {
                <span class="range">{a}" – "{b}</span>
                <button class="icon" aria-label="Drop the range" on:click=move |_| player.drop_range()>"×"</button>
            })}
            <button aria-pressed=move || player.repeat.get().to_string() on:click=move |_| player.repeat.update(|r| *r = !*r) title="Repeat (R)">"Loop"</button>
            <button aria-pressed=move || player.muted.get().to_string() on:click=move |_| player.mute() title="Mute (M)">"Mute"</button>
            <button on:click=move |_| super::full_screen() title="Full screen (F)">"Full"</button>
            {move || (!player.told.get()).then(|| view! { <Rates player/> })}
            <span class="sr" aria-live="polite">{move || (!player.playing.get()).then(|| desk.now.with(|n| n.frames.map(|f| format!("frame {}", f[0]))))}</span>
        </div>
    }
}

/// A film that does not say its rate is counted in the one that somebody chooses.
#[component]
fn Rates(player: Player) -> impl IntoView {
    let chosen = move |event| {
        let value = event_target_value(&event);
        if let Some((rate, _)) = RATES.iter().find(|(_, name)| *name == value) {
            player.rate.set(time::rate_of(*rate));
        }
    };
    view! {
        <label class="inline warn">"This film does not say its frame rate: "
            <select on:change=chosen aria-label="Frame rate">
                {RATES.map(|(_, name)| view! { <option value=name selected=name == "25">{name}</option> }).collect_view()}
            </select>
        </label>
    }
}

/// The frame that is shown, as a timecode or a number; pressed, it takes another one.
#[component]
fn Counter(player: Player) -> impl IntoView {
    let editing = RwSignal::new(false);
    let typed = RwSignal::new(String::new());
    let fault = RwSignal::new(String::new());
    let text = move || {
        let frame = player.frame.get();
        if player.counts.get() { frame.to_string() } else { time::label(frame, player.rate.get()) }
    };
    let begin = move |_| {
        typed.set(untrack(text));
        fault.set(String::new());
        editing.set(true);
        gloo_timers::callback::Timeout::new(0, || super::rail::focus("timecode")).forget();
    };
    let go = move |event: SubmitEvent| {
        event.prevent_default();
        match time::parse(&typed.get_untracked(), player.rate.get_untracked()) {
            Ok(frame) => {
                player.seek(frame);
                editing.set(false);
            }
            Err(why) => fault.set(why),
        }
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            editing.set(false);
        }
    };
    view! {
        <span class="counter">
            {move || if editing.get() { view! {
                <form class="plain" on:submit=go><input id="timecode" aria-label="Timecode or frame" bind:value=typed on:keydown=keys
                    on:blur=move |_| editing.set(false) size="12" spellcheck="false" autocomplete="off"/></form>
            }.into_any() } else { view! {
                <button class="time" on:click=begin aria-label="Go to a timecode or frame" title="Go to a timecode or frame" data-testid="time">{text}</button>
            }.into_any() }}
            <button class="link" on:click=move |_| player.counts.update(|c| *c = !*c) title="Timecode or frames">
                {move || if player.counts.get() { "frames" } else { "timecode" }}</button>
            <span class="problem" role="alert">{move || fault.get()}</span>
        </span>
    }
}
