//! What screens do to the page itself.

use wasm_bindgen::JsCast as _;
use web_sys::{Document, HtmlElement, Storage, Window};

pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// Moves the focus to an element.
pub(crate) fn focus(id: &str) {
    let element =
        document().and_then(|d| d.get_element_by_id(id)).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    if let Some(element) = element {
        // An element that cannot be focused stays as it is.
        let _unmoved = element.focus();
    }
}

pub(crate) fn scroll_to_top() {
    if let Some(window) = window() {
        window.scroll_to_with_x_and_y(0.0, 0.0);
    }
}

pub(crate) fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

pub(crate) fn reload() {
    if let Some(window) = window() {
        // A page that cannot reload is about to end anyway.
        let _gone = window.location().reload();
    }
}

/// The address under which this app is served, without what stands behind `#`.
pub(crate) fn address() -> String {
    let whole = window().and_then(|w| w.location().href().ok()).unwrap_or_default();
    whole.split('#').next().unwrap_or_default().to_owned()
}

pub(crate) fn local() -> Option<Storage> {
    window()?.local_storage().ok()?
}

/// A word of this browser: a choice of appearance, a draft.
pub(crate) fn recall(key: &str) -> Option<String> {
    local()?.get_item(key).ok()?
}

/// Remembers a word; nothing is lost but the word if the browser does not keep it.
pub(crate) fn remember(key: &str, value: &str) {
    if let Some(local) = local() {
        let _unkept = if value.is_empty() { local.remove_item(key) } else { local.set_item(key, value) };
    }
}

const THEME: &str = "proofroom-theme";

/// `light`, `dark`, or nothing for what the system says.
pub(crate) fn theme() -> String {
    recall(THEME).unwrap_or_default()
}

pub(crate) fn set_theme(theme: &str) {
    remember(THEME, theme);
    apply_theme();
}

pub(crate) fn apply_theme() {
    let Some(root) = document().and_then(|d| d.document_element()) else { return };
    let theme = theme();
    // Attributes of the root element can always be set.
    let _set = if theme.is_empty() {
        root.remove_attribute("data-theme")
    } else {
        root.set_attribute("data-theme", &theme)
    };
}

/// Copies a text; `done` hears whether that went well.
pub(crate) fn copy(text: &str, done: impl FnOnce(bool) + 'static) {
    let Some(window) = window() else { return done(false) };
    let promise = window.navigator().clipboard().write_text(text);
    wasm_bindgen_futures::spawn_local(async move {
        done(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok());
    });
}

/// A fresh random id of 16 bytes, in hexadecimal digits.
pub(crate) fn fresh_id() -> String {
    let mut bytes = [0_u8; 16];
    if let Some(crypto) = window().and_then(|w| w.crypto().ok()) {
        // A browser that runs WebAssembly has randomness.
        let _filled = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Saves a file under a name, as a download.
pub(crate) fn save(file: &web_sys::Blob, name: &str) {
    let url = web_sys::Url::create_object_url_with_blob(file);
    let anchor = document().and_then(|d| d.create_element("a").ok());
    if let (Ok(url), Some(anchor)) =
        (url, anchor.and_then(|a| a.dyn_into::<web_sys::HtmlAnchorElement>().ok()))
    {
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
        gloo_timers::callback::Timeout::new(60_000, move || {
            // A URL that is gone needs no revoking.
            let _gone = web_sys::Url::revoke_object_url(&url);
        })
        .forget();
    }
}
