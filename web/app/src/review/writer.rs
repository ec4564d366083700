//! Where a comment is written. What was typed stays until it is kept, also over a reload.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Draft, Place, Reply};

use super::Desk;
use super::rail::LABELS;
use crate::engine;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::label;

const BODY_CHARS_MAX: usize = 20_000;
/// How many names are offered after an `@`.
const NAMES_MAX: usize = 6;

/// Random bytes as hexadecimal digits: the id of a new comment.
pub(crate) fn fresh_id() -> String {
    let mut bytes = [0_u8; 16];
    if let Some(crypto) = web_sys::window().and_then(|w| w.crypto().ok()) {
        // Sixteen bytes are far below the browser's limit.
        let _filled = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A text as it is, those whom it mentions standing out.
pub(crate) fn spoken(desk: Desk, text: &str) -> Vec<AnyView> {
    let names = desk.screen.with_untracked(|s| s.as_ref().map(names).unwrap_or_default());
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('@') {
        let after = &rest[at + 1..];
        let (plain, name) =
            match names.iter().filter(|n| after.starts_with(n.as_str())).max_by_key(|n| n.len()) {
                Some(name) => (&rest[..at], Some(name.clone())),
                None => (&rest[..=at], None),
            };
        out.push(plain.to_owned().into_any());
        rest = &after[name.as_ref().map_or(0, String::len)..];
        out.extend(name.map(|n| view! { <strong class="mention">{format!("@{n}")}</strong> }.into_any()));
    }
    out.push(rest.to_owned().into_any());
    out
}

/// Printed names of those who take part.
fn names(screen: &proofroom_web_wire::AssetScreen) -> Vec<String> {
    let asked = screen.versions.iter().flat_map(|v| &v.people).map(|p| p.name.clone());
    let wrote = screen.comments.iter().map(|c| c.author_name.clone());
    let mut names: Vec<String> = asked.chain(wrote).filter(|n| !n.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// What was typed is kept beside the page until it is sent.
#[derive(Clone)]
struct Kept(String);

impl Kept {
    fn of(desk: Desk) -> Self {
        Self(format!("proofroom-draft-{}", desk.asset.get_value()))
    }

    fn load(&self) -> String {
        storage().and_then(|s| s.get_item(&self.0).ok()).flatten().unwrap_or_default()
    }

    fn save(&self, text: &str) {
        if let Some(storage) = storage() {
            // Without storage the text is kept for as long as the page.
            let _kept =
                if text.is_empty() { storage.remove_item(&self.0) } else { storage.set_item(&self.0, text) };
        }
    }
}

/// What is being written.
#[derive(Clone, Copy)]
struct Sheet {
    text: RwSignal<String>,
    tag: RwSignal<String>,
    team: RwSignal<bool>,
    fault: RwSignal<String>,
    id: RwSignal<String>,
}

impl Sheet {
    fn send(self, desk: Desk, state: State) {
        if self.text.with_untracked(|t| t.trim().is_empty()) {
            return self.fault.set("Write something first.".into());
        }
        let draft = Draft {
            id: self.id.get_untracked(),
            body: self.text.get_untracked(),
            version: desk.version.get_untracked(),
            place: untrack(|| desk.place()),
            label: self.tag.get_untracked(),
            parent: None,
            team: self.team.get_untracked(),
        };
        let ask =
            Ask::Comment { workspace: desk.workspace.get_value(), asset: desk.asset.get_value(), draft };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => self.fault.set(told(&f)),
            _ => {
                self.text.set(String::new());
                self.fault.set(String::new());
                self.id.set(fresh_id());
                desk.clear();
                state.say("Kept in this browser");
            }
        });
    }
}

/// Where a comment is written.
#[component]
pub(crate) fn Writer() -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let kept = Kept::of(desk);
    let sheet = Sheet {
        text: RwSignal::new(kept.load()),
        tag: RwSignal::new("change".to_owned()),
        team: RwSignal::new(false),
        fault: RwSignal::new(String::new()),
        id: RwSignal::new(fresh_id()),
    };
    Effect::new(move |_| sheet.text.with(|text| kept.save(text)));
    let field = NodeRef::<Textarea>::new();
    let has_team = Memo::new(move |_| desk.screen.with(|s| s.as_ref().is_some_and(|s| s.has_team)));
    let may = Memo::new(move |_| desk.screen.with(|s| s.as_ref().is_some_and(|s| s.may_write)));
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            sheet.send(desk, state);
        } else if event.key() == "Escape"
            && let Some(field) = field.get_untracked()
        {
            // A field on the screen lets go of the caret.
            let _left = field.blur();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        sheet.send(desk, state);
    };
    view! {
        <form class="writer" class:team=move || sheet.team.get() on:submit=submit>
            <Aim/>
            <label><span class="sr">"Comment"</span>
                <textarea id="comment" node_ref=field bind:value=sheet.text rows="3" maxlength=BODY_CHARS_MAX disabled=move || !may.get()
                    placeholder="What should change?" on:keydown=keys></textarea>
            </label>
            <Names text=sheet.text field/>
            <div class="row">
                <label class="inline"><span class="sr">"Label"</span>
                    <select bind:value=sheet.tag>
                        {LABELS.map(|l| view! { <option value=l selected=l == "change">{label(l)}</option> }).collect_view()}
                    </select>
                </label>
                <Show when=move || has_team.get()>
                    <label class="inline"><input type="checkbox" bind:checked=sheet.team/>"Team only"</label>
                </Show>
                <span class="grow"></span>
                <button class="primary" type="submit" disabled=move || !may.get() title="Ctrl and Enter">"Comment"</button>
            </div>
            <Problem fault=sheet.fault/>
        </form>
    }
}

/// What the next comment points at, and a way to drop it.
#[component]
fn Aim() -> impl IntoView {
    let desk: Desk = expect_context();
    let text = move || describe(&desk.place());
    let aimed = move || desk.shape.with(Option::is_some) || desk.aim.with(|aim| *aim != Place::default());
    view! {
        <p class="aim quiet" aria-live="polite">
            <span>{text}</span>
            <Show when=aimed><button type="button" class="link" on:click=move |_| desk.clear()>"Drop"</button></Show>
        </p>
    }
}

fn describe(place: &Place) -> String {
    let mut parts = Vec::new();
    if let (Some([start, length]), Some(rate)) = (place.frames, place.rate) {
        let at = super::film::time::text(start, rate);
        parts.push(if length > 1 { format!("{length} frames from {at}") } else { format!("frame {at}") });
    }
    parts.extend(place.page.map(|page| format!("page {}", page + 1)));
    parts.extend(place.layer.as_ref().map(|path| format!("the layer {}", path.join(" › "))));
    parts.extend(place.quote.as_ref().map(|[exact, ..]| format!("“{}”", short(exact))));
    if place.region.is_some() && place.layer.is_none() {
        parts.push("what you drew".into());
    }
    if parts.is_empty() { "About all of this version".into() } else { format!("About {}", parts.join(", ")) }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Names that could follow the `@` before the end of the text.
#[component]
fn Names(text: RwSignal<String>, field: NodeRef<Textarea>) -> impl IntoView {
    let desk: Desk = expect_context();
    let found = Memo::new(move |_| {
        text.with(|text| {
            let begun = text
                .rsplit_once('@')
                .map(|(_, begun)| begun.to_lowercase())
                .filter(|b| b.chars().count() < 40)?;
            let all = desk.screen.with(|s| s.as_ref().map(names).unwrap_or_default());
            let fits =
                |n: &String| n.to_lowercase().starts_with(&begun) && n.to_lowercase() != begun.trim_end();
            let fit: Vec<String> = all.into_iter().filter(fits).take(NAMES_MAX).collect();
            (!fit.is_empty()).then_some(fit)
        })
    });
    let take = move |name: &str| {
        text.update(|text| {
            if let Some((before, _)) = text.rsplit_once('@') {
                *text = format!("{before}@{name} ");
            }
        });
        if let Some(field) = field.get_untracked() {
            // A field on the screen takes the caret.
            let _focused = field.focus();
        }
    };
    move || {
        found.get().map(|names| {
            view! {
                <ul class="names" aria-label="People to mention">
                    {names.into_iter().map(|name| { let taken = name.clone(); view! { <li><button type="button" on:click=move |_| take(&taken)>{name}</button></li> } }).collect_view()}
                </ul>
            }
        })
    }
}
