//! Captions: WebVTT and SubRip, as text and nothing else.

use leptos::prelude::*;
use proofroom_web_wire::{FileCard, PIECE_BYTES_MAX};

use super::super::Desk;
use super::super::file::piece;
use super::{Player, time};

/// Cues that are read of one file, at most.
const CUES_MAX: usize = 20_000;

/// A caption: from when to when, in seconds, and what it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cue {
    start: f64,
    end: f64,
    text: String,
}

/// All captions of a film, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cues(Vec<Cue>);

impl Cues {
    /// Reads WebVTT or SubRip. Markup within a cue is left out; a block that cannot be read is passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let cues = text.split("\n\n").filter_map(|block| {
            let mut lines = block.lines().skip_while(|line| !line.contains("-->"));
            let (start, end) = lines.next()?.split_once("-->")?;
            let end = end.split_whitespace().next()?;
            let text = lines.map(plain).collect::<Vec<_>>().join("\n");
            let (start, end) = (seconds(start)?, seconds(end)?);
            (end > start && !text.trim().is_empty()).then_some(Cue { start, end, text })
        });
        let mut cues: Vec<Cue> = cues.take(CUES_MAX).collect();
        cues.sort_by(|a, b| a.start.total_cmp(&b.start));
        Self(cues)
    }

    /// What is said at a time.
    pub(crate) fn at(&self, seconds: f64) -> Option<String> {
        let said: Vec<&str> = self
            .0
            .iter()
            .filter(|c| c.start <= seconds && seconds < c.end)
            .map(|c| c.text.as_str())
            .collect();
        (!said.is_empty()).then(|| said.join("\n"))
    }
}

/// `HH:MM:SS.mmm`, `MM:SS.mmm`, or with a comma.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().replace(',', ".");
    text.split(':').try_fold(0.0, |sum, part| {
        let part: f64 = part.parse().ok().filter(|p: &f64| p.is_finite() && *p >= 0.0)?;
        Some(sum * 60.0 + part)
    })
}

/// A line without its tags.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        match after.split_once('>') {
            Some((_, after)) => rest = after,
            None => {
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
}

/// Whether a file holds captions.
pub(crate) fn is_captions(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".vtt") || name.ends_with(".srt")
}

/// The captions of a film, on or off, each a way to its frame.
#[component]
pub(crate) fn CaptionsOf(files: Vec<FileCard>, cues: RwSignal<Cues>, player: Player) -> impl IntoView {
    let desk: Desk = expect_context();
    if files.is_empty() {
        return ().into_any();
    }
    let fault = RwSignal::new(String::new());
    let file = RwSignal::new(files[0].content.clone());
    Effect::new(move |_| {
        let content = file.get();
        leptos::task::spawn_local(async move {
            // The screen may be gone by now.
            let _gone = match piece(desk, &content, 0, PIECE_BYTES_MAX).await {
                Ok(bytes) => cues.try_set(Cues::parse(&String::from_utf8_lossy(&bytes.to_vec()))).is_some(),
                Err(why) => fault.try_set(why).is_some(),
            };
        });
    });
    let now = Memo::new(move |_| cues.with(|c| c.at(player.seconds())));
    let many = files.len() > 1;
    view! {
        <details class="cues">
            <summary>"Captions"</summary>
            <div class="row">
                <button aria-pressed=move || player.captions.get().to_string() on:click=move |_| player.captions.update(|c| *c = !*c) title="Captions (T)">"Over the film"</button>
                {many.then(|| view! {
                    <select aria-label="Caption track" on:change=move |e| file.set(event_target_value(&e))>
                        {files.iter().map(|f| view! { <option value=f.content.clone()>{f.name.clone()}</option> }).collect_view()}
                    </select>
                })}
            </div>
            <p class="problem" role="alert">{move || fault.get()}</p>
            <ol tabindex="0" aria-label="Cues">
                {move || cues.get().0.into_iter().map(|cue| {
                    let (start, text) = (cue.start, cue.text);
                    let said = text.clone();
                    let here = move || now.with(|n| n.as_ref().is_some_and(|n| n.contains(&said)));
                    view! { <li><button class:now=here on:click=move |_| {
                        let rate = player.rate.get_untracked();
                        player.seek(time::frames_in(start, rate));
                    }><span class="time">{move || time::label(time::frames_in(start, player.rate.get()), player.rate.get())}</span>" "{text}</button></li> }
                }).collect_view()}
            </ol>
        </details>
    }
    .into_any()
}
