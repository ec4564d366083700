//! The browser's clock, randomness and scope.

use js_sys::{Function, Object, Promise, Reflect};
use proofroom_ident::Millis;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

/// The browser's clock. A claim, like every time in an entry.
pub(crate) fn now() -> Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since 1970")]
    Millis(js_sys::Date::now() as u64)
}

/// A generator seeded by the browser.
pub(crate) fn rng() -> ChaCha20Rng {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("a browser provides randomness");
    ChaCha20Rng::from_seed(seed)
}

/// This worker's scope.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// What a failed promise or call says.
pub(crate) fn said(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}

/// `{key: value, ...}`
pub(crate) fn object(fields: &[(&str, &JsValue)]) -> Object {
    let object = Object::new();
    for (key, value) in fields {
        // Setting a field of a fresh object does not fail.
        let _set = Reflect::set(&object, &JsValue::from_str(key), value);
    }
    object
}

/// A field of a message.
pub(crate) fn field(of: &JsValue, key: &str) -> JsValue {
    Reflect::get(of, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
}

/// Waits for the lock that one tab of this origin holds; held until this worker ends.
pub(crate) fn lead(granted: &Function) -> Result<Promise, JsValue> {
    let locks = field(&scope().navigator(), "locks");
    let request: Function = field(&locks, "request").dyn_into()?;
    request.call2(&locks, &JsValue::from_str("proofroom-engine"), granted)?.dyn_into()
}
