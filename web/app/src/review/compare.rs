//! Two versions against each other: side by side, wiped, laid over, subtracted, flicked.
//!
//! Both lie on grounds of one look, so zoom and pan are shared; films and pages are kept in step.

mod difference;
mod medium;
mod old;
mod told;

use leptos::ev::PointerEvent;
use leptos::html::Div;
use leptos::prelude::*;
use proofroom_web_wire::{FileCard, VersionCard};

use super::Desk;
use super::surface::{Ground, Surface};
use super::tools::Zoom;
use difference::Difference;
use medium::{Medium, Step, StepControls};
pub(crate) use old::OldComments;
use told::{Layers, Said, Words};

/// How two versions are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Side,
    Wipe,
    Onion,
    Difference,
    Flick,
}

impl How {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Side, "Side by side"),
        (Self::Wipe, "Wipe"),
        (Self::Onion, "Onion skin"),
        (Self::Difference, "Difference"),
        (Self::Flick, "Flick"),
    ];
}

/// Whether two versions are compared: which other one, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One version is reviewed.
    #[default]
    Review,
    /// Against the version of this hash.
    Compare(String, How),
}

impl Mode {
    pub(crate) fn is_compare(&self) -> bool {
        matches!(self, Self::Compare(..))
    }

    fn how(&self) -> How {
        match self {
            Self::Compare(_, how) => *how,
            Self::Review => How::Side,
        }
    }

    pub(crate) fn other(&self) -> &str {
        match self {
            Self::Compare(other, _) => other,
            Self::Review => "",
        }
    }
}

/// Compares with the version before this one, or stops.
pub(crate) fn toggle(desk: Desk) -> bool {
    if desk.mode.with_untracked(Mode::is_compare) {
        desk.mode.set(Mode::Review);
        return true;
    }
    let Some(other) = before(desk) else {
        desk.state.say("There is no other version to compare with.");
        return true;
    };
    desk.clear();
    desk.mode.set(Mode::Compare(other, How::Side));
    true
}

/// The version before the one that is shown; the one after it where it is the first.
fn before(desk: Desk) -> Option<String> {
    let shown = desk.version.get_untracked();
    desk.screen.with_untracked(|s| {
        let versions = &s.as_ref()?.versions;
        let at = versions.iter().position(|v| v.hash == shown)?;
        let other = versions.get(at + 1).or_else(|| versions.get(at.checked_sub(1)?))?;
        Some(other.hash.clone())
    })
}

/// A digit while two versions are compared: shows the version of that place, oldest first.
pub(crate) fn flick(desk: Desk, n: usize) -> bool {
    let how = desk.mode.with_untracked(|m| m.is_compare().then(|| m.how()));
    let version = desk.screen.with_untracked(|s| {
        let versions = &s.as_ref()?.versions;
        versions.get(versions.len().checked_sub(n)?).map(|v| v.hash.clone())
    });
    match (how, version) {
        (Some(How::Flick), Some(version)) => {
            desk.flick.set(version);
            true
        }
        _ => false,
    }
}

/// The file of a version that is compared: the first one, as on the stage.
fn file_of(version: &VersionCard) -> Option<FileCard> {
    version.files.first().cloned()
}

/// Two versions on the stage.
#[component]
pub(crate) fn Compare() -> impl IntoView {
    let desk: Desk = expect_context();
    let pair = Memo::new(move |_| {
        let new = desk.shown()?;
        let old = desk.mode.with(|m| desk.version_of(m.other()))?;
        Some((old, new))
    });
    let files = Memo::new(move |_| {
        pair.with(|p| {
            p.as_ref()
                .map(|(old, new)| ((old.label.clone(), file_of(old)), (new.label.clone(), file_of(new))))
        })
    });
    told::ask(desk);
    view! {
        <section class="stage" aria-label="Comparison">
            <Bar/>
            <Said/>
            {move || match files.get() {
                Some(((a, Some(old)), (b, Some(new)))) => view! { <Pair old=(a, old) new=(b, new)/> }.into_any(),
                _ => view! { <p class="empty">"One of these versions has no file to compare."</p> }.into_any(),
            }}
        </section>
    }
}

/// How, and against which version.
#[component]
fn Bar() -> impl IntoView {
    let desk: Desk = expect_context();
    let how = move || desk.mode.with(Mode::how);
    // Texts and layers are told, not laid over each other.
    let seen = Memo::new(move |_| {
        desk.shown().and_then(|v| file_of(&v)).is_some_and(|f| medium::kind(&f).is_seen())
    });
    let others = move || {
        let shown = desk.version.get();
        desk.screen.with(|s| {
            let all = s.iter().flat_map(|s| &s.versions);
            all.filter(|v| v.hash != shown).map(|v| (v.hash.clone(), v.label.clone())).collect::<Vec<_>>()
        })
    };
    let choose = move |hash: String| desk.mode.update(|m| *m = Mode::Compare(hash, m.how()));
    view! {
        <div class="tools" role="toolbar" aria-label="Comparison">
            <label class="inline">"with "
                <select aria-label="Compared with" on:change=move |e| choose(event_target_value(&e))>
                    {move || others().into_iter().map(|(hash, label)| {
                        let selected = desk.mode.with_untracked(|m| m.other() == hash);
                        view! { <option value=hash selected=selected>{label}</option> }
                    }).collect_view()}
                </select>
            </label>
            {move || seen.get().then(|| How::ALL.map(|(one, name)| view! {
                <button aria-pressed=move || (how() == one).to_string()
                    on:click=move |_| desk.mode.update(|m| *m = Mode::Compare(m.other().to_owned(), one))>{name}</button>
            }).collect_view())}
            <span class="grow"></span>
            <button on:click=move |_| desk.mode.set(Mode::Review) title="Back to the review (V)">"Done"</button>
        </div>
    }
}

type Named = (String, FileCard);

#[component]
fn Pair(old: Named, new: Named) -> impl IntoView {
    let desk: Desk = expect_context();
    let (kind, other) = (medium::kind(&new.1), medium::kind(&old.1));
    if kind == other && kind == medium::Kind::Words {
        return view! { <Words/> }.into_any();
    }
    if kind == other && kind == medium::Kind::Layers {
        return view! { <Layers/> }.into_any();
    }
    if kind == medium::Kind::None || kind != other {
        let why = format!(
            "{} is {}, {} is {}: this pair cannot be laid over each other here.",
            old.0, old.1.media_type, new.0, new.1.media_type
        );
        return view! { <p class="empty" role="note">"Not applicable. "{why}</p> }.into_any();
    }
    let step = Step::new(desk);
    let ground = Ground::new();
    let how = Memo::new(move |_| desk.mode.with(Mode::how));
    let (old, new) = (StoredValue::new(old), StoredValue::new(new));
    let body = move || match how.get() {
        How::Side => view! { <Side old=old.get_value() new=new.get_value() ground step/> }.into_any(),
        How::Wipe => view! { <Wipe old=old.get_value() new=new.get_value() ground step/> }.into_any(),
        How::Onion => view! { <Onion old=old.get_value() new=new.get_value() ground step/> }.into_any(),
        How::Difference => {
            view! { <Difference old=old.get_value() new=new.get_value() ground step/> }.into_any()
        }
        How::Flick => view! { <Flick new=new.get_value() ground step/> }.into_any(),
    };
    view! {
        {body}
        <div class="tools" role="toolbar" aria-label="Stage"><Zoom ground/><StepControls step kind/></div>
    }
    .into_any()
}

#[component]
fn Side(old: Named, new: Named, ground: Ground, step: Step) -> impl IntoView {
    let left = Ground::sharing(ground.look);
    view! {
        <div class="fill pair">
            <figure><Surface ground=left marked=false><Medium file=old.1 ground=left step leads=false/></Surface><figcaption>{old.0}</figcaption></figure>
            <figure><Surface ground marked=false><Medium file=new.1 ground step leads=true/></Surface><figcaption>{new.0}</figcaption></figure>
        </div>
    }
}

#[component]
fn Wipe(old: Named, new: Named, ground: Ground, step: Step) -> impl IntoView {
    let at = RwSignal::new(50.0);
    let area = NodeRef::<Div>::new();
    let under = Ground::sharing(ground.look);
    let moved = move |event: PointerEvent| {
        if let (true, Some(area)) = (event.buttons() == 1, area.get_untracked()) {
            let rect = area.get_bounding_client_rect();
            at.set(((f64::from(event.client_x()) - rect.left()) / rect.width() * 100.0).clamp(0.0, 100.0));
        }
    };
    // The window is cut, not the paper: the line stays where it is while the picture moves under it.
    let cut = move || format!("inset(0 0 0 {:.3}%)", at.get());
    view! {
        <div class="fill wipe" node_ref=area>
            <Surface ground=under marked=false><Medium file=old.1 ground=under step leads=false/></Surface>
            <div class="over" style:clip-path=cut><Surface ground marked=false><Medium file=new.1 ground step leads=true/></Surface></div>
            <div class="edge" style:left=move || format!("{:.3}%", at.get()) on:pointerdown=|e: PointerEvent| {
                if let Some(edge) = super::surface::target::<web_sys::Element>(&e) {
                    // A pointer that ended meanwhile is not captured.
                    let _captured = edge.set_pointer_capture(e.pointer_id());
                }
            } on:pointermove=moved></div>
            <Slider value=at name="Where the versions meet" low=old.0 high=new.0/>
        </div>
    }
}

#[component]
fn Onion(old: Named, new: Named, ground: Ground, step: Step) -> impl IntoView {
    let share = RwSignal::new(50.0);
    let under = Ground::sharing(ground.look);
    view! {
        <div class="fill wipe">
            <Surface ground=under marked=false><Medium file=old.1 ground=under step leads=false/></Surface>
            <div class="over" style:opacity=move || format!("{:.3}", share.get() / 100.0)>
                <Surface ground marked=false><Medium file=new.1 ground step leads=true/></Surface>
            </div>
            <Slider value=share name="How much of the newer version shows" low=old.0 high=new.0/>
        </div>
    }
}

/// A number from 0 to 100, with a name at either end.
#[component]
pub(crate) fn Slider(value: RwSignal<f64>, name: &'static str, low: String, high: String) -> impl IntoView {
    let slid = move |event| {
        if let Ok(to) = event_target_value(&event).parse::<f64>() {
            value.set(to);
        }
    };
    view! {
        <label class="slider"><span>{low}</span>
            <input type="range" min="0" max="100" step="1" aria-label=name prop:value=move || value.get() on:input=slid/>
            <span>{high}</span></label>
    }
}

/// All versions in one place; digits choose, oldest first.
#[component]
fn Flick(new: Named, ground: Ground, step: Step) -> impl IntoView {
    let desk: Desk = expect_context();
    let kind = medium::kind(&new.1);
    let sources = desk.screen.with_untracked(|s| {
        let all = s.iter().flat_map(|s| s.versions.iter().rev());
        let fits = |v: &VersionCard| {
            Some((v.hash.clone(), v.label.clone(), file_of(v).filter(|f| medium::kind(f) == kind)?))
        };
        all.filter_map(fits).collect::<Vec<_>>()
    });
    if !sources.iter().any(|(hash, ..)| desk.flick.with_untracked(|f| f == hash)) {
        desk.flick.set(desk.version.get_untracked());
    }
    let buttons = sources.iter().enumerate().map(|(i, (hash, label, _))| {
        let (hash, chosen) = (hash.clone(), hash.clone());
        view! {
            <button aria-pressed=move || desk.flick.with(|f| *f == chosen).to_string() on:click=move |_| desk.flick.set(hash.clone())
                title=format!("Key {}", i + 1)>{format!("{} {label}", i + 1)}</button>
        }
    });
    let buttons = buttons.collect_view();
    let layers = sources.into_iter().map(|(hash, _, file)| {
        let here = Memo::new({
            let hash = hash.clone();
            move |_| desk.flick.with(|f| *f == hash)
        });
        let leads = hash == desk.version.get_untracked();
        let layer = if leads { ground } else { Ground::sharing(ground.look) };
        view! { <div class="over" class:gone=move || !here.get()><Surface ground=layer marked=false><Medium file ground=layer step leads/></Surface></div> }
    });
    view! {
        <div class="fill wipe" data-testid="flick">{layers.collect_view()}</div>
        <div class="tools" role="group" aria-label="Versions">{buttons}</div>
    }
}
