//! What the page itself remembers beside the engine's store, to notice when that is gone.

use proofroom_web_wire::{Start, Who};

use crate::page;

const MARK: &str = "proofroom-person";

/// The printed name of somebody whose keys were in this browser.
pub(crate) fn somebody_was_here() -> Option<String> {
    page::recall(MARK)
}

/// Remembers whose keys are here.
pub(crate) fn note(start: &Start) {
    if let Who::Person { name, .. } = &start.who {
        page::remember(MARK, name);
    }
}

/// The person starts anew in this browser.
pub(crate) fn forget() {
    page::remember(MARK, "");
}

/// Asks the browser not to evict what is stored, and whether it agrees.
pub(crate) async fn persist(ask: bool) -> bool {
    let Some(storage) = page::window().map(|w| w.navigator().storage()) else { return false };
    let promise = if ask { storage.persist() } else { storage.persisted() };
    let Ok(promise) = promise else { return false };
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok_and(|yes| yes.is_truthy())
}

/// Bytes that are used, and that may be.
pub(crate) async fn estimate() -> Option<(f64, f64)> {
    let storage = page::window()?.navigator().storage();
    let found = wasm_bindgen_futures::JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let number = |key: &str| js_sys::Reflect::get(&found, &key.into()).ok()?.as_f64();
    Some((number("usage")?, number("quota")?))
}
