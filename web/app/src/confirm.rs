//! A button that asks once more before it does what cannot be undone.

use leptos::html;
use leptos::prelude::*;

/// Opens a dialog that says what will happen.
#[component]
pub(crate) fn Confirm(
    button: &'static str,
    title: String,
    text: &'static str,
    class: &'static str,
    on_yes: impl Fn() + Copy + Send + 'static,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // A dialog that is open already stays open.
            let _open = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <button type="button" class=class on:click=open aria-label=title.clone()>{button}</button>
        <dialog node_ref=dialog>
            <h2>{title.clone()}</h2>
            <p>{text}</p>
            <div class="row end">
                <button type="button" on:click=move |_| close()>"Cancel"</button>
                <button type="button" class="primary" on:click=move |_| { close(); on_yes(); }>{button}</button>
            </div>
        </dialog>
    }
}
