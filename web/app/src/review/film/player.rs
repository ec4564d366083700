//! A player that knows which frame is shown, and goes to any by its number.

use js_sys::{Function, Reflect};
use leptos::html::Video;
use leptos::prelude::*;
use proofroom_timecode::Rate;
use proofroom_web_wire::Place;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::HtmlVideoElement;

use super::super::Desk;
use super::time;

/// The fastest that J and L play.
const SPEED_MAX: f64 = 8.0;

/// A film's player; all of it signals, so that it is handed around by copy.
#[derive(Clone, Copy)]
pub(crate) struct Player {
    desk: Desk,
    pub(crate) video: NodeRef<Video>,
    pub(crate) rate: RwSignal<Rate>,
    /// Whether the film itself told its rate.
    pub(crate) told: RwSignal<bool>,
    pub(crate) playing: RwSignal<bool>,
    /// The frame that is shown, as the browser says.
    pub(crate) frame: RwSignal<u64>,
    /// How long it is, in seconds.
    pub(crate) length: RwSignal<f64>,
    pub(crate) speed: RwSignal<f64>,
    /// First and last frame of a range.
    pub(crate) range: RwSignal<Option<(u64, u64)>>,
    pub(crate) repeat: RwSignal<bool>,
    pub(crate) muted: RwSignal<bool>,
    pub(crate) captions: RwSignal<bool>,
    /// Whether frames are counted rather than labelled.
    pub(crate) counts: RwSignal<bool>,
    /// Where it is being sent, and where it is to go after that.
    wanted: RwSignal<Option<u64>>,
    next: RwSignal<Option<u64>>,
    /// Backwards: how many frames at each step; 0 for not at all.
    backwards: RwSignal<u64>,
}

impl Player {
    pub(crate) fn new(desk: Desk) -> Self {
        let player = Self {
            desk,
            video: NodeRef::new(),
            rate: RwSignal::new(Rate::FPS_25),
            told: RwSignal::new(false),
            playing: RwSignal::new(false),
            frame: RwSignal::new(0),
            length: RwSignal::new(0.0),
            speed: RwSignal::new(1.0),
            range: RwSignal::new(None),
            repeat: RwSignal::new(false),
            muted: RwSignal::new(false),
            captions: RwSignal::new(true),
            counts: RwSignal::new(false),
            wanted: RwSignal::new(None),
            next: RwSignal::new(None),
            backwards: RwSignal::new(0),
        };
        player.tell_desk();
        player
    }

    /// Comments made now belong to the frame that is shown, or to the range.
    fn tell_desk(self) {
        Effect::new(move |_| {
            let (frame, rate) = (self.frame.get(), self.rate.get());
            let rate = Some([rate.num(), rate.den()]);
            self.desk.now.set(Place { frames: Some([frame, 1]), rate, ..Place::default() });
        });
        Effect::new(move |_| {
            let rate = self.rate.get();
            let range = self.range.get();
            self.desk.aim.update(|aim| {
                aim.frames = range.map(|(a, b)| [a, b.saturating_sub(a) + 1]);
                aim.rate = range.map(|_| [rate.num(), rate.den()]);
            });
        });
        Effect::new(move |_| {
            if let Some(Place { frames: Some([start, _]), .. }) = self.desk.goal.get() {
                self.seek(start);
            }
        });
    }

    fn element(self) -> Option<HtmlVideoElement> {
        self.video.try_get_untracked().flatten()
    }

    /// The film's headers are here.
    pub(crate) fn loaded(self, video: &HtmlVideoElement) {
        self.length.set(video.duration());
        self.watch(video.clone());
    }

    /// Hears which frame the browser shows, for as long as the player is there.
    fn watch(self, video: HtmlVideoElement) {
        let again = std::rc::Rc::new(std::cell::RefCell::new(None::<Closure<dyn FnMut(JsValue, JsValue)>>));
        let held = again.clone();
        let element = video.clone();
        *again.borrow_mut() = Some(Closure::new(move |_now, meta: JsValue| {
            let stamp = Reflect::get(&meta, &"mediaTime".into()).ok().and_then(|t| t.as_f64());
            if self.presented(stamp.unwrap_or_default())
                && let Some(callback) = held.borrow().as_ref()
            {
                call_at_frame(&element, callback.as_ref().unchecked_ref());
            }
        }));
        if let Some(callback) = again.borrow().as_ref() {
            call_at_frame(&video, callback.as_ref().unchecked_ref());
        }
    }

    /// A frame is on the screen; false once nobody looks any more.
    fn presented(self, stamp: f64) -> bool {
        let Some(rate) = self.rate.try_get_untracked() else { return false };
        let frame = time::frame_at(stamp, rate);
        if self.frame.get_untracked() != frame {
            self.frame.set(frame);
        }
        let over = self.range.get_untracked().is_some_and(|(_, last)| frame >= last);
        if over && self.playing.get_untracked() {
            self.end_of_range();
        }
        true
    }

    fn end_of_range(self) {
        let Some((first, _)) = self.range.get_untracked() else { return };
        if self.repeat.get_untracked() {
            self.seek(first);
        } else {
            self.pause();
        }
    }

    pub(crate) fn ended(self) {
        if self.repeat.get_untracked() {
            self.seek(self.range.get_untracked().map_or(0, |(first, _)| first));
            self.play();
        }
    }

    /// The time that is shown, in seconds.
    pub(crate) fn seconds(self) -> f64 {
        time::middle(self.frame.get(), self.rate.get())
    }

    /// How many frames there are, by the film's length.
    pub(crate) fn frames(self) -> u64 {
        time::frames_in(self.length.get(), self.rate.get()).max(1)
    }

    fn play(self) {
        self.backwards.set(0);
        if let Some(video) = self.element() {
            video.set_playback_rate(self.speed.get_untracked());
            // A promise that is broken where a browser forbids playing; the button still says "Play".
            let _playing = video.play();
        }
    }

    fn pause(self) {
        self.backwards.set(0);
        if let Some(video) = self.element() {
            // It stops, or was not playing.
            let _paused = video.pause();
        }
    }

    pub(crate) fn toggle(self) {
        if self.playing.get_untracked() || self.backwards.get_untracked() > 0 {
            return self.pause();
        }
        if let Some((first, last)) = self.range.get_untracked()
            && !(first..last).contains(&self.frame.get_untracked())
        {
            self.seek(first);
        }
        self.play();
    }

    pub(crate) fn speed_to(self, speed: f64) {
        self.speed.set(speed);
        if let Some(video) = self.element() {
            video.set_playback_rate(speed);
        }
    }

    /// L: plays, and faster each time.
    pub(crate) fn faster(self) {
        let now = self.speed.get_untracked();
        self.speed_to(if self.playing.get_untracked() { (now * 2.0).min(SPEED_MAX) } else { 1.0 });
        self.play();
    }

    /// J: frame by frame backwards, and more frames each time.
    pub(crate) fn back(self) {
        let steps = self.backwards.get_untracked();
        if let Some(video) = self.element() {
            // It stops, or was not playing.
            let _paused = video.pause();
        }
        self.backwards.set((steps * 2).clamp(1, 8));
        if steps == 0 {
            self.step(-1);
        }
    }

    /// Goes some frames on or back, and stops there.
    pub(crate) fn step(self, by: i64) {
        if self.playing.get_untracked() {
            self.pause();
        }
        let from =
            self.next.get_untracked().or(self.wanted.get_untracked()).unwrap_or(self.frame.get_untracked());
        self.seek(from.saturating_add_signed(by));
    }

    /// Goes to a frame. While one is being sought, only the last wish counts.
    pub(crate) fn seek(self, frame: u64) {
        let frame = frame.min(untrack(|| self.frames()) - 1);
        let Some(video) = self.element() else { return };
        if self.wanted.get_untracked().is_some() && video.seeking() {
            return self.next.set(Some(frame));
        }
        self.wanted.set(Some(frame));
        video.set_current_time(time::middle(frame, self.rate.get_untracked()));
    }

    pub(crate) fn seeked(self) {
        self.wanted.set(None);
        if let Some(next) = self.next.get_untracked() {
            self.next.set(None);
            return self.seek(next);
        }
        let back = self.backwards.get_untracked();
        let at = self.frame.get_untracked();
        if back > 0 && at > 0 {
            // Shown for a moment, so that the eye follows.
            gloo_timers::callback::Timeout::new(30, move || {
                if self.backwards.try_get_untracked() == Some(back) {
                    self.seek(self.frame.get_untracked().saturating_sub(back));
                }
            })
            .forget();
        } else {
            self.backwards.set(0);
        }
    }

    pub(crate) fn mark_in(self) {
        let at = self.frame.get_untracked();
        let last = untrack(|| self.frames()) - 1;
        self.range.update(|r| *r = Some((at, r.map_or(last, |(_, b)| b).max(at))));
    }

    pub(crate) fn mark_out(self) {
        let at = self.frame.get_untracked();
        self.range.update(|r| *r = Some((r.map_or(0, |(a, _)| a).min(at), at)));
    }

    pub(crate) fn drop_range(self) {
        self.range.set(None);
    }

    pub(crate) fn mute(self) {
        self.muted.update(|m| *m = !*m);
        if let Some(video) = self.element() {
            video.set_muted(self.muted.get_untracked());
        }
    }
}

/// `requestVideoFrameCallback`, which this binding does not have yet.
fn call_at_frame(video: &HtmlVideoElement, callback: &Function) {
    let request = Reflect::get(video, &"requestVideoFrameCallback".into())
        .ok()
        .and_then(|f| f.dyn_into::<Function>().ok());
    if let Some(request) = request {
        // A player that is gone shows no frame, and calls nobody.
        let _asked = request.call1(video, callback);
    }
}
