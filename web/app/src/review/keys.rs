//! The keys of the review screen: listed, remappable, and silent while somebody types.

use std::collections::BTreeMap;

use leptos::ev::{self, KeyboardEvent};
use leptos::html::Dialog;
use leptos::prelude::*;

use super::Desk;
use super::surface::target;

/// Where changed keys are kept in this browser.
const STORED: &str = "proofroom-keys";

macro_rules! acts {
    ($($act:ident $name:literal $key:literal $text:literal,)+) => {
        /// What a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Act { $($act,)+ }

        impl Act {
            const ALL: &'static [Self] = &[$(Self::$act),+];

            fn name(self) -> &'static str {
                match self { $(Self::$act => $name,)+ }
            }

            fn usual(self) -> &'static str {
                match self { $(Self::$act => $key,)+ }
            }

            fn text(self) -> &'static str {
                match self { $(Self::$act => $text,)+ }
            }
        }
    };
}

acts! {
    Play "play" " " "Play or pause",
    PlayAlso "pause" "k" "Play or pause",
    Faster "faster" "l" "Play forwards; again: faster",
    Back "back" "j" "Play backwards; again: faster",
    NextFrame "next-frame" "ArrowRight" "Next frame, next page",
    PreviousFrame "previous-frame" "ArrowLeft" "Previous frame, previous page",
    NextTen "next-ten" "Shift+ArrowRight" "Ten frames on",
    PreviousTen "previous-ten" "Shift+ArrowLeft" "Ten frames back",
    In "in" "i" "Range begins here",
    Out "out" "o" "Range ends here",
    Loop "loop" "r" "Repeat the range",
    Mute "mute" "m" "Sound on or off",
    Captions "captions" "t" "Captions on or off",
    Full "full" "f" "Full screen",
    NextComment "next-comment" "." "Next comment",
    PreviousComment "previous-comment" "," "Previous comment",
    Comment "comment" "c" "Write a comment",
    Draw "draw" "d" "Draw a rectangle",
    Cancel "cancel" "Escape" "Put the tool away, drop the mark",
    ZoomIn "zoom-in" "+" "Zoom in",
    ZoomOut "zoom-out" "-" "Zoom out",
    Fit "fit" "0" "Show all of it",
    Actual "actual" "Shift+1" "One pixel on one",
    Compare "compare" "v" "Compare versions, or stop",
    Help "help" "?" "This list",
}

/// The keys in force: what was changed here, over the usual ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys(BTreeMap<String, String>);

impl Keys {
    pub(crate) fn load() -> Self {
        let text = storage().and_then(|s| s.get_item(STORED).ok()).flatten().unwrap_or_default();
        Self(serde_json::from_str(&text).unwrap_or_default())
    }

    fn save(&self) {
        if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(&self.0)) {
            // Without storage the change holds for as long as the page.
            let _kept = storage.set_item(STORED, &text);
        }
    }

    fn of(&self, act: Act) -> &str {
        self.0.get(act.name()).map_or(act.usual(), String::as_str)
    }

    fn act(&self, key: &str) -> Option<Act> {
        Act::ALL.iter().copied().find(|act| self.of(*act) == key)
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// A key as it is listed. On most layouts Shift is part of the sign itself.
fn pressed(event: &KeyboardEvent) -> String {
    let key = event.key();
    if event.shift_key() {
        let digit = event.code().strip_prefix("Digit").map(str::to_owned);
        if let Some(digit) = digit {
            return format!("Shift+{digit}");
        }
        if key.chars().count() > 1 {
            return format!("Shift+{key}");
        }
    }
    match key.as_str() {
        "=" => "+".into(),
        one if one.chars().count() == 1 => one.to_lowercase(),
        _ => key,
    }
}

/// A key's sign, for people.
fn sign(key: &str) -> String {
    key.replace("Arrow", "").replace(' ', "Space").split('+').map(capital).collect::<Vec<_>>().join(" + ")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        // The plus sign itself.
        None => "+".into(),
    }
}

fn is_typing() -> bool {
    let element = web_sys::window().and_then(|w| w.document()).and_then(|d| d.active_element());
    element.is_some_and(|e| match e.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => {
            !matches!(e.get_attribute("type").as_deref(), Some("checkbox" | "radio" | "range" | "button"))
        }
        _ => false,
    })
}

/// Hears keys.
pub(crate) fn listen(desk: Desk) {
    let heard = window_event_listener(ev::keydown, move |event| {
        if is_typing() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if desk.deciding.get_untracked() || (desk.helping.get_untracked() && event.key() != "?") {
            return;
        }
        let key = pressed(&event);
        // A focused button takes its own keys.
        let own = |e: web_sys::Element| matches!(e.tag_name().as_str(), "BUTTON" | "A" | "INPUT" | "SUMMARY");
        if matches!(key.as_str(), " " | "Enter") && target(&event).is_some_and(own) {
            return;
        }
        let keys = desk.keys.get_untracked();
        let done = match keys.act(&key) {
            Some(act) => super::act(desk, act),
            None => key.parse::<usize>().is_ok_and(|n| super::compare::flick(desk, n)),
        };
        if done {
            event.prevent_default();
        }
    });
    on_cleanup(move || heard.remove());
}

/// All keys, and a way to change each.
#[component]
pub(crate) fn KeysDialog() -> impl IntoView {
    let desk: Desk = expect_context();
    let dialog = NodeRef::<Dialog>::new();
    let changing = RwSignal::new(None::<Act>);
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match desk.helping.get() {
            // A dialog that is open already stays as it is.
            true if !dialog.open() => _ = dialog.show_modal(),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let heard = move |event: KeyboardEvent| {
        let Some(act) = changing.get_untracked() else { return };
        let key = pressed(&event);
        if matches!(event.key().as_str(), "Shift" | "Control" | "Alt" | "Meta" | "Tab") {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        changing.set(None);
        change(desk, act, key);
    };
    let reset = move |_| {
        desk.keys.set(Keys::default());
        desk.keys.get_untracked().save();
    };
    view! {
        <dialog node_ref=dialog class="keys" aria-labelledby="keys-title" on:keydown=heard
            on:close=move |_| { changing.set(None); desk.helping.set(false); }>
            <h2 id="keys-title">"Keys"</h2>
            <p class="quiet">"They rest while you type. Digits 1 to 9 switch between versions while you compare; Ctrl and Enter send a comment."</p>
            <ul>
                {Act::ALL.iter().map(|act| {
                    let act = *act;
                    let shown = move || match changing.get() == Some(act) {
                        true => "Press a key".into(),
                        false => desk.keys.with(|k| sign(k.of(act))),
                    };
                    view! {
                        <li><span>{act.text()}</span>
                            <button on:click=move |_| changing.set(Some(act)) aria-label=move || format!("{}: change the key for {}", shown(), act.text())>{shown}</button></li>
                    }
                }).collect_view()}
            </ul>
            <div class="row"><button on:click=reset>"The usual keys"</button><span class="grow"></span>
                <button class="primary" on:click=move |_| desk.helping.set(false)>"Close"</button></div>
        </dialog>
    }
}

/// A key that does something else already is not taken.
fn change(desk: Desk, act: Act, key: String) {
    let taken = desk.keys.with_untracked(|keys| keys.act(&key).filter(|other| *other != act));
    if let Some(other) = taken {
        return desk.state.say(format!("{} is the key for: {}", sign(&key), other.text()));
    }
    desk.keys.update(|keys| {
        keys.0.insert(act.name().to_owned(), key);
    });
    desk.keys.get_untracked().save();
}
