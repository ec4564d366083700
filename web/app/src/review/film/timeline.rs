//! The timeline: where one is, what was fetched, and every comment as a mark.

use std::sync::Arc;

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use proofroom_web_wire::PIECE_BYTES_MAX;

use super::super::Desk;
use super::super::desk::Thread;
use super::super::file::piece;
use super::{Player, time};

/// Bytes before the first peak of a waveform.
const WAVE_HEAD_BYTES: usize = 24;
/// How many columns of it are drawn.
const WAVE_COLUMNS: usize = 1_000;

/// A bar to be dragged along, or moved along by keys.
#[component]
pub(crate) fn Timeline(
    player: Player,
    /// Where the waveform of its sound is, where somebody made one.
    waveform: Option<(Desk, String)>,
) -> impl IntoView {
    let desk: Desk = expect_context();
    let (bar, sounding) = (NodeRef::<Div>::new(), waveform.is_some());
    let held = RwSignal::new(false);
    let share = move |frame: u64| format!("{:.3}%", time::real(frame) / time::real(player.frames()) * 100.0);
    let go = move |event: &PointerEvent| {
        let Some(bar) = bar.get_untracked() else { return };
        let rect = bar.get_bounding_client_rect();
        let part = ((f64::from(event.client_x()) - rect.left()) / rect.width()).clamp(0.0, 1.0);
        let frames = untrack(|| player.frames());
        player.seek(time::nearest((part * time::real(frames)).floor()).min(frames - 1));
    };
    let down = move |event: PointerEvent| {
        if let Some(bar) = bar.get_untracked() {
            // A pointer that ended meanwhile is not captured.
            let _captured = bar.set_pointer_capture(event.pointer_id());
        }
        held.set(true);
        go(&event);
    };
    let moved = move |event: PointerEvent| {
        if held.get_untracked() {
            go(&event);
        }
    };
    let keys = move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "Home" => i64::MIN / 2,
            "End" => i64::MAX / 2,
            "PageUp" => 100,
            "PageDown" => -100,
            _ => return,
        };
        event.prevent_default();
        player.step(by);
    };
    let timed = Memo::new(move |_| {
        desk.threads.with(|all| {
            all.iter().filter(|t| t.comment.place.frames.is_some()).cloned().collect::<Vec<Arc<Thread>>>()
        })
    });
    let key = |t: &Arc<Thread>| (t.n, t.comment.key.clone(), t.comment.state.clone());
    view! {
        <div class="timeline">
            <div class="track" node_ref=bar role="slider" tabindex="0" aria-label="Position" aria-valuemin="0"
                aria-valuemax=move || (player.frames() - 1).to_string() aria-valuenow=move || player.frame.get().to_string()
                aria-valuetext=move || time::label(player.frame.get(), player.rate.get())
                class:sounding=sounding on:pointerdown=down on:pointermove=moved on:pointerup=move |_| held.set(false) on:keydown=keys>
                {waveform.map(|(desk, content)| view! { <Wave desk content/> })}
                {move || player.range.get().map(|(a, b)| view! {
                    <div class="span" style:left=share(a) style:width=share(b - a + 1)></div>
                })}
                <div class="head" style:left=move || share(player.frame.get())></div>
            </div>
            <div class="markers" role="group" aria-label="Comments on the timeline">
                <For each=move || timed.get() key=key let:thread><Marker thread player/></For>
            </div>
        </div>
    }
}

/// The sound of the film, from its beginning to its end.
#[component]
fn Wave(desk: Desk, content: String) -> impl IntoView {
    let path = RwSignal::new(String::new());
    leptos::task::spawn_local(async move {
        // Without its bytes the track is a plain bar.
        if let Ok(bytes) = piece(desk, &content, 0, PIECE_BYTES_MAX).await {
            let _gone = path.try_set(wave(&bytes.to_vec()));
        }
    });
    view! {
        <svg class="wave" viewBox="0 -128 1000 256" preserveAspectRatio="none" aria-hidden="true" data-testid="wave"><path d=move || path.get()></path></svg>
    }
}

/// Path data of an audiowaveform file of eight bits (version 2): lowest and highest values, gathered into
/// a thousand columns. Nothing of any other file.
fn wave(bytes: &[u8]) -> String {
    let word = |at: usize| bytes.get(at..at + 4).and_then(|b| Some(u32::from_le_bytes(b.try_into().ok()?)));
    if word(0) != Some(2) || word(4) != Some(1) {
        return String::new();
    }
    let peaks = bytes.get(WAVE_HEAD_BYTES..).unwrap_or_default().as_chunks::<2>().0;
    let each = peaks.len().div_ceil(WAVE_COLUMNS).max(1);
    let columns = peaks.chunks(each).enumerate().map(|(i, part)| {
        let value = |of: u8| i16::from(of.cast_signed());
        let low = part.iter().map(|p| value(p[0])).min().unwrap_or(0);
        let high = part.iter().map(|p| value(p[1])).max().unwrap_or(0);
        format!("M{} {}V{}", i * WAVE_COLUMNS * each / peaks.len().max(1), -high, -low + 1)
    });
    columns.collect()
}

#[component]
fn Marker(thread: Arc<Thread>, player: Player) -> impl IntoView {
    let desk: Desk = expect_context();
    let [start, length] = thread.comment.place.frames.unwrap_or_default();
    let share = move |frame: u64| format!("{:.3}%", time::real(frame) / time::real(player.frames()) * 100.0);
    let (key, done, comment, n) =
        (thread.comment.key.clone(), !thread.is_open(), thread.comment.clone(), thread.n);
    let author = comment.author_name.clone();
    let name = move || format!("Comment {n} by {author} at {}", time::label(start, player.rate.get()));
    let chosen = Memo::new(move |_| desk.chosen.with(|c| *c == key));
    view! {
        <button class="marker" class:done=done class:chosen=move || chosen.get() aria-label=name
            style:left=move || share(start) style:min-width=move || share(length) on:click=move |_| desk.choose(&comment)>{n}</button>
    }
}
