//! Files on their way into a workspace: chosen, dropped or pasted; their progress.

use leptos::ev::{self, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use proofroom_web_wire::{Ask, Reply, Target, UploadAct, UploadCard, UploadState};
use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, DragEvent, File, FileList, HtmlInputElement};

use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{label, size};
use crate::{engine, page, store};

const CATEGORIES: [&str; 5] = ["visual", "video", "written", "design_source", "campaign"];

/// Files are no plain values: they stay on the one thread that a page has.
type Files = StoredValue<Vec<File>, LocalStorage>;

fn listed(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|i| list.get(i)).collect()).unwrap_or_default()
}

/// What a file most likely is, by what the browser says; people may say otherwise.
fn category_of(file: &File) -> &'static str {
    let (kind, name) = (file.type_(), file.name().to_lowercase());
    let ends = |endings: &[&str]| endings.iter().any(|e| name.ends_with(e));
    if ends(&[".psd", ".ai", ".sketch", ".fig", ".indd", ".xd"]) {
        "design_source"
    } else if kind.starts_with("video/") || kind.starts_with("audio/") {
        "video"
    } else if kind.starts_with("image/") {
        "visual"
    } else {
        "written"
    }
}

/// A name for an asset, from a file's.
fn name_of(file: &File) -> String {
    let name = file.name();
    name.rsplit_once('.').map_or(name.clone(), |(stem, _)| stem.to_owned())
}

/// Whether the browser has room for files; says so where it has not.
fn check_room(files: &[File], fault: RwSignal<String>, then: impl FnOnce() + 'static) {
    let bytes: f64 = files.iter().map(|f| f.size()).sum();
    wasm_bindgen_futures::spawn_local(async move {
        if let Some((used, quota)) = store::estimate().await
            && used + bytes > quota
        {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of files")]
            let said = |n: f64| size(n.max(0.0) as u64);
            return fault.set(format!(
                "This browser has room for {} more, and the files have {}. Nothing was begun. Free some space under \
                 Settings, or on the machine.",
                said(quota - used),
                said(bytes)
            ));
        }
        then();
    });
}

/// Takes files that are dropped or pasted anywhere on the page, while the screen is shown.
pub(crate) fn anywhere(take: impl Fn(Vec<File>) + Copy + 'static) -> RwSignal<bool> {
    let over = RwSignal::new(false);
    let has_files = |event: &DragEvent| {
        event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
    };
    let dragged = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            event.prevent_default();
            over.set(true);
        }
    });
    let left = window_event_listener(ev::dragleave, move |event| {
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    let dropped = window_event_listener(ev::drop, move |event| {
        if has_files(&event) {
            event.prevent_default();
            over.set(false);
            take(listed(event.data_transfer().and_then(|data| data.files())));
        }
    });
    let pasted = window_event_listener(ev::paste, move |event: ClipboardEvent| {
        let files = listed(event.clipboard_data().and_then(|data| data.files()));
        if !files.is_empty() {
            event.prevent_default();
            take(files);
        }
    });
    on_cleanup(move || {
        dragged.remove();
        left.remove();
        dropped.remove();
        pasted.remove();
    });
    over
}

/// Files that were chosen, and the dialog that asks what becomes of them.
#[derive(Clone, Copy)]
struct Choice {
    state: State,
    workspace: StoredValue<String>,
    files: Files,
    names: RwSignal<String>,
    note: RwSignal<String>,
    fault: RwSignal<String>,
    dialog: NodeRef<html::Dialog>,
    input: NodeRef<html::Input>,
}

impl Choice {
    fn new(workspace: String) -> Self {
        Self {
            state: State::here(),
            workspace: StoredValue::new(workspace),
            files: StoredValue::new_local(Vec::new()),
            names: RwSignal::new(String::new()),
            note: RwSignal::new(String::new()),
            fault: RwSignal::new(String::new()),
            dialog: NodeRef::new(),
            input: NodeRef::new(),
        }
    }

    /// Takes files, and opens the dialog.
    fn take(self, files: Vec<File>) {
        if files.is_empty() {
            return;
        }
        self.names.set(files.iter().map(File::name).collect::<Vec<_>>().join(", "));
        self.files.set_value(files);
        self.fault.set(String::new());
        if let Some(dialog) = self.dialog.get_untracked() {
            // One that is open already takes the new files.
            let _open = dialog.show_modal();
        }
    }

    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
    }

    /// Begins the upload, if the browser has room for it.
    fn begin(self, target: Target) {
        let act = UploadAct::Begin { id: page::fresh_id(), target, note: self.note.get_untracked() };
        let ask = Ask::Upload { workspace: self.workspace.get_value(), act };
        let files = self.files.get_value();
        check_room(&files.clone(), self.fault, move || {
            engine::ask_with_files(ask, &files, move |reply| match reply {
                Reply::Fault(f) => self.fault.set(told(&f)),
                _ => {
                    self.close();
                    self.note.set(String::new());
                    self.state.say("Reading the files; you can go on working");
                }
            });
        });
    }

    /// The button that opens the system's dialog; `take` hears of what was chosen there.
    fn button(self, text: &'static str, take: impl Fn(Vec<File>) + Copy + 'static) -> impl IntoView {
        let changed = move |event: ev::Event| {
            let input: HtmlInputElement = event_target(&event);
            take(listed(input.files()));
            input.set_value("");
        };
        let open = move |_| {
            if let Some(input) = self.input.get_untracked() {
                input.click();
            }
        };
        view! {
            <input type="file" multiple hidden node_ref=self.input on:change=changed/>
            <button class="primary" on:click=open>{text}</button>
        }
    }

    /// The end of the dialog's form.
    fn end(self) -> impl IntoView {
        view! {
            <Problem fault=self.fault/>
            <div class="row end">
                <button type="button" on:click=move |_| self.close()>"Cancel"</button>
                <button class="primary" type="submit">"Add"</button>
            </div>
        }
    }
}

/// A new asset from files: a button, and the whole page to drop them on.
#[component]
pub(crate) fn AddAsset(workspace: String, request: String, slots: Vec<String>) -> impl IntoView {
    let choice = Choice::new(workspace);
    let (request, slots) = (StoredValue::new(request), StoredValue::new(slots));
    let (name, category) = (RwSignal::new(String::new()), RwSignal::new("visual".to_owned()));
    let slot = RwSignal::new(String::new());
    let take = move |files: Vec<File>| {
        if let Some(first) = files.first() {
            name.set(name_of(first));
            category.set(category_of(first).to_owned());
        }
        choice.take(files);
    };
    let over = anywhere(take);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        choice.begin(Target::Asset {
            name: name.get_untracked(),
            category: category.get_untracked(),
            request: some(request.get_value()),
            slot: some(slot.get_untracked()),
        });
    };
    view! {
        <section class="panel add" class:over=move || over.get() aria-label="Add files">
            {choice.button("Add an asset", take)}
            <span class="quiet">"or drop files anywhere here, or paste a picture"</span>
        </section>
        <dialog node_ref=choice.dialog aria-labelledby="add-title">
            <form on:submit=submit>
                <h2 id="add-title">"Add an asset"</h2>
                <p class="quiet">{move || choice.names.get()}</p>
                <label>"Name"<input bind:value=name required maxlength="200"/></label>
                <label>"Category"
                    <select prop:value=move || category.get() on:change=move |event| category.set(event_target_value(&event))>
                        {CATEGORIES.map(|word| view! { <option value=word>{label(word)}</option> }).collect_view()}
                    </select>
                </label>
                {(!slots.with_value(Vec::is_empty)).then(|| view! {
                    <label>"Deliverable"
                        <select on:change=move |event| slot.set(event_target_value(&event))>
                            <option value="">"By its name"</option>
                            {slots.get_value().into_iter().map(|s| view! { <option value=s.clone()>{s.clone()}</option> }).collect_view()}
                        </select>
                    </label>
                })}
                <label>"Note"<textarea bind:value=choice.note rows="2" maxlength="20000" placeholder="What to look at"></textarea></label>
                {choice.end()}
            </form>
        </dialog>
    }
}

/// A new version of an asset from files.
#[component]
pub(crate) fn AddVersion(workspace: String, asset: String) -> impl IntoView {
    let choice = Choice::new(workspace);
    let asset = StoredValue::new(asset);
    let take = move |files: Vec<File>| choice.take(files);
    let over = anywhere(take);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        choice.begin(Target::Version { asset: asset.get_value() });
    };
    view! {
        <section class="panel add" class:over=move || over.get() aria-label="Add a version">
            {choice.button("Add a version", take)}
            <span class="quiet">"or drop files anywhere here"</span>
        </section>
        <dialog node_ref=choice.dialog aria-labelledby="version-title">
            <form on:submit=submit>
                <h2 id="version-title">"Add a version"</h2>
                <p class="quiet">{move || choice.names.get()}</p>
                <label>"What changed"<textarea bind:value=choice.note rows="3" maxlength="20000"></textarea></label>
                {choice.end()}
            </form>
        </dialog>
    }
}

/// What is under way in a workspace.
#[component]
pub(crate) fn Uploads(workspace: String) -> impl IntoView {
    let state = State::here();
    let of = workspace.clone();
    engine::ask(Ask::Upload { workspace: workspace.clone(), act: UploadAct::List }, move |reply| {
        if let Reply::Uploads(uploads) = reply {
            state.uploads.update(|all| _ = all.insert(of, uploads));
        }
    });
    let of = workspace.clone();
    let cards = Memo::new(move |_| state.uploads.with(|all| all.get(&of).cloned().unwrap_or_default()));
    view! {
        <Show when=move || !cards.with(Vec::is_empty)>
            <section class="panel" aria-labelledby="uploads">
                <h2 id="uploads">"Uploads"</h2>
                <ul class="rows" data-testid="uploads">
                    <For each=move || cards.get() key=|card| card.id.clone() let:card><Row card cards/></For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Row(card: UploadCard, cards: Memo<Vec<UploadCard>>) -> impl IntoView {
    let state = State::here();
    let (id, workspace) = (StoredValue::new(card.id.clone()), StoredValue::new(card.workspace.clone()));
    let first = card.clone();
    let card = Memo::new(move |_| {
        cards.with(|all| all.iter().find(|c| c.id == first.id).cloned()).unwrap_or_else(|| first.clone())
    });
    let act = move |act: UploadAct| {
        // The row may be gone by the time the answer comes.
        let of = workspace.get_value();
        engine::ask(Ask::Upload { workspace: of.clone(), act }, move |reply| match reply {
            Reply::Fault(f) => state.say(told(&f)),
            Reply::Uploads(uploads) => state.uploads.update(|all| _ = all.insert(of, uploads)),
            _ => {}
        });
    };
    let at = Memo::new(move |_| card.get().state);
    let share = move || card.with(|c| c.done.saturating_mul(100) / c.bytes.max(1));
    let name = card.with_untracked(name_of_upload);
    let again = move || matches!(at.get(), UploadState::Interrupted | UploadState::Failed);
    let bad = move || matches!(at.get(), UploadState::Failed | UploadState::Refused);
    let said = move || card.with(|c| Some(c.text.clone()).filter(|text| !text.is_empty()));
    view! {
        <li class="upload">
            <span class="main">
                <strong>{name.clone()}</strong>
                <span class="quiet">{move || word(at.get())}" · "{move || card.with(|c| format!("{} of {}", size(c.done), size(c.bytes)))}</span>
                {move || said().map(|text| view! { <span class:problem=bad>{text}</span> })}
            </span>
            <progress max="100" value=share aria-label=name></progress>
            <Show when=move || matches!(at.get(), UploadState::Preparing | UploadState::Sending)>
                <button on:click=move |_| act(UploadAct::Pause { id: id.get_value() })>"Pause"</button>
            </Show>
            <Show when=move || at.get() == UploadState::Paused>
                <button on:click=move |_| act(UploadAct::Resume { id: id.get_value() })>"Resume"</button>
            </Show>
            <Show when=again><Again id workspace/></Show>
            <Show when=move || again() || at.get() == UploadState::Preparing>
                <button on:click=move |_| act(UploadAct::Cancel { id: id.get_value() })>"Give up"</button>
            </Show>
        </li>
    }
}

fn word(state: UploadState) -> &'static str {
    match state {
        UploadState::Preparing => "Encrypting in this browser",
        UploadState::Paused => "Paused",
        UploadState::Interrupted => "Interrupted: choose the same files to go on",
        UploadState::Sending => "Sending to the relay",
        UploadState::Refused => "The relay does not take it",
        UploadState::Failed => "Failed",
    }
}

fn name_of_upload(card: &UploadCard) -> String {
    match card.name.is_empty() {
        true => card.files.join(", "),
        false => format!("{}: {}", card.name, card.files.join(", ")),
    }
}

/// The same files once more, for an upload that was cut off while they were read.
#[component]
fn Again(id: StoredValue<String>, workspace: StoredValue<String>) -> impl IntoView {
    let state = State::here();
    let input = NodeRef::<html::Input>::new();
    let change = move |event: ev::Event| {
        let input: HtmlInputElement = event.target().expect("an event of an element").unchecked_into();
        let ask =
            Ask::Upload { workspace: workspace.get_value(), act: UploadAct::Again { id: id.get_value() } };
        engine::ask_with_files(ask, &listed(input.files()), move |reply| {
            if let Reply::Fault(f) = reply {
                state.say(told(&f));
            }
        });
    };
    view! {
        <input type="file" multiple hidden node_ref=input on:change=change data-testid="again"/>
        <button on:click=move |_| if let Some(input) = input.get_untracked() { input.click(); }>"Choose the files"</button>
    }
}
