//! The decision dialog: what is signed, by whom, about which bytes, and what is still open.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, CommentCard, Reply, StatementCard, Who};

use super::Desk;
use crate::engine;
use crate::route::Route;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{count, label};

/// Decisions, and the sentence that each stands for.
const CHOICES: [(&str, &str); 5] = [
    ("approved", "I approve this version as it is."),
    ("approved_with_changes", "I approve this version once the listed conditions are met."),
    ("changes_required", "This version needs changes before I can approve it."),
    ("rejected", "I reject this version."),
    ("abstained", "This is not for me to decide."),
];

const WITH_CHANGES: &str = "approved_with_changes";
/// What a question of a checklist is answered with.
const ANSWERS: [&str; 3] = ["yes", "no", "not_applicable"];

/// Opens over the screen; nothing is signed by one key.
#[component]
pub(crate) fn DecideDialog() -> impl IntoView {
    let desk: Desk = expect_context();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match desk.deciding.get() {
            // A dialog that is open already stays as it is.
            true if !dialog.open() => _ = dialog.show_modal(),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog node_ref=dialog aria-labelledby="decide-title" on:close=move |_| desk.deciding.set(false)>
            <Show when=move || desk.deciding.get()><Sheet/></Show>
        </dialog>
    }
}

/// What is being filled in.
#[derive(Clone, Copy)]
struct Form {
    choice: RwSignal<String>,
    reason: RwSignal<String>,
    conditions: RwSignal<String>,
    passphrase: RwSignal<String>,
    answers: RwSignal<BTreeMap<String, String>>,
    /// What would be signed, as the engine words it.
    statement: RwSignal<Option<StatementCard>>,
    fault: RwSignal<String>,
}

impl Form {
    fn new() -> Self {
        Self {
            choice: RwSignal::default(),
            reason: RwSignal::default(),
            conditions: RwSignal::default(),
            passphrase: RwSignal::default(),
            answers: RwSignal::default(),
            statement: RwSignal::default(),
            fault: RwSignal::default(),
        }
    }

    /// Takes a decision, and asks for the words that would be signed.
    fn choose(self, desk: Desk, word: &str) {
        self.choice.set(word.to_owned());
        self.fault.set(String::new());
        let ask = Ask::Statement {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            version: desk.version.get_untracked(),
            decision: word.to_owned(),
        };
        engine::ask(ask, move |reply| {
            // The dialog may be closed by the time the answer comes.
            let _gone = match reply {
                Reply::Statement(card) => self.statement.try_set(Some(card)).is_some(),
                Reply::Fault(f) => {
                    self.statement.try_set(None).is_some() || self.fault.try_set(told(&f)).is_some()
                }
                _ => false,
            };
        });
    }

    fn sign(self, desk: Desk, state: State, version: String) {
        if self.choice.with_untracked(String::is_empty) {
            return self.fault.set("Choose a decision.".into());
        }
        let with = self.choice.with_untracked(|c| c == WITH_CHANGES);
        let line = |l: &str| Some(l.trim().to_owned()).filter(|l| !l.is_empty());
        let ask = Ask::Decide {
            workspace: desk.workspace.get_value(),
            asset: desk.asset.get_value(),
            version,
            decision: self.choice.get_untracked(),
            reason: self.reason.get_untracked(),
            conditions: self
                .conditions
                .with_untracked(|c| c.lines().filter(|_| with).filter_map(line).collect()),
            answers: self
                .answers
                .with_untracked(|a| a.clone().into_iter().filter(|(_, a)| !a.is_empty()).collect()),
            passphrase: self.passphrase.get_untracked(),
        };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => self.fault.set(told(&f)),
            Reply::Kept { entry } => {
                desk.deciding.set(false);
                state.say(format!("Signed and kept: {}", &entry[..8.min(entry.len())]));
            }
            _ => {}
        });
    }
}

#[component]
fn Sheet() -> impl IntoView {
    let desk: Desk = expect_context();
    let state = State::here();
    let form = Form::new();
    let version = untrack(|| desk.shown()).unwrap_or_default();
    let sealed = state
        .start
        .with_untracked(|s| matches!(s.as_ref().map(|s| &s.who), Some(Who::Person { passphrase: true, .. })));
    let hash = version.hash.clone();
    let sign = move |event: SubmitEvent| {
        event.prevent_default();
        form.sign(desk, state, hash.clone());
    };
    let with = move || form.choice.with(|c| c == WITH_CHANGES);
    view! {
        <form class="decide" on:submit=sign>
            <h2 id="decide-title">"Decide on "{version.label.clone()}</h2>
            <p class="quiet">"Version "<code>{version.words.clone()}</code>", "{count(version.files.len(), "file")}". Your signature covers exactly these bytes."</p>
            <Unresolved/>
            <fieldset><legend>"Decision"</legend>
                {CHOICES.map(|(word, sentence)| view! {
                    <label class="choice"><input type="radio" name="decision" value=word
                        on:change=move |_| form.choose(desk, word)/>
                        <span><strong>{label(word)}</strong><br/><span class="quiet">{sentence}</span></span></label>
                }).collect_view()}
            </fieldset>
            <Show when=with>
                <label>"Conditions, one a line"<textarea bind:value=form.conditions rows="3" required></textarea></label>
            </Show>
            {move || form.statement.get().map(|card| view! { <Statement card form/> })}
            <label>"Reason"<textarea bind:value=form.reason rows="2" maxlength="20000"
                required=move || form.statement.with(|s| s.as_ref().is_some_and(|s| s.needs_reason))></textarea></label>
            <Show when=move || form.statement.with(|s| s.as_ref().is_some_and(|s| s.needs_passphrase))>
                <p class="problem" role="note">"This route asks for your passphrase at each signing, and your keys in this browser are under none. "
                    <a href=Route::Settings.href()>"Put them under one"</a>", then sign."</p>
            </Show>
            {sealed.then(|| view! {
                <label>"Passphrase"<input type="password" bind:value=form.passphrase required autocomplete="current-password"/></label>
            })}
            <Problem fault=form.fault/>
            <div class="row">
                <button type="button" on:click=move |_| desk.deciding.set(false)>"Cancel"</button>
                <span class="grow"></span>
                <button class="primary" type="submit">"Sign"</button>
            </div>
        </form>
    }
}

/// Blockers by name, and how much else is open.
#[component]
fn Unresolved() -> impl IntoView {
    let desk: Desk = expect_context();
    let open: Vec<CommentCard> = desk
        .threads
        .with_untracked(|all| all.iter().filter(|t| t.is_open()).map(|t| t.comment.clone()).collect());
    let blockers: Vec<CommentCard> = open.iter().filter(|c| c.label == "blocker").cloned().collect();
    view! {
        {(!blockers.is_empty()).then(|| view! {
            <div class="problem" role="note"><p>{count(blockers.len(), "open blocker")}":"</p>
                <ul>{blockers.into_iter().map(|b| view! { <li><strong>{b.author_name}</strong>": "{b.body}</li> }).collect_view()}</ul></div>
        })}
        {(!open.is_empty()).then(|| view! { <p class="quiet">{count(open.len(), "comment")}" still open on this version."</p> })}
    }
}

/// The sentence that is signed, what it means, and the stage's questions.
#[component]
fn Statement(card: StatementCard, form: Form) -> impl IntoView {
    let desk: Desk = expect_context();
    let folder = format!("./media/{}/{}", desk.workspace.get_value(), desk.asset.get_value());
    let picture = card.thumbnail.map(|content| format!("{folder}/{content}"));
    let questions = card.checklist.into_iter().map(|question| {
        let item = question.item.clone();
        let answered = move |event| {
            form.answers.update(|answers| {
                answers.insert(item.clone(), event_target_value(&event));
            });
        };
        view! {
            <label class="question">{question.text}
                <select required=question.required on:change=answered>
                    <option value="">"No answer"</option>
                    {ANSWERS.map(|answer| view! { <option value=answer>{label(answer)}</option> }).collect_view()}
                </select>
            </label>
        }
    });
    view! {
        <div class="statement" role="note">
            {picture.map(|url| view! { <img class="thumb" src=url alt="The version that is decided on"/> })}
            <p>{card.text}</p>
            <p class="quiet">{format!("{} · stage {}", label(&card.meaning), card.stage)}</p>
            {questions.collect_view()}
        </div>
    }
}
