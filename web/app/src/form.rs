//! A request's form: the standard fields, and what the categories' forms ask for.

use leptos::prelude::*;
use proofroom_web_wire::{
    AnswerDraft, Ask, DeliverableDraft, FieldCard, FormCheck, FormDraft, PlanAct, PlanReply, Reply,
};

use crate::engine;
use crate::page;
use crate::state::told;
use crate::words::label;

const CATEGORIES: [&str; 5] = ["visual", "video", "written", "design_source", "campaign"];
const RISKS: [&str; 4] = ["low", "standard", "elevated", "regulated"];

/// A form that is being filled in, kept in this browser until it is filed.
#[derive(Clone, Copy)]
pub(crate) struct Filling {
    pub(crate) draft: RwSignal<FormDraft>,
    pub(crate) check: RwSignal<FormCheck>,
    /// What cannot even be checked.
    pub(crate) fault: RwSignal<String>,
    key: StoredValue<String>,
}

impl Filling {
    /// A form, or what was typed of it before; `key` is where that is kept.
    pub(crate) fn new(workspace: String, key: String, form: FormDraft, check: FormCheck) -> Self {
        let kept = page::recall(&key).and_then(|text| serde_json::from_str(&text).ok());
        let filling = Self {
            draft: RwSignal::new(kept.unwrap_or_else(|| form.clone())),
            check: RwSignal::new(check),
            fault: RwSignal::new(String::new()),
            key: StoredValue::new(key),
        };
        let workspace = StoredValue::new(workspace);
        Effect::new(move |_| {
            let draft = filling.draft.get();
            // A form as it is filed is no draft.
            let text =
                if draft == form { String::new() } else { serde_json::to_string(&draft).unwrap_or_default() };
            page::remember(&filling.key.get_value(), &text);
            let ask = Ask::Plan { workspace: workspace.get_value(), act: PlanAct::Check { form: draft } };
            engine::ask(ask, move |reply| match reply {
                // The screen may be gone by the time the answer comes.
                Reply::Plan(PlanReply::Check(check)) => {
                    let _gone = (filling.check.try_set(check), filling.fault.try_set(String::new()));
                }
                Reply::Fault(f) => _ = filling.fault.try_set(told(&f)),
                _ => {}
            });
        });
        filling
    }

    /// It is filed: nothing more is kept of it here.
    pub(crate) fn done(self) {
        page::remember(&self.key.get_value(), "");
    }
}

/// A text of the form: how it is read and written.
type Text = (fn(&FormDraft) -> &String, fn(&mut FormDraft) -> &mut String);

/// All fields.
#[component]
pub(crate) fn Fields(filling: Filling) -> impl IntoView {
    let draft = filling.draft;
    let line = move |name: &'static str, kind: &'static str, (read, write): Text| {
        view! {
            <label>{name}<input type=kind maxlength="1000" prop:value=move || draft.with(|d| read(d).clone())
                on:input=move |event| draft.update(|d| *write(d) = event_target_value(&event))/></label>
        }
    };
    let text = move |name: &'static str, hint: &'static str, (read, write): Text| {
        view! {
            <label>{name}<textarea rows="2" maxlength="20000" placeholder=hint prop:value=move || draft.with(|d| read(d).clone())
                on:input=move |event| draft.update(|d| *write(d) = event_target_value(&event))></textarea></label>
        }
    };
    let category = move |word: &'static str| {
        let has = move || draft.with(|d| d.categories.iter().any(|c| c == word));
        let toggle = move |_| {
            draft.update(|d| match d.categories.iter().position(|c| c == word) {
                Some(at) => drop(d.categories.remove(at)),
                None => d.categories.push(word.to_owned()),
            });
        };
        view! { <label class="inline"><input type="checkbox" prop:checked=has on:change=toggle/>{label(word)}</label> }
    };
    view! {
        {line("Title", "text", (|d| &d.title, |d| &mut d.title))}
        <fieldset><legend>"Categories"</legend><div class="row start">{CATEGORIES.map(category).collect_view()}</div></fieldset>
        {text("Objective", "What it is to bring about", (|d| &d.objective, |d| &mut d.objective))}
        {text("Audience", "Whom it is to reach", (|d| &d.audience, |d| &mut d.audience))}
        {text("Message", "What it is to say", (|d| &d.message, |d| &mut d.message))}
        <Lines name="Mandatories" hint="What must be in it, one a line" draft read=|d| &d.mandatories write=|d| &mut d.mandatories/>
        <Deliverables draft/>
        <div class="pair">
            {line("Start", "date", (|d| &d.start, |d| &mut d.start))}
            {line("Due", "date", (|d| &d.due, |d| &mut d.due))}
        </div>
        <Timeline draft/>
        <Lines name="Approvers" hint="Their printed names, one a line" draft read=|d| &d.approvers write=|d| &mut d.approvers/>
        <label>"Risk class"
            <select prop:value=move || draft.with(|d| d.risk_class.clone()) on:change=move |event| draft.update(|d| d.risk_class = event_target_value(&event))>
                {RISKS.map(|word| view! { <option value=word selected=word == "standard">{label(word)}</option> }).collect_view()}
            </select>
        </label>
        <Asked filling/>
    }
}

/// One thing a line.
#[component]
fn Lines(
    name: &'static str,
    hint: &'static str,
    draft: RwSignal<FormDraft>,
    read: fn(&FormDraft) -> &Vec<String>,
    write: fn(&mut FormDraft) -> &mut Vec<String>,
) -> impl IntoView {
    view! {
        <label>{name}<textarea rows="2" maxlength="20000" placeholder=hint
            prop:value=move || draft.with(|d| read(d).join("\n"))
            on:input=move |event| draft.update(|d| *write(d) = event_target_value(&event).split('\n').map(str::to_owned).collect())></textarea></label>
    }
}

/// A cell of a deliverable: its name, how it is read and written.
type Cell = (&'static str, fn(&DeliverableDraft) -> &String, fn(&mut DeliverableDraft) -> &mut String);

/// The deliverables matrix, to be filled in.
#[component]
fn Deliverables(draft: RwSignal<FormDraft>) -> impl IntoView {
    const CELLS: [Cell; 6] = [
        ("Name", |d| &d.name, |d| &mut d.name),
        ("Channel", |d| &d.channel, |d| &mut d.channel),
        ("Spec", |d| &d.spec, |d| &mut d.spec),
        ("Size", |d| &d.size, |d| &mut d.size),
        ("Locale", |d| &d.locale, |d| &mut d.locale),
        ("Due", |d| &d.due, |d| &mut d.due),
    ];
    let count = Memo::new(move |_| draft.with(|d| d.deliverables.len()));
    let add = move |_| draft.update(|d| d.deliverables.push(DeliverableDraft::default()));
    let cell = move |row: usize, (name, read, write): Cell| {
        let kind = if name == "Due" { "date" } else { "text" };
        view! {
            <label class="cell"><span>{name}</span>
                <input type=kind maxlength="500" aria-label=format!("{name} of deliverable {}", row + 1)
                    prop:value=move || draft.with(|d| d.deliverables.get(row).map(|x| read(x).clone()).unwrap_or_default())
                    on:input=move |event| draft.update(|d| if let Some(x) = d.deliverables.get_mut(row) { *write(x) = event_target_value(&event); })/>
            </label>
        }
    };
    let remove = move |row: usize| {
        draft.update(|d| _ = (row < d.deliverables.len()).then(|| d.deliverables.remove(row)))
    };
    view! {
        <fieldset><legend>"Deliverables"</legend>
            {move || (0..count.get()).map(|row| view! {
                <div class="matrix">
                    {CELLS.map(|c| cell(row, c)).collect_view()}
                    <button type="button" aria-label=format!("Remove deliverable {}", row + 1) on:click=move |_| remove(row)>"×"</button>
                </div>
            }).collect_view()}
            <button type="button" class="plain" on:click=add>"+ Deliverable"</button>
        </fieldset>
    }
}

/// Days on the way.
#[component]
fn Timeline(draft: RwSignal<FormDraft>) -> impl IntoView {
    let count = Memo::new(move |_| draft.with(|d| d.timeline.len()));
    let row = move |at: usize| {
        let read = move |of: fn(&(String, String)) -> &String| {
            draft.with(|d| d.timeline.get(at).map(|m| of(m).clone()).unwrap_or_default())
        };
        view! {
            <div class="matrix two">
                <label class="cell"><span>"Milestone"</span><input maxlength="200" prop:value=move || read(|m| &m.0)
                    on:input=move |event| draft.update(|d| if let Some(m) = d.timeline.get_mut(at) { m.0 = event_target_value(&event); })/></label>
                <label class="cell"><span>"Day"</span><input type="date" prop:value=move || read(|m| &m.1)
                    on:input=move |event| draft.update(|d| if let Some(m) = d.timeline.get_mut(at) { m.1 = event_target_value(&event); })/></label>
                <button type="button" aria-label=format!("Remove milestone {}", at + 1)
                    on:click=move |_| draft.update(|d| _ = (at < d.timeline.len()).then(|| d.timeline.remove(at)))>"×"</button>
            </div>
        }
    };
    view! {
        <fieldset><legend>"Timeline"</legend>
            {move || (0..count.get()).map(row).collect_view()}
            <button type="button" class="plain" on:click=move |_| draft.update(|d| d.timeline.push(Default::default()))>"+ Milestone"</button>
        </fieldset>
    }
}

/// What the categories' forms ask for, as far as their conditions hold.
#[component]
fn Asked(filling: Filling) -> impl IntoView {
    let fields = Memo::new(move |_| filling.check.with(|c| c.fields.clone()));
    view! {
        <Show when=move || !fields.with(Vec::is_empty)>
            <fieldset><legend>"For these categories"</legend>
                <For each=move || fields.get() key=|f| f.key.clone() let:field><Field field draft=filling.draft/></For>
            </fieldset>
        </Show>
    }
}

#[component]
fn Field(field: FieldCard, draft: RwSignal<FormDraft>) -> impl IntoView {
    let key = StoredValue::new(field.key.clone());
    let read = move || draft.with(|d| key.with_value(|k| d.answers.get(k).cloned()));
    let text = move || match read() {
        Some(AnswerDraft::Text(text)) => text,
        Some(AnswerDraft::List(items)) => items.join("\n"),
        _ => String::new(),
    };
    let write = move |answer: AnswerDraft| draft.update(|d| _ = d.answers.insert(key.get_value(), answer));
    let name = if field.required { field.label.clone() } else { format!("{} (optional)", field.label) };
    let help = field.help.clone();
    let hint = (!help.is_empty()).then(|| view! { <small class="block">{help}</small> });
    let of = StoredValue::new(field.of.clone());
    match field.kind.as_str() {
        "yes_no" => view! {
            <label class="inline"><input type="checkbox" prop:checked=move || read() == Some(AnswerDraft::YesNo(true))
                on:change=move |event| write(AnswerDraft::YesNo(event_target_checked(&event)))/>{name}</label>{hint}
        }.into_any(),
        "choice" => view! {
            <label>{name}{hint}<select prop:value=text on:change=move |event| write(AnswerDraft::Text(event_target_value(&event)))>
                <option value="">"Choose"</option>
                {of.get_value().into_iter().map(|word| view! { <option value=word.clone() selected=word == text()>{word.clone()}</option> }).collect_view()}
            </select></label>
        }.into_any(),
        "choices" => view! {
            <fieldset><legend>{name}</legend>{hint}<div class="row start">
                {of.get_value().into_iter().map(|word| {
                    let word = StoredValue::new(word);
                    let has = move || matches!(read(), Some(AnswerDraft::List(items)) if items.contains(&word.get_value()));
                    let toggle = move |_| {
                        let mut items = match read() { Some(AnswerDraft::List(items)) => items, _ => Vec::new() };
                        match items.iter().position(|item| *item == word.get_value()) {
                            Some(at) => drop(items.remove(at)),
                            None => items.push(word.get_value()),
                        }
                        write(AnswerDraft::List(items));
                    };
                    view! { <label class="inline"><input type="checkbox" prop:checked=has on:change=toggle/>{word.get_value()}</label> }
                }).collect_view()}
            </div></fieldset>
        }.into_any(),
        "list" => view! {
            <label>{name}{hint}<textarea rows="2" placeholder="One a line" prop:value=text
                on:input=move |event| write(AnswerDraft::List(event_target_value(&event).split('\n').map(str::to_owned).collect()))></textarea></label>
        }.into_any(),
        "text" => view! {
            <label>{name}{hint}<textarea rows="3" maxlength="20000" prop:value=text on:input=move |event| write(AnswerDraft::Text(event_target_value(&event)))></textarea></label>
        }.into_any(),
        kind => {
            let kind = if matches!(kind, "number" | "date") { kind.to_owned() } else { "text".to_owned() };
            view! {
                <label>{name}{hint}<input type=kind maxlength="1000" prop:value=text on:input=move |event| write(AnswerDraft::Text(event_target_value(&event)))/></label>
            }.into_any()
        }
    }
}

/// One thing that is missing; a hint that begins with the field's name says it once.
fn gap(field: &str, hint: &str) -> impl IntoView + use<> {
    let (name, hint) = match hint.split_once(": ") {
        Some((name, rest)) if name.eq_ignore_ascii_case(&label(field)) => (name.to_owned(), rest.to_owned()),
        _ => (label(field), hint.to_owned()),
    };
    view! { <li><strong>{name}</strong>": "{hint}</li> }
}

/// What is missing before the brief can be accepted.
#[component]
pub(crate) fn Gate(check: Signal<FormCheck>) -> impl IntoView {
    view! {
        <section class="gate" aria-label="Completeness" aria-live="polite">
            {move || {
                let check = check.get();
                match check.missing.is_empty() {
                    true => view! { <p class="verdict good">"Complete: it can be accepted."</p> }.into_any(),
                    false => view! {
                        <p class="verdict warn">{format!("Not complete yet: {} to go.", check.missing.len())}</p>
                        <ul class="gaps">{check.missing.into_iter().map(|(field, hint)| gap(&field, &hint)).collect_view()}</ul>
                    }.into_any(),
                }
            }}
            {move || {
                let strangers = check.with(|c| c.strangers.join(", "));
                (!strangers.is_empty()).then(|| view! { <p class="quiet">"No members yet, so nobody is asked under these names: "{strangers}</p> })
            }}
        </section>
    }
}
