//! The brief, written by several people at once.
//!
//! ```text
//! shadow   the text that the engine had last, by its revision
//! value    what stands in the field: the shadow and what was typed since
//! ```
//!
//! What was typed is sent as changes of the shadow, one message at a time. If the engine's text
//! is another meanwhile, nothing was changed: what came is put into the field around what was
//! typed and around the caret, and sent anew. The field is never locked, and never waits.

use gloo_timers::callback::Timeout;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use proofroom_web_wire::splice::{Splice, apply, changes, moved, rebased};
use proofroom_web_wire::{Ask, PlanAct, PlanReply, Reply, RequestScreen};

use crate::state::told;
use crate::welcome::Problem;
use crate::{engine, page};

/// Keys that follow each other within this are sent together.
const PAUSE_MS: u32 = 80;

/// What the editor knows.
#[derive(Clone, Copy)]
struct Editor {
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    field: NodeRef<html::Textarea>,
    shadow: StoredValue<String>,
    revision: StoredValue<String>,
    /// Something is sent and not answered.
    busy: StoredValue<bool>,
    timer: StoredValue<Option<Timeout>, LocalStorage>,
    saved: RwSignal<bool>,
    fault: RwSignal<String>,
}

impl Editor {
    fn value(self) -> String {
        self.field.get_untracked().map(|field| field.value()).unwrap_or_default()
    }

    /// Where what was typed and not yet sent is kept.
    fn key(self) -> String {
        format!("proofroom-brief/{}/{}", self.workspace.get_value(), self.request.get_value())
    }

    fn typed(self) {
        self.saved.set(false);
        self.timer.set_value(Some(Timeout::new(PAUSE_MS, move || self.send())));
    }

    /// Sends what was typed since the shadow.
    fn send(self) {
        if self.busy.try_get_value() != Some(false) {
            return;
        }
        let mine = self.shadow.with_value(|shadow| changes(shadow, &self.value()));
        if mine.is_empty() {
            self.saved.set(true);
            return page::remember(&self.key(), "");
        }
        self.busy.set_value(true);
        let act = PlanAct::Splice {
            request: self.request.get_value(),
            seen: self.revision.get_value(),
            changes: mine.clone(),
        };
        engine::ask(Ask::Plan { workspace: self.workspace.get_value(), act }, move |reply| {
            // The screen may be gone by the time the answer comes.
            if self.busy.try_update_value(|busy| *busy = false).is_none() {
                return;
            }
            match reply {
                Reply::Plan(PlanReply::Brief { made, text, revision }) => {
                    self.fault.set(String::new());
                    let mine = if made { mine } else { Vec::new() };
                    self.take(&mine, text, revision);
                    self.send();
                }
                Reply::Fault(f) => {
                    // It stays in the field, and is kept in case the page goes away.
                    page::remember(&self.key(), &self.value());
                    self.fault.set(told(&f));
                }
                _ => {}
            }
        });
    }

    /// The engine's text is this now; `mine` of what was typed is in it.
    fn take(self, mine: &[Splice], text: String, revision: String) {
        if self.revision.with_value(|held| *held == revision) {
            return;
        }
        let known = self.shadow.with_value(|shadow| apply(shadow, mine));
        let theirs = changes(&known, &text);
        if !theirs.is_empty() {
            self.merge(&known, &theirs);
        }
        self.shadow.set_value(text);
        self.revision.set_value(revision);
    }

    /// Puts what others wrote around what was typed, and keeps the caret at its letter.
    fn merge(self, known: &str, theirs: &[Splice]) {
        let Some(field) = self.field.get_untracked() else { return };
        let value = field.value();
        let typed = changes(known, &value);
        let over = rebased(theirs, &typed);
        let caret = |at: Option<u32>| {
            at.map(|at| moved(at as usize, &over, false)).and_then(|at| u32::try_from(at).ok())
        };
        let (start, end) = (field.selection_start().ok().flatten(), field.selection_end().ok().flatten());
        let scroll = field.scroll_top();
        field.set_value(&apply(&value, &over));
        if let (Some(start), Some(end)) = (caret(start), caret(end)) {
            // A field that shows nothing has no caret to keep.
            let _set = field.set_selection_range(start, end);
        }
        field.set_scroll_top(scroll);
    }
}

/// The brief of a request.
#[component]
pub(crate) fn Brief(
    workspace: StoredValue<String>,
    request: StoredValue<String>,
    text: String,
    revision: String,
    may_edit: bool,
    screen: RwSignal<Option<RequestScreen>>,
) -> impl IntoView {
    let editor = Editor {
        workspace,
        request,
        field: NodeRef::new(),
        shadow: StoredValue::new(text.clone()),
        revision: StoredValue::new(revision),
        busy: StoredValue::new(false),
        timer: StoredValue::new_local(None),
        saved: RwSignal::new(true),
        fault: RwSignal::new(String::new()),
    };
    // What could not be sent the last time.
    let kept = page::recall(&editor.key());
    let begin = kept.clone().unwrap_or(text);
    Effect::new(move |_| {
        if let Some(field) = editor.field.get() {
            field.set_value(&begin);
            if kept.is_some() {
                editor.typed();
            }
        }
    });
    // What others wrote: only while nothing of one's own is on its way.
    Effect::new(move |_| {
        let news = screen.with(|s| s.as_ref().map(|s| (s.card.brief.clone(), s.revision.clone())));
        if let Some((text, revision)) = news
            && !editor.busy.get_value()
        {
            editor.take(&[], text, revision);
        }
    });
    // A page that goes away, or into the background, waits for no timer.
    let hidden = window_event_listener(ev::pagehide, move |_| {
        let value = editor.value();
        if editor.shadow.with_value(|shadow| *shadow != value) {
            page::remember(&editor.key(), &value);
        }
        editor.send();
    });
    on_cleanup(move || {
        hidden.remove();
        editor.send();
    });
    view! {
        <div class="row"><label for="brief"><h2>"Brief"</h2></label>
            <span class="quiet" role="status" data-testid="saved">{move || match (may_edit, editor.saved.get()) {
                (false, _) => "Its author and producers write it",
                (true, true) => "Kept",
                (true, false) => "Writing",
            }}</span></div>
        <textarea id="brief" class="briefs" node_ref=editor.field rows="22" spellcheck="true" readonly=!may_edit
            on:input=move |_| editor.typed()></textarea>
        <Problem fault=editor.fault/>
    }
}
